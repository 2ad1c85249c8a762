"""Sections of compare.py on the encoder alone: throughput, latency, long texts."""
import contextlib
import statistics
import sys

import peers
from convbert import Refused
from tables import print_table

BATCH_SIZES = (1, 2, 4, 8, 16)
PRECISIONS = ("f32", "bf16", "int8")
CASES = {  # name: (shape, length of each text or "mixed", number of texts)
    "base, 128": ("conv-bert-base", 128, 32),
    "base, mixed": ("conv-bert-base", "mixed", 64),
    "small, mixed": ("conv-bert-small", "mixed", 256),
}
LONG_CASES = {
    "128 tokens": ("conv-bert-base", 128, 16),
    "512 tokens": ("conv-bert-base", 512, 4),
}


def note(text):
    print(f"compare.py: {text}", file=sys.stderr, flush=True)


class Contest:
    """Ours and the peers on one model and one list of lengths, in turns."""

    def __init__(self, setup, case, threads):
        shape, length, texts = case
        self.setup, self.threads = setup, threads
        self.folder = setup.model(shape)
        texts = min(texts, setup.most_texts)
        self.lengths = (setup.mixed_lengths()[:texts] if length == "mixed" else [length] * texts)
        self.flags = ["-m", self.folder, "--lengths", ",".join(map(str, self.lengths))]
        workload = setup.convbert.bench("tokenizer", "--seconds", "0", *self.flags)["workload"]
        self.flops, self.tokens = workload["flops"], workload["tokens"]

    def ours(self, precision, program=None):
        row = (program or self.setup.convbert).bench("throughput", "--precision", precision, "--seconds",
                                        self.setup.seconds, *self.flags,
                                        threads=self.threads)["throughput"][0]
        return row["gflops"] * 1e9 / self.flops

    def theirs(self, peer, batch):
        """Passes a second."""
        return peer.processes / peer.pass_seconds(self.lengths, batch, self.setup.seconds)

    def screen(self, engine):
        """The peer at its best: (peer, batch size). One process with all threads, or as many
        processes of one thread, whichever gets more done."""
        sample = sorted(self.lengths)[::max(1, len(self.lengths) // self.setup.screen_texts)]
        best, best_rate = None, 0.0
        for processes in sorted({1, self.threads}):
            peer = peers.Peer(engine, self.folder, self.threads // processes, processes)
            rates = {size: processes / peer.pass_seconds(sample, size)
                     for size in self.setup.batch_sizes}
            size = max(rates, key=rates.get)
            if rates[size] > best_rate:
                if best:
                    best[0].close()
                best, best_rate = (peer, size), rates[size]
            else:
                peer.close()
        return best

    def run(self):
        """{(system, precision): {"gflops", "tokens_per_second", ...}}, medians of all rounds."""
        with contextlib.ExitStack() as stack:
            contestants, results = {}, {}
            for precision in PRECISIONS:
                results["convbert", precision] = None
                if self.setup.offers(precision):
                    contestants["convbert", precision] = lambda p=precision: self.ours(p)
                    for name, program in self.setup.others.items():
                        contestants[name, precision] = (
                            lambda p=precision, o=program: self.ours(p, o))
                        results[name, precision] = {}
            for engine in self.setup.engines:
                note(f"screening {engine}")
                system = peers.ENGINES[engine]
                results[system] = None
                try:
                    peer, batch = self.screen(engine)
                except peers.Failed as failure:
                    note(str(failure))
                    continue
                stack.enter_context(peer)
                contestants[system] = lambda p=peer, b=batch: self.theirs(p, b)
                results[system] = {"batch": batch, "processes": peer.processes}
            rates = {system: [] for system in contestants}
            for index in range(self.setup.rounds):
                note(f"round {index + 1} of {self.setup.rounds}")
                for system, measure in contestants.items():
                    try:
                        rates[system].append(measure())
                    except (peers.Failed, Refused) as failure:
                        note(str(failure))
        for system, values in rates.items():
            if not values:
                results[system] = None
                continue
            rate = statistics.median(values)
            results[system] = {**(results[system] or {}), "gflops": rate * self.flops / 1e9,
                               "tokens_per_second": rate * self.tokens,
                               "rounds": [round(v * self.flops / 1e9, 2) for v in values]}
        return results


def best_of(results, is_ours, precisions, builds=()):
    """Of ours or of the peers; other builds of ours are neither."""
    rates = [result["gflops"] for (system, precision), result in results.items()
             if result and (system == "convbert") == is_ours and precision in precisions
             and system not in builds]
    return max(rates, default=None)


def quotient(a, b):
    return a / b if a and b else None


def encoder(setup):
    found = {}
    for threads in setup.threads:
        note(f"matrix product peaks, {threads} threads")
        peaks = {row["precision"]: row["gflops"] for row in setup.convbert.bench(
            "peaks", "--seconds", setup.peak_seconds, "--lengths", "1,1",
            threads=threads)["peaks"]}
        results = {}
        for name, case in CASES.items():
            note(f"{name}, {threads} threads")
            results[name] = Contest(setup, case, threads).run()
        systems = list(next(iter(results.values())))
        header = [f"{threads} thread{'s' * (threads > 1)}"]
        for name in CASES:
            header += [name, "of peak"]
        rows = []
        for system in systems:
            row = [" ".join(system)]
            for name in CASES:
                result = results[name][system]
                share = quotient(result["gflops"], peaks.get(system[1])) if result else None
                row += [result["gflops"] if result else None,
                        f"{100 * share:.0f} %" if share else None]
            rows.append(row)
        rows.append(["matmul peak: " + ", ".join(f"{k} {v:.0f}" for k, v in peaks.items()),
                     *[""] * (len(header) - 1)])
        print_table("Encoder, GFLOP/s of useful work", header, rows)
        rows = [[label] + [quotient(best_of(results[name], True, which),
                                    best_of(results[name], False, which, setup.others))
                           for name in CASES]
                for label, which in [*((p, (p,)) for p in PRECISIONS), ("any", PRECISIONS)]]
        print_table("convbert / best peer, by precision", [header[0], *CASES], rows)
        for other in setup.others:
            rows = [[p] + [quotient(*((results[name].get((system, p)) or {}).get("gflops")
                                      for system in ("convbert", other))) for name in CASES]
                    for p in PRECISIONS]
            print_table(f"convbert / {other}, by precision", [header[0], *CASES], rows)
        found[str(threads)] = {"peaks": peaks, "cases": {
            name: {" ".join(system): result for system, result in cells.items()}
            for name, cells in results.items()}}
    return found


def latency(setup):
    """One text of 16 tokens, alone, two threads: median milliseconds."""
    threads, tokens = 2, 16
    shapes = ("conv-bert-base", "conv-bert-small")
    found = {}
    for shape in shapes:
        folder = setup.model(shape)
        times = {}
        with contextlib.ExitStack() as stack:
            contestants = {}
            for precision in filter(setup.offers, PRECISIONS):
                contestants["convbert", precision] = lambda p=precision: min(
                    row["median_ms"] for row in setup.convbert.bench(
                        "latency", "-m", folder, "--lengths", tokens, "--precision", p,
                        "--seconds", setup.seconds, threads=threads)["latency"])
            for engine in setup.engines:
                try:
                    peer = stack.enter_context(peers.Peer(engine, folder, threads))
                except peers.Failed as failure:
                    note(str(failure))
                    continue
                contestants[peers.ENGINES[engine]] = lambda p=peer: 1e3 * p.pass_seconds(
                    [tokens], 1, setup.seconds, 20)
            for index in range(setup.rounds):
                note(f"latency of {shape}, round {index + 1} of {setup.rounds}")
                for system, measure in contestants.items():
                    times.setdefault(" ".join(system), []).append(measure())
        found[shape] = {system: statistics.median(values) for system, values in times.items()}
    systems = list(dict.fromkeys(system for cells in found.values() for system in cells))
    print_table(f"One text of {tokens} tokens alone, {threads} threads, ms", ["", *shapes],
                [[system] + [found[shape].get(system) for shape in shapes] for system in systems])
    return found


def long(setup):
    """What a token of a long text costs beside one of a short text."""
    results = {}
    for name, case in LONG_CASES.items():
        note(name)
        results[name] = Contest(setup, case, 1).run()
    short, tall = (results[name] for name in LONG_CASES)
    rows, found = [], {}
    for system in short:
        rates = [cells[system]["tokens_per_second"] if cells[system] else None
                 for cells in (short, tall)]
        found[" ".join(system)] = {"tokens_per_second": rates, "cost": quotient(*rates)}
        rows.append([" ".join(system), *rates, quotient(*rates)])
    print_table("Long texts, conv-bert-base, one thread, tokens/s",
                ["", *LONG_CASES, "cost of a token"], rows)
    return found
