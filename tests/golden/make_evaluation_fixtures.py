#!/usr/bin/env python3
"""What scikit-learn, scipy and seqeval say of labels, values and tags: make_evaluation_fixtures.py

Writes data/evaluation/cases.jsonl beside this file: a line a case, with what goes in and what comes
out, null for NaN. Needs numpy, scikit-learn (1.9.1 wrote what is stored), scipy (1.17.1) and
seqeval (1.2.2). Intervals are percentiles over the resamples that lib/metrics/bootstrap.h defines.
"""

import json
import math
import pathlib
import warnings

import numpy
import scipy.stats
import seqeval.metrics
import sklearn.metrics
from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support

DATA = pathlib.Path(__file__).parent / "data" / "evaluation"
REPLICATES = 40
SEED = 1


def mixed(a, b):
    x = a * numpy.uint64(0x9E3779B97F4A7C15) + b
    x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return x ^ (x >> numpy.uint64(31))


def resamples(count):
    for replicate in range(REPLICATES):
        seed = mixed(numpy.uint64(SEED), numpy.uint64(replicate))
        bits = mixed(seed, numpy.arange(count, dtype=numpy.uint64))
        yield ((bits >> numpy.uint64(32)) * numpy.uint64(count) >> numpy.uint64(32)).astype(int)


def intervals(count, figures):
    """{name: [low, high]} of figures(indices), whatever has no value left out."""
    replicates = [figures(indices) for indices in resamples(count)]
    found = {}
    for name in replicates[0]:
        values = [row[name] for row in replicates if not math.isnan(row[name])]
        found[name] = list(numpy.percentile(values, [2.5, 97.5])) if values else [None, None]
    return found


def case(kind, count, figures, **rest):
    return {"kind": kind, **rest, "figures": figures(numpy.arange(count)),
            "replicates": REPLICATES, "seed": SEED, "intervals": intervals(count, figures)}


def rows(truth, predicted, labels):
    scores = sklearn.metrics.precision_recall_fscore_support(truth, predicted, labels=labels)
    return [[float(value) for value in row] for row in zip(*scores)]


def single(truth, predicted, labels):
    truth, predicted = numpy.array(truth), numpy.array(predicted)

    def figures(at):
        a, b = truth[at], predicted[at]
        return {"accuracy": sklearn.metrics.accuracy_score(a, b),
                "macro_f1": sklearn.metrics.f1_score(a, b, average="macro"),
                "weighted_f1": sklearn.metrics.f1_score(a, b, average="weighted"),
                "matthews": sklearn.metrics.matthews_corrcoef(a, b)}

    return case("single", len(truth), figures, labels=labels, truth=truth.tolist(),
                predicted=predicted.tolist(), rows=rows(truth, predicted, list(range(labels))))


def multi(truth, predicted):
    def figures(at):
        a, b = truth[at], predicted[at]
        return {"accuracy": sklearn.metrics.accuracy_score(a, b),
                "micro_f1": sklearn.metrics.f1_score(a, b, average="micro"),
                "macro_f1": sklearn.metrics.f1_score(a, b, average="macro"),
                "weighted_f1": sklearn.metrics.f1_score(a, b, average="weighted")}

    sets = [[numpy.flatnonzero(row).tolist() for row in side] for side in (truth, predicted)]
    return case("multi", len(truth), figures, labels=truth.shape[1], truth=sets[0],
                predicted=sets[1], rows=rows(truth, predicted, None))


def values(truth, predicted):
    truth, predicted = numpy.array(truth, dtype=float), numpy.array(predicted, dtype=float)

    def figures(at):
        a, b = truth[at], predicted[at]
        return {"pearson": float(scipy.stats.pearsonr(a, b)[0]),
                "spearman": float(scipy.stats.spearmanr(a, b)[0]),
                "mean_absolute_error": sklearn.metrics.mean_absolute_error(a, b),
                "root_mean_squared_error": sklearn.metrics.root_mean_squared_error(a, b)}

    return case("values", len(truth), figures, truth=truth.tolist(), predicted=predicted.tolist())


