#!/usr/bin/env python3
"""Where the time of a training step goes, and how near its products come to the machine's peak:
training_parts.py CONVBERT DATA.jsonl [--model DIR] [--shape NAME] [--precision f32,bf16] [--max-length TOKENS]

`convbert train` on one thread as in training.py, with ONEDNN_VERBOSE: each primitive's time by kind, of a long run
less a short one, so that start and end are not in it; what is left of the wall time is `ours` (embeddings, dynamic
kernels, dropout, AdamW, losses, gathering, calls). Products' operations are counted from their shapes. The peak is that
of `convbert bench` on one thread. --shape needs torch and transformers.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

from training import BATCH, SHAPES, make_model

STEPS = 4, 24


def flops_of(shape):
    """Of a product as oneDNN writes it, 4x16x32:4x32x8:4x16x8; the first may be broadcast."""
    left, right, *_ = ([int(size) for size in part.split("x")] for part in shape.split(":"))
    batch = 1
    for size in right[:-2]:
        batch *= size
    return 2 * batch * left[-2] * left[-1] * right[-1]


def run(command, steps, folder):
    """Seconds by kind of primitive and in all, and the operations of products."""
    begin = time.perf_counter()
    output = subprocess.run([*command, "--max-steps", str(steps), "-o", f"{folder}/{steps}"], check=True,
                            stdout=subprocess.PIPE, text=True, env=dict(os.environ, ONEDNN_VERBOSE="1")).stdout
    seconds = collections.Counter({"all": time.perf_counter() - begin})
    flops = 0
    for line in output.splitlines():
        fields = line.split(",")
        if len(fields) < 10 or fields[1] != "exec":
            continue
        seconds[fields[3]] += float(fields[-1]) / 1000
        if fields[3] == "matmul":
            flops += flops_of(re.sub(r"[^0-9x:]", "", fields[-2]))
    return seconds, flops


def peak_of(binary, precision):
    report = subprocess.run([binary, "bench", "--measure", "peaks", "--threads", "1", "-f", "json"], check=True,
                            capture_output=True, text=True).stdout
    return next(peak["gflops"] for peak in json.loads(report)["peaks"] if peak["precision"] == precision)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("convbert")
    parser.add_argument("data")
    parser.add_argument("--model", default="models/convbert-mini")
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--max-length", type=int, default=128)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model
        if options.shape:
            model = f"{folder}/model"
            make_model(options.shape, f"{options.model}/vocab.txt", model)
        for precision in options.precision.split(","):
            out = pathlib.Path(folder, precision)
            out.mkdir()
            command = [options.convbert, "train", options.data, "-m", model, "--task", "classify", "--threads", "1",
                       "--batch-size", str(BATCH), "--epochs", "1000", "--dropout", "0.1", "--contrast", "0",
                       "--learning-rate", "1e-4",
                       "--max-length", str(options.max_length), "--precision", precision, "-q"]
            (short, few), (long, many) = (run(command, steps, out) for steps in STEPS)
            spent = {kind: long[kind] - short[kind] for kind in long}
            whole = spent.pop("all")
            spent["ours"] = whole - sum(spent.values())
            flops, peak = (many - few) / 1e9, peak_of(options.convbert, precision)
            print(f"{options.shape or pathlib.Path(model).name}, {precision}: {1000 * whole / (STEPS[1] - STEPS[0]):.0f} "
                  f"ms a step; products {flops / spent['matmul']:.0f} GFLOP/s, {flops / spent['matmul'] / peak:.0%} of the "
                  f"peak of {peak:.0f}; {flops / whole / peak:.0%} of it over the whole step\n\n| | ms a step | share |"
                  "\n|---|---|---|")
            for kind, seconds in sorted(spent.items(), key=lambda item: -item[1]):
                print(f"| {kind} | {1000 * seconds / (STEPS[1] - STEPS[0]):.1f} | {seconds / whole:.1%} |")
            print(flush=True)


if __name__ == "__main__":
    main()
