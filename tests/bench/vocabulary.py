#!/usr/bin/env python3
"""`convbert vocab` beside Hugging Face's BertWordPieceTokenizer.train, on the same text:
vocabulary.py CONVBERT FILE... [--held-out FILE] [--size N] [--cased] [--threads 1,2] [--rounds N]

FILE: a text a line, or JSONL with the field text; .gz, too. Without --held-out every fiftieth text is kept
from both. Each trainer is a process of its own, held to as many processors as it has threads, in turns; of
both the medians of time, from start to end, and of the process's peak of memory. Then: the tokens that both
have learnt, of all; and tokens a word on the held-out texts, split by one tokenizer with either vocabulary.
The reference is learnt from twice, as it breaks ties by the order of a hash table. Needs tokenizers.
"""
import argparse
import gzip
import json
import os
import pathlib
import statistics
import sys
import tempfile

from convbert import measured
from tables import print_table

HELD_OUT = 50  # one of so many texts
MIN_FREQUENCY = 2
LIMIT_ALPHABET = 1000


def texts_of(path):
    """Of one line each."""
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path)
    with opened as lines:
        for line in lines:
            text = json.loads(line)["text"] if ".jsonl" in path else line
            yield " ".join(text.split())


def learn(text, output, size, lowercase):
    """The reference, in a process of its own."""
    from tokenizers import BertWordPieceTokenizer
    tokenizer = BertWordPieceTokenizer(lowercase=lowercase)
    tokenizer.train([text], vocab_size=size, min_frequency=MIN_FREQUENCY, limit_alphabet=LIMIT_ALPHABET,
                    show_progress=False)
    tokens = tokenizer.get_vocab()
    pathlib.Path(output).write_text("".join(f"{token}\n" for token in sorted(tokens, key=tokens.get)))


def tokens_per_word(vocabulary, texts, lowercase):
    from tokenizers import BertWordPieceTokenizer
    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=lowercase)
    tokens = words = 0
    for encoding in tokenizer.encode_batch(texts, add_special_tokens=False):
        tokens += len(encoding.ids)
        words += len(set(encoding.word_ids))
    return tokens / words


def main():
    if sys.argv[1] == "--learn":
        text, output, size, lowercase = sys.argv[2:]
        return learn(text, output, int(size), lowercase == "True")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("convbert")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--held-out")
    parser.add_argument("--size", type=int, default=30522)
    parser.add_argument("--cased", action="store_true")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    lowercase = not options.cased
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        held_out = list(texts_of(options.held_out)) if options.held_out else []
        with open(folder / "text.txt", "w") as file:
            number = 0
            for path in options.files:
                for text in texts_of(path):
                    number += 1
                    if options.held_out is None and number % HELD_OUT == 0:
                        held_out.append(text)
                    else:
                        file.write(text + "\n")
        text = str(folder / "text.txt")
        size = os.path.getsize(text) / 1e6
        ours, theirs, again = folder / "ours.txt", folder / "theirs.txt", folder / "again.txt"
        reference = [sys.executable, __file__, "--learn", text]
        rows = []
        for threads in map(int, options.threads.split(",")):
            commands = {
                "convbert": [options.convbert, "vocab", text, "-o", str(ours), "-q", "--threads", str(threads),
                             "--size", str(options.size)] + ([] if options.cased else ["--lowercase"]),
                "tokenizers": reference + [str(theirs), str(options.size), str(lowercase)],
            }
            runs = {trainer: [] for trainer in commands}
            for _ in range(options.rounds):
                for trainer, command in commands.items():
                    runs[trainer].append(measured(command, threads))
            for trainer, of in runs.items():
                seconds, peak = (statistics.median(values) for values in zip(*of))
                rows.append([trainer, threads, seconds, size / seconds, peak])
        measured(reference + [str(again), str(options.size), str(lowercase)], 2)
        print_table(f"{size:,.0f} MB of text", ["", "threads", "s", "MB/s", "peak MiB"], rows)
        learnt = {file.stem: file.read_text().splitlines() for file in (ours, theirs, again)}
        common = len(set(learnt["ours"]) & set(learnt["theirs"]))
        itself = len(set(learnt["again"]) & set(learnt["theirs"]))
        print(f"\ntokens: {len(learnt['ours']):,} and {len(learnt['theirs']):,}, {common:,} the same; "
              f"the reference with itself {itself:,}")
        mine, other = (tokens_per_word(file, held_out, lowercase) for file in (ours, theirs))
        print(f"tokens a word on {len(held_out):,} held-out texts: {mine:.5f} and {other:.5f}, "
              f"{100 * (mine / other - 1):+.3f} %")


if __name__ == "__main__":
    main()
