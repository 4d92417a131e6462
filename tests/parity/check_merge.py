#!/usr/bin/env python3
"""`distill merge` against PEFT's own merge, for every kind of adapter, and what it refuses.

    python check_merge.py [--distill PROGRAM] [--llama-cpp DIR]

Tiny random students of four families, adapters as PEFT saves them: plain, rank-stabilised, DoRA, ranks and alphas by
pattern, single layers, and stacks. PEFT loads them over the base in f32 and merges them one after the other; the merged
folder has to hold that rounded once to bf16, load in transformers with the same logits, and keep to the rules by which
vLLM reads a folder. With --llama-cpp, llama.cpp's converter has to take it too
(LLAMA_CPP_PYTHON names a Python that has what it imports, if this one does not).
"""

from __future__ import annotations

import argparse
import copy
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from check_gguf_meta import WITH_PRE
from make_families import COMMON, EVERY, MODELS
from parity_common import Report, print_versions, read_json
from run_all import STUDENT, default_program

LLAMA = COMMON | {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "rms_norm_eps": 1e-5,
    "rope_theta": 500000.0,
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 128,
    },
    "tie_word_embeddings": True,
    "eos_token_id": [2, 3],
}
STUDENTS = {"llama": LLAMA} | MODELS
ALL = {"target_modules": EVERY}
ADAPTERS = {
    "lora": {"r": 4, "lora_alpha": 8, **ALL},
    "rslora": {"r": 8, "lora_alpha": 12, "use_rslora": True, **ALL},
    "dora": {"r": 4, "lora_alpha": 8, "use_dora": True, **ALL},
    "all-linear": {"r": 3, "lora_alpha": 5, "target_modules": "all-linear"},
    "patterns": {
        "r": 4,
        "lora_alpha": 8,
        "rank_pattern": {"down_proj": 2, r"layers\.1\.self_attn\.q_proj": 7},
        "alpha_pattern": {"up_proj": 3, "layers.0.mlp.gate_proj": 20},
        **ALL,
    },
    "one-layer": {"r": 4, "lora_alpha": 8, "layers_to_transform": [1], **ALL},
    "attention": {"r": 4, "lora_alpha": 8, "target_modules": r".*\.self_attn\.(q|v)_proj"},
}
STACKS = {
    "lora+lora": ["lora", "rslora"],
    "lora+dora": ["lora", "dora"],
    "dora+lora+dora": ["dora", "patterns", "dora"],
}


def make_student(folder: Path, config: dict, seed: int) -> None:
    torch.manual_seed(seed)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), dtype=torch.float32)
    with torch.no_grad():
        for name, p in model.named_parameters():
            # Sizes that are seen in trained models, so that bf16 has something to round.
            p.copy_(1 + 0.1 * torch.randn_like(p) if "norm" in name else 0.08 * torch.randn_like(p))
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "generation_config.json").unlink(missing_ok=True)


def make_adapter(folder: Path, student: Path, settings: dict, seed: int) -> None:
    torch.manual_seed(seed)
    base = AutoModelForCausalLM.from_pretrained(student, dtype=torch.float32)
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **settings))
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_B" in name:
                p.copy_(0.05 * torch.randn_like(p))
            elif "magnitude" in name:
                p.mul_(1 + 0.2 * torch.randn_like(p))
    model.save_pretrained(folder)


def peft_merge(student: Path, adapters: list[Path]) -> torch.nn.Module:
    model = AutoModelForCausalLM.from_pretrained(student, dtype=torch.float32)
    for adapter in adapters:
        model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    return model.eval()


def merge(distill: str, student: Path, adapters: list[Path], out: Path, *more: str) -> subprocess.CompletedProcess:
    command = [distill, "merge", "--student", student, "-o", out, *more]
    for adapter in adapters:
        command += ["--adapter", adapter]
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def nmse(reference: torch.Tensor, ours: torch.Tensor) -> float:
    return float(((reference - ours) ** 2).sum() / (reference**2).sum())


def logits(model: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=ids).logits.float()


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    out = {}
    for file in sorted(folder.glob("*.safetensors")):
        out |= load_file(file)
    return out


