#!/usr/bin/env python3
"""exchanged_words.py: what is said to be changed is, and the area is the share of pairs in order."""
import random
import unittest

from exchanged_words import area_under_roc, exchange

TEXTS = ["a dog sees the house", "two men walk", "", "the cat  and the child", "run"] * 40


class ExchangedWordsTest(unittest.TestCase):
    def test_changed_words_are_those_that_differ(self):
        records = list(exchange(TEXTS))
        self.assertEqual(len(records), len(TEXTS))
        changed = 0
        for before, record in zip(TEXTS, records):
            words = before.split(" ")
            self.assertEqual(len(record["spans"]), len(words))
            for i, (start, end) in enumerate(record["spans"]):
                self.assertEqual(record["text"][start:end] != words[i], i in record["changed"])
            changed += len(record["changed"])
        words = sum(len(text.split(" ")) for text in TEXTS)
        self.assertTrue(0.05 * words < changed < 0.2 * words)
        self.assertEqual(records, list(exchange(TEXTS)))

    def test_area_is_the_share_of_pairs_in_order(self):
        choices = random.Random(1)
        records, pairs, won = [], 0, 0.0
        scores = {True: [], False: []}
        for _ in range(30):
            record = dict(spans=[(0, 3), (4, 9)], changed=choices.sample([0, 1], 1), replaced=[])
            for start, end in [(0, 3), (4, 6), (6, 9)]:  # the second word has two tokens
                record["replaced"].append(dict(start=start, end=end, score=choices.randrange(5)))
            first, second, third = (token["score"] for token in record["replaced"])
            scores[0 in record["changed"]].append(first)
            scores[1 in record["changed"]].append(max(second, third))
            records.append(record)
        for positive in scores[True]:
            for negative in scores[False]:
                pairs += 1
                won += (positive > negative) + (positive == negative) / 2
        self.assertAlmostEqual(area_under_roc(records), won / pairs, places=12)


if __name__ == "__main__":
    unittest.main()
