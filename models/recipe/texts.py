#!/usr/bin/env python3
"""The texts that the embedded model learns from: texts.py CORPUS EVAL > texts.jsonl

CORPUS: a folder with books.jsonl.gz and other.jsonl.gz, paragraphs in reading order, {"book" or "source", "text"}.
EVAL: a folder with stsb, sst2 and trec, of which train.jsonl alone is read. A line is {"text", "sentiment"?}, of sst2
with its label. No text occurs twice. What is taken follows from its own words, by a hash, and from nothing else.
"""
import collections
import gzip
import hashlib
import json
import pathlib
import re
import sys

SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’)]*\s+(?=[\"“‘(]?[A-Z0-9])")
PLAIN_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "—": " - ", "…": "..."})
BOOK_SENTENCES = 0.16  # share that is taken
PASSAGE_WORDS, PASSAGES = 90, 0.06  # neighbours joined up to so many words; share of these
PAGE_WORDS, PAGES = 360, 0.035      # likewise; some reach 512 tokens, so that all positions are learnt
WORDS = range(4, 61)  # of a sentence
SENTIMENTS = ("negative", "positive")


def share_of(text):
    """A number from 0 to 1 that follows from the text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") / 2**64


def spelled(text):
    """Every second text with quotes as keyboards have them."""
    return text.translate(PLAIN_QUOTES) if share_of("quotes" + text) < 0.5 else text


def paragraphs(path):
    with gzip.open(path, "rt") as lines:
        for line in lines:
            record = json.loads(line)
            yield record.get("book") or record["source"], " ".join(record["text"].split())


def joined(path, words):
    """Neighbouring paragraphs of one source, joined until they have so many words."""
    part, count, source = [], 0, None
    for at, text in paragraphs(path):
        if part and (at != source or count >= words):
            yield " ".join(" ".join(part).split()[:words])
            part, count = [], 0
        source = at
        part.append(text)
        count += len(text.split())


def sentences(path, share):
    for _, text in paragraphs(path):
        for sentence in SENTENCE_END.split(text):
            if len(sentence.split()) in WORDS and share_of(sentence) < share:
                yield sentence


def labelled_records(labelled):
    for line in (labelled / "sst2/train.jsonl").read_text().splitlines():
        record = json.loads(line)
        yield {"text": record["text"], "sentiment": SENTIMENTS[record["label"]]}
    for task, fields in (("stsb", ("text", "text_pair")), ("trec", ("text",))):
        for line in (labelled / task / "train.jsonl").read_text().splitlines():
            record = json.loads(line)
            yield from ({"text": record[field]} for field in fields)


def records(corpus, labelled):
    yield from labelled_records(labelled)
    for name, share in (("other.jsonl.gz", 1.0), ("books.jsonl.gz", BOOK_SENTENCES)):
        for sentence in sentences(corpus / name, share):
            yield {"text": spelled(sentence)}
        for words, taken in ((PASSAGE_WORDS, PASSAGES), (PAGE_WORDS, PAGES)):
            for text in joined(corpus / name, words):
                if share_of(text) < taken:
                    yield {"text": spelled(text)}


def main():
    corpus, labelled = map(pathlib.Path, sys.argv[1:])
    seen, counts = set(), collections.Counter()
    for record in records(corpus, labelled):
        text = record["text"]
        if text not in seen:
            seen.add(text)
            counts["texts"] += 1
            counts["words"] += len(text.split())
            print(json.dumps(record, ensure_ascii=False))
    print(f"{counts['texts']:,} texts, {counts['words']:,} words", file=sys.stderr)


if __name__ == "__main__":
    main()
