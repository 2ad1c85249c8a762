"""Section of compare.py on what a lower precision costs."""
import json

from convbert import ROOT, Refused
from encoder_sections import PRECISIONS, note
from tables import print_table

SINGLE = ["--pair-field", ""]  # whatever fields the records have
PAIRS = ["--task", "similarity", "--label-field", "score", "--pair-field", "text_pair"]


class Subject:
    """A model at one precision."""

    def __init__(self, setup, flags, precision):
        self.setup = setup
        self.flags = ["-q", "--precision", precision, *flags]

    def vectors(self, path):
        """Of length 1, so that products are cosines."""
        import numpy
        out = self.setup.folder / "accuracy.npy"
        self.setup.convbert.run(["embed", path, "-f", "npy", "-o", out, *SINGLE, *self.flags], threads=2)
        rows = numpy.load(out).astype("float64")
        return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)

    def labels(self, path):
        """None where the model has no head for it."""
        try:
            output = self.setup.convbert.run(["classify", path, "--only-result", *SINGLE,
                                              *self.flags], threads=2)
        except Refused:
            return None
        return [json.loads(line)["label"] for line in output.splitlines()]

    def figure(self, path, name, flags):
        """One of evaluate's."""
        report = self.setup.convbert.run(["evaluate", path, "-f", "json", *flags, *self.flags],
                                         threads=2)
        return json.loads(report)["figures"][name]["value"]


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
                cell["spearman"] = subject.figure(setup.stsb, "spearman", PAIRS)
            labels = subject.labels(setup.sst2) if setup.sst2 else None
            if labels is not None:
                reference_labels = reference_labels or labels
                cell["agreement"] = (sum(a == b for a, b in zip(labels, reference_labels))
                                     / len(labels))
                cell["accuracy"] = subject.figure(setup.sst2, "accuracy", ["--task", "classify", *SINGLE])
            found[f"{name} {precision}"] = cell
            rows.append([f"{name} {precision}"] + [
                f"{cell[key]:.5f}" if key in cell else None
                for key in ("least_cosine", "mean_cosine", "spearman", "agreement", "accuracy")])
    print_table("Accuracy by precision", ["", "least cosine", "mean cosine", "Spearman",
                                          "labels as f32", "labels right"], rows)
    return found
