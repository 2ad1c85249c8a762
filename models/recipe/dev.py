#!/usr/bin/env python3
"""What passes over the texts are compared by: dev.py EVAL > dev.jsonl

The sentences of STS-B's dev set, each once, and SST-2's with their labels.
"""
import json
import pathlib
import sys

from texts import SENTIMENTS


def records(labelled):
    for line in (labelled / "stsb/dev.jsonl").read_text().splitlines():
        record = json.loads(line)
        yield from ({"text": record[field]} for field in ("text", "text_pair"))
    for line in (labelled / "sst2/dev.jsonl").read_text().splitlines():
        record = json.loads(line)
        yield {"text": record["text"], "sentiment": SENTIMENTS[record["label"]]}


def main():
    seen = set()
    for record in records(pathlib.Path(sys.argv[1])):
        if record["text"] not in seen:
            seen.add(record["text"])
            print(json.dumps(record, ensure_ascii=False))


if __name__ == "__main__":
    main()
