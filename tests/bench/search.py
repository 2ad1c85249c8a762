#!/usr/bin/env python3
"""`convbert similar` on vectors, beside NumPy, FAISS (flat) and sentence-transformers:
search.py CONVBERT [--rows N] [--queries N] [--width N] [--threads N] [--rounds N]

The nearest ten of each query, exact, in float32. Every engine is a process of its own, held to as many
processors as it has threads, in turns; medians over the rounds. Of Python the search alone is timed,
the vectors being in memory, of length 1; of convbert the whole process: starting, reading the file,
scaling to length 1, searching, writing JSON. Memory is the process's peak; of convbert with a file, the
part that is not the file's own pages, too. Needs numpy, faiss-cpu, sentence-transformers.

--index measures `--index` instead: what it takes to build, and for each effort the share of the exact
ten nearest that are found (recall@10) beside the time of the whole process; of that, what one query
takes is opening. Vectors of --vectors, whose last rows are the queries, or else made up: points about
1,000 centres in 32 dimensions, turned into --width of them, with a tenth of noise. What Python's
faiss finds in the same file goes to standard error.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from convbert import pinned

TOP = 10
LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def search_numpy(corpus, queries):
    import numpy
    scores = queries @ corpus.T
    best = numpy.argpartition(scores, -TOP, axis=1)[:, -TOP:]
    order = numpy.argsort(-numpy.take_along_axis(scores, best, 1), axis=1)
    return numpy.take_along_axis(best, order, 1)


def search_faiss(corpus, queries):
    import faiss
    index = faiss.IndexFlatIP(corpus.shape[1])
    index.add(corpus)
    begin = time.perf_counter()
    found = index.search(queries, TOP)[1]
    return found, time.perf_counter() - begin


def search_sentence_transformers(corpus, queries):
    import torch
    from sentence_transformers import util
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    corpus, queries = torch.from_numpy(corpus), torch.from_numpy(queries)
    begin = time.perf_counter()
    found = util.semantic_search(queries, corpus, top_k=TOP, score_function=util.dot_score)
    seconds = time.perf_counter() - begin
    return [[match["corpus_id"] for match in matches] for matches in found], seconds


PEERS = {"NumPy": search_numpy, "FAISS flat": search_faiss,
         "semantic_search": search_sentence_transformers}


def run_peer(name, folder):
    """In a process of its own: a JSON line of what it found and took."""
    import numpy
    corpus, queries = (numpy.load(f"{folder}/{part}.npy") for part in ("corpus", "queries"))
    corpus, queries = (part / numpy.linalg.norm(part, axis=1, keepdims=True)
                       for part in (corpus, queries))
    begin = time.perf_counter()
    result = PEERS[name](corpus, queries)
    seconds = time.perf_counter() - begin
    if isinstance(result, tuple):  # it has made an index before
        result, seconds = result
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    numpy.save(f"{folder}/{name}.found.npy", numpy.asarray(result))
    print(json.dumps({"seconds": seconds, "peak_mb": peak / 1024}))


def measure_peer(name, folder, threads):
    environment = dict(os.environ, **{limit: str(threads) for limit in LIMITS})
    output = subprocess.run([sys.executable, __file__, "--peer", name, folder], check=True,
                            capture_output=True, env=environment, preexec_fn=pinned(threads))
    return json.loads(output.stdout)


def peak_of(process):
    """The largest resident set of a running process, all of it and without the files' pages, in MB."""
    peak = anonymous = 0
    while process.poll() is None:
        try:
            fields = dict(line.split(":", 1)
                          for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines())
            peak = max(peak, int(fields["VmHWM"].split()[0]))
            anonymous = max(anonymous, int(fields["RssAnon"].split()[0]))
        except (OSError, KeyError):
            pass
        time.sleep(0.005)
    return peak / 1024, anonymous / 1024


def convbert_command(binary, folder, threads, flags):
    return [binary, "similar", "--corpus-vectors", f"{folder}/corpus.npy", "--query-vectors",
            f"{folder}/queries.npy", "--top-k", str(TOP), "--threads", str(threads), *flags]


def seconds_of_convbert(binary, folder, threads, flags=()):
    command = convbert_command(binary, folder, threads, flags)
    with open(f"{folder}/out.jsonl", "w") as output:
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=output, preexec_fn=pinned(threads))
        return time.perf_counter() - begin


def measure_convbert(binary, folder, threads, flags=()):
    """Time in a run that nobody looks at, memory in another: looking takes time of the same cores."""
    seconds = seconds_of_convbert(binary, folder, threads, flags)
    command = convbert_command(binary, folder, threads, flags)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=pinned(threads))
    peak, anonymous = peak_of(process)
    assert process.returncode == 0
    return {"seconds": seconds, "peak_mb": peak, "anonymous_mb": anonymous}


def found_by_convbert(folder):
    lines = pathlib.Path(f"{folder}/out.jsonl").read_text().splitlines()
    return [[match["corpus_id"] for match in json.loads(line)["matches"]] for line in lines]


def write_vectors(path, rows, width, seed):
    import numpy
    generator = numpy.random.default_rng(seed)
    array = numpy.lib.format.open_memmap(path, "w+", "<f4", (rows, width))
    for first in range(0, rows, 100_000):
        count = min(100_000, rows - first)
        array[first:first + count] = generator.standard_normal((count, width), "f4")
    array.flush()


