"""Hugging Face's libraries on texts, each in a process of its own, for compare.py:

  reference.py tokenizer VOCAB FILE SECONDS         {"encode": bytes a second, "encode_batch": ...}
  reference.py first LIBRARY FOLDER                 loads, embeds one word, ends
  reference.py embed FOLDER FILE THREADS OUT.npy    {"load": seconds, "encode": seconds}
  reference.py attention FOLDER FILE THREADS        {"seconds": ..., "means": {figure: [layers, heads]}}
"""
import json
import os
import sys
import time

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")


def tokenizer(vocabulary, path, seconds):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    with open(vocabulary, encoding="utf-8") as lines:
        vocab = {line.rstrip("\n"): i for i, line in enumerate(lines)}
    hugging_face = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    hugging_face.normalizer = normalizers.BertNormalizer()
    hugging_face.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    hugging_face.post_processor = processors.BertProcessing(("[SEP]", vocab["[SEP]"]),
                                                            ("[CLS]", vocab["[CLS]"]))
    with open(path, encoding="utf-8") as lines:
        texts = lines.read().splitlines()
    size = sum(len(text.encode()) for text in texts)
    ways = {"encode": lambda: [hugging_face.encode(text) for text in texts],
            "encode_batch": lambda: hugging_face.encode_batch(texts)}
    found = {}
    for name, way in ways.items():
        times, begin = [], time.perf_counter()
        while len(times) < 3 or time.perf_counter() - begin < float(seconds):
            start = time.perf_counter()
            way()
            times.append(time.perf_counter() - start)
        found[name] = size / sorted(times)[len(times) // 2]
    return found


def float_model(make, folder):
    """Computing in float32 whatever type the weights are stored in."""
    return make(folder, device="cpu", model_kwargs={"dtype": "float32"})


def first(library, folder):
    if library == "sentence-transformers":
        from sentence_transformers import SentenceTransformer
        vector = float_model(SentenceTransformer, folder).encode("hello")
    else:
        import torch
        from transformers import AutoModel, AutoTokenizer
        with torch.no_grad():
            inputs = AutoTokenizer.from_pretrained(folder)("hello", return_tensors="pt")
            model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
            vector = model(**inputs).last_hidden_state.mean(1)[0].numpy()
    return {"dimensions": len(vector)}


def embed(folder, path, threads, out):
    import numpy
    import torch
    torch.set_num_threads(int(threads))
    from sentence_transformers import SentenceTransformer
    begin = time.perf_counter()
    model = float_model(SentenceTransformer, folder)
    load = time.perf_counter() - begin
    with open(path, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    model.encode(texts[:32])
    begin = time.perf_counter()
    vectors = model.encode(texts, batch_size=32)
    numpy.save(out, vectors)
    return {"load": load, "encode": time.perf_counter() - begin}


def attention(folder, path, threads):
    """What `convbert attention --stats` tells of self-attention, the usual way. A text at a time:
    padding would count as text, and ConvBERT's convolution lets it leak."""
    import numpy
    import torch
    from transformers import AutoModel, AutoTokenizer
    torch.set_num_threads(int(threads))
    tokenize = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager",
                                      dtype=torch.float32).eval()
    with open(path, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    sums, rows = {}, 0

    def add(name, values):
        sums[name] = sums.get(name, 0) + values

    begin = time.perf_counter()
    for text in texts:
        with torch.no_grad():
            inputs = tokenize(text, truncation=True, max_length=512, return_tensors="pt")
            outputs = model(**inputs, output_attentions=True)
        maps = numpy.stack([layer[0].numpy() for layer in outputs.attentions])
        n = maps.shape[-1]
        offset = numpy.arange(n)[None, :] - numpy.arange(n)[:, None]
        logs = numpy.log(maps, out=numpy.zeros_like(maps), where=maps > 0)
        add("entropy", -(maps * logs).sum((2, 3)))
        add("distance", (maps * abs(offset)).sum((2, 3)))
        add("offset", (maps * offset).sum((2, 3)))
        add("window", (maps * (abs(offset) <= 4)).sum((2, 3)))
        for name, where in (("self", 0), ("previous", -1), ("next", 1)):
            add(name, numpy.trace(maps, where, 2, 3))
        add("cls", maps[..., 0].sum(2))
        add("sep", maps[..., -1].sum(2))
        add("confidence", maps.max(3).sum(2))
        rows += n
    seconds = time.perf_counter() - begin
    return {"seconds": seconds,
            "means": {name: (total / rows).tolist() for name, total in sums.items()}}


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")  # whatever libraries print goes elsewhere
    os.dup2(2, 1)
    result = {"tokenizer": tokenizer, "first": first, "embed": embed,
              "attention": attention}[sys.argv[1]](*sys.argv[2:])
    print(json.dumps(result), file=answers, flush=True)
