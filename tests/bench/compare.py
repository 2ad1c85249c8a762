#!/usr/bin/env python3
"""convbert beside PyTorch and Hugging Face's tokenizer, in turn in one run, on one thread.

    pip install torch transformers tokenizers      # in a virtual environment
    tests/bench/compare.py build/tests/bench/convbert_bench [--rounds 3]

Encoder: ConvBERT-base and -small with random weights, texts of 128 tokens and of mixed lengths
(mixed_lengths.txt). PyTorch pads, and gets its texts sorted by length in batches of 2 and of 16,
the better of which counts. Tokenizer: the sample texts in data/. Every figure is the median of the
rounds; rates count real tokens, without padding.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BATCH_SIZES = (2, 16)
CASES = {"base_128": ("base", 32), "base_mixed": ("base", 128),
         "small_128": ("small", 32), "small_mixed": ("small", 256)}


def lengths_of(case):
    count = CASES[case][1]
    if case.endswith("_128"):
        return [128] * count
    return [int(n) for n in (HERE / "mixed_lengths.txt").read_text().split()][:count]


def ours(bench, name):
    """Counters of our benchmark: the better of its batch sizes."""
    out = subprocess.run([bench, f"--benchmark_filter=^{name}(/|$)", "--benchmark_format=json"],
                         capture_output=True, text=True, check=True).stdout
    return json.loads(out)["benchmarks"]


class PyTorch:
    def __init__(self):
        import torch
        from transformers import ConvBertConfig, ConvBertModel
        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        self.torch = torch
        self.models = {
            "base": ConvBertModel(ConvBertConfig(pad_token_id=0)).eval(),
            "small": ConvBertModel(ConvBertConfig(
                hidden_size=256, embedding_size=128, num_attention_heads=4,
                intermediate_size=1024, pad_token_id=0)).eval(),
        }

    def batches(self, lengths, size):
        torch = self.torch
        ordered = sorted(lengths)
        for first in range(0, len(ordered), size):
            part = ordered[first:first + size]
            ids = torch.randint(1000, 30000, (len(part), part[-1]))
            mask = (torch.arange(part[-1])[None, :] < torch.tensor(part)[:, None]).long()
            yield ids * mask, mask

    def tokens_per_second(self, case):
        model = self.models[CASES[case][0]]
        lengths = lengths_of(case)
        best = 0.0
        for size in BATCH_SIZES:
            batches = list(self.batches(lengths, size))
            for ids, mask in batches[:2]:
                model(ids, attention_mask=mask)
            start = time.perf_counter()
            for ids, mask in batches:
                model(ids, attention_mask=mask)
            best = max(best, sum(lengths) / (time.perf_counter() - start))
        return best


def hugging_face_bytes_per_second(path):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    lines = (ROOT / "models/convbert-mini/vocab.txt").read_text(encoding="utf-8").split("\n")
    vocab = {line.rstrip(): i for i, line in enumerate(lines) if line}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocab["[SEP]"]),
                                                         ("[CLS]", vocab["[CLS]"]))
    texts = path.read_text(encoding="utf-8").splitlines()
    size = sum(len(text.encode()) for text in texts)
    repeats = 200
    start = time.perf_counter()
    for _ in range(repeats):
        for text in texts:
            tokenizer.encode(text)
    return repeats * size / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench", help="path of convbert_bench")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    peer = PyTorch()
    print(f"{'tokens/s, one thread':24}{'convbert':>12}{'PyTorch':>12}{'ratio':>8}")
    for case in CASES:
        mine, theirs = [], []
        for _ in range(arguments.rounds):
            mine.append(max(b["tokens/s"] for b in ours(arguments.bench, case)))
            theirs.append(peer.tokens_per_second(case))
        a, b = statistics.median(mine), statistics.median(theirs)
        print(f"{case:24}{a:12.0f}{b:12.0f}{a / b:8.2f}", flush=True)

    print(f"\n{'tokenizer, MB/s':24}{'convbert':>12}{'HF tokenizers':>14}{'ratio':>6}")
    for name, file in (("english", "english.txt"), ("mixed_scripts", "languages.txt")):
        mine, theirs = [], []
        for _ in range(arguments.rounds):
            mine.append(ours(arguments.bench, f"tokenize/{name}")[0]["bytes_per_second"] / 1e6)
            theirs.append(hugging_face_bytes_per_second(ROOT / "data" / file) / 1e6)
        a, b = statistics.median(mine), statistics.median(theirs)
        print(f"{name:24}{a:12.1f}{b:14.1f}{a / b:6.1f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
