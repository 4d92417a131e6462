#!/usr/bin/env python3
"""llama.cpp's converter with one question answered: which pre-tokenizer the folder's tokenizer has.

    convert.py LLAMA_CPP_DIR PRE HF_FOLDER --outtype bf16 --outfile OUT.gguf

The converter knows tokenizers by a digest of what they make of one text and refuses others ("BPE pre-tokenizer was not
recognized"). The students of ../train/make.py cut as Llama 3's does, so PRE is llama-bpe. Nothing else is changed.
"""

import runpy
import sys

root, pre = sys.argv[1:3]
sys.path[:0] = [root + "/gguf-py", root]
from conversion.base import TextModel  # noqa: E402

TextModel.get_vocab_base_pre = lambda self, tokenizer: pre
sys.argv = ["convert_hf_to_gguf.py", *sys.argv[3:]]
runpy.run_path(root + "/convert_hf_to_gguf.py", run_name="__main__")