def compare(report: Report, what: str, out: Path, student: Path, adapters: list[Path]) -> None:
    reference = peft_merge(student, adapters)
    ours = tensors_of(out)
    theirs = {k: v for k, v in reference.state_dict().items() if k in ours or k != "lm_head.weight"}
    if not report.check(set(ours) == set(theirs), f"{what}: {len(ours)} tensors, as PEFT's merge"):
        return
    total = differing = 0
    worst = 0.0
    for name, value in theirs.items():
        rounded = value.to(torch.bfloat16)
        differ = rounded != ours[name]
        total += differ.numel()
        differing += int(differ.sum())
        # A neighbour may be hit where two f32 sums of another order lie on either side of a tie: one step, 2^-7.
        relative = ((rounded.float() - ours[name].float()).abs() / rounded.float().abs().clamp_min(1e-30))[differ]
        worst = max(worst, float(relative.max()) if relative.numel() else 0.0)
    report.check(
        differing <= 2e-3 * total and worst <= 2**-7,
        f"{what}: {differing} of {total} values differ from PEFT's f32 merge rounded once, none by more than a step",
    )
    ids = torch.arange(5, 45).remainder(COMMON["vocab_size"])[None]
    loaded, info = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32, output_loading_info=True)
    problems = {k: sorted(v) for k, v in info.items() if v}
    report.check(not problems, f"{what}: transformers finds every tensor {problems or ''}")
    rounded = copy.deepcopy(reference)
    with torch.no_grad():
        for p in rounded.parameters():
            p.copy_(p.to(torch.bfloat16).float())
    error = nmse(logits(rounded, ids), logits(loaded.eval(), ids))
    report.check(error <= 1e-5, f"{what}: logits in transformers against PEFT's merge rounded to bf16: NMSE {error:.2g}")
    error = nmse(logits(reference, ids), logits(loaded, ids))
    report.check(error <= 1e-3, f"{what}: against PEFT's merge in f32: NMSE {error:.2g}")


def check_vllm_rules(report: Report, what: str, folder: Path, stop: set[int]) -> None:
    """How vLLM reads a local folder: model_loader/default_loader.py and weight_utils.py, transformers_utils/config.py."""
    report.check(not glob.glob(str(folder / "consolidated*.safetensors")), f"{what}: no file that means Mistral's own format")
    found = sorted(glob.glob(str(folder / "*.safetensors")))
    index = folder / "model.safetensors.index.json"
    if len(found) > 1:
        weight_map = read_json(index)["weight_map"]
        named = sorted({str(folder / f) for f in weight_map.values()})
        report.check(found == named, f"{what}: all {len(found)} weight files are in the index, and no others")
        held = {k: Path(f).name for f in found for k in safe_open(f, "pt").keys()}
        report.check(held == weight_map, f"{what}: every tensor lies where the index says")
        size = sum(t.numel() * t.element_size() for t in tensors_of(folder).values())
        report.check(read_json(index)["metadata"]["total_size"] == size, f"{what}: total_size {size}")
    else:
        report.check(not index.exists(), f"{what}: one file and no index")
    config = read_json(folder / "config.json")
    names = set(tensors_of(folder))
    # The head is skipped where it is tied and has to be there where it is not.
    report.check(config["tie_word_embeddings"] != ("lm_head.weight" in names), f"{what}: tied head {config['tie_word_embeddings']}")
    report.check(config["torch_dtype"] == config["dtype"] == "bfloat16", f"{what}: dtype in both spellings")
    rope, old = config["rope_parameters"], config["rope_scaling"] or {}
    report.check(
        rope["rope_theta"] == config["rope_theta"] and all(rope[k] == v for k, v in old.items()),
        f"{what}: rope in both spellings",
    )
    report.check(len(config["architectures"]) == 1, f"{what}: architecture {config['architectures']}")
    eos = GenerationConfig.from_pretrained(folder).eos_token_id
    eos = {eos} if isinstance(eos, int) else set(eos)
    report.check(stop <= eos, f"{what}: generation stops at {sorted(eos)}")


def check_llama_cpp(report: Report, what: str, folder: Path, llama_cpp: Path) -> None:
    out = folder.parent / "converted.gguf"
    # It knows tokenizers by a digest, and not that of the repository's own student.
    command = [os.environ.get("LLAMA_CPP_PYTHON", sys.executable), "-c", WITH_PRE, llama_cpp, "llama-bpe", folder]
    command += ["--outtype", "bf16", "--outfile", out]
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    report.check(done.returncode == 0 and out.exists(), f"{what}: llama.cpp's converter takes it" + ("" if done.returncode == 0 else f"\n{done.stdout[-1500:]}"))
    out.unlink(missing_ok=True)


def edited(adapter: Path, to: Path, change: dict | None = None, tensors=None) -> Path:
    """A copy of an adapter with other settings or tensors."""
    shutil.copytree(adapter, to)
    config = read_json(to / "adapter_config.json") | (change or {})
    (to / "adapter_config.json").write_text(json.dumps(config))
    if tensors:
        values = load_file(to / "adapter_model.safetensors")
        save_file(tensors(values), to / "adapter_model.safetensors", metadata={"format": "pt"})
    return to


