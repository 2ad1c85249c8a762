#!/usr/bin/env python3
"""The questions of the ConvBERT paper at small scale, by the program alone.
experiment.py CONVBERT CORPUS,... EVAL --work FOLDER --results FILE.jsonl [--minutes N] [--only KIND,...]

CORPUS: files of text that everything is learnt from. EVAL: a folder with sst2, stsb and trec, a train.jsonl each,
and a dev.jsonl; of TREC, which has none, every eleventh training record is held out. Test sets are not read.

Everything is done in an order, and each figure is appended to FILE as it is known:
  vocab    one vocabulary for all;
  cost     FLOPs of a step of each model, from which its steps follow: all runs have the same budget of FLOPs;
  sweep    each model at four learning rates that double, from 1.25e-4 to 1e-3, and further where the best is the
           first or the last, for a fifth of the budget, with a seed that no run has; the best is taken:
           by the loss of masked words, and of a model that tells replaced words by how well it tells words that
           were exchanged (exchanged_words.py), as its own loss is low where its generator is poor. Where that
           is chance at every rate, a fifth says nothing, and each has the whole budget;
  run      each model, each seed, at its rate: figures on held-out text, and the model at five points;
  probe    each of these models, and the one before it learns, fine-tuned on each labelled set with one recipe,
           and its figure on dev; and again how well it tells exchanged words;
  attention  what each of its heads does on the sentences of SST-2's dev set.
A figure that FILE has is not measured again, whatever has been deleted, so that runs can be spread over days
and machines; a run whose probes are all there is not needed any more. After --minutes nothing new is begun.
Two of these may append to one FILE at once if they have different --models and folders.
tables.py makes tables and plots of FILE. Nothing but Python's own library is needed.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

from exchanged_words import area_under_roc, exchange
from models import MODELS, config_of

RATES = tuple(1e-3 * 2.0**power for power in range(-5, 4))
FIRST_RATES = 2, 3, 4, 5  # of RATES
SWEEP_SEED = 1000
SWEEPS = {"sweep": 0.2, "long-sweep": 1.0}  # each with its share of the budget
CHANCE = 0.53  # an area under the ROC curve that means nothing
POINTS = 5
LENGTH, BATCH = 128, 8
EXCHANGED_TEXTS = 1500  # of each set
PROBES = {  # task: flags of train and evaluate, those of train alone, the figure of evaluate
    "sst2": (["--task", "classify"], [], "accuracy"),
    "trec": (["--task", "classify"], [], "accuracy"),
    "stsb": (["--task", "similarity", "--label-field", "score"], ["--scale", "0,5"], "spearman"),
}
RECIPE = ["--epochs", "2", "--batch-size", "32", "--learning-rate", "3e-4"]
HEAD_FIGURES = ("layer", "head", "kind", "entropy", "entropy_uniform", "distance", "distance_uniform", "window",
                "window_uniform")


class Results:
    """A JSON line a figure; its key is all that names it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.lines = []
        if self.path.exists():
            self.lines = [json.loads(line) for line in self.path.read_text().splitlines()]

    def find(self, kind, **names):
        wanted = dict(names, kind=kind)
        return next((line for line in self.lines if all(line.get(k) == v for k, v in wanted.items())), None)

    def add(self, kind, figures, **names):
        line = dict(kind=kind, **names, **figures)
        with open(self.path, "a") as file:
            file.write(json.dumps(line) + "\n")
        self.lines.append(line)
        print(json.dumps(line), flush=True)
        return line


def tells_words(model):
    return MODELS[model]["objective"] == "replaced"


class OutOfTime(Exception):
    pass