def write_clustered(folder, rows, queries, width):
    import numpy
    generator = numpy.random.default_rng(1)
    turn = generator.standard_normal((32, width), "f4") / 32 ** 0.5
    centres = generator.standard_normal((1_000, 32), "f4")
    for name, count in (("corpus", rows), ("queries", queries)):
        points = centres[generator.integers(0, len(centres), count)]
        points += generator.standard_normal(points.shape, "f4")
        noise = generator.standard_normal((count, width), "f4")
        numpy.save(f"{folder}/{name}.npy", points @ turn + 0.1 * noise)


def split_vectors(path, folder, rows, queries):
    import numpy
    vectors = numpy.load(path, mmap_mode="r")
    numpy.save(f"{folder}/corpus.npy", vectors[:rows])
    numpy.save(f"{folder}/queries.npy", vectors[len(vectors) - queries:])
    assert len(vectors) >= rows + queries


def share_found(found, expected):
    """Of the exact nearest, how many were found."""
    return sum(len(set(a) & set(b)) for a, b in zip(found, expected)) / sum(map(len, expected))


def found_by_faiss(path, folder, kind, effort):
    import faiss
    import numpy
    index = faiss.read_index(path)
    if kind == "hnsw":
        index.hnsw.efSearch = effort
    else:
        index.nprobe = effort
    queries = numpy.load(f"{folder}/queries.npy")
    return index.search(queries / numpy.linalg.norm(queries, axis=1, keepdims=True), TOP)[1].tolist()


def measure_indexes(options, folder):
    import numpy
    if options.vectors:
        split_vectors(options.vectors, folder, options.rows, options.queries)
    else:
        write_clustered(folder, options.rows, options.queries, options.width)
    queries = numpy.load(f"{folder}/queries.npy")

    def seconds(*flags):
        return statistics.median(
            seconds_of_convbert(options.convbert, folder, options.threads, flags) for _ in range(options.rounds))

    def seconds_of_one(*flags):
        numpy.save(f"{folder}/queries.npy", queries[:1])
        result = seconds(*flags)
        numpy.save(f"{folder}/queries.npy", queries)
        return result

    rows = [("exact", "", seconds_of_one(), seconds(), 1.0)]
    expected = found_by_convbert(folder)
    built = {}
    for kind, efforts in (("hnsw", (16, 32, 64, 128, 256)), ("ivf", (1, 4, 16, 64, 256))):
        index = f"{folder}/{kind}"
        flags = ("--index", index, "--index-type", kind)
        built[kind] = seconds_of_convbert(options.convbert, folder, options.threads, flags)
        opening = seconds_of_one(*flags)
        for effort in efforts:
            taken = seconds(*flags, "--effort", str(effort))
            found = found_by_convbert(folder)
            rows.append((kind, effort, opening, taken, share_found(found, expected)))
            theirs = share_found(found_by_faiss(index, folder, kind, effort), expected)
            print(f"{kind} {effort}: faiss.read_index finds {theirs:.3f}", file=sys.stderr)
    print(f"{options.queries:,} queries, {options.rows:,} x {queries.shape[1]} vectors, "
          f"{options.threads} threads; built in " +
          ", ".join(f"{taken:.1f} s ({kind}, {os.path.getsize(f'{folder}/{kind}') / 1e6:.0f} MB)"
                    for kind, taken in built.items()))
    print("\n| | effort | recall@10 | s | of that, opening | queries a second once open |\n"
          "|---|---|---|---|---|---|")
    for kind, effort, opening, taken, share in rows:
        print(f"| {kind} | {effort} | {share:.3f} | {taken:.2f} | {opening:.2f} | "
              f"{options.queries / (taken - opening):,.0f} |")


def main():
    if sys.argv[1] == "--peer":
        return run_peer(sys.argv[2], sys.argv[3])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("convbert")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--index", action="store_true", help="the approximate search beside the exact")
    parser.add_argument("--vectors", help="a matrix in .npy, for --index")
    parser.add_argument("--alone", action="store_true", help="convbert alone, for large corpora")
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        if options.index:
            return measure_indexes(options, folder)
        write_vectors(f"{folder}/corpus.npy", options.rows, options.width, 1)
        write_vectors(f"{folder}/queries.npy", options.queries, options.width, 2)
        for _ in range(options.rounds):
            for name in [] if options.alone else PEERS:
                results.setdefault(name, []).append(measure_peer(name, folder, options.threads))
            for name, flags in {"convbert bf16": ["--precision", "bf16"], "convbert": []}.items():
                results.setdefault(name, []).append(
                    measure_convbert(options.convbert, folder, options.threads, flags))
        if not options.alone:
            import numpy
            ours = numpy.asarray(found_by_convbert(folder))
            for name in PEERS:
                same = numpy.load(f"{folder}/{name}.found.npy") == ours
                print(f"{name}: {same.mean():.6f} of the places hold the same row as convbert's")
    print(f"\n{options.queries:,} queries, {options.rows:,} x {options.width} vectors, "
          f"{options.threads} threads\n\n| | s | peak MB | without the file's pages |\n|---|---|---|---|")
    for name, runs in results.items():
        median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        anonymous = f"{median['anonymous_mb']:.0f}" if "anonymous_mb" in median else ""
        print(f"| {name} | {median['seconds']:.3f} | {median['peak_mb']:.0f} | {anonymous} |")


if __name__ == "__main__":
    main()
