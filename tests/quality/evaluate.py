#!/usr/bin/env python3
"""How good a model is, measured through the binary on a file of your own. Needs Python alone.

  evaluate.py similarity FILE   JSONL with "text", "text_pair" and a number "score":
                                Spearman's correlation of the vectors' cosine and the score
  evaluate.py labels FILE       JSONL with "text" and "label", a label's name or number:
                                accuracy of `convbert classify`

--model names another than the embedded one; further options go to convbert, too.
"""
import argparse
import json
import math
import os
import pathlib
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def find_binary(given):
    for path in [given] if given else [ROOT / "build/release/apps/convbert/convbert",
                                       ROOT / "build/apps/convbert/convbert"]:
        if path and os.access(path, os.X_OK):
            return str(path)
    sys.exit("evaluate.py: no convbert binary found; build it, or name it with --binary")


def read_rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_npy(data):
    """The rows of a C-order float32 matrix, as numpy.save writes it."""
    if data[:6] != b"\x93NUMPY":
        sys.exit("evaluate.py: convbert did not write an npy array")
    size = struct.unpack("<H", data[8:10])[0]
    header = data[10:10 + size].decode("latin-1")
    rows, columns = (int(n) for n in header.split("'shape': (")[1].split(")")[0].split(","))
    values = struct.unpack(f"<{rows * columns}f", data[10 + size:])
    return [values[i * columns:(i + 1) * columns] for i in range(rows)]


def run(binary, arguments):
    done = subprocess.run([binary, *arguments], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"evaluate.py: convbert ended with status {done.returncode}")
    return done.stdout


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def ranks(values):
    """Ranks from 1, equal values sharing the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for i in range(first, last + 1):
            result[order[i]] = (first + last) / 2 + 1
        first = last + 1
    return result


def pearson(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    covariance = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    return covariance / math.sqrt(sum((x - mean_a) ** 2 for x in a)
                                  * sum((y - mean_b) ** 2 for y in b))


def similarity(binary, path, model, options):
    vectors = [read_npy(run(binary, ["embed", "--format", "npy", "--text-field", field,
                                     "--pair-field", "", path, *model, *options]))
               for field in ("text", "text_pair")]
    cosines = [cosine(a, b) for a, b in zip(*vectors)]
    scores = [row["score"] for row in read_rows(path)]
    print(f"Spearman {pearson(ranks(cosines), ranks(scores)):.5f}  ({len(scores)} pairs)")


def labels(binary, path, model, options):
    output = run(binary, ["classify", "--pair-field", "", "--only-result", path, *model, *options])
    found = [json.loads(line)["label"] for line in output.decode().splitlines()]
    card = json.loads(run(binary, ["info", "--format", "json", *model]))
    names = next(head["labels"] for head in card["heads"] if "labels" in head)
    wanted = [names[row["label"]] if isinstance(row["label"], int) else row["label"]
              for row in read_rows(path)]
    right = sum(a == b for a, b in zip(found, wanted))
    print(f"accuracy {right / len(wanted):.5f}  ({right} of {len(wanted)})")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["similarity", "labels"])
    parser.add_argument("file")
    parser.add_argument("-m", "--model", help="as convbert's; default: the embedded one")
    parser.add_argument("--binary", help="default: the one in build/")
    arguments, options = parser.parse_known_args()
    task = similarity if arguments.task == "similarity" else labels
    model = ["--model", arguments.model] if arguments.model else []
    task(find_binary(arguments.binary), arguments.file, model, options)


if __name__ == "__main__":
    main()
