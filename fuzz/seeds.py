#!/usr/bin/env python3
"""Writes first inputs for the fuzz targets to fuzz/corpus/, made of the fixtures. Standard library only."""
import hashlib
import io
import json
import math
import pathlib
import re
import struct
import tarfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"
DOCUMENTS = ROOT / "fixtures" / "documents"
LABELLED = sorted((ROOT / "fixtures" / "mask" / "documents").glob("*.txt"))
PART = b"\xff"
LIMIT = 16_384

DOCX = ["word/document.xml", "word/_rels/document.xml.rels", "word/styles.xml", "word/numbering.xml",
        "word/header1.xml", "word/footer1.xml", "word/footnotes.xml", "docProps/core.xml", "_rels/.rels",
        "[Content_Types].xml"]
ODT = ["content.xml", "styles.xml", "meta.xml", "mimetype"]


def seed(target, content):
    if isinstance(content, str):
        content = content.encode()
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)


def files(folder, *patterns):
    return [path for pattern in patterns for path in sorted((DOCUMENTS / folder).rglob(pattern))
            if path.is_file() and ".expected." not in path.name]


def package(path, names):
    with zipfile.ZipFile(path) as archive:
        there = set(archive.namelist())
        return PART.join(archive.read(name) if name in there else b"" for name in names)


def parts(text):
    """A document in pieces of some lines, for a mutator does more with small inputs."""
    lines = text.split("\n")
    return ["\n".join(lines[at:at + 6]) for at in range(0, len(lines), 6)]


def plain(path):
    text = path.read_text(encoding="utf-8").split("\n", 1)[1].replace("~~", "")
    return re.sub(r"⟦[^|⟧]*\|([^⟧]*)⟧", r"\1", text)


for path in files("markdown", "*.md"):
    for piece in parts(path.read_text()):
        seed("markdown", piece)
for path in files("text", "*.txt"):
    for piece in parts(path.read_text()):
        seed("text", piece)
        seed("text", b"\xff\xfe" + piece.encode("utf-16-le"))
for path in files("html", "*.html"):
    for piece in parts(path.read_text()):
        seed("html", piece)
for path in files("pdf", "*.pdf"):
    if path.stat().st_size < 4 * LIMIT:
        seed("pdf", path.read_bytes())
for contents in ["BT /F 12 Tf 50 700 Td (Sailed) Tj ET", "BT /F 9 Tf 14 TL 50 700 Td [(A) -250 (b)] TJ T* (- c) ' ET",
                 "q 1 0 0 1 300 0 cm BT /F 20 Tf 1 0 0 1 5 600 Tm (Two) Tj ET Q BT /F 8 Tf 10 20 Td <41e9> Tj ET"]:
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
               "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
               f"<</Length {len(contents)}>>stream\n{contents}\nendstream",
               "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    numbered = "".join(f"{at} 0 obj\n{each}\nendobj\n" for at, each in enumerate(objects, 1))
    seed("pdf", f"%PDF-1.4\n{numbered}trailer\n<</Root 1 0 R>>\n")
