#!/usr/bin/env python3
"""What a second run over fewer texts learns from.

parts.py cut EVAL > parts.jsonl                 parts of SST-2's training sentences: clauses, windows of 4 to 13 words,
                                                and some sentences with another behind them; a text once
parts.py mix EVAL LABELLED PARTS > mixed.jsonl  of LABELLED the texts of EVAL's training parts and a share of all others,
                                                then PARTS

A small model that sees the few thousand sentences alone learns them by heart. Parts of them, labelled by a classifier,
are ten times as many, and say the same things.
"""
import json
import pathlib
import re
import sys

from sentiments import read
from texts import labelled_records, share_of

CLAUSE_END = re.compile(r"\s(?:,|--|;|:|but|and|\.\.\.)\s")
WINDOWS, SHORTEST, LENGTHS = 10, 4, 10
LEAST_WORDS = 3
JOINED = 0.3   # share of the sentences that another one is put behind
OTHERS = 0.05  # share of all other texts


def parts_of(text):
    yield from (clause.strip() for clause in CLAUSE_END.split(text))
    words = text.split()
    for number in range(WINDOWS):
        length = SHORTEST + int(share_of(f"length {number} {text}") * LENGTHS)
        if length < len(words):
            begin = int(share_of(f"begin {number} {text}") * (len(words) - length + 1))
            yield " ".join(words[begin:begin + length])


def cut(folder):
    sentences = [record["text"] for record in read(folder / "sst2/train.jsonl")]
    seen = set(sentences)
    for text in sentences:
        parts = [part for part in parts_of(text) if len(part.split()) >= LEAST_WORDS]
        if share_of("joined " + text) < JOINED:
            other = sentences[int(share_of("other " + text) * len(sentences))]
            parts.append(f"{text.rstrip(' .')} . {other}")
        for part in parts:
            if part not in seen:
                seen.add(part)
                yield {"text": part}


def mixed(folder, labelled, parts):
    wanted = {record["text"] for record in labelled_records(folder)}
    for record in read(labelled):
        if record["text"] in wanted or share_of("again " + record["text"]) < OTHERS:
            yield record
    yield from read(parts)


def main():
    folder = pathlib.Path(sys.argv[2])
    for record in {"cut": cut, "mix": mixed}[sys.argv[1]](folder, *sys.argv[3:]):
        print(json.dumps(record, ensure_ascii=False))


if __name__ == "__main__":
    main()
