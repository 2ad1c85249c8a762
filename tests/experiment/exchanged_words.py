"""Sentences in which some words stand that belong to others, and how surely these are told: a measure of what
discriminators know that does not depend on the generator that they learnt beside."""
import random

SHARE = 0.15  # of the words
SEED = 2


def exchange(texts):
    """Records of convbert's: "text", the "changed" words by number, and each word's first and last character."""
    choices = random.Random(SEED)
    sentences = [text.split(" ") for text in texts]
    words = [word for sentence in sentences for word in sentence]
    for sentence in sentences:
        changed, spans, place = [], [], 0
        for i, word in enumerate(sentence):
            if choices.random() < SHARE:
                sentence[i] = choices.choice(words)
                if sentence[i] != word:
                    changed.append(i)
        for word in sentence:
            spans.append((place, place + len(word)))
            place += len(word) + 1
        yield dict(text=" ".join(sentence), changed=changed, spans=spans)


def area_under_roc(records):
    """Of what `convbert detect` makes of these records, a word being as suspect as its most suspect token."""
    scores = []
    for record in records:
        changed = set(record["changed"])
        for i, (start, end) in enumerate(record["spans"]):
            of_word = [token["score"] for token in record["replaced"]
                       if token["start"] >= start and token["end"] <= end]
            if of_word:
                scores.append((max(of_word), i in changed))
    scores.sort()
    positives = sum(is_changed for _, is_changed in scores)
    ranks, first = 0.0, 0
    while first < len(scores):  # equal scores share the mean of their ranks
        last = first
        while last < len(scores) and scores[last][0] == scores[first][0]:
            last += 1
        ranks += (first + 1 + last) / 2 * sum(is_changed for _, is_changed in scores[first:last])
        first = last
    return (ranks - positives * (positives + 1) / 2) / (positives * (len(scores) - positives))
