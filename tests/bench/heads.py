#!/usr/bin/env python3
"""Tokens a second of the heads over tokens beside `embed`, on the same texts, side by side.

    heads.py CONVBERT [--shape conv-bert-small] [--records 1000] [--threads 1] [--rounds 5]

The models have the shape and random weights, in Hugging Face's layout; the encoder's weights are the
same in each. Texts: sentences of data/english.txt, one to six together. Times are of whole runs of
the program, from JSONL to JSONL, each run one after another within a round; medians of the rounds.
Needs torch and transformers to make the models."""
import argparse
import json
import pathlib
import random
import shutil
import statistics
import tempfile

from convbert import ROOT, Convbert
from models import make_model
from tables import print_table


def make_heads(encoder, folder):
    """The encoder with each head on it: the folders by the head's command."""
    import torch
    from transformers import (ConvBertConfig, ConvBertForMaskedLM, ConvBertForQuestionAnswering,
                              ConvBertForTokenClassification, ConvBertModel)
    classes = {"tag": ConvBertForTokenClassification, "fill-mask": ConvBertForMaskedLM,
               "answer": ConvBertForQuestionAnswering}
    weights = ConvBertModel.from_pretrained(encoder).state_dict()
    paths = {}
    for command, of_kind in classes.items():
        paths[command] = pathlib.Path(folder) / command
        torch.manual_seed(2)
        config = ConvBertConfig.from_pretrained(encoder)
        config.num_labels = 2 if command == "answer" else 9
        model = of_kind(config)
        model.convbert.load_state_dict(weights)
        model.save_pretrained(paths[command])
        for file in ("vocab.txt", "tokenizer_config.json"):
            shutil.copy(pathlib.Path(encoder) / file, paths[command])
    return paths


def make_texts(count):
    """Records for all of them: a text with a mask, and a question about it."""
    sentences = (ROOT / "data/english.txt").read_text().split("\n")
    sentences = [sentence for sentence in sentences if sentence]
    generator = random.Random(1)
    for _ in range(count):
        words = " ".join(generator.choices(sentences, k=generator.randint(1, 6))).split()
        words[generator.randrange(len(words))] = "[MASK]"
        yield {"text": " ".join(words), "question": "What is this about?"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("convbert")
    parser.add_argument("--shape", default="conv-bert-small")
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    program = Convbert(options.convbert)
    with tempfile.TemporaryDirectory() as folder:
        encoder = make_model(options.shape, folder)
        models = make_heads(encoder, folder)
        texts = pathlib.Path(folder) / "texts.jsonl"
        texts.write_text("".join(json.dumps(record) + "\n" for record in make_texts(options.records)))
        asked = ["--text-field", "question", "--pair-field", "text"]  # what `answer` encodes
        runs = {
            "tag": (["tag", "-m", models["tag"]], ["embed", "-m", encoder]),
            "fill-mask": (["fill-mask", "-m", models["fill-mask"]], ["embed", "-m", encoder]),
            "answer": (["answer", "-m", models["answer"], "--context-field", "text"],
                       ["embed", "-m", encoder, *asked]),
        }
        seconds = {name: ([], []) for name in runs}
        for _ in range(options.rounds):
            for name, commands in runs.items():
                for command, times in zip(commands, seconds[name]):
                    arguments = [*command, texts, "-q", "--only-result", "-o",
                                 pathlib.Path(folder) / "out.jsonl", "--threads", options.threads]
                    times.append(program.seconds(arguments, options.threads))
        rows = []
        for name, (own, embed) in seconds.items():
            own, embed = statistics.median(own), statistics.median(embed)
            rows.append([name, own, embed, embed / own])
        print_table(f"{options.shape}, {options.records} records, {options.threads} threads",
                    ["head", "seconds", "embed", "of embed's speed"], rows)


if __name__ == "__main__":
    main()
