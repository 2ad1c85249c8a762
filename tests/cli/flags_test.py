#!/usr/bin/env python3
"""Every flag that a command's --help names is given to the program by a test of tests/cli:
flags_test.py CONVBERT [unittest's arguments]

Given means: its long or short spelling is a whole argument in a test case (or in what its file, or
a header of this folder, has above all cases) that names a command which has the flag, and that does
not only check refusals. A flag that several commands share counts once where its help is the same.
"""

import pathlib
import re
import subprocess
import sys
import unittest

CONVBERT = pathlib.Path(sys.argv.pop(1)).resolve()
HERE = pathlib.Path(__file__).parent


def cases(source):
    """The test cases of a file that see results, each with what stands above all of them."""
    shared, *bodies = re.split(r"^TEST_CASE", source, flags=re.MULTILINE)
    for body in bodies:
        refuses = re.search(r"status == 2|refused\(", body)
        if not refuses or re.search(r"status == [01]|\.out\b|\w\[\d\]\[\"", body):
            yield shared + body


def with_headers(path):
    """A file's text below that of the folder's headers that it includes."""
    text = path.read_text()
    headers = re.findall(r'#include "cli/(\w+\.h)"', text)
    return "".join((HERE / header).read_text() for header in headers if (HERE / header).exists()) + text


def is_exercised(spellings, commands, texts):
    return any(any(f'"{spelling}"' in text for spelling in spellings) and
               any(f'"{command}"' in text for command in commands) for text in texts)


def flags(help_text):
    """{("-t", "--text"): description} of a help page."""
    found = {}
    last = None
    for line in help_text.splitlines():
        option = re.match(r"  (-[-\w,]+)(.*)", line)
        if option:
            last = tuple(option[1].split(","))
            found[last] = option[2]
        elif last and line.startswith("   "):
            found[last] += line
        else:
            last = None
    return found


def help_of(*command):
    return subprocess.run([CONVBERT, *command, "--help"], capture_output=True, text=True,
                          check=True, timeout=60).stdout


class FlagsTest(unittest.TestCase):
    def test_every_flag_is_exercised(self):
        listed = help_of().partition("\nCommands:\n")[2].partition("\n\n")[0]
        commands = re.findall(r"^  (\w\S*)", listed, re.MULTILINE)
        self.assertGreater(len(commands), 5)
        known = {}  # (spellings, description): commands
        for command in commands:
            for spellings, description in flags(help_of(command)).items():
                known.setdefault((spellings, description), []).append(command)
        self.assertGreater(len(known), 50)
        texts = [text for path in HERE.glob("*.cpp") for text in cases(with_headers(path))]
        for (spellings, _), owners in sorted(known.items()):
            with self.subTest(" ".join(spellings), commands=owners):
                self.assertTrue(is_exercised(spellings, owners, texts),
                                "no test case gives this flag to the program")

    def test_help_is_understood(self):
        text = "Usage: x\n\nOptions:\n  -h,--help  Help\n\n  --dim N    Keep\n             few\nEnd\n"
        self.assertEqual(flags(text), {("-h", "--help"): "  Help",
                                       ("--dim",): " N    Keep             few"})

    def test_what_is_exercised(self):
        texts = list(cases('shared("embed");\nTEST_CASE("a") { run({"--dim"}); }\n'
                           'TEST_CASE("b") { CHECK(run({"--bad"}).status == 2); }\n'))
        self.assertTrue(is_exercised(("-d", "--dim"), ["embed"], texts))
        self.assertFalse(is_exercised(("--dim",), ["classify"], texts))
        self.assertFalse(is_exercised(("--bad",), ["embed"], texts))


if __name__ == "__main__":
    unittest.main()
