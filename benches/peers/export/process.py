"""One program run and what it took: wall clock, processor time, peaks of memory. Imports nothing large, see `measure`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

MIB = 1024 * 1024


class Failed(Exception):
    """A program that ended with another status than 0, and the end of what it said; `short` is the line that says why."""

    def __init__(self, command: list[str], status: int, said: str) -> None:
        super().__init__(f"{' '.join(command)}\nstatus {status}\n{said}")
        lines = [x for x in said.splitlines() if x.strip()] or [f"status {status}"]
        self.short = next((x for x in lines if "error" in x.lower()), lines[-1])


def sample(pid: int, stop: threading.Event, peaks: dict) -> None:
    """Looks at a process every 40 ms. VmHWM counts mapped files too; RssAnon + RssShmem is what it really holds."""
    while not stop.is_set():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        found = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        size = lambda key: int(found.get(key, "0 kB").split()[0]) * 1024  # noqa: E731
        peaks["rss"] = max(peaks["rss"], size("VmHWM"))
        peaks["own"] = max(peaks["own"], size("RssAnon") + size("RssShmem"))
        stop.wait(0.04)


def measure(command: list, threads: int, **environment: str) -> dict:
    """Runs `command` with so many threads and returns `seconds`, `cpu_seconds`, `peak_mib`, `own_mib`, `load`, `output`.

    ru_maxrss of wait4 is no lower than what the parent held when it started the child, so the parent has to be small:
    whoever compares tensors does it in another process. `peak_mib` is the larger of ru_maxrss and VmHWM as sampled.
    """
    given = [str(x) for x in command]
    variables = {
        **os.environ,
        "RAYON_NUM_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "DISTILL_NO_PROGRESS": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **environment,
    }
    os.sync()  # Pages that an earlier run left dirty are not this one's to write.
    load = os.getloadavg()[0]
    peaks = {"rss": 0, "own": 0}
    stop = threading.Event()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as talk:
        begun = time.perf_counter()
        process = subprocess.Popen(given, stdout=output, stderr=talk, stdin=subprocess.DEVNULL, env=variables)
        watcher = threading.Thread(target=sample, args=(process.pid, stop, peaks), daemon=True)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)  # wait4 took it, Popen must not wait again.
        stop.set()
        watcher.join()
        output.seek(0)
        talk.seek(0)
        said, told = (f.read().decode("utf-8", "replace") for f in (output, talk))
    if process.returncode != 0:
        raise Failed(given, process.returncode, said[-2000:] + told[-2000:])
    return {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_mib": round(max(peaks["rss"], usage.ru_maxrss * 1024) / MIB),
        "own_mib": round(peaks["own"] / MIB),
        "load": round(load, 2),
        "output": said,
        "talk": told,
    }


def processor() -> str:
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def fail(text: str) -> None:
    sys.exit(text)