class Experiment:
    def __init__(self, options):
        self.options = options
        self.work = pathlib.Path(options.work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.results = Results(options.results)
        self.end = time.monotonic() + 60 * options.minutes
        self.corpus = options.corpus.split(",")
        self.vocabulary = self.work / "vocab.txt"

    def convbert(self, *arguments):
        if time.monotonic() > self.end:
            raise OutOfTime
        subprocess.run([self.options.convbert, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    # The labelled sets as they are learnt from and measured with.
    def data(self, task):
        folder = pathlib.Path(self.options.eval) / task
        if task != "trec":
            return folder / "train.jsonl", folder / "dev.jsonl"
        lines = (folder / "train.jsonl").read_text().splitlines(keepends=True)
        train, dev = self.work / "trec-train.jsonl", self.work / "trec-dev.jsonl"
        train.write_text("".join(line for i, line in enumerate(lines) if i % 11 != 0))
        dev.write_text("".join(lines[::11]))
        return train, dev

    def make_vocabulary(self):
        if self.vocabulary.exists():
            return
        self.convbert("vocab", *self.corpus, "-o", self.vocabulary, "--size", self.options.words, "--lowercase")

    # A model's directory and what its training.json says.
    def pretrain(self, model, name, steps, rate, seed, points=0):
        folder = self.work / name
        if not folder.exists():
            config = self.work / f"{model}.json"
            config.write_text(json.dumps(config_of(model, self.options.words)))
            self.convbert("pretrain", *self.corpus, "-o", folder, "--resume", "--config", config,
                          "--vocab", self.vocabulary, "--lowercase", "--objective", MODELS[model]["objective"],
                          "--steps", steps, "--batch-size", BATCH, "--max-length", LENGTH,
                          "--learning-rate", rate, "--seed", seed, "--checkpoints", points,
                          "--precision", self.options.precision, "--threads", self.options.threads)
        return folder, json.loads((folder / "training.json").read_text())

    def steps_of(self, model, share=1.0):
        line = self.results.find("cost", model=model)
        if line is None:
            folder, record = self.pretrain(model, f"{model}-cost", 2, 1e-4, 1)
            line = self.results.add("cost", {"flops_per_step": record["flops"] / record["steps"],
                                             "parameters": record["parameters"]}, model=model)
            shutil.rmtree(folder)
        return POINTS * max(2, round(share * self.options.flops / line["flops_per_step"] / POINTS))

    # Of a rate, how well the model does at last what it learns; more is better.
    def merit(self, sweep, model, rate):
        line = self.results.find(sweep, model=model, rate=rate)
        if line is None:
            steps = self.steps_of(model, SWEEPS[sweep])
            folder, record = self.pretrain(model, f"{model}-{sweep}-{rate}", steps, rate, SWEEP_SEED)
            held_out = record["held_out"]["figures"][-1]
            merit = self.exchanged(folder) if tells_words(model) else -held_out["masked_loss"]
            line = self.results.add(sweep, {"steps": steps, "merit": merit, "held_out": held_out},
                                    model=model, rate=rate)
            shutil.rmtree(folder)
        return line["merit"]

    # The best of the first rates, or of those beyond them where it lies at an end.
    def rate_of(self, model):
        for sweep in SWEEPS:
            merits = {i: self.merit(sweep, model, RATES[i]) for i in FIRST_RATES}
            if not tells_words(model) or max(merits.values()) > CHANCE:
                break
        while True:
            best = max(merits, key=merits.get)
            untried = [i for i in (best - 1, best + 1) if 0 <= i < len(RATES) and i not in merits]
            if not untried:
                return RATES[best]
            merits[untried[0]] = self.merit(sweep, model, RATES[untried[0]])

    # The area under the ROC curve of a discriminator, of words that were exchanged in sentences that no model
    # learns from.
    def exchanged(self, checkpoint):
        texts = [json.loads(line)["text"] for task in ("sst2", "stsb")
                 for line in self.data(task)[0].read_text().splitlines()[:EXCHANGED_TEXTS]]
        records, output = self.work / "exchanged.jsonl", self.work / "told.jsonl"
        records.write_text("".join(json.dumps(record) + "\n" for record in exchange(texts)))
        self.convbert("detect", records, "-m", checkpoint, "-o", output, "--threads", self.options.threads)
        return area_under_roc(json.loads(line) for line in output.read_text().splitlines())

    def probe(self, checkpoint, task, seed):
        flags, of_train, figure = PROBES[task]
        train, dev = self.data(task)
        tuned = self.work / "probe"
        shutil.rmtree(tuned, ignore_errors=True)
        self.convbert("train", train, "-m", checkpoint, "-o", tuned, "--seed", seed, "-q", *RECIPE, *flags,
                      *of_train, "--precision", self.options.precision, "--threads", self.options.threads)
        output = self.work / "probe.json"
        self.convbert("evaluate", dev, "-m", tuned, "-f", "json", "-o", output, *flags,
                      "--threads", self.options.threads)
        return json.loads(output.read_text())["figures"][figure]["value"]

    def heads(self, checkpoint):
        output = self.work / "heads.jsonl"
        self.convbert("attention", self.data("sst2")[1], "-m", checkpoint, "--stats", "-f", "jsonl", "-o", output,
                      "--threads", self.options.threads)
        heads = [json.loads(line) for line in output.read_text().splitlines()]
        return [{name: head[name] for name in HEAD_FIGURES} for head in heads]

    def run(self, model, seed):
        rate, steps = self.rate_of(model), self.steps_of(model)
        missing = [(kind, names) for point in range(POINTS, -1, -1) for kind, names in self.measures(model, point)
                   if not self.results.find(kind, model=model, seed=seed, **names)]
        if not missing:
            return
        folder, record = self.pretrain(model, f"{model}-{seed}", steps, rate, seed, POINTS)
        if not self.results.find("run", model=model, seed=seed):
            self.results.add("run", {"steps": record["steps"], "tokens": record["tokens"],
                                     "flops": record["flops"], "rate": rate,
                                     "precision": record["settings"]["precision"],
                                     "held_out": record["held_out"]["figures"]}, model=model, seed=seed)
        untaught = f"{model}-{seed}-untaught"
        for kind, names in missing:
            step = steps * names["point"] // POINTS
            checkpoint = (folder / f"step-{step:0{len(str(steps))}}" if step > 0
                          else self.pretrain(model, untaught, 1, 0.0, seed)[0])
            figures = ({"figure": self.probe(checkpoint, names["task"], seed)} if kind == "probe" else
                       {"figure": self.exchanged(checkpoint)} if kind == "exchanged" else
                       {"heads": self.heads(checkpoint)})
            self.results.add(kind, dict(figures, flops=record["flops"] * step / steps),
                             model=model, seed=seed, **names)
        shutil.rmtree(folder)
        shutil.rmtree(self.work / untaught, ignore_errors=True)

    # What is measured at a point, each a kind and what names it; point 0 is before anything is learnt.
    @staticmethod
    def measures(model, point):
        return ([("probe", dict(point=point, task=task)) for task in PROBES]
                + [("attention", dict(point=point))]
                + [("exchanged", dict(point=point))] * tells_words(model))

    def do_all(self):
        self.make_vocabulary()
        models = self.options.models.split(",")
        for seed in range(1, self.options.seeds + 1):
            for model in models:
                self.run(model, seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("convbert")
    parser.add_argument("corpus")
    parser.add_argument("eval")
    parser.add_argument("--work", required=True, help="folder of models and texts, which may be deleted")
    parser.add_argument("--results", required=True, help="file that figures are appended to")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--words", type=int, default=16384)
    parser.add_argument("--flops", type=float, default=1.5e14, help="of a run, useful ones")
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--threads", type=int, default=0, help="of the program; 0: one a processor")
    parser.add_argument("--minutes", type=float, default=1e9)
    options = parser.parse_args()
    try:
        Experiment(options).do_all()
    except OutOfTime:
        print("time is up; the same command goes on", file=sys.stderr)


if __name__ == "__main__":
    main()