def check_refusals(report: Report, distill: str, work: Path, student: Path, other: Path, adapter: Path) -> None:
    q = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"

    def with_nan(values):
        values[q][0, 0] = float("nan")
        return values

    def without(values):
        del values[q]
        return values

    def other_rank(values):
        values[q] = values[q][:-1].clone()
        return values

    def renamed(to: str):
        return lambda values: {k.replace("model.layers.0.self_attn.q_proj", to): v for k, v in values.items()}

    refused = work / "refused"
    cases = [
        ("lora_only biases", edited(adapter, refused / "bias", {"bias": "lora_only"}), ["bias", "lora_only"]),
        ("fan_in_fan_out", edited(adapter, refused / "fan", {"fan_in_fan_out": True}), ["fan_in_fan_out"]),
        ("modules_to_save", edited(adapter, refused / "save", {"modules_to_save": ["lm_head"]}), ["modules_to_save"]),
        ("a NaN", edited(adapter, refused / "nan", tensors=with_nan), ["not finite"]),
        ("a missing tensor", edited(adapter, refused / "missing", tensors=without), ["no lora_A"]),
        ("another rank", edited(adapter, refused / "rank", tensors=other_rank), ["rank is"]),
        ("an update of the head", edited(adapter, refused / "head", {"target_modules": [*EVERY, "lm_head"]}, renamed("lm_head")), ["lm_head"]),
        (
            "an update of the embedding",
            edited(adapter, refused / "embedding", {"target_modules": [*EVERY, "embed_tokens"]}, renamed("model.embed_tokens")),
            ["embed_tokens"],
        ),
        ("PiSSA", edited(adapter, refused / "pissa", {"init_lora_weights": "pissa"}), ["init_lora_weights"]),
    ]
    out = work / "must-not-be"
    for what, folder, words in cases:
        done = merge(distill, student, [folder], out)
        said = all(word in done.stderr for word in words)
        report.check(done.returncode != 0 and said and not out.exists(), f"refused: {what}" + ("" if said else f"\n{done.stderr}"))
    done = merge(distill, other, [adapter], out)
    report.check(done.returncode != 0 and "in the base" in done.stderr and not out.exists(), "refused: another base")
    left = [p.name for p in work.iterdir() if p.name.startswith(".")]
    report.check(not left, f"nothing is left behind {left or ''}")


def check_tokenizer(report: Report, distill: str, work: Path, llama_cpp: Path | None) -> None:
    """The repository's own student, which has a tokenizer."""
    adapter, out = work / "tiny-adapter", work / "tiny-merged"
    make_adapter(adapter, STUDENT, {"r": 4, "lora_alpha": 8, **ALL}, 5)
    done = merge(distill, STUDENT, [adapter], out, "--shard-size", "500KB")
    if not report.check(done.returncode == 0, f"tiny-student merges {done.stderr if done.returncode else ''}"):
        return
    for file in ["tokenizer.json", "special_tokens_map.json", "chat_template.jinja"]:
        if (STUDENT / file).exists():
            report.check((STUDENT / file).read_bytes() == (out / file).read_bytes(), f"{file} is the student's, byte for byte")
    tokenizer = AutoTokenizer.from_pretrained(out)
    jinja = (out / "chat_template.jinja").read_text()
    report.check(read_json(out / "tokenizer_config.json")["chat_template"] == jinja, "the template is the same in both places")
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    ids = tokenizer(tokenizer.apply_chat_template(chat, tokenize=False), add_special_tokens=False)["input_ids"]
    ends = [i for i in ids if i in tokenizer.all_special_ids or tokenizer.decode([i]).startswith("<|")]
    check_vllm_rules(report, "tiny-student", out, {ends[-1]})
    card = (out / "README.md").read_text()
    report.check(card.startswith("---\n") and str(Path.home()) not in card and str(work) not in card, "the card names no folder")
    if llama_cpp:
        check_llama_cpp(report, "tiny-student", out, llama_cpp)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distill", default=default_program())
    parser.add_argument("--llama-cpp", type=Path, help="llama.cpp's source, for convert_hf_to_gguf.py")
    parser.add_argument("--families", help="comma-separated; all if left out")
    args = parser.parse_args()
    print_versions("torch", "transformers", "peft", "safetensors")
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        chosen = args.families.split(",") if args.families else list(STUDENTS)
        for nth, family in enumerate(chosen):
            student = work / family
            make_student(student, STUDENTS[family], nth)
            # All adapters on one family; on the others those in which families differ.
            kinds = list(ADAPTERS) if nth == 0 else ["lora", "dora"]
            for seed, kind in enumerate(kinds):
                make_adapter(work / f"{family}-{kind}", student, ADAPTERS[kind], 100 + seed)
            stacks = {kind: [kind] for kind in kinds} | (STACKS if nth == 0 else {})
            for name, stack in stacks.items():
                adapters = [work / f"{family}-{kind}" for kind in stack]
                out = work / "merged"
                shutil.rmtree(out, ignore_errors=True)
                shards = ["--shard-size", "100KB"] if name == "lora" else []
                done = merge(args.distill, student, adapters, out, *shards)
                what = f"{family} {name}"
                if report.check(done.returncode == 0, f"{what}: merges {done.stderr if done.returncode else ''}"):
                    compare(report, what, out, student, adapters)
                    check_vllm_rules(report, what, out, {2})
        # Families of the same sizes cannot be told apart by an adapter; a narrower student can.
        other = work / "narrower"
        make_student(other, LLAMA | {"hidden_size": 32}, 9)
        check_refusals(report, args.distill, work, work / chosen[0], other, work / f"{chosen[0]}-lora")
        check_tokenizer(report, args.distill, work, args.llama_cpp)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
