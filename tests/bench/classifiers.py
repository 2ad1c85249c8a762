#!/usr/bin/env python3
"""What a user would train instead of `convbert train`: accuracy and seconds on one labelled file.
classifiers.py CONVBERT TRAIN.jsonl TEST.jsonl [--label-field label] [--sizes 100,1000,0] [--seeds 3]

TF-IDF of words and pairs of words with logistic regression (scikit-learn), fastText, vectors of
`convbert embed` with logistic regression, `convbert train --freeze encoder` and `convbert train`, each
with its defaults, on the first N records of a shuffle (0: all), mean over seeds of the shuffle; seconds
are those of training alone, the whole process for convbert. fastText is left out where it is not
installed. Needs numpy and scikit-learn.
"""
import argparse
import json
import pathlib
import random
import statistics
import subprocess
import tempfile
import time


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


def vectors_of(records, folder, options):
    import numpy
    path = f"{folder}/texts.jsonl"
    pathlib.Path(path).write_text("".join(json.dumps({"text": text}) + "\n" for text, _ in records))
    subprocess.run([options.convbert, "embed", path, "-o", f"{folder}/vectors.npy", "-q"], check=True)
    return numpy.load(f"{folder}/vectors.npy")


def vectors(train, test, folder, options):
    from sklearn.linear_model import LogisticRegression
    model = LogisticRegression(C=10, max_iter=2000)
    model.fit(vectors_of(train, folder, options), [label for _, label in train])
    return lambda: model.predict(vectors_of(test, folder, options))


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


def frozen(train, test, folder, options):
    return convbert(train, test, folder, options, ["--freeze", "encoder"])


METHODS = {"TF-IDF and logistic regression": tfidf, "fastText": fasttext,
           "convbert embed and logistic regression": vectors,
           "convbert train --freeze encoder": frozen, "convbert train": convbert}


def read(path, label_field):
    rows = [json.loads(line) for line in open(path)]
    return [(row["text"], str(row[label_field])) for row in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("convbert")
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--label-field", default="label")
    parser.add_argument("--sizes", default="100,1000,0")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    everything = read(options.train, options.label_field)
    test = read(options.test, options.label_field)
    print("| records | | accuracy | from | to | s |\n|---|---|---|---|---|---|", flush=True)
    for size in map(int, options.sizes.split(",")):
        for name, method in METHODS.items():
            accuracies, seconds = [], []
            for seed in range(options.seeds if size else 1):
                train = random.Random(seed).sample(everything, size or len(everything))
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
                print(f"| {size or len(everything):,} | {name} | {statistics.mean(accuracies):.4f} "
                      f"| {min(accuracies):.4f} | {max(accuracies):.4f} | {statistics.mean(seconds):.1f} |",
                      flush=True)


if __name__ == "__main__":
    main()
