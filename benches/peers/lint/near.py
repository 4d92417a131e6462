#!/usr/bin/env python3
"""Near duplicates of question and answer, as others find them: `near.py semhash|datasketch ROWS.jsonl [MODEL]`.

Prints the rows that are said to repeat an earlier one, and the time that passed since the imports.
"""
import json
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [row["instruction"] + " " + row["response"] for row in rows]


def minhash(texts, threshold, permutations=128, words=3):
    """datasketch: 128 permutations, runs of three words, bands by its own choice; what LSH brings together is measured by
    the MinHashes, as its manual does."""
    from datasketch import MinHash, MinHashLSH

    def shingles(text):
        parts = text.split()
        return [" ".join(parts[i : i + words]).encode() for i in range(max(len(parts) - words + 1, 1))]

    index = MinHashLSH(threshold=threshold, num_perm=permutations)
    sketches = []
    for row, sketch in enumerate(MinHash.generator((shingles(text) for text in texts), num_perm=permutations)):
        near = [at for at in index.query(sketch) if sketches[at].jaccard(sketch) >= threshold]
        if near:
            yield row, min(near)
        sketches.append(sketch)
        index.insert(row, sketch)


def semhash(texts, model, threshold=0.9):
    from model2vec import StaticModel
    from semhash import SemHash

    model = StaticModel.from_pretrained(model)
    # A number in front would be encoded too: equal texts are told apart by where they stand.
    places = {}
    for row, text in enumerate(texts):
        places.setdefault(text, []).append(row)
    result = SemHash.from_records(records=texts, model=model).self_deduplicate(threshold=threshold)
    copies = [row for rows in places.values() for row in rows[1:]]
    first = {text: rows[0] for text, rows in places.items()}
    near = {first[each.record] for each in result.filtered if not each.exact}
    return sorted(near.union(copies))


def make_model(path, texts_path, tokenizer_path):
    """A static model without training: a random direction for every token, weighed by how rare it is among the rows.

    The mean of them is a hashed bag of words. Of the size of semhash's own model, 256 numbers a token.
    """
    import numpy as np
    from model2vec import StaticModel
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(tokenizer_path)
    size = tokenizer.get_vocab_size()
    counts = np.zeros(size)
    for code in tokenizer.encode_batch(read(texts_path), add_special_tokens=False):
        np.add.at(counts, code.ids, 1)
    vectors = np.random.default_rng(1).standard_normal((size, 256)) / 16
    vectors *= (1e-3 / (1e-3 + counts / counts.sum()))[:, None]
    StaticModel(vectors.astype(np.float32), tokenizer, config={"normalize": True}, normalize=True).save_pretrained(path)


if __name__ == "__main__":
    what, path = sys.argv[1], sys.argv[2]
    if what == "model":
        make_model(sys.argv[3], path, sys.argv[4])
    elif what == "semhash":
        print(json.dumps(semhash(read(path), sys.argv[3], float(sys.argv[4]) if len(sys.argv) > 4 else 0.9)))
    else:
        texts = [" ".join(text.lower().split()) for text in read(path)]
        print(json.dumps([row for row, _ in minhash(texts, threshold=0.8)]))
