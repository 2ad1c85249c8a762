#!/usr/bin/env python3
"""Vocabularies as Hugging Face's WordPieceTrainer learns them: make_vocabulary_fixtures.py

Writes data/vocabulary/cases.jsonl beside this file: a line a case, with the files of the
repository's data that are read, the options, and the tokens in the order of their ids. Needs
tokenizers (0.23.3 wrote what is stored).

The trainer numbers the characters that go on with a word by the order of a hash table, and of pairs
that are equally frequent merges the one with the lower numbers, so that what it learns differs a
little from run to run. Here it is given all characters as reserved tokens, by code point, those with
"##" behind those without: then it has no choice left.
"""

import collections
import json
import pathlib

from tokenizers import BertWordPieceTokenizer, trainers

FOLDER = pathlib.Path(__file__).resolve().parent
DATA = FOLDER.parent.parent / "data"
RESERVED = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def words_of(tokenizer, lines):
    for line in lines:
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(line)):
            yield word


def alphabet(words, limit):
    """The most frequent characters by code point, and those of them that occur inside a word."""
    counts = collections.Counter(character for word in words for character in word)
    ranked = counts.most_common()
    kept = sorted(character for character, _ in ranked[:limit])
    assert len(ranked) <= limit or ranked[limit - 1][1] > ranked[limit][1], "a tie at the limit"
    inside = {character for word in words for character in word[1:]}
    return kept, [f"##{character}" for character in kept if character in inside]


def learn(files, lowercase, size, min_frequency, limit):
    tokenizer = BertWordPieceTokenizer(lowercase=lowercase)
    lines = [line for file in files for line in (DATA / file).read_text().splitlines()]
    first, inside = alphabet(list(words_of(tokenizer, lines)), limit)
    trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=min_frequency, limit_alphabet=limit,
                                        special_tokens=RESERVED + first + inside, show_progress=False)
    tokenizer._tokenizer.train_from_iterator(lines, trainer=trainer)
    found = tokenizer.get_vocab()
    return sorted(found, key=found.get)


def main():
    cases = [
        (["english.txt"], True, 400, 2, 1000),
        (["english.txt"], False, 30522, 2, 1000),
        (["english.txt", "languages.txt"], True, 900, 1, 1000),
        (["english.txt", "languages.txt"], False, 30522, 1, 1000),
        (["languages.txt", "english.txt"], False, 500, 2, 59),
    ]
    with open(FOLDER / "data/vocabulary/cases.jsonl", "w") as file:
        for files, lowercase, size, min_frequency, limit in cases:
            tokens = learn(files, lowercase, size, min_frequency, limit)
            assert tokens == learn(files, lowercase, size, min_frequency, limit), "differs from itself"
            file.write(json.dumps({"files": files, "lowercase": lowercase, "size": size,
                                   "min_frequency": min_frequency, "limit_alphabet": limit,
                                   "tokens": tokens}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
