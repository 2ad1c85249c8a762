#!/usr/bin/env python3
"""What a user would train instead of `convbert train`: accuracy and seconds on one labelled file.
classifiers.py CONVBERT TRAIN.jsonl TEST.jsonl [--label-field label] [--sizes x8,x64,100,1000,0] [--seeds 3]
[--first-seed 0] [--base FOLDER] [--methods NAME,...]

TF-IDF of words and pairs of words with logistic regression (scikit-learn), fastText, vectors of `convbert embed` with
logistic regression, transformers (PyTorch) on the embedded model with the settings of `convbert train`, SetFit on
FOLDER and its way by this program, `convbert train` frozen and whole, with a head of the family and with one on the
mean, and much of it on FOLDER as well. Each with its defaults, on the first N records of a shuffle (0: all; xN: N of each label), mean over seeds of the shuffle;
seconds are those of training alone, the whole process for convbert. What is not installed is left out. Needs numpy
and scikit-learn.
"""
import argparse
import collections
import json
import math
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

from convbert import ROOT


def tfidf(train, test, folder, options):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                          LogisticRegression(C=10, max_iter=1000))
    model.fit([text for text, _ in train], [label for _, label in train])
    return lambda: model.predict([text for text, _ in test])


def fasttext(train, test, folder, options):
    import fasttext as library
    path = f"{folder}/train.txt"
    pathlib.Path(path).write_text("".join(f"__label__{label} {text}\n" for text, label in train))
    model = library.train_supervised(path, epoch=25, lr=0.5, wordNgrams=2, thread=2, verbose=0)
    return lambda: [model.f.predict(text + "\n", 1, 0.0, "strict")[0][1].removeprefix("__label__")
                    for text, _ in test]


def vectors_of(records, folder, options, flags):
    import numpy
    path = f"{folder}/texts.jsonl"
    pathlib.Path(path).write_text("".join(json.dumps({"text": text}) + "\n" for text, _ in records))
    subprocess.run([options.convbert, "embed", path, "-o", f"{folder}/vectors.npy", "-q", *flags], check=True)
    vectors = numpy.load(f"{folder}/vectors.npy")
    pathlib.Path(f"{folder}/vectors.npy").unlink()
    return vectors


def vectors(train, test, folder, options, flags=()):
    from sklearn.linear_model import LogisticRegression
    model = LogisticRegression(C=10, max_iter=2000)
    model.fit(vectors_of(train, folder, options, flags), [label for _, label in train])
    return lambda: model.predict(vectors_of(test, folder, options, flags))


def transformers(train, test, folder, options):
    import torch
    from torch_training import Classifier
    from fine_tuning import make_bare
    torch.manual_seed(1)
    make_bare(ROOT / "models/convbert-mini", f"{folder}/bare")
    model = Classifier(f"{folder}/bare", sorted({label for _, label in train}))
    # As `convbert train` chooses them.
    usual = min(20, max(3, math.ceil(60_000 / len(train))))
    epochs = min(150, max(usual, math.ceil(300 / math.ceil(len(train) / 32))))
    model.train(train, epochs, learning_rate=3e-4)
    return lambda: model.predict([text for text, _ in test])


def setfit(train, test, folder, options):
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments
    labels = sorted({label for _, label in train})
    model = SetFitModel.from_pretrained(options.base, labels=labels)
    arguments = TrainingArguments(output_dir=folder, batch_size=16, num_epochs=1, num_iterations=20,
                                  report_to="none", save_strategy="no", show_progress_bar=False)
    data = Dataset.from_dict({"text": [text for text, _ in train],
                              "label": [labels.index(label) for _, label in train]})
    Trainer(model=model, args=arguments, train_dataset=data).train()
    return lambda: [str(found) for found in model.predict([text for text, _ in test])]


