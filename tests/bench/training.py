#!/usr/bin/env python3
"""`convbert train` beside PyTorch, on the same records, model and settings:
training.py CONVBERT DATA.jsonl [--model DIR] [--shape NAME] [--steps N] [--threads 1,2] [--precision f32,bf16]
[--max-length TOKENS]

Steps of 32 records of DATA (fields text and label), cut to TOKENS, AdamW, dropout 0.1, gradients cut to length 1. PyTorch
pads each batch to its longest text, as its users do; what is counted are real tokens. Each engine is a
process of its own, held to as many processors as it has threads, in turns; of both the time between the
third step and the last is taken, medians over the rounds, and the process's peak of memory. Of --shape
the weights are random. Needs torch and transformers.
"""
import argparse
import json
import pathlib
import resource
import statistics
import sys
import tempfile
import time

from training_runs import measure_program, measure_reference

WARM_UP = 2  # steps
BATCH = 32
SHAPES = {  # YituTech's on Hugging Face
    "conv-bert-small": dict(hidden_size=384, embedding_size=128, num_hidden_layers=12, num_attention_heads=8,
                            intermediate_size=1536, head_ratio=2, conv_kernel_size=9, num_groups=1),
    "conv-bert-base": dict(hidden_size=768, embedding_size=768, num_hidden_layers=12, num_attention_heads=12,
                           intermediate_size=3072, head_ratio=2, conv_kernel_size=9, num_groups=1),
}


def make_model(shape, vocabulary, folder):
    """A checkpoint of random weights in the shape, with a vocabulary."""
    import shutil
    import torch
    from transformers import ConvBertConfig, ConvBertForSequenceClassification
    torch.manual_seed(1)
    size = len(pathlib.Path(vocabulary).read_text().splitlines())
    config = ConvBertConfig(vocab_size=size, num_labels=2, **SHAPES[shape])
    ConvBertForSequenceClassification(config).save_pretrained(folder)
    shutil.copy(vocabulary, f"{folder}/vocab.txt")


def run_torch(model_folder, data, steps, threads, precision, max_length):
    import torch
    from transformers import AutoModelForSequenceClassification, BertTokenizerFast
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    tokenizer = BertTokenizerFast(vocab_file=f"{model_folder}/vocab.txt", do_lower_case=True)
    rows = [json.loads(line) for line in open(data)]
    labels = sorted({str(row["label"]) for row in rows})
    model = AutoModelForSequenceClassification.from_pretrained(
        model_folder, num_labels=len(labels), ignore_mismatched_sizes=True, dtype=torch.float32).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    order = torch.randperm(len(rows)).tolist()
    tokens = 0
    for step in range(steps):
        if step == WARM_UP:
            begin, tokens = time.perf_counter(), 0
        batch = [rows[order[(step * BATCH + i) % len(rows)]] for i in range(BATCH)]
        encoded = tokenizer([row["text"] for row in batch], return_tensors="pt", padding=True,
                            truncation=True, max_length=max_length)
        target = torch.tensor([labels.index(str(row["label"])) for row in batch])
        tokens += int(encoded["attention_mask"].sum())
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            loss = model(**encoded, labels=target).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": tokens / seconds, "peak_mb": peak}))


def measure_convbert(binary, model, data, steps, threads, precision, max_length):
    with tempfile.TemporaryDirectory() as folder:
        return measure_program(
            [binary, "train", data, "-m", model, "-o", f"{folder}/model", "--max-steps", steps,
             "--batch-size", BATCH, "--precision", precision, "--epochs", "1000", "--dropout", "0.1", "--contrast", "0",
             "--learning-rate", "1e-4", "--max-length", max_length], folder, threads, WARM_UP)


def main():
    if sys.argv[1] == "--torch":
        model, data, steps, threads, precision, max_length = sys.argv[2:]
        return run_torch(model, data, int(steps), int(threads), precision, int(max_length))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("convbert")
    parser.add_argument("data")
    parser.add_argument("--model", default="models/convbert-mini")
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model
        if options.shape:
            make_model(options.shape, f"{model}/vocab.txt", folder)
            model = folder
        print("| | threads | PyTorch tokens/s | convbert | times | PyTorch MB | convbert |\n|---|---|---|---|---|---|---|")
        for precision in options.precision.split(","):
            for threads in map(int, options.threads.split(",")):
                runs = {"torch": [], "ours": []}
                for _ in range(options.rounds):
                    runs["torch"].append(measure_reference(
                        [model, options.data, options.steps, threads, precision, options.max_length], threads))
                    runs["ours"].append(measure_convbert(options.convbert, model, options.data, options.steps,
                                                         threads, precision, options.max_length))
                middle = {name: {key: statistics.median(run[key] for run in of) for key in of[0]}
                          for name, of in runs.items()}
                torch, ours = middle["torch"], middle["ours"]
                print(f"| {options.shape or pathlib.Path(model).name} {precision} | {threads} "
                      f"| {torch['rate']:,.0f} | {ours['rate']:,.0f} | {ours['rate'] / torch['rate']:.2f} "
                      f"| {torch['peak_mb']:,.0f} | {ours['peak_mb']:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
