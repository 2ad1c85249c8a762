#!/usr/bin/env python3
"""Fifty steps of pre-training by Hugging Face transformers and PyTorch, for pre_training_test.cpp:
make_pre_training_fixtures.py [FOLDER]

A folder a case, with a tiny model of random weights (and, of replaced tokens, generator/, whose embeddings
are the model's), `steps.jsonl`, what the steps see, and `expected.npz`. Which tokens are masked and what the
generator draws is data, so that both sides learn from the same. Every sequence runs alone and unpadded, as
padding leaks through the reference's convolutions; without dropout. Needs torch and transformers.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional as F
from transformers import (BertConfig, BertForMaskedLM, ConvBertConfig, ConvBertForMaskedLM, ConvBertModel,
                          ElectraConfig, ElectraForMaskedLM, ElectraForPreTraining)

WORDS = 60
STEPS = 50
WARM_UP = 10
RATE = 1e-3
WEIGHT = 50.0
SHAPE = dict(vocab_size=WORDS, num_hidden_layers=2, max_position_embeddings=20)
NARROW = dict(SHAPE, embedding_size=8)


class ConvBertForPreTraining(torch.nn.Module):
    """ELECTRA's discriminator head on a ConvBERT: transformers has no such class."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.convbert = ConvBertModel(config)
        self.discriminator_predictions = torch.nn.Module()
        self.discriminator_predictions.dense = torch.nn.Linear(config.hidden_size, config.hidden_size)
        self.discriminator_predictions.dense_prediction = torch.nn.Linear(config.hidden_size, 1)

    def forward(self, ids):
        hidden = F.gelu(self.discriminator_predictions.dense(self.convbert(ids).last_hidden_state))
        return self.discriminator_predictions.dense_prediction(hidden).squeeze(-1)


def logits_of(model, ids):
    output = model(torch.tensor([ids]))
    return (output if torch.is_tensor(output) else output.logits)[0]


def make_steps(generator):
    """Of each step three sequences: what stood there, what is seen, and which positions are guessed."""
    steps = []
    for _ in range(STEPS):
        sequences = []
        for _ in range(3):
            length = int(generator.integers(5, 16))
            ids = [2] + generator.integers(5, WORDS, length - 2).tolist() + [3]
            rows = sorted(generator.choice(np.arange(1, length - 1), 2, replace=False).tolist())
            seen = list(ids)
            seen[rows[0]] = 4
            drawn = [int(generator.integers(5, WORDS)), ids[rows[1]]]  # one replaced, one the same
            sequences.append(dict(ids=ids, seen=seen, rows=rows, drawn=drawn))
        steps.append(sequences)
    return steps


def word_loss(model, sequences):
    losses = [F.cross_entropy(logits_of(model, s["seen"])[s["rows"]],
                              torch.tensor([s["ids"][row] for row in s["rows"]]), reduction="sum")
              for s in sequences]
    return sum(losses) / sum(len(s["rows"]) for s in sequences)


def replaced_loss(model, sequences):
    total, tokens = 0.0, 0
    for s in sequences:
        ids = list(s["ids"])
        for row, word in zip(s["rows"], s["drawn"]):
            ids[row] = word
        targets = torch.tensor([float(a != b) for a, b in zip(ids, s["ids"])])
        total = total + F.binary_cross_entropy_with_logits(logits_of(model, ids), targets, reduction="sum")
        tokens += len(ids)
    return total / tokens


def run(folder, model, generator, steps):
    base = getattr(model, model.config.model_type)
    modules = [model]
    if generator is not None:
        getattr(generator, generator.config.model_type).embeddings = base.embeddings
        generator.generator_lm_head.weight = base.embeddings.word_embeddings.weight
        modules.append(generator)
    parameters = {}
    for module in modules:
        for name, parameter in module.named_parameters():
            if not any(parameter is known for known in parameters.values()):
                parameters[("generator." if module is generator else "") + name] = parameter
        module.eval()
    with torch.no_grad():  # nothing that a wrong step would leave as it was
        for name, parameter in parameters.items():
            noise = 0.1 * torch.randn_like(parameter)
            parameter.copy_(1 + noise if name.endswith("LayerNorm.weight") else noise)
    folder.mkdir(parents=True, exist_ok=True)
    save(model, folder)
    if generator is not None:
        save(generator, folder / "generator")
    matrices = [p for n, p in parameters.items() if not (n.endswith("bias") or "LayerNorm" in n)]
    others = [p for n, p in parameters.items() if n.endswith("bias") or "LayerNorm" in n]
    optimizer = torch.optim.AdamW([dict(params=matrices, weight_decay=0.01), dict(params=others, weight_decay=0.0)],
                                  lr=RATE, eps=1e-6)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: (step + 1) / WARM_UP if step < WARM_UP else 1 - (step - WARM_UP) / (STEPS - WARM_UP))
    losses = dict(words=[], replaced=[], norms=[])
    for sequences in steps:
        optimizer.zero_grad()
        words = word_loss(generator or model, sequences)
        losses["words"].append(words.item())
        loss = words
        if generator is not None:
            replaced = replaced_loss(model, sequences)
            losses["replaced"].append(replaced.item())
            loss = loss + WEIGHT * replaced
        loss.backward()
        losses["norms"].append(torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0).item())
        optimizer.step()
        schedule.step()
    np.savez_compressed(folder / "expected.npz", **{name: np.array(values, np.float32) for name, values in losses.items()},
                        **{"final." + name: p.detach().numpy() for name, p in parameters.items()})
    with open(folder / "steps.jsonl", "w") as file:
        for sequences in steps:
            file.write(json.dumps(sequences, separators=(",", ":")) + "\n")


def save(model, folder):
    if hasattr(model, "save_pretrained"):
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        return
    from safetensors.torch import save_file
    model.config.save_pretrained(folder)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()},
              folder / "model.safetensors", {"format": "pt"})


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "data/pretraining")
    torch.manual_seed(1)
    numbers = np.random.default_rng(1)
    wide, slim = dict(hidden_size=16, intermediate_size=32), dict(hidden_size=8, intermediate_size=16)
    run(out / "bert-masked", BertForMaskedLM(BertConfig(**SHAPE, **wide, num_attention_heads=2)), None,
        make_steps(numbers))
    run(out / "convbert-masked", ConvBertForMaskedLM(ConvBertConfig(**NARROW, **wide, num_attention_heads=4)), None,
        make_steps(numbers))
    run(out / "electra-replaced", ElectraForPreTraining(ElectraConfig(**NARROW, **wide, num_attention_heads=2)),
        ElectraForMaskedLM(ElectraConfig(**NARROW, **slim, num_attention_heads=1)), make_steps(numbers))
    run(out / "convbert-replaced", ConvBertForPreTraining(ConvBertConfig(**NARROW, **wide, num_attention_heads=4)),
        ConvBertForMaskedLM(ConvBertConfig(**NARROW, **slim, num_attention_heads=2)), make_steps(numbers))


if __name__ == "__main__":
    main()