def convbert(train, test, folder, options, flags=()):
    for name, records in {"train": train, "test": test}.items():
        pathlib.Path(f"{folder}/{name}.jsonl").write_text(
            "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in records))
    subprocess.run([options.convbert, "train", f"{folder}/train.jsonl", "-o", f"{folder}/model", "-q", *flags],
                   check=True)

    def predict():
        output = subprocess.run([options.convbert, "classify", "-m", f"{folder}/model",
                                 f"{folder}/test.jsonl", "-q"], check=True, capture_output=True, text=True)
        return [json.loads(line)["label"] for line in output.stdout.splitlines()]
    return predict


def by_flags(*more):
    return lambda train, test, folder, options, flags=(): convbert(train, test, folder, options, [*more, *flags])


frozen = by_flags("--freeze", "encoder")
frozen_mean = by_flags("--freeze", "encoder", "--pooling", "mean")
on_mean = by_flags("--pooling", "mean")


def pairs(train, test, folder, options):
    """SetFit's way (Tunstall et al. 2022) by this program: of each record 20 pairs with its label's and 20 with
    others', vectors fitted to them, and a logistic regression on the vectors."""
    from sklearn.linear_model import LogisticRegression
    draws, lines = random.Random(0), []
    for text, label in train:
        of_label = [other for other, its in train if its == label and other != text] or [text]
        of_others = [other for other, its in train if its != label]
        for _ in range(20):
            lines += [{"text": text, "text_pair": draws.choice(others), "label": score}
                      for others, score in ((of_label, 1), (of_others, 0))]
    pathlib.Path(f"{folder}/pairs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    subprocess.run([options.convbert, "train", f"{folder}/pairs.jsonl", "-m", options.base, "-o", f"{folder}/model",
                    "--task", "similarity", "--epochs", "1", "--batch-size", "16", "--learning-rate", "2e-5", "-q"],
                   check=True)
    flags = ["-m", f"{folder}/model"]
    model = LogisticRegression(max_iter=2000)
    model.fit(vectors_of(train, folder, options, flags), [label for _, label in train])
    return lambda: model.predict(vectors_of(test, folder, options, flags))


def on_base(method):
    return lambda train, test, folder, options: method(train, test, folder, options, ["-m", options.base])


METHODS = {"tfidf": ("TF-IDF and logistic regression", tfidf), "fasttext": ("fastText", fasttext),
           "embed": ("convbert embed and logistic regression", vectors),
           "transformers": ("transformers, embedded model", transformers),
           "frozen": ("convbert train --freeze encoder", frozen), "train": ("convbert train", convbert),
           "frozen-mean": ("convbert train --freeze encoder --pooling mean", frozen_mean),
           "train-mean": ("convbert train --pooling mean", on_mean)}
METHODS_ON_BASE = {"embed-base": ("convbert embed -m BASE and logistic regression", on_base(vectors)),
                   "setfit": ("SetFit, BASE", setfit),
                   "pairs": ("convbert train --task similarity -m BASE on pairs, logistic regression", pairs),
                   "train-base": ("convbert train -m BASE", on_base(convbert)),
                   "frozen-mean-base": ("convbert train -m BASE --freeze encoder --pooling mean",
                                        on_base(frozen_mean)),
                   "train-mean-base": ("convbert train -m BASE --pooling mean", on_base(on_mean))}


def read(path, label_field):
    rows = [json.loads(line) for line in open(path)]
    return [(row["text"], str(row[label_field])) for row in rows]


def draw(records, size, seed):
    """So many of all, "0" being all, or, "xN", so many of each label, as far as there are."""
    shuffled = random.Random(seed).sample(records, len(records))
    if not size.startswith("x"):
        return shuffled[:int(size) or None]
    chosen, counts = [], collections.Counter()
    for text, label in shuffled:
        counts[label] += 1
        if counts[label] <= int(size[1:]):
            chosen.append((text, label))
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("convbert")
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--label-field", default="label")
    parser.add_argument("--sizes", default="x8,x64,100,1000,0")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0, help="others draw other records")
    parser.add_argument("--base", help="folder of a sentence-transformers model, say all-MiniLM-L6-v2")
    parser.add_argument("--methods", help=f"some of {','.join([*METHODS, *METHODS_ON_BASE])}; default: all")
    options = parser.parse_args()
    methods = {**METHODS, **METHODS_ON_BASE} if options.base else METHODS
    if options.methods:
        methods = {name: methods[name] for name in options.methods.split(",")}
    everything = read(options.train, options.label_field)
    test = read(options.test, options.label_field)
    print("| records | | accuracy | from | to | s |\n|---|---|---|---|---|---|", flush=True)
    for size in options.sizes.split(","):
        for name, method in methods.values():
            accuracies, seconds = [], []
            for seed in range(1 if size == "0" else options.seeds):
                train = draw(everything, size, options.first_seed + seed)
                with tempfile.TemporaryDirectory() as folder:
                    begin = time.perf_counter()
                    try:
                        predict = method(train, test, folder, options)
                    except ModuleNotFoundError:
                        break
                    seconds.append(time.perf_counter() - begin)
                    hits = [str(found) == label for found, (_, label) in zip(predict(), test)]
                    accuracies.append(statistics.mean(hits))
            if accuracies:
                print(f"| {len(train):,} | {name} | {statistics.mean(accuracies):.4f} "
                      f"| {min(accuracies):.4f} | {max(accuracies):.4f} | {statistics.mean(seconds):.1f} |",
                      flush=True)


if __name__ == "__main__":
    main()
