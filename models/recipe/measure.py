#!/usr/bin/env python3
"""What an embedded model is worth: measure.py CONVBERT MODEL EVAL [--test] [--seeds N]

EVAL: a folder with stsb, sst2 and trec. On dev sets: Spearman's correlation on STS-B of its vectors, accuracy on
SST-2 of its own head, on TREC (of which every eleventh training record is held out) of the model fine-tuned, the mean
of some seeds; --test takes TREC's test set instead, and is for the end. Prints a JSON line.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("convbert")
    parser.add_argument("model")
    parser.add_argument("eval", type=pathlib.Path)
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()

    def convbert(*arguments):
        return subprocess.run([options.convbert, *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def evaluate(path, model, figure, *flags):
        return json.loads(convbert("evaluate", path, "-m", model, "-f", "json", *flags))["figures"][figure]["value"]

    figures = {"stsb": evaluate(options.eval / "stsb/dev.jsonl", options.model, "spearman", "--task", "similarity",
                                "--label-field", "score")}
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        named = folder / "sst2.jsonl"
        records = [json.loads(line) for line in (options.eval / "sst2/dev.jsonl").read_text().splitlines()]
        named.write_text("".join(json.dumps({**record, "label": ("negative", "positive")[record["label"]]}) + "\n"
                                 for record in records))
        figures["sst2"] = evaluate(named, options.model, "accuracy", "--task", "classify")

        lines = (options.eval / "trec/train.jsonl").read_text().splitlines(keepends=True)
        train, dev = folder / "train.jsonl", folder / "dev.jsonl"
        train.write_text("".join(line for i, line in enumerate(lines) if options.test or i % 11 != 0))
        dev.write_text((options.eval / "trec/test.jsonl").read_text() if options.test else "".join(lines[::11]))
        figures["trec"] = []
        for seed in range(1, options.seeds + 1):
            tuned = folder / f"tuned-{seed}"
            convbert("train", train, "-m", options.model, "-o", tuned, "--seed", seed, "--task", "classify",
                     "--epochs", 8, "-q")
            figures["trec"].append(evaluate(dev, tuned, "accuracy", "--task", "classify"))
    figures["trec_mean"] = statistics.mean(figures["trec"])
    print(json.dumps({"model": options.model, **figures}))


if __name__ == "__main__":
    main()
