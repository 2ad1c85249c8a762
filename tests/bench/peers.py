"""The peers, each in processes of its own, so that one that is idle takes nothing from another.

As a program: peers.py ENGINE MODEL_FOLDER THREADS loads and then, for each line of JSON on standard
input, {"lengths": [...], "batch": n, "seconds": s, "least": n}, computes all texts again and again
and answers with {"seconds": [...]}, one number a pass.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from convbert import pinned

ENGINES = {  # name: (how tables call it, precision)
    "torch-f32": ("PyTorch", "f32"),
    "onnxruntime-f32": ("ONNX Runtime", "f32"),
    "openvino-f32": ("OpenVINO", "f32"),
    "torch-bf16": ("PyTorch", "bf16"),
    "openvino-bf16": ("OpenVINO", "bf16"),
    "onnxruntime-int8": ("ONNX Runtime", "int8"),
}


class Failed(Exception):
    pass


class Peer:
    """An engine with a model. `processes` of them, each of `threads` threads, do the same work side
    by side."""

    def __init__(self, engine, folder, threads, processes=1):
        self.engine, self.processes = engine, processes
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), HF_HUB_OFFLINE="1",
                           TOKENIZERS_PARALLELISM="false")
        self.children = [
            subprocess.Popen([sys.executable, __file__, engine, str(folder), str(threads)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.DEVNULL, env=environment,
                             preexec_fn=pinned(threads * processes))
            for _ in range(processes)]
        for child in self.children:
            self._answer(child)

    def _answer(self, child):
        line = child.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            self.close()
            raise Failed(f"{self.engine}: {answer['error']}")
        return answer

    def pass_seconds(self, lengths, batch, seconds=0.0, least=1):
        """Median time of a pass; with several processes the mean of theirs."""
        for child in self.children:
            child.stdin.write(json.dumps({"lengths": lengths, "batch": batch, "seconds": seconds,
                                          "least": least}) + "\n")
            child.stdin.flush()
        return statistics.mean(statistics.median(self._answer(child)["seconds"])
                               for child in self.children)

    def close(self):
        for child in self.children:
            child.kill()
            child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# What follows runs in the child.


def torch_engine(folder, threads, precision):
    import torch
    from transformers import AutoModel
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
    model = AutoModel.from_pretrained(folder, dtype=dtype).eval()

    def compute(ids, mask):
        ids, mask = torch.from_numpy(ids), torch.from_numpy(mask)
        hidden = model(ids, attention_mask=mask).last_hidden_state.float()
        weights = mask[..., None].float()
        return (hidden * weights).sum(1) / weights.sum(1)
    return compute


def mean_pooled(hidden, mask):
    weights = mask[..., None].astype("float32")
    return (hidden * weights).sum(1) / weights.sum(1)


def onnxruntime_engine(folder, threads, precision):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    file = "model.int8.onnx" if precision == "int8" else "model.onnx"
    session = onnxruntime.InferenceSession(str(folder / file), options,
                                           providers=["CPUExecutionProvider"])
    return lambda ids, mask: mean_pooled(
        session.run(None, {"input_ids": ids, "attention_mask": mask})[0], mask)


def openvino_engine(folder, threads, precision):
    import openvino
    core = openvino.Core()
    model = core.compile_model(core.read_model(folder / "model.onnx"), "CPU",
                               {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
                                "INFERENCE_PRECISION_HINT": precision})
    request = model.create_infer_request()
    return lambda ids, mask: mean_pooled(
        request.infer({"input_ids": ids, "attention_mask": mask})[0], mask)


def make_batches(lengths, size):
    """Padded batches of texts sorted by length, as a careful user makes them."""
    import numpy
    random = numpy.random.default_rng(2)
    ordered = sorted(lengths)
    for first in range(0, len(ordered), size):
        part = numpy.array(ordered[first:first + size])
        ids = random.integers(1000, 8000, (len(part), part.max()), dtype=numpy.int64)
        mask = (numpy.arange(part.max())[None, :] < part[:, None]).astype(numpy.int64)
        yield ids * mask, mask


def serve(engine, folder, threads):
    answers = os.fdopen(os.dup(1), "w")  # whatever libraries print goes elsewhere
    os.dup2(2, 1)

    def answer(**values):
        print(json.dumps(values), file=answers, flush=True)

    try:
        kind, precision = engine.rsplit("-", 1)
        compute = {"torch": torch_engine, "onnxruntime": onnxruntime_engine,
                   "openvino": openvino_engine}[kind](pathlib.Path(folder), threads, precision)
        answer(ready=True)
        for line in sys.stdin:
            wanted = json.loads(line)
            batches = list(make_batches(wanted["lengths"], wanted["batch"]))
            for ids, mask in (batches[0], batches[-1]):
                compute(ids, mask)
            seconds, begin = [], time.perf_counter()
            while len(seconds) < wanted["least"] or time.perf_counter() - begin < wanted["seconds"]:
                start = time.perf_counter()
                for ids, mask in batches:
                    compute(ids, mask)
                seconds.append(time.perf_counter() - start)
            answer(seconds=seconds)
    except Exception as error:  # whatever a library throws: the parent shows it
        answer(error=f"{type(error).__name__}: {str(error).splitlines()[0][:200]}")


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
