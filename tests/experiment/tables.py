#!/usr/bin/env python3
"""Tables and plots of what experiment.py has measured: tables.py RESULTS.jsonl [--plot FILE.svg]

Of each model and set the mean over seeds, with the half-width of a 95 % interval by Student's t; in the plot
against FLOPs. A plot needs matplotlib.
"""
import argparse
import collections
import json
import math
import pathlib
import statistics

from models import MODELS

MEASURES = {"sst2": "SST-2, accuracy", "trec": "TREC, accuracy", "stsb": "STS-B, Spearman",
            "exchanged": "Exchanged words, AUC"}
# Two-sided 95 % of Student's t, by degrees of freedom.
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262,
           10: 2.228, 11: 2.201, 12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131, 16: 2.120, 17: 2.110, 18: 2.101, 19: 2.093}


def interval(values):
    """Mean and half-width; none of a single value."""
    mean = statistics.mean(values)
    if len(values) < 2:
        return mean, None
    return mean, STUDENT[len(values) - 1] * statistics.stdev(values) / math.sqrt(len(values))


def shown(values):
    mean, half = interval(values)
    return f"{mean:.3f}" + (f" ± {half:.3f}" if half is not None else "") + f" ({len(values)})"


def measured(lines):
    """Figures by model, measure and point, and the FLOPs of each point."""
    figures, flops = collections.defaultdict(list), {}
    for line in lines:
        if line["kind"] in ("probe", "exchanged"):
            key = line["model"], line.get("task", "exchanged"), line["point"]
            figures[key].append(line["figure"])
            flops[line["model"], line["point"]] = line["flops"]
    return figures, flops


def print_runs(lines, models):
    print("| | parameters | FLOPs a step | steps | learning rate | FLOPs | masked words guessed |\n"
          "|---|---|---|---|---|---|---|")
    costs = {line["model"]: line for line in lines if line["kind"] == "cost"}
    for model in models:
        runs = [line for line in lines if line["kind"] == "run" and line["model"] == model]
        if not runs:
            continue
        guessed = [run["held_out"][-1]["masked_accuracy"] for run in runs]
        run = runs[0]
        print(f"| {MODELS[model]['title']} | {costs[model]['parameters']:,} | {costs[model]['flops_per_step']:.3g} "
              f"| {run['steps']:,} | {run['rate']} | {run['flops']:.3g} | {shown(guessed)} |")


def print_sweep(lines, kind, models):
    rates = sorted({line["rate"] for line in lines if line["kind"] == kind})
    if not rates:
        return
    print("\n| | " + " | ".join(map(str, rates)) + " |\n|---" + "|---" * len(rates) + "|")
    merits = {(line["model"], line["rate"]): line["merit"] for line in lines if line["kind"] == kind}
    for model in models:
        tried = [rate for rate in rates if (model, rate) in merits]
        if not tried:
            continue
        best = max(tried, key=lambda rate: merits[model, rate])
        what = "AUC of exchanged words" if MODELS[model]["objective"] == "replaced" else "loss of masked words"
        cells = [f"{'**' * (rate == best)}{abs(merits[model, rate]):.3f}{'**' * (rate == best)}"
                 if rate in tried else "" for rate in rates]
        print(f"| {MODELS[model]['title']}: {what} | " + " | ".join(cells) + " |")


def print_figures(figures, models):
    points = sorted({point for _, _, point in figures})
    for task, title in MEASURES.items():
        if not any(known == task for _, known, _ in figures):
            continue
        print(f"\n| {title} | " + " | ".join(f"{point} / {points[-1]}" for point in points) + " |\n|---"
              + "|---" * len(points) + "|")
        for model in models:
            if any((model, task, point) in figures for point in points):
                cells = [shown(figures[model, task, p]) if (model, task, p) in figures else "" for p in points]
                print(f"| {MODELS[model]['title']} | " + " | ".join(cells) + " |")


def print_heads(lines, models):
    """Mean mass within the window over heads of a kind and over seeds, beside that of uniform weights."""
    lines = [line for line in lines if line["kind"] == "attention"]
    points = sorted({line["point"] for line in lines})
    if not points:
        return
    print("\n| mass within the window (uniform) | heads | " + " | ".join(f"{point} / {points[-1]}" for point in points)
          + " |\n|---|---" + "|---" * len(points) + "|")
    for model in models:
        for kind in ("attention", "conv"):
            cells = []
            for point in points:
                heads = [head for line in lines if (line["model"], line["point"]) == (model, point)
                         for head in line["heads"] if head["kind"] == kind]
                cells.append(f"{statistics.mean(head['window'] for head in heads):.3f} "
                             f"({statistics.mean(head['window_uniform'] for head in heads):.3f})" if heads else "")
            if any(cells):
                print(f"| {MODELS[model]['title']} | {kind} | " + " | ".join(cells) + " |")


def plot(figures, flops, models, path):
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot
    figure, panels = pyplot.subplots(1, len(MEASURES), figsize=(17, 4.2), constrained_layout=True)
    for panel, (task, title) in zip(panels, MEASURES.items()):
        for model in models:
            points = sorted(point for m, t, point in figures if (m, t) == (model, task))
            if not points:
                continue
            values = [interval(figures[model, task, point]) for point in points]
            panel.errorbar([flops[model, point] for point in points], [mean for mean, _ in values],
                           yerr=[half or 0.0 for _, half in values], marker="o", capsize=3,
                           label=MODELS[model]["title"])
        panel.set_title(title)
        panel.set_xlabel("FLOPs of pre-training")
        panel.grid(alpha=0.3)
    panels[0].legend(fontsize=7)
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results")
    parser.add_argument("--plot")
    options = parser.parse_args()
    lines = [json.loads(line) for line in pathlib.Path(options.results).read_text().splitlines()]
    models = [model for model in MODELS if any(line.get("model") == model for line in lines)]
    figures, flops = measured(lines)
    print_runs(lines, models)
    for kind in ("sweep", "long-sweep"):
        print_sweep(lines, kind, models)
    print_figures(figures, models)
    print_heads(lines, models)
    if options.plot:
        plot(figures, flops, models, options.plot)


if __name__ == "__main__":
    main()
