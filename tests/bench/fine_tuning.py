#!/usr/bin/env python3
"""Is what `convbert train` teaches a model as good as what PyTorch teaches it? Figures of both on dev or test data,
at equal settings, over seeds:
fine_tuning.py CONVBERT EVAL --models NAME=FOLDER,... --results FILE.jsonl [--tasks sst2,trec,stsb] [--seeds 5]
[--records N] [--epochs 3] [--threads 2]

EVAL: a folder with sst2 (train.jsonl, dev.jsonl), trec (train, test) and stsb (train, dev). Batches, optimiser and
schedule are torch_training.py's, which are the program's defaults; dropout is the model's own, products are f32;
the last state is measured. Of SST-2 and TREC a head over the first token as transformers has it, of STS-B the
square of the cosine's difference to score / 5 (sentence-transformers' CosineSimilarityLoss). A seed draws the
head, the order and the dropout of both engines, differently in each.
--records: the first N of the training data. Each figure is appended to FILE, and is not measured again.
The table says of each engine the mean over seeds and, after +-, the deviation of one; the last column is the
difference of the means with its interval of 95 % (Welch). Needs torch, transformers, scipy.
"""
import argparse
import collections
import itertools
import json
import math
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

TASKS = {  # measured on, figure, flags of train and evaluate, of train alone
    "sst2": ("dev", "accuracy", ["--task", "classify"], []),
    "trec": ("test", "accuracy", ["--task", "classify"], []),
    "stsb": ("dev", "spearman", ["--task", "similarity", "--label-field", "score"], ["--scale", "0,5"]),
}
PRECISION = ["--precision", "f32"]


def files_of(options, task):
    folder = pathlib.Path(options.eval) / task
    return folder / "train.jsonl", folder / f"{TASKS[task][0]}.jsonl"


def records_of(path, most=None):
    return [json.loads(line) for line in path.read_text().splitlines()[:most]]


def measure_program(options, model, task, seed):
    train, held_out = files_of(options, task)
    _, figure, flags, of_train = TASKS[task]
    with tempfile.TemporaryDirectory() as folder:
        lines = train.read_text().splitlines(keepends=True)[:options.records]
        pathlib.Path(f"{folder}/train.jsonl").write_text("".join(lines))
        command = [options.convbert, "train", f"{folder}/train.jsonl", "-m", model, "-o", f"{folder}/tuned", "-q",
                   "--seed", seed, "--epochs", options.epochs, "--batch-size", 32,
                   "--learning-rate", options.learning_rate, "--warmup", 0.1, "--schedule", "linear",
                   "--weight-decay", 0.01, "--clip", 1, "--contrast", 0, "--threads", options.threads, *flags,
                   *of_train, *PRECISION]
        subprocess.run(list(map(str, command)), check=True)
        report = subprocess.run([options.convbert, "evaluate", held_out, "-m", f"{folder}/tuned", "-f", "json",
                                 *flags, *PRECISION], check=True, capture_output=True)
        return json.loads(report.stdout)["figures"][figure]["value"]


def measure_torch(options, model, task, seed):
    import torch
    from torch_training import Classifier, SentenceVectors
    torch.set_num_threads(options.threads)
    torch.manual_seed(seed)
    train, held_out = files_of(options, task)
    rows, tests = records_of(train, options.records), records_of(held_out)
    if task == "stsb":
        from scipy.stats import spearmanr
        model = SentenceVectors(model)
        model.train([(row["text"], row["text_pair"], row["score"] / 5) for row in rows], options.epochs,
                    options.learning_rate)
        found = model.predict([(row["text"], row["text_pair"]) for row in tests])
        return float(spearmanr(found, [row["score"] for row in tests]).statistic)
    model = Classifier(model, sorted({row["label"] for row in rows}))
    model.train([(row["text"], row["label"]) for row in rows], options.epochs, options.learning_rate)
    found = model.predict([row["text"] for row in tests])
    return sum(label == row["label"] for label, row in zip(found, tests)) / len(tests)


def make_bare(model, folder):
    """A copy without a head, so that both begin with a new one."""
    from safetensors.torch import load_file, save_file
    shutil.copytree(model, folder)
    weights = load_file(f"{model}/model.safetensors")
    save_file({name: tensor for name, tensor in weights.items() if not name.startswith("classifier.")},
              f"{folder}/model.safetensors", {"format": "pt"})
    config = json.loads(pathlib.Path(f"{model}/config.json").read_text())
    for name in ("id2label", "label2id", "problem_type", "architectures"):
        config.pop(name, None)
    pathlib.Path(f"{folder}/config.json").write_text(json.dumps(config))


ENGINES = {"torch": measure_torch, "convbert": measure_program}


def difference(a, b):
    """Of the means of b and a: itself, and half the width of its interval (Welch)."""
    from scipy.stats import t
    parts = [statistics.variance(a) / len(a), statistics.variance(b) / len(b)]
    if sum(parts) == 0:
        return statistics.mean(b) - statistics.mean(a), 0.0
    freedom = sum(parts) ** 2 / sum(part ** 2 / (len(of) - 1) for part, of in zip(parts, (a, b)))
    return statistics.mean(b) - statistics.mean(a), t.ppf(0.975, freedom) * math.sqrt(sum(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("convbert")
    parser.add_argument("eval")
    parser.add_argument("--models", required=True, help="NAME=FOLDER,...")
    parser.add_argument("--results", required=True, help="file that figures are appended to")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--records", type=int)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    results = pathlib.Path(options.results)
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    settings = {key: getattr(options, key) for key in ("records", "epochs", "learning_rate")}
    figures = collections.defaultdict(dict)
    for model, folder in (named.split("=", 1) for named in options.models.split(",")):
        with tempfile.TemporaryDirectory() as temporary:
            make_bare(folder, f"{temporary}/bare")
            for task, seed, engine in itertools.product(options.tasks.split(","), range(1, options.seeds + 1),
                                                        ENGINES):
                key = dict(settings, model=model, task=task, engine=engine, seed=seed)
                line = next((line for line in lines if {k: line[k] for k in key} == key), None)
                if line is None:
                    line = dict(key, figure=ENGINES[engine](options, f"{temporary}/bare", task, seed))
                    with open(results, "a") as file:
                        file.write(json.dumps(line) + "\n")
                    print(json.dumps(line), file=sys.stderr, flush=True)
                figures[model, task].setdefault(engine, []).append(line["figure"])
    print("| | | PyTorch | convbert | difference |\n|---|---|---|---|---|")
    for (model, task), of in figures.items():
        cells = [f"{statistics.mean(of[engine]):.4f} ± {statistics.stdev(of[engine]):.4f}" for engine in ENGINES]
        mean, half = difference(of["torch"], of["convbert"])
        print(f"| {model} | {task} | {cells[0]} | {cells[1]} | {mean:+.4f} ± {half:.4f} |")


if __name__ == "__main__":
    main()
