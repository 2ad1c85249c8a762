#!/usr/bin/env python3
"""What Hugging Face transformers makes of the embedded model, for encoder_test.cpp and text_model_test.cpp:
make_embedded_fixture.py [MODEL [FOLDER]]

Of each text in cases.jsonl, run alone and unpadded in float32: ids and type_ids (written back), the last layer, the
normalised mean of it, the logits, and, of the shorter ones, the attention maps and kernels of every layer. Needs torch
and transformers.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from transformers import AutoTokenizer, ConvBertForSequenceClassification

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_MAPPED = 64  # tokens


def kernels_of(model, collected):
    """Collects the generated kernels [heads, n, k] of each layer, after their softmax."""
    def collect(module, _, output):
        heads, size = module.num_attention_heads, module.conv_kernel_size
        collected.append(torch.softmax(output.view(-1, heads, size), -1).transpose(0, 1).numpy())
    for layer in model.convbert.encoder.layer:
        attention = layer.attention.self
        attention.conv_kernel_layer.register_forward_hook(
            lambda _, arguments, output, attention=attention: collect(attention, arguments, output))


@torch.no_grad()
def main():
    source = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "models/convbert-mini")
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "tests/golden/data/models/convbert-mini")
    tokenizer = AutoTokenizer.from_pretrained(source)
    model = ConvBertForSequenceClassification.from_pretrained(source, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    kernels = []
    kernels_of(model, kernels)
    cases = [json.loads(line) for line in (folder / "cases.jsonl").read_text().splitlines()]
    arrays = {}
    for case in cases:
        limit = tokenizer.model_max_length if len(case["ids"]) > MOST_MAPPED else None
        encoded = tokenizer(case["text"], case.get("text_pair"), truncation=limit is not None, max_length=limit)
        case["ids"], case["type_ids"] = encoded["input_ids"], encoded["token_type_ids"]
        kernels.clear()
        output = model(torch.tensor([case["ids"]]), token_type_ids=torch.tensor([case["type_ids"]]),
                       output_hidden_states=True, output_attentions=True)
        hidden = output.hidden_states[-1][0]
        name = f"i{case['i']}."
        arrays[name + "hidden"] = hidden.numpy()
        arrays[name + "embedding"] = torch.nn.functional.normalize(hidden.mean(0), dim=0).numpy()
        arrays[name + "logits"] = output.logits[0].numpy()
        if len(case["ids"]) <= MOST_MAPPED:
            for layer, (attention, kernel) in enumerate(zip(output.attentions, kernels)):
                arrays[f"{name}attention{layer}"] = attention[0].numpy()
                arrays[f"{name}conv_kernel{layer}"] = kernel
    (folder / "cases.jsonl").write_text("".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases))
    np.savez_compressed(folder / "expected.npz", **arrays)


if __name__ == "__main__":
    main()
