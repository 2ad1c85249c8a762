"""Section of compare.py on what a lower precision costs."""
import json
import sys

from convbert import ROOT, Refused
from encoder_sections import PRECISIONS, note
from tables import print_table

sys.path.insert(0, str(ROOT / "tests/quality"))
from evaluate import pearson, ranks  # noqa: E402


def read(path, field):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line)[field] for line in lines]


class Subject:
    """A model at one precision."""

    def __init__(self, setup, flags, precision):
        self.setup = setup
        self.flags = ["-q", "--pair-field", "", "--precision", precision, *flags]

    def vectors(self, path, field="text"):
        """Of length 1, so that products are cosines."""
        import numpy
        out = self.setup.folder / "accuracy.npy"
        self.setup.convbert.run(["embed", path, "-f", "npy", "-o", out, "--text-field", field,
                                 *self.flags], threads=2)
        rows = numpy.load(out).astype("float64")
        return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)

    def labels(self, path):
        """None where the model has no head for it."""
        try:
            output = self.setup.convbert.run(["classify", path, "--only-result", *self.flags],
                                             threads=2)
        except Refused:
            return None
        return [json.loads(line)["label"] for line in output.splitlines()]


def names_of_labels(setup, flags):
    card = json.loads(setup.convbert.run(["info", "--format", "json", *flags]))
    return next((head["labels"] for head in card["heads"] if head.get("labels")), [])


def compare_labels(found, f32, wanted):
    if found is None:
        return {}
    count = len(found)
    return {"agreement": sum(a == b for a, b in zip(found, f32)) / count,
            "accuracy": sum(a == b for a, b in zip(found, wanted)) / count}


def accuracy(setup):
    """Cosine to the vectors of f32, the least and the mean; Spearman's correlation of cosine and
    score; labels that agree with those of f32, and that are right."""
    models = {"embedded": []}
    if setup.further_model:
        name, folder = setup.further_model
        models[name] = ["-m", folder]
    texts = setup.stsb or ROOT / "data/english.txt"
    found, rows = {}, []
    for name, flags in models.items():
        reference, reference_labels = None, None
        for precision in filter(setup.offers, PRECISIONS):
            note(f"accuracy, {name}, {precision}")
            subject = Subject(setup, flags, precision)
            vectors = subject.vectors(texts)
            reference = vectors if reference is None else reference
            cosines = (vectors * reference).sum(1)
            cell = {"least_cosine": float(cosines.min()), "mean_cosine": float(cosines.mean())}
            if setup.stsb:
                products = (vectors * subject.vectors(setup.stsb, "text_pair")).sum(1)
                cell["spearman"] = pearson(ranks(list(products)),
                                           ranks(read(setup.stsb, "score")))
            if setup.sst2:
                labels = subject.labels(setup.sst2)
                reference_labels = reference_labels or labels
                names = names_of_labels(setup, flags)
                wanted = [names[label] if isinstance(label, int) and names else label
                          for label in read(setup.sst2, "label")]
                cell.update(compare_labels(labels, reference_labels, wanted))
            found[f"{name} {precision}"] = cell
            rows.append([f"{name} {precision}"] + [
                f"{cell[key]:.5f}" if key in cell else None
                for key in ("least_cosine", "mean_cosine", "spearman", "agreement", "accuracy")])
    print_table("Accuracy by precision", ["", "least cosine", "mean cosine", "Spearman",
                                          "labels as f32", "labels right"], rows)
    return found
