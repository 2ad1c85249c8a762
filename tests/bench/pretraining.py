#!/usr/bin/env python3
"""`convbert pretrain` beside PyTorch, on the same text, model and settings:
pretraining.py CONVBERT VOCAB.txt TEXT... [--family convbert] [--objective replaced,masked] [--steps N]
[--threads 1,2] [--precision f32,bf16]

Steps of 32 full sequences of 128 tokens, AdamW, dropout 0.1, gradients cut to length 1; a model of 4 layers
of 256 with embeddings of 128, a generator of a quarter of its width with the same embeddings. PyTorch runs
transformers' models, computes the words' logits of masked tokens alone, as convbert does, and draws its
words from them. Each engine is a process of its own, held to as many processors as it has threads, in turns;
of both the time between the third step and the last is taken, medians over the rounds, and the process's
peak of memory. Needs torch and transformers.
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
BATCH, LENGTH = 32, 128
SHAPE = dict(hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024)
NARROW = dict(hidden_size=64, num_hidden_layers=4, num_attention_heads=1, intermediate_size=256)


def config_of(family, words):
    config = dict(SHAPE, model_type=family, vocab_size=words, max_position_embeddings=512)
    return config if family == "bert" else dict(config, embedding_size=128)


def torch_models(family, words, objective):
    """The model and, of replaced words, its generator; each with what gives hidden states and logits."""
    import torch
    from torch import nn
    import transformers
    base = {"convbert": "ConvBert", "electra": "Electra", "bert": "Bert"}[family]
    make = getattr(transformers, f"{base}Config")
    narrow = {} if family == "bert" else dict(embedding_size=128)
    config = make(vocab_size=words, **SHAPE, **narrow)
    if objective == "masked":
        return getattr(transformers, f"{base}ForMaskedLM")(config), None
    discriminator = getattr(transformers, f"{base}Model")(config)
    head = nn.Sequential(nn.Linear(config.hidden_size, config.hidden_size), nn.GELU(),
                         nn.Linear(config.hidden_size, 1))
    generator = getattr(transformers, f"{base}ForMaskedLM")(make(vocab_size=words, **NARROW, **narrow))
    getattr(generator, family).embeddings = discriminator.embeddings
    generator.generator_lm_head.weight = discriminator.embeddings.word_embeddings.weight
    return nn.ModuleDict({"base": discriminator, "head": head}), generator


def word_logits(model, family, ids, rows):
    hidden = getattr(model, family)(ids).last_hidden_state[rows]
    if family == "bert":
        return model.cls(hidden)
    return model.generator_lm_head(model.generator_predictions(hidden))


def run_torch(family, vocab, objective, texts, steps, threads, precision):
    import torch
    from torch.nn import functional as F
    from transformers import BertTokenizerFast
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    tokenizer = BertTokenizerFast(vocab_file=vocab, do_lower_case=True)
    words = len(pathlib.Path(vocab).read_text().splitlines())
    needed = BATCH * (LENGTH - 2) * min(steps, 50)
    stream = []
    for path in texts:
        for line in open(path):
            text = json.loads(line)["text"] if path.endswith(".jsonl") else line
            stream += tokenizer(text, add_special_tokens=False)["input_ids"]
            if len(stream) >= needed:
                break
    ids = torch.tensor(stream[:len(stream) // (LENGTH - 2) * (LENGTH - 2)]).view(-1, LENGTH - 2)
    ends = torch.ones(len(ids), 1, dtype=torch.long)
    ids = torch.cat([ends * tokenizer.cls_token_id, ids, ends * tokenizer.sep_token_id], 1)
    model, generator = torch_models(family, words, objective)
    guesser = model if generator is None else generator
    modules = torch.nn.ModuleList([model] + ([generator] if generator is not None else []))
    modules.train()
    optimizer = torch.optim.AdamW(modules.parameters(), lr=5e-4, eps=1e-6, weight_decay=0.01)
    for step in range(steps):
        if step == WARM_UP:
            begin = time.perf_counter()
        batch = ids[torch.randint(len(ids), (BATCH,))]
        scores = torch.rand(BATCH, LENGTH)
        scores[:, 0] = scores[:, -1] = 2
        rows = torch.zeros_like(batch, dtype=torch.bool).scatter(1, scores.argsort(1)[:, :19], True)
        seen = torch.where(rows & (torch.rand(BATCH, LENGTH) < 0.85), tokenizer.mask_token_id, batch)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            logits = word_logits(guesser, family, seen, rows).float()
            loss = F.cross_entropy(logits, batch[rows])
            if generator is not None:
                drawn = torch.distributions.Categorical(logits=logits.detach(), validate_args=False).sample()
                fake = batch.masked_scatter(rows, drawn)
                replaced = model["head"](model["base"](fake).last_hidden_state).squeeze(-1).float()
                loss = loss + 50 * F.binary_cross_entropy_with_logits(replaced, (fake != batch).float())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
        optimizer.step()
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": BATCH * LENGTH * (steps - WARM_UP) / seconds, "peak_mb": peak}))


def measure_torch(options, objective, threads, precision):
    return measure_reference([options.family, options.vocab, objective, options.steps, threads, precision,
                              *options.texts], threads)


def measure_convbert(options, objective, threads, precision):
    words = len(pathlib.Path(options.vocab).read_text().splitlines())
    with tempfile.TemporaryDirectory() as folder:
        config = f"{folder}/config.json"
        pathlib.Path(config).write_text(json.dumps(config_of(options.family, words)))
        return measure_program(
            [options.convbert, "pretrain", *options.texts, "-o", f"{folder}/model", "--config", config,
             "--vocab", options.vocab, "--lowercase", "--objective", objective, "--steps", options.steps,
             "--batch-size", BATCH, "--max-length", LENGTH, "--precision", precision, "--held-out-share", "0",
             "--shuffle", "1000"], folder, threads, WARM_UP)


def main():
    if sys.argv[1] == "--torch":
        family, vocab, objective, steps, threads, precision, *texts = sys.argv[2:]
        return run_torch(family, vocab, objective, texts, int(steps), int(threads), precision)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("convbert")
    parser.add_argument("vocab")
    parser.add_argument("texts", nargs="+")
    parser.add_argument("--family", choices=["convbert", "electra", "bert"], default="convbert")
    parser.add_argument("--objective", default="replaced,masked")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| | threads | PyTorch tokens/s | convbert | times | PyTorch MB | convbert |\n|---|---|---|---|---|---|---|")
    for objective in options.objective.split(","):
        for precision in options.precision.split(","):
            for threads in map(int, options.threads.split(",")):
                runs = {"torch": [], "ours": []}
                for _ in range(options.rounds):
                    runs["torch"].append(measure_torch(options, objective, threads, precision))
                    runs["ours"].append(measure_convbert(options, objective, threads, precision))
                torch, ours = ({key: statistics.median(run[key] for run in of) for key in of[0]}
                               for of in (runs["torch"], runs["ours"]))
                print(f"| {options.family} {objective} {precision} | {threads} | {torch['rate']:,.0f} "
                      f"| {ours['rate']:,.0f} | {ours['rate'] / torch['rate']:.2f} | {torch['peak_mb']:,.0f} "
                      f"| {ours['peak_mb']:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
