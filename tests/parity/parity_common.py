"""Small helpers shared by the parity scripts: versions, number formatting, JSON layout, comparison.

Nothing here knows about `distill`; everything works on plain Python values.
"""

from __future__ import annotations

import json
import math
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "trl",
    "accelerate",
    "datasets",
    "pyarrow",
    "pandas",
    "safetensors",
    "tokenizers",
    "jinja2",
    "numpy",
    "gguf",
    "llama-cpp-python",
)


def versions(*names: str) -> dict[str, str]:
    """Versions of the installed packages among `names` (all known ones by default), plus Python's."""
    out = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in names or PACKAGES:
        try:
            out[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            out[name] = "not installed"
    return out


def print_versions(*names: str) -> None:
    print("versions: " + ", ".join(f"{k} {v}" for k, v in versions(*names).items()))


def number(x: float) -> str:
    """A float with nine significant digits, which is enough to get every f32 back exactly."""
    if not math.isfinite(x):
        raise ValueError(f"{x} has no place in a golden file")
    text = f"{x:.9g}"
    return text if any(c in text for c in ".e") else text + ".0"


def _scalar(x: Any) -> str:
    if isinstance(x, bool) or x is None or isinstance(x, (int, str)):
        return json.dumps(x, ensure_ascii=False)
    return number(float(x))


def to_json(x: Any, depth: int = 0) -> str:
    """JSON with one line per innermost list, so that files stay short and diffs readable."""
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(x, dict):
        if not x:
            return "{}"
        rows = [f"{pad}{json.dumps(str(k))}: {to_json(v, depth + 1)}" for k, v in x.items()]
        return "{\n" + ",\n".join(rows) + f"\n{end}}}"
    if isinstance(x, (list, tuple)):
        if not any(isinstance(v, (dict, list, tuple)) for v in x):
            return "[" + ", ".join(_scalar(v) for v in x) + "]"
        return "[\n" + ",\n".join(pad + to_json(v, depth + 1) for v in x) + f"\n{end}]"
    return _scalar(x)


def write_json(path: Path, value: Any) -> None:
    path.write_text(to_json(value) + "\n", encoding="utf-8")
    print(f"wrote {path} ({path.stat().st_size} bytes)")


def read_json(path: str | Path) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def differences(a: Any, b: Any, rtol: float, atol: float, where: str = "") -> list[str]:
    """Every place where two JSON values differ by more than the tolerance."""
    both_numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (a, b))
    if both_numbers:
        if abs(a - b) <= atol + rtol * max(abs(a), abs(b)):
            return []
        return [f"{where}: {a} against {b}"]
    if isinstance(a, dict) and isinstance(b, dict):
        out = [f"{where}/{k}: only on one side" for k in sorted(a.keys() ^ b.keys())]
        for k in a.keys() & b.keys():
            out += differences(a[k], b[k], rtol, atol, f"{where}/{k}")
        return out
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return [f"{where}: {len(a)} items against {len(b)}"]
        out = []
        for i, (x, y) in enumerate(zip(a, b)):
            out += differences(x, y, rtol, atol, f"{where}[{i}]")
        return out
    return [] if a == b else [f"{where}: {a!r} against {b!r}"]


class Report:
    """Collects the outcome of single checks; `finish` prints the sum and gives the exit status."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, ok: bool, what: str) -> bool:
        print(("ok    " if ok else "FAIL  ") + what)
        if ok:
            self.passed += 1
        else:
            self.failed += 1
        return ok

    def finish(self) -> int:
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def load_cases(path: str | Path) -> list[dict]:
    """Logits as distill prints them: {"ids", "logits"}, or a list of such objects."""
    value = read_json(path)
    return value if isinstance(value, list) else [value]


def compare_logits(report: Report, reference: np.ndarray, case: dict, max_nmse: float, what: str) -> None:
    """Fails on a wrong shape, on too large an error, and on another best token unless the two are almost level.

    The error is the mean squared difference over the mean square of the reference.
    """
    ours = np.asarray(case["logits"], dtype=np.float32)
    if not report.check(ours.shape == reference.shape, f"{what}: logits of shape {ours.shape}, expected {reference.shape}"):
        return
    error = float(((reference - ours) ** 2).sum() / max((reference**2).sum(), 1e-30))
    worst = float(np.abs(reference - ours).max())
    report.check(error <= max_nmse, f"{what}: NMSE {error:.3g} (at most {max_nmse:g}), largest difference {worst:.3g}")
    # Two tokens closer than four times the allowed error may change places.
    level = 4 * math.sqrt(max_nmse * float((reference**2).mean()))
    moved = []
    for t in np.nonzero(reference.argmax(-1) != ours.argmax(-1))[0]:
        gap = float(reference[t].max() - reference[t, ours[t].argmax()])
        if gap > level:
            moved.append((int(t), gap))
    report.check(not moved, f"{what}: the same best token at {len(ours)} positions" + (f", not at {moved[:5]}" if moved else ""))
