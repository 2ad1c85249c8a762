#!/usr/bin/env python3
"""Sentiments of some of the texts, as a classifier sees them.

sentiments.py ask TEXTS > asked.jsonl                   those to be labelled: short ones without a label, 35 %
sentiments.py join TEXTS ANSWERS SURE > labelled.jsonl  all texts, with the labels that the classifier is so sure of

ANSWERS: what `convbert classify --only-result` says of asked.jsonl, labels 0 and 1 as in SST-2.
"""
import json
import sys

from texts import SENTIMENTS, share_of

WORDS = range(5, 26)
ASKED = 0.35


def read(path):
    with open(path) as lines:
        for line in lines:
            yield json.loads(line)


def ask(texts):
    for number, record in enumerate(read(texts)):
        text = record["text"]
        if "sentiment" not in record and len(text.split()) in WORDS and share_of("mood" + text) < ASKED:
            yield {"id": number, "text": text}


def join(texts, answers, sure):
    known = {int(answer["id"]): SENTIMENTS[int(answer["label"])] for answer in read(answers)
             if answer["score"] >= float(sure)}
    for number, record in enumerate(read(texts)):
        if number in known:
            record["sentiment"] = known[number]
        yield record


def main():
    for record in {"ask": ask, "join": join}[sys.argv[1]](*sys.argv[2:]):
        print(json.dumps(record, ensure_ascii=False))


if __name__ == "__main__":
    main()
