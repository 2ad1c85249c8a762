"""Sections of compare.py that begin with texts: tokenizer, start, end to end."""
import json
import os
import pathlib
import statistics
import subprocess
import sys

from convbert import ROOT, Refused, measured, pinned
from encoder_sections import PRECISIONS, note, quotient
from models import VOCABULARY
from tables import print_table

REFERENCE = str(pathlib.Path(__file__).resolve().parent / "reference.py")
MINI = ROOT / "models/convbert-mini"


def reference(*arguments, threads=1):
    """What reference.py answers; None where it fails."""
    done = subprocess.run([sys.executable, REFERENCE, *map(str, arguments)], capture_output=True,
                          preexec_fn=pinned(threads), check=False,
                          env=dict(os.environ, OMP_NUM_THREADS=str(threads)))
    if done.returncode != 0:
        note(f"reference.py {arguments[0]}: {done.stderr.decode().strip().splitlines()[-1]}")
        return None
    return json.loads(done.stdout)


def median_of(rounds, measure):
    values = [value for value in (measure() for _ in range(rounds)) if value is not None]
    return statistics.median(values) if values else None


def repeated(file, most_bytes, folder):
    """A file of the lines of `file`, over and over, and the bytes of text in it."""
    lines = file.read_bytes().splitlines()
    times = max(1, most_bytes // sum(map(len, lines)))
    path = folder / f"repeated-{file.name}"
    path.write_bytes((b"\n".join(lines) + b"\n") * times)
    return path, times * sum(map(len, lines))


def tokenizer(setup):
    """MB/s on one thread and one processor: of the tokenizer, beside Hugging Face's encode and
    encode_batch, the faster; and of `tokenize FILE`, starting and printing included, beside
    encode_batch alone."""
    found, rows = {}, []
    for index, (name, file) in enumerate((("English", "english.txt"),
                                          ("22 languages", "languages.txt"))):
        path, size = repeated(ROOT / "data" / file, setup.tokenize_bytes, setup.folder)
        command = [setup.convbert.binary, "tokenize", "-q", "--threads", "1", str(path)]
        mine, printed, theirs, batches = [], [], [], []
        for _ in range(setup.rounds):
            mine.append(setup.convbert.bench("tokenizer", "--seconds", setup.seconds)
                        ["tokenizer"][index]["mb_per_second"])
            printed.append(size / measured(command, 1)[0] / 1e6)
            rates = reference("tokenizer", VOCABULARY, ROOT / "data" / file, setup.seconds)
            theirs.append(max(rates.values()) / 1e6 if rates else None)
            batches.append(rates["encode_batch"] / 1e6 if rates else None)
        found[name] = {}
        for work, ours, reference_rates in (("tokenizer", mine, theirs),
                                            ("full JSONL", printed, batches)):
            a = statistics.median(ours)
            b = None if None in reference_rates else statistics.median(reference_rates)
            found[name][work] = {"convbert": a, "tokenizers": b}
            rows.append([f"{name}, {work}", a, b, quotient(a, b)])
    print_table("Tokenizer, one thread, MB/s", ["", "convbert", "tokenizers", "ratio"], rows)
    return found


def start(setup):
    """From nothing to the vector of one word: seconds and peak memory of the process."""
    base = setup.model("conv-bert-base")
    program = [setup.convbert.binary, "embed", "-t", "hello"]
    ours = {"convbert, embedded model": program, "convbert, conv-bert-base": [*program, "-m", base]}
    theirs = {f"{library}, {name}": [sys.executable, REFERENCE, "first", library, str(folder)]
              for name, folder in (("the same model", MINI), ("conv-bert-base", base))
              for library in ("sentence-transformers", "transformers")}
    found = {}
    for name, command in {**ours, **theirs}.items():
        note(f"start: {name}")
        try:
            runs = [measured(list(map(str, command)), 2) for _ in range(setup.rounds)]
        except Refused as failure:
            note(str(failure))
            found[name] = None
            continue
        found[name] = {"seconds": statistics.median(run[0] for run in runs),
                       "peak_mib": statistics.median(run[1] for run in runs)}
    print_table("Start to first result", ["", "seconds", "peak MiB"],
                [[name, *(cell.values() if cell else (None, None))]
                 for name, cell in found.items()])
    return found


def end_to_end(setup):
    """A file of texts to vectors, two threads: ours as a whole process, sentence-transformers once
    it is loaded and warm, in batches of 32."""
    import numpy
    threads = 2
    if not setup.sentences:
        note("end-to-end needs --sentences")
        return None
    with open(setup.sentences, encoding="utf-8") as lines:
        texts = sum(1 for _ in lines)
    found, rows = {}, []
    models = {"embedded": ([], MINI)}
    if setup.further_model:
        name, folder = setup.further_model
        models[name] = (["-m", folder], folder)
    for name, (flags, folder) in models.items():
        cells = found[name] = {}
        for index in range(setup.rounds):
            note(f"end to end, {name}, round {index + 1} of {setup.rounds}")
            for precision in filter(setup.offers, PRECISIONS):
                for form in ("npy", "jsonl"):
                    out = setup.folder / f"{precision}.{form}"
                    command = ["embed", setup.sentences, "-f", form, "-o", out, "-q", "--threads",
                               threads, "--precision", precision, *flags]
                    seconds = setup.convbert.seconds(command, threads)
                    cells.setdefault(f"convbert {precision}, {form}", []).append(texts / seconds)
            answer = reference("embed", folder, setup.sentences, threads,
                               setup.folder / "reference.npy", threads=threads)
            if answer:
                cells.setdefault("sentence-transformers f32, npy", []).append(
                    texts / answer["encode"])
        medians = {system: statistics.median(values) for system, values in cells.items()}
        theirs = medians.get("sentence-transformers f32, npy")
        found[name] = {"texts_per_second": medians}
        if theirs:
            a, b = (numpy.load(setup.folder / f"{which}.npy") for which in ("f32", "reference"))
            cosines = (a * b).sum(1) / numpy.linalg.norm(a, axis=1) / numpy.linalg.norm(b, axis=1)
            found[name]["least_cosine_to_reference"] = float(cosines.min())
        rows += [[f"{name}: {system}", rate, quotient(rate, theirs)]
                 for system, rate in medians.items()]
    print_table(f"End to end, {texts:,} texts, {threads} threads, texts/s",
                ["", "texts/s", "ratio"], rows)
    return found
