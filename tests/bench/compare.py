#!/usr/bin/env python3
"""convbert beside PyTorch, ONNX Runtime, OpenVINO and Hugging Face's libraries, in turns in one run.

In a virtual environment with torch, transformers, tokenizers, onnx, onnxruntime, openvino and
sentence-transformers:

    tests/bench/compare.py build/release/apps/convbert/convbert --json results.json

Every figure is the median of the rounds; docs/benchmarks.md says what each means. Models in
published shapes are made with random weights, the same for all.
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import accuracy
import attention_section
import encoder_sections
import peers
import text_sections
from convbert import Convbert

SECTIONS = {
    "encoder": encoder_sections.encoder,
    "tokenizer": text_sections.tokenizer,
    "latency": encoder_sections.latency,
    "start": text_sections.start,
    "end-to-end": text_sections.end_to_end,
    "attention": attention_section.attention,
    "accuracy": accuracy.accuracy,
    "long": encoder_sections.long,
}
HERE = pathlib.Path(__file__).resolve().parent


class Setup:
    """What all sections share."""

    def __init__(self, arguments, folder):
        self.convbert = Convbert(arguments.binary)
        self.others = {name: Convbert(binary) for name, binary in arguments.other}
        self.folder = pathlib.Path(folder)
        self.rounds = 1 if arguments.quick else arguments.rounds
        self.seconds = 0 if arguments.quick else arguments.seconds
        self.peak_seconds = 0.05 if arguments.quick else 0.5
        self.tokenize_bytes = 100_000 if arguments.quick else 8_000_000
        self.most_texts = 4 if arguments.quick else 1 << 20
        self.screen_texts = 2 if arguments.quick else 16
        self.batch_sizes = (2,) if arguments.quick else encoder_sections.BATCH_SIZES
        self.threads = arguments.threads
        self.engines = arguments.peers
        self.sentences, self.further_model = arguments.sentences, arguments.model
        self.stsb, self.sst2 = arguments.stsb, arguments.sst2
        self._offers, self._mixed = {}, None

    def offers(self, precision):
        """Does our program compute in it, here?"""
        if precision not in self._offers:
            self._offers[precision] = self.convbert.offers(precision)
        return self._offers[precision]

    def mixed_lengths(self):
        if self._mixed is None:
            self._mixed = self.convbert.bench("tokenizer", "--lengths", "mixed", "--seconds",
                                              "0")["workload"]["lengths"]
        return self._mixed

    def model(self, shape):
        """The folder of a model in a published shape, with its ONNX files."""
        encoder_sections.note(f"making {shape}")
        subprocess.run([sys.executable, HERE / "models.py", self.folder, shape], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return self.folder / shape


def comma_list(allowed=None, convert=str):
    def parse(text):
        values = [convert(part) for part in text.split(",")]
        for value in values:
            if allowed and value not in allowed:
                raise argparse.ArgumentTypeError(f"{value}: expected some of {', '.join(allowed)}")
        return values
    return parse


def named_folder(text):
    name, equals, folder = text.partition("=")
    if not equals or not pathlib.Path(folder).is_dir():
        raise argparse.ArgumentTypeError(f"{text}: expected a name, =, and a model's folder")
    return name, folder


def named_binary(text):
    name, equals, binary = text.partition("=")
    if not equals or not pathlib.Path(binary).is_file():
        raise argparse.ArgumentTypeError(f"{text}: expected a name, =, and a program")
    return name, binary


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="path of convbert")
    parser.add_argument("--sections", type=comma_list(SECTIONS), default=list(SECTIONS),
                        help=f"some of {','.join(SECTIONS)}; default: all")
    parser.add_argument("--peers", type=comma_list(peers.ENGINES), default=list(peers.ENGINES),
                        help=f"some of {','.join(peers.ENGINES)}; default: all")
    parser.add_argument("--threads", type=comma_list(convert=int), default=[1, 2],
                        help="of the encoder section; default: 1,2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3,
                        help="to repeat each measurement in a round")
    parser.add_argument("--sentences", metavar="JSONL", help="texts for end-to-end and attention,"
                        " field text")
    parser.add_argument("--stsb", metavar="JSONL", help="text, text_pair, score, for accuracy")
    parser.add_argument("--sst2", metavar="JSONL", help="text, label, for accuracy")
    parser.add_argument("--model", metavar="NAME=FOLDER", type=named_folder,
                        help="a further model for end-to-end, attention and accuracy, say all-MiniLM-L6-v2")
    parser.add_argument("--other", metavar="NAME=BINARY", type=named_binary, action="append",
                        default=[], help="another build of convbert, measured beside this one in"
                        " encoder and latency; can be repeated")
    parser.add_argument("--models", metavar="FOLDER",
                        help="where random models are kept for the next run; default: nowhere")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")
    parser.add_argument("--quick", action="store_true",
                        help="try the script out: figures mean nothing")
    return parser.parse_args()


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines
                        if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def versions():
    from importlib.metadata import PackageNotFoundError, version
    found = {}
    for name in ("torch", "transformers", "tokenizers", "onnxruntime", "openvino",
                 "sentence-transformers"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def main():
    arguments = parse_arguments()
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    with tempfile.TemporaryDirectory() as temporary:
        setup = Setup(arguments, arguments.models or temporary)
        results = {"processor": processor(), "processors": len(os.sched_getaffinity(0)),
                   "versions": versions(),
                   "convbert": setup.convbert.run(["--version"]).decode().split("\n")[:2]}
        for section in arguments.sections:
            results[section] = SECTIONS[section](setup)
            if arguments.json:
                pathlib.Path(arguments.json).write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
