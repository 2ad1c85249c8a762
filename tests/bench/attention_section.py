"""Section of compare.py on attention: maps and statistics of a file of texts, beside the vectors
alone, and beside transformers with NumPy."""
import json
import statistics

from encoder_sections import note, quotient
from tables import print_table
from text_sections import MINI, reference

THREADS = 2


def largest_difference(path, means):
    """Between our figures of self-attention and NumPy's, over all layers and heads."""
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    ours = {(row["layer"], row["head"]): row for row in rows if row["kind"] == "attention"}
    return max(abs(ours[layer, head][name] - value)
               for name, layers in means.items()
               for layer, heads in enumerate(layers)
               for head, value in enumerate(heads))


def attention(setup):
    if not setup.sentences:
        note("attention needs --sentences")
        return None
    with open(setup.sentences, encoding="utf-8") as lines:
        texts = sum(1 for _ in lines)
    models = {"embedded": ([], MINI)}
    if setup.further_model:
        name, folder = setup.further_model
        models[name] = (["-m", folder], folder)
    found, rows = {}, []
    for name, (flags, folder) in models.items():
        cells, difference = {}, None
        figures = setup.folder / "figures.jsonl"
        for index in range(setup.rounds):
            note(f"attention, {name}, round {index + 1} of {setup.rounds}")
            for what, command in {
                "embed, npy": ["embed", "-f", "npy", "-o", setup.folder / "vectors.npy"],
                "attention, npz": ["attention", "-f", "npz", "-o", setup.folder / "maps.npz"],
                "attention --stats": ["attention", "--stats", "-f", "jsonl", "-o", figures],
            }.items():
                command = [*command, setup.sentences, "-q", "--threads", THREADS, *flags]
                cells.setdefault(what, []).append(texts / setup.convbert.seconds(command, THREADS))
            answer = reference("attention", folder, setup.sentences, THREADS, threads=THREADS)
            if answer:
                cells.setdefault("transformers and NumPy", []).append(texts / answer["seconds"])
                difference = largest_difference(figures, answer["means"])
        medians = {what: statistics.median(values) for what, values in cells.items()}
        found[name] = {"texts_per_second": medians, "largest_difference": difference}
        rows += [[f"{name}: {what}", rate, quotient(rate, medians["embed, npy"]),
                  quotient(rate, medians.get("transformers and NumPy"))]
                 for what, rate in medians.items()]
        if difference is not None:
            note(f"{name}: largest difference of a figure to NumPy's: {difference:.2g}")
    print_table(f"Attention, {texts:,} texts, {THREADS} threads",
                ["", "texts/s", "of embed", "of Python"], rows)
    return found
