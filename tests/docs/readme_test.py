#!/usr/bin/env python3
"""What README.md shows is what the program prints: readme_test.py CONVBERT [unittest's arguments]

Each `$ ` line of a ```console block that runs convbert is run in a folder that has the repository's
data, and what it prints is compared with the lines below it. `,...]` stands for the rest of a list, a
line `...` for any lines. Numbers with a decimal point may differ by 1e-4 of their size or by one in
the last digit shown, as processors order sums differently; all else must be equal. A block behind
`<!-- not compared: REASON -->` is left out, and so are commands of other programs.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONVBERT = pathlib.Path(sys.argv.pop(1)).resolve()
NUMBER = re.compile(r"(?<![\w.-])(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
ELISION = re.compile(r",\.\.\.(?=\])|^\.\.\.$", re.MULTILINE)


def examples(markdown):
    """(line number, command, expected output) of all that is to be compared."""
    block = False
    skipped = False
    found = []
    for number, line in enumerate(markdown.splitlines(), 1):
        if line.startswith("```"):
            block = line == "```console" and not skipped
            skipped = False
        elif block and line.startswith("$ "):
            found.append((number, line[2:], []))
        elif block:
            found[-1][2].append(line + "\n")
        elif line:
            skipped = line.startswith("<!-- not compared: ")
    return [(number, command, "".join(output)) for number, command, output in found
            if re.search(r"(^|\| )convbert ", command)]


def difference(expected, actual):
    """What is wrong with `actual`, or None."""
    parts = []
    numbers = []
    for i, text in enumerate(ELISION.split(expected)):
        if i > 0:
            parts.append(".*?")
        at = 0
        for match in NUMBER.finditer(text):
            parts += [re.escape(text[at:match.start()]), r"(-?[\d.]+(?:e[+-]?\d+)?)"]
            numbers.append(match.group())
            at = match.end()
        parts.append(re.escape(text[at:]))
    match = re.fullmatch("".join(parts), actual, re.DOTALL)
    if not match:
        return f"expected\n{expected}found\n{actual}"
    for shown, found in zip(numbers, match.groups()):
        decimals = len(shown.partition(".")[2].partition("e")[0])
        slack = max(1e-4 * abs(float(shown)), 1.01 * 10.0**-decimals) if decimals else 0.0
        if abs(float(shown) - float(found)) > slack:
            return f"expected {shown}, found {found} in\n{actual}"
    return None


class ReadmeTest(unittest.TestCase):
    def test_outputs_are_those_of_the_program(self):
        shown = examples((ROOT / "README.md").read_text())
        self.assertGreater(len(shown), 10)
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(ROOT / "data", pathlib.Path(folder, "data"))
            pathlib.Path(folder, "convbert").symlink_to(CONVBERT)
            environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
            environment.pop("CONVBERT_MODEL", None)
            for number, command, expected in shown:
                with self.subTest(command, line=number):
                    run = subprocess.run(["bash", "-c", command], cwd=folder, env=environment,
                                         timeout=60, capture_output=True, text=True)
                    found = re.sub(r"\n+$", "\n", run.stdout)
                    self.assertIsNone(difference(expected, found), run.stderr)

    def test_differences_are_seen(self):
        self.assertIsNone(difference("[0.25,...]\n", "[0.250001,3,4]\n"))
        self.assertIsNone(difference("a 1\n...\n", "a 1\nb\nc\n"))
        self.assertIsNone(difference("layer  0.037\n", "layer  0.038\n"))
        for expected, actual in (("0.250000\n", "0.250030\n"), ("0.25\n", "0.28\n"), ("7 texts\n", "8 texts\n"),
                                 ("label\n", "labels\n"), ("a  b\n", "a b\n"), ("....\n", "..--\n"),
                                 ("[0.5,...]\n", "[0.5,1\n"), ("", "x\n"), ("x\n", "")):
            self.assertIsNotNone(difference(expected, actual), (expected, actual))

    def test_blocks_are_found(self):
        text = ("```console\n$ convbert info\nA\n$ ls\nB\n```\n\n<!-- not compared: timings -->\n"
                "```console\n$ convbert bench\n```\n```console\n$ cat x | convbert embed\n```\n")
        self.assertEqual(examples(text),
                         [(2, "convbert info", "A\n"), (13, "cat x | convbert embed", "")])


if __name__ == "__main__":
    unittest.main()