for path in files("docx", "*.docx"):
    if len(package(path, DOCX)) < LIMIT:
        seed("docx", package(path, DOCX))
    seed("docx", PART.join(piece[:LIMIT // 8] for piece in package(path, DOCX).split(PART)))
    seed("docx", package(path, DOCX[:1]))
    seed("archive", path.read_bytes())
for path in files("odt", "*.odt"):
    seed("odt", package(path, ODT))
    seed("odt", package(path, ODT[:1]))
for path in files("json_resume", "*.json") + files("mastodon", "*.json") + files("x", "*.js"):
    seed("json", path.read_bytes())
seed("json", '[{"text":"a","created_at":"2024-01-01"},{"content":"<p>b</p>","url":"https://example.org"}]')
for path in files("csv", "*.csv") + files("linkedin", "*.csv"):
    seed("csv", path.read_bytes())
for path in files("europass", "*.xml"):
    seed("europass", path.read_bytes())

for kind in ["linkedin", "mastodon", "x"]:
    folder = DOCUMENTS / kind / "export"
    inside = [(str(path.relative_to(folder)), path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]
    for some in [inside] + [inside[at:at + 2] for at in range(0, len(inside), 2)]:
        seed("export", PART.join(piece for name, content in some for piece in (name.encode(), content)))
    with io.BytesIO() as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in inside:
                archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
        seed("archive", out.getvalue())
    for form in [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]:
        with io.BytesIO() as out:
            with tarfile.open(fileobj=out, mode="w", format=form) as archive:
                for name, content in inside[:3]:
                    info = tarfile.TarInfo(name if form == tarfile.USTAR_FORMAT else "a/" * 60 + name)
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
            seed("tar", out.getvalue())

seed("wire", json.dumps({"Document": {"text": "né x", "blocks": [{"kind": "Code", "start": 0, "end": 3},
                                                                  {"kind": {"Heading": 2}, "start": 4, "end": 5}]}}))
seed("wire", json.dumps({"Error": {"NotUtf8": {"offset": 3}}}))

for path in LABELLED:
    text = plain(path)
    seed("unmask", text)
    for piece in parts(text):
        seed("masker", piece)
for path in sorted((ROOT / "fixtures" / "mask").glob("*.toml")):
    for found in re.findall(r'text = "((?:[^"\\]|\\.)*)"', path.read_text(encoding="utf-8")):
        seed("masker", found.replace("\\n", "\n").replace("~~", ""))

entry = {"email": {"a example org": {"number": 1, "value": "a@example.org"}},
         "person": {"ada quill": {"number": 2, "value": "Ada Quill", "forms": ["Ada"]}}}
seed("vault", json.dumps({"version": 1, "entries": entry}).encode() + PART + b"to [EMAIL_1] and [PERSON_2], not [PERSON_3]")



def gguf(keys, tensors, values=None):
    """A model file of version 3: keys are (name, type, packed value), tensors (name, shape in torch order) of zeros, or
    of `values`, which are 8 at most a tensor."""
    string = lambda text: struct.pack("<Q", len(text.encode())) + text.encode()
    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    for name, kind, value in keys:
        out += string(name) + struct.pack("<I", kind) + value
    offset = 0
    for name, shape in tensors:
        out += string(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", n) for n in reversed(shape))
        out += struct.pack("<IQ", 0, offset)
        offset += -(-4 * math.prod(shape) // 32) * 32
    if values is None:
        return out + bytes(-len(out) % 32) + bytes(offset)
    return out + bytes(-len(out) % 32) + b"".join(struct.pack(f"<{len(v)}f", *v).ljust(32, b"\0") for v in values)


def model(arch):
    string = lambda text: struct.pack("<Q", len(text)) + text.encode()
    strings = lambda texts: struct.pack("<IQ", 8, len(texts)) + b"".join(map(string, texts))
    numbers = lambda values: struct.pack(f"<IQ{len(values)}i", 5, len(values), *values)
    sizes = {"block_count": 1, "context_length": 8, "embedding_length": 4, "feed_forward_length": 4,
             "attention.head_count": 2, "attention.head_count_kv": 1}
    keys = [("general.architecture", 8, string(arch))]
    keys += [(f"{arch}.{name}", 4, struct.pack("<I", size)) for name, size in sizes.items()]
    keys += [(f"{arch}.attention.layer_norm_rms_epsilon", 6, struct.pack("<f", 1e-5)),
             ("tokenizer.ggml.model", 8, string("gpt2")), ("tokenizer.ggml.pre", 8, string("qwen2")),
             ("tokenizer.ggml.tokens", 9, strings(["a", "b", "ab", "<|im_end|>"])),
             ("tokenizer.ggml.token_type", 9, numbers([1, 1, 1, 3])),
             ("tokenizer.ggml.merges", 9, strings(["a b"])), ("tokenizer.ggml.eos_token_id", 4, struct.pack("<I", 3)),
             ("tokenizer.ggml.add_bos_token", 7, b"\0"), ("tokenizer.chat_template", 8, string("{{ messages }}"))]
    tensors = [("token_embd.weight", [4, 4]), ("blk.0.attn_norm.weight", [4]), ("blk.0.attn_q.weight", [4, 4]),
               ("blk.0.attn_k.weight", [2, 4]), ("blk.0.attn_v.weight", [2, 4]), ("blk.0.attn_output.weight", [4, 4]),
               ("blk.0.ffn_norm.weight", [4]), ("blk.0.ffn_gate.weight", [4, 4]), ("blk.0.ffn_up.weight", [4, 4]),
               ("blk.0.ffn_down.weight", [4, 4]), ("output_norm.weight", [4])]
    if arch == "qwen2":
        tensors += [("blk.0.attn_q.bias", [4]), ("blk.0.attn_k.bias", [2]), ("blk.0.attn_v.bias", [2])]
    if arch == "qwen3":
        tensors += [("blk.0.attn_q_norm.weight", [2]), ("blk.0.attn_k_norm.weight", [2])]
    return gguf(keys, tensors)


for arch in ["llama", "qwen2", "qwen3"]:
    seed("gguf", model(arch))
seed("gguf", gguf([("split.count", 2, b"\1\0"), ("general.alignment", 4, struct.pack("<I", 64))], [("t", [2, 2])]))

string = lambda text: struct.pack("<Q", len(text)) + text.encode()
matrix = [("general.type", 8, string("imatrix")),
          ("imatrix.datasets", 9, struct.pack("<IQ", 8, 1) + string("rows.jsonl")),
          ("imatrix.chunk_count", 4, struct.pack("<I", 3)), ("imatrix.chunk_size", 4, struct.pack("<I", 512))]
sums, counts = [("blk.0.attn_q.weight.in_sum2", [2, 3])], [("blk.0.attn_q.weight.counts", [2, 1])]
seed("imatrix", gguf(matrix, sums + counts, [[1, 2, 3, 4, 5, 6], [2, 0]]))
seed("imatrix", gguf([], sums + counts))
legacy = lambda name, calls, *values: struct.pack("<i", len(name)) + name.encode() + \
    struct.pack(f"<ii{len(values)}f", calls, len(values), *values)
entries = struct.pack("<i", 2) + legacy("blk.0.attn_q.weight", 4, 2, 8) + legacy("x", 0, 3)
seed("imatrix", entries)
seed("imatrix", entries + struct.pack("<ii", 7, 8) + b"wiki.txt")


def model_folder(kind):
    config = {"model_type": kind, "architectures": [kind.capitalize() + "ForCausalLM"], "vocab_size": 4, "hidden_size": 4,
              "intermediate_size": 4, "num_hidden_layers": 1,
              "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 2, "max_position_embeddings": 8,
              "rms_norm_eps": 1e-5, "rope_theta": 1e4, "tie_word_embeddings": True,
              "bos_token_id": 2, "eos_token_id": 3}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    tokenizer = {"version": "1.0", "normalizer": None, "pre_tokenizer": byte_level, "decoder": byte_level,
                 "post_processor": byte_level, "added_tokens": [{"id": 3, "content": "<|im_end|>", **special}],
                 "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}}
    layer = "model.layers.0."
    tensors = [("model.embed_tokens", [4, 4]), (layer + "input_layernorm", [4]), (layer + "self_attn.q_proj", [4, 4]),
               (layer + "self_attn.k_proj", [2, 4]), (layer + "self_attn.v_proj", [2, 4]),
               (layer + "self_attn.o_proj", [4, 4]), (layer + "post_attention_layernorm", [4]),
               (layer + "mlp.gate_proj", [4, 4]), (layer + "mlp.up_proj", [4, 4]), (layer + "mlp.down_proj", [4, 4]),
               ("model.norm", [4])]
    tensors = [(f"{name}.weight", shape) for name, shape in tensors]
    if kind == "qwen2":
        tensors += [(f"{layer}self_attn.{name}_proj.bias", [size]) for name, size in [("q", 4), ("k", 2), ("v", 2)]]
    if kind == "qwen3":
        tensors += [(f"{layer}self_attn.{name}_norm.weight", [2]) for name in "qk"]
    header, at = {}, 0
    for name, shape in tensors:
        size = 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    header = json.dumps(header).encode()
    weights = struct.pack("<Q", len(header)) + header + bytes(at)
    return PART.join([json.dumps(config).encode(), json.dumps(tokenizer).encode(), weights])


for kind in ["llama", "qwen2", "qwen3"]:
    seed("folder", model_folder(kind))

for folder in sorted(CORPUS.iterdir()):
    print(f"{folder.name:10} {len(list(folder.iterdir()))}")
