"""Models for the peers: published shapes with random weights, in Hugging Face's layout, and the
ONNX files made of them."""
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VOCABULARY = ROOT / "models/convbert-mini/vocab.txt"


def make_model(shape, folder):
    """Writes the model into folder/shape, unless it is there; returns that path."""
    path = pathlib.Path(folder) / shape
    if (path / "vocab.txt").exists():
        return path
    import torch
    from transformers import ConvBertConfig, ConvBertModel
    sizes = {
        "conv-bert-base": {"hidden_size": 768, "embedding_size": 768, "num_attention_heads": 12},
        "conv-bert-medium-small": {"hidden_size": 384, "embedding_size": 128,
                                   "num_attention_heads": 8, "num_groups": 2},
        "conv-bert-small": {"hidden_size": 256, "embedding_size": 128, "num_attention_heads": 4},
    }[shape]
    torch.manual_seed(1)
    config = ConvBertConfig(intermediate_size=4 * sizes["hidden_size"], pad_token_id=0, **sizes)
    ConvBertModel(config).save_pretrained(path)
    (path / "tokenizer_config.json").write_text(
        '{"do_lower_case": true, "model_max_length": 512, "tokenizer_class": "ConvBertTokenizer"}')
    shutil.copy(VOCABULARY, path / "vocab.txt")
    return path


def export_onnx(path):
    """Writes model.onnx and, quantised dynamically, model.int8.onnx beside the weights, both from
    token ids and mask to hidden states."""
    import torch
    from transformers import AutoModel

    class HiddenStates(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids, attention_mask=attention_mask).last_hidden_state

    path = pathlib.Path(path)
    if (path / "model.int8.onnx").exists():
        return
    model = AutoModel.from_pretrained(path, attn_implementation="eager", dtype=torch.float32)
    model.eval()
    ids = torch.randint(1, 1000, (2, 16))
    varying = {0: "texts", 1: "tokens"}
    with torch.no_grad():
        torch.onnx.export(HiddenStates(model), (ids, torch.ones_like(ids)), path / "model.onnx",
                          input_names=["input_ids", "attention_mask"], output_names=["hidden"],
                          dynamic_axes={"input_ids": varying, "attention_mask": varying,
                                        "hidden": varying}, opset_version=17, dynamo=False)
    from onnxruntime.quantization import QuantType, quantize_dynamic
    quantize_dynamic(path / "model.onnx", path / "model.int8.onnx", weight_type=QuantType.QInt8)


if __name__ == "__main__":  # in a process of its own: models.py FOLDER SHAPE
    export_onnx(make_model(sys.argv[2], sys.argv[1]))
