#!/usr/bin/env python3
"""Time and memory that inputs and models take which were made to take much, of one program or of several builds:
hostile.py NAME=CONVBERT... [--only PART,...] [--limit SECONDS]

A run is ended after so many seconds (120), and gets at most 12 GB of addresses. A cell: seconds, the peak of memory,
and how the run ended: 0, done; 1, some records are bad; 2, refused. Needs the program zstd.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import zlib

from convbert import ROOT
from tables import print_table

MINI = ROOT / "models/convbert-mini"
ADDRESSES = 12 << 30
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def number(value, size):
    return value.to_bytes(size, "little")


# Pieces of torch's pickles.
def text(value):
    return b"X" + number(len(value), 4) + value


def storage(key):
    return b"(" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(key) + text(b"cpu") + b"K\4t"


def legacy(pickle):
    return b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + b"\x80\x02M\xe9\x03.\x80\x02}.\x80\x02" + pickle


REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n("
WORDS = b"bert.embeddings.word_embeddings.weight"


def one_storage(elements, tensors):
    return legacy(b"}(" + tensors + b"u.\x80\x02](" + text(b"0") + b"e." + number(elements, 8) + bytes(4 * elements))


def repeated_element():
    shape = b"(J" + number(6, 4) + b"J" + number(16384, 4) + b"t"
    return one_storage(4, text(WORDS) + REBUILD + storage(b"0") + b"QK\0" + shape + b"K\0K\0\x86\x89)tR")


def shared_storage():
    view = storage(b"0") + b"QK\0J" + number(1 << 20, 4) + b"\x85K\1\x85\x89)tR"
    return one_storage(1 << 20, b"".join(text(b"t%d" % i) + REBUILD + view for i in range(400)))


def overlapping_files():
    content, files = b"x" * (1 << 20), 20_000
    sizes = number(zlib.crc32(content), 4) + number(len(content), 4) * 2
    names = [b"m/data/%05d" % i for i in range(files)]
    name_size = number(len(names[0]), 2)
    local = b"PK\3\4" + number(20, 2) + bytes(8) + sizes + name_size + bytes(2) + names[0] + content
    directory = b"".join(b"PK\1\2" + number(20, 2) * 2 + bytes(8) + sizes + name_size + bytes(16) + name
                         for name in names)
    return (local + directory + b"PK\5\6" + bytes(4) + number(files, 2) * 2 + number(len(directory), 4)
            + number(len(local), 4) + bytes(2))


def endless_shape():
    header = json.dumps({"x": {"dtype": "F32", "shape": [0, 2**63 - 1, 2**63 - 1], "data_offsets": [0, 0]}}).encode()
    return number(len(header), 8) + header


def tokenizer_json(added=(), template=1, most_characters=100):
    vocabulary = {token: i for i, token in enumerate([*SPECIAL, "a", "##a"])}
    special = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}] * template
    return json.dumps({
        "version": "1.0",
        "added_tokens": [dict(id=len(vocabulary) + i, content=token, single_word=False, lstrip=False, rstrip=False,
                              normalized=True, special=False) for i, token in enumerate(added)],
        "normalizer": dict(type="BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=False,
                           lowercase=True),
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [*special, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [*special, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": dict(type="WordPiece", unk_token="[UNK]", continuing_subword_prefix="##",
                      max_input_chars_per_word=most_characters, vocab=vocabulary)}).encode()


# What is measured: a part, a name, and what makes it in a folder: arguments and standard input, which is bytes,
# or an iterable of bytes.
CASES = []


def case(part, name):
    return lambda make: CASES.append((part, name, make)) or make


def with_model(part, name, file, content):
    """A BERT of 16,384 features whose one file is hostile."""
    def make(folder):
        (folder / "vocab.txt").write_text("\n".join([*SPECIAL, "a"]) + "\n")
        (folder / "config.json").write_text(json.dumps(dict(
            model_type="bert", vocab_size=6, hidden_size=16384, num_hidden_layers=1, num_attention_heads=1,
            intermediate_size=16384, max_position_embeddings=8, type_vocab_size=2)))
        (folder / file).write_bytes(content())
        return ["embed", "-m", folder, "-t", "a"], b""
    CASES.append((part, name, make))


def with_tokenizer(name, files, input_text):
    """The embedded model with another tokenizer."""
    def make(folder):
        shutil.copytree(MINI, folder / "m")
        for file in ("vocab.txt", "tokenizer.json"):
            if "tokenizer.json" in files and (folder / "m" / file).exists():
                (folder / "m" / file).unlink()
        for file, content in files.items():
            (folder / "m" / file).write_bytes(content())
        return ["tokenize", "-m", folder / "m", "-f", "text"], input_text
    CASES.append(("tokenizers", name, make))


@case("records", "a .zst of 2 GB without an end of line")
def _(folder):
    path = folder / "bomb.zst"
    with open(path, "wb") as out:
        zstd = subprocess.Popen(["zstd", "-q", "-19", "--single-thread"], stdin=subprocess.PIPE, stdout=out)
        for _ in range(2048):
            zstd.stdin.write(b"a" * (1 << 20))
        zstd.stdin.close()
        zstd.wait()
    return ["embed", path, "-o", folder / "v.jsonl", "-q"], b""


@case("records", "a line of 63 MB of exclamation marks")
def _(folder):
    return ["embed", "-o", folder / "v.jsonl", "-q", "-"], b"!" * 63_000_000 + b"\n"


@case("records", "a line of 63 MB of Chinese")
def _(folder):
    return ["embed", "-o", folder / "v.jsonl", "-q", "-"], "\u4e2d\u6587".encode() * 10_500_000 + b"\n"


@case("records", "20,000 ids in .npz, one of 20,000 characters")
def _(folder):
    ids = ("x" * 20_000 if i == 0 else str(i) for i in range(20_000))
    return (["embed", "--dim", "1", "-o", folder / "v.npz", "-q", "-"],
            b"".join(json.dumps({"id": name, "text": "a"}).encode() + b"\n" for name in ids))


@case("records", "1,500 texts with another field of 1 MB")
def _(folder):
    line = json.dumps({"text": "a", "other": "x" * (1 << 20)}).encode() + b"\n"
    return ["embed", "--dim", "1", "-o", "/dev/null", "-q", "-"], (line for _ in range(1500))


with_model("models", "a pickle that names a key of 65,000 bytes 60,000 times", "pytorch_model.bin",
           lambda: legacy(b"}" + storage(b"k" * 65_000) + b"q\0" + b"h\0Q" * 60_000 + b"."))
with_model("models", "a pickle of 4,000,000 empty dictionaries", "pytorch_model.bin",
           lambda: legacy(b"}" * 4_000_000 + b"."))
with_model("models", "a tensor that repeats four numbers (stride 0)", "pytorch_model.bin", repeated_element)
with_model("models", "400 tensors on one storage of 4 MB", "pytorch_model.bin", shared_storage)
with_model("models", "20,000 files of an archive that lie upon each other", "pytorch_model.bin", overlapping_files)
with_model("models", "a tensor of 0 x 2^63 x 2^63 elements", "model.safetensors", endless_shape)
with_model("models", "a header that says that it has 99 MB", "model.safetensors", lambda: number(99_000_000, 8))
with_model("models", "a vocabulary of 20,000,000 empty lines", "vocab.txt", lambda: b"\n" * 20_000_000)
with_model("models", "a tokenizer_config.json of a million empty objects", "tokenizer_config.json",
           lambda: b"[" + b"{}," * 1_000_000 + b"{}]")

with_tokenizer("200,000 times \u0130, accents kept",
               {"tokenizer_config.json": lambda: b'{"do_lower_case":true,"strip_accents":false}'},
               "\u0130".encode() * 200_000 + b"\n")
with_tokenizer("words of up to 1,000,000 characters, a text of one of 500,000",
               {"tokenizer.json": lambda: tokenizer_json(most_characters=1_000_000)},
               b"a" * 500_000 + b"\n")
with_tokenizer("20,000 added tokens, a text of 200,000 words",
               {"tokenizer.json": lambda: tokenizer_json(added=[f"a{i}" for i in range(20_000)])},
               b"a1 b " * 100_000 + b"\n")
with_tokenizer("a template of 200,000 special tokens, 1,000 texts",
               {"tokenizer.json": lambda: tokenizer_json(template=200_000)}, b"a\n" * 1000)


def feed(pipe, content):
    try:
        for part in [content] if isinstance(content, bytes) else content:
            pipe.write(part)
        pipe.close()
    except BrokenPipeError:
        pass


def measure(binary, arguments, content, limit):
    begin = time.perf_counter()
    process = subprocess.Popen([binary, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES)))
    threading.Thread(target=feed, args=(process.stdin, content), daemon=True).start()
    timer = threading.Timer(limit, lambda: os.kill(process.pid, signal.SIGKILL))
    timer.start()
    _, status, usage = os.wait4(process.pid, 0)
    timer.cancel()
    seconds = time.perf_counter() - begin
    how = (f"status {os.waitstatus_to_exitcode(status)}" if os.WIFEXITED(status) else
           f"ended after {limit:.0f} s" if seconds >= limit else f"signal {os.WTERMSIG(status)}")
    return f"{seconds:.1f} s, {usage.ru_maxrss / 1024:,.0f} MB, {how}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", nargs="+", metavar="NAME=CONVBERT")
    parser.add_argument("--only", default="records,models,tokenizers")
    parser.add_argument("--limit", type=float, default=120, help="seconds of a run")
    options = parser.parse_args()
    programs = [program.split("=", 1) for program in options.programs]
    rows = []
    for part, name, make in CASES:
        if part not in options.only.split(","):
            continue
        with tempfile.TemporaryDirectory() as folder:
            cells = []
            for index, (_, binary) in enumerate(programs):
                own = pathlib.Path(folder) / str(index)
                own.mkdir()
                cells.append(measure(binary, *make(own), options.limit))
        rows.append([name, *cells])
        print(f"hostile.py: {name}: {'; '.join(cells)}", flush=True)
    print_table("Hostile inputs", ["", *(name for name, _ in programs)], rows)


if __name__ == "__main__":
    main()