def tags(truth, predicted):
    def figures(at):
        a, b = [truth[i] for i in at], [predicted[i] for i in at]
        found = {f"{average}_f1": float(seqeval.metrics.f1_score(a, b, average=average))
                 for average in ("micro", "macro", "weighted")}
        return {"accuracy": seqeval.metrics.accuracy_score(a, b), **found}

    types = sorted({found[0] for side in (truth, predicted) for found in get_entities(side)})
    scores = precision_recall_fscore_support(truth, predicted)
    return case("tags", len(truth), figures, truth=truth, predicted=predicted,
                spans=[[list(span) for span in get_entities(sentence)] for sentence in truth],
                rows={name: [float(value) for value in row]
                      for name, row in zip(types, zip(*scores))})


def all_cases():
    random = numpy.random.default_rng(5)
    for labels in (2, 3, 7):
        truth = random.integers(labels, size=60)
        guess = numpy.where(random.random(60) < 0.6, truth, random.integers(labels, size=60))
        yield single(truth, guess, labels)
    yield single([0, 0, 1, 1, 0], [0, 1, 1, 1, 0], 4)  # two labels are in neither
    yield single([0, 0, 1, 1, 2], [0, 1, 1, 1, 0], 3)  # one is never predicted
    yield single([0, 0, 1, 1, 0], [0, 2, 1, 2, 0], 3)  # one is never true
    yield single([0, 1, 1, 2], [1, 1, 1, 1], 3)
    yield single([1, 1, 1], [1, 1, 1], 2)
    yield single([1, 1, 1], [0, 0, 0], 2)
    yield single([1], [0], 2)

    for labels, share in ((3, 0.4), (6, 0.15)):
        truth = (random.random((50, labels)) < share).astype(int)
        flips = (random.random((50, labels)) < 0.2).astype(int)
        yield multi(truth, truth ^ flips)
    yield multi(numpy.eye(4, dtype=int), numpy.zeros((4, 4), dtype=int))
    yield multi(numpy.zeros((4, 3), dtype=int), numpy.zeros((4, 3), dtype=int))
    yield multi(numpy.zeros((4, 3), dtype=int), numpy.ones((4, 3), dtype=int))

    truth = random.normal(size=40)
    yield values(truth, truth + random.normal(size=40))
    yield values(numpy.round(truth), numpy.round(truth + random.normal(size=40)))  # ties
    yield values(random.integers(3, size=30), random.integers(2, size=30))
    yield values([0.1, 0.1, 0.1, 0.1], [1, 2, 3, 4])
    yield values([1, 2, 3, 4], [0.1, 0.1, 0.1, 0.1])
    yield values([1e9, 1e9 + 1, 1e9 + 2], [3, 2, 1])
    yield values([1, 2], [5, 6])

    names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    wild = names + ["E-PER", "S-LOC", "B-LOC-X", "B", "I", "E", "S", "I-_", "NOUN", "."]
    for known in (names, wild):
        truth = [random.choice(known, size=size).tolist() for size in random.integers(1, 12, 50)]
        guess = [[str(tag if random.random() < 0.7 else random.choice(known)) for tag in sentence]
                 for sentence in truth]
        yield tags(truth, guess)
    yield tags([["I-PER", "I-LOC", "O", "I-PER"]], [["B-PER", "I-LOC", "O", "B-PER"]])
    yield tags([["O", "O"], ["O"]], [["O", "O"], ["O"]])
    yield tags([["B-PER", "I-PER"], ["B-LOC"]], [["O", "O"], ["O"]])
    yield tags([["O", "O"], ["O"]], [["B-PER", "I-PER"], ["B-LOC"]])


def without_nan(value):
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, dict):
        return {key: without_nan(member) for key, member in value.items()}
    return [without_nan(element) for element in value] if isinstance(value, list) else value


def main():
    warnings.simplefilter("ignore")
    DATA.mkdir(exist_ok=True)
    with (DATA / "cases.jsonl").open("w") as file:
        for row in all_cases():
            print(json.dumps(without_nan(row), separators=(",", ":"), default=float), file=file)


if __name__ == "__main__":
    main()
