#!/usr/bin/env python3
"""What sentence-transformers makes of Dense modules behind a pooling: make_dense_fixtures.py

Writes data/dense/NAME beside this file: the modules of a directory whose encoder is data/models/bert-plain, and
vectors.jsonl, texts and their vectors. Needs torch and sentence-transformers (6.2 wrote what is stored).
"""

import json
import pathlib
import shutil
import tempfile

import torch
from sentence_transformers import SentenceTransformer, models
from transformers import BertTokenizer

DATA = pathlib.Path(__file__).parent / "data"
ENCODER = DATA / "models/bert-plain"


def fixtures():
    """Name: the modules after the transformer, of 32 numbers a token."""
    pooling = models.Pooling
    yield "tanh", [pooling(32, pooling_mode="cls"), models.Dense(32, 48), models.Normalize()]
    yield "two", [pooling(32, pooling_mode="mean"),
                  models.Dense(32, 48, bias=False, activation_function=torch.nn.GELU()),
                  models.Dense(48, 20, activation_function=torch.nn.Identity())]


def main():
    texts = [json.loads(line)["text"] for line in (ENCODER / "cases.jsonl").open()][:12]
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as scratch:
        encoder = pathlib.Path(scratch, "encoder")
        shutil.copytree(ENCODER, encoder)
        BertTokenizer(vocab=str(ENCODER / "vocab.txt"), model_max_length=512).save_pretrained(encoder)
        for name, steps in fixtures():
            model = SentenceTransformer(modules=[models.Transformer(str(encoder)), *steps], device="cpu")
            # One by one: nothing is padded.
            vectors = [model.encode([text], show_progress_bar=False)[0].tolist() for text in texts]
            whole, kept = pathlib.Path(scratch, name), DATA / "dense" / name
            model.save_pretrained(str(whole), create_model_card=False)
            shutil.rmtree(kept, ignore_errors=True)
            for step in ["modules.json", *(f"{file.parent.name}/{file.name}" for file in whole.glob("*_*/*"))]:
                (kept / step).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(whole / step, kept / step)
            with (kept / "vectors.jsonl").open("w") as file:
                for text, vector in zip(texts, vectors):
                    print(json.dumps({"text": text, "vector": vector}, ensure_ascii=False), file=file)


if __name__ == "__main__":
    main()
