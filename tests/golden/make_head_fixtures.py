#!/usr/bin/env python3
"""What Hugging Face's pipelines make of the reference models' heads: make_head_fixtures.py

Writes data/heads/{entities,fills,answers}.jsonl beside this file. Needs torch and transformers 5 (5.24
wrote what is stored). Entities and fills come from the pipelines; question answering, whose
pipeline transformers 5 has dropped, from its published algorithm, written out below.
"""

import json
import pathlib
import random

import numpy
import torch
import transformers

DATA = pathlib.Path(__file__).parent / "data"
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
LIMIT = 48  # tokens of a sequence, so that many texts go in windows
STRIDE = 8


def texts(count, seed):
    """Sentences of the reference's own texts, short, long, accented, of several scripts."""
    rows = [json.loads(line)["text"] for line in (DATA / "models/convbert-tag/cases.jsonl").open()]
    words = [word for row in rows for word in row.split()]
    words += ["naïve", "Ångström", "don't", "(brackets)", "日本語", "3.14", "e-mail@x.org", "ﬁne"]
    chosen = random.Random(seed)
    return [" ".join(chosen.choices(words, k=chosen.choice([1, 3, 8, 20, 60])))
            for _ in range(count)]


def open_model(name, kind):
    folder = DATA / "models" / name
    config = transformers.AutoConfig.from_pretrained(folder)
    if kind is transformers.AutoModelForTokenClassification:
        config.id2label = dict(enumerate(LABELS))
    tokenizer = transformers.BertTokenizer(vocab=str(folder / "vocab.txt"),
                                           model_max_length=LIMIT)
    return kind.from_pretrained(folder, config=config).eval(), tokenizer


def write(name, rows):
    folder = DATA / "heads"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.jsonl").open("w") as file:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False), file=file)


class Unpadded(transformers.TokenClassificationPipeline):
    """The pipeline pads the last window, which ConvBERT's convolutions read: not here."""

    def _forward(self, inputs):
        length = int(inputs["attention_mask"].sum())
        return super()._forward({
            key: value[:, :length] if isinstance(value, torch.Tensor) else value
            for key, value in inputs.items()})


def entity(found):
    """[label, score, start, end, index], the last of single tokens alone."""
    label = found["entity_group"] if "entity_group" in found else found["entity"]
    row = [label, round(float(found["score"]), 7), found["start"], found["end"]]
    return row + [found["index"]] if "index" in found else row


def make_entities():
    model, tokenizer = open_model("convbert-tag", transformers.AutoModelForTokenClassification)
    for aggregation in ("none", "simple", "first", "average", "max"):
        for stride in (None, STRIDE) if aggregation != "none" else (None,):
            options = {"stride": stride} if stride else {}
            tag = Unpadded(model=model, tokenizer=tokenizer, aggregation_strategy=aggregation,
                           **options)
            for text in texts(60, seed=1):
                yield {"text": text, "aggregation": aggregation, "stride": stride,
                       "entities": [entity(found) for found in tag(text)]}


def make_fills():
    model, tokenizer = open_model("convbert-mask", transformers.AutoModelForMaskedLM)
    fill = transformers.FillMaskPipeline(model=model, tokenizer=tokenizer)
    chosen = random.Random(2)
    for text in texts(60, seed=2):
        words = text.split()[:5]
        for _ in range(chosen.choice([1, 1, 2, 3])):
            words.insert(chosen.randrange(len(words) + 1), "[MASK]")
        text = " ".join(words)
        targets = chosen.choice([None, None, ["the", "dog", "##s"]])
        found = fill(text, top_k=5, tokenizer_kwargs={"truncation": True},
                     **({"targets": targets} if targets else {}))
        found = found if isinstance(found[0], list) else [found]
        yield {"text": text, "targets": targets,
               "fills": [[{key: one[key] for key in ("token", "token_str", "score")}
                          for one in mask] for mask in found]}


def best_spans(start, end, most_tokens, count):
    """decode_spans() of the question answering pipeline, over the context's tokens alone."""
    scores = numpy.triu(numpy.outer(start, end))
    scores = numpy.tril(scores, most_tokens - 1)
    order = numpy.argsort(-scores.ravel(), kind="stable")
    spans = [divmod(int(flat), len(end)) for flat in order[:count]]
    return [(scores[i, j], i, j) for i, j in spans if i <= j < i + most_tokens]


def softmax(values):
    values = numpy.exp(values.astype(numpy.float64) - values.max())
    return values / values.sum()


def answers(model, tokenizer, question, context, count, may_be_empty):
    limit = tokenizer.model_max_length
    windows = tokenizer(question, context, truncation="only_second", max_length=limit, stride=STRIDE,
                        return_overflowing_tokens=True, return_offsets_mapping=True)
    found = {}
    empty = 1.0
    for i in range(len(windows["input_ids"])):
        encoding = windows.encodings[i]
        with torch.no_grad():
            output = model(torch.tensor([encoding.ids]),
                           token_type_ids=torch.tensor([encoding.type_ids]))
        places = [t for t, s in enumerate(encoding.sequence_ids) if s == 1]
        rows = places + ([0] if may_be_empty else [])
        start = softmax(output.start_logits[0].numpy()[rows])
        end = softmax(output.end_logits[0].numpy()[rows])
        if may_be_empty:
            empty = min(empty, start[-1] * end[-1])
            start, end = start[:-1], end[:-1]
        for score, first, last in best_spans(start, end, 15, count):
            words = [encoding.token_to_word(places[t]) for t in (first, last)]
            key = (encoding.word_to_chars(words[0], 1)[0], encoding.word_to_chars(words[1], 1)[1])
            found[key] = max(found.get(key, 0.0), score)
    rows = [{"score": float(score), "start": begin, "end": stop, "answer": context[begin:stop]}
            for (begin, stop), score in sorted(found.items())]
    if may_be_empty:
        rows.append({"score": float(empty), "start": 0, "end": 0, "answer": ""})
    return sorted(rows, key=lambda row: -row["score"])[:count]


def make_answers():
    model, tokenizer = open_model("convbert-qa", transformers.AutoModelForQuestionAnswering)
    questions = ["who is it", "where does the dog sleep at night"]
    for i, context in enumerate(texts(60, seed=3)):
        question, may_be_empty = questions[i % 2], i % 3 == 0
        yield {"question": question, "context": context, "allow_empty": may_be_empty,
               "answers": answers(model, tokenizer, question, context, 3, may_be_empty)}


if __name__ == "__main__":
    torch.manual_seed(0)
    write("entities", make_entities())
    write("fills", make_fills())
    write("answers", make_answers())
