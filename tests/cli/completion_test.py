#!/usr/bin/env python3
"""What a shell offers is what the program takes: completion_test.py CONVBERT [unittest's arguments]

bash and fish are asked as they ask when the tab key is pressed; zsh checks that it can read its script. fish and zsh
are left out where they are not installed.
"""

import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

CONVBERT = pathlib.Path(sys.argv.pop(1)).resolve()


def run(*command, folder=None):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60).stdout


def help_of(*command):
    return run(CONVBERT, *command, "--help")


def commands():
    return re.findall(r"^  (\w\S*)", help_of().partition("\nCommands:\n")[2].partition("\n\n")[0], re.MULTILINE)


def flags(command):
    spellings = re.findall(r"^  (-[-\w,]+)", help_of(command), re.MULTILINE)
    return [name for some in spellings for name in some.split(",")]


class CompletionTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "some texts.jsonl").write_text("")
        (self.folder / "some model").mkdir()

    def script(self, shell):
        path = self.folder / shell
        path.write_text(run(CONVBERT, "completion", shell))
        return path

    def in_bash(self, *words):
        """What is offered for the last of the words, which are those that bash makes of a line."""
        line = " ".join(shlex.quote(word) for word in words)
        asked = (f"source ./bash; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _convbert; "
                 "(( ${#COMPREPLY[@]} == 0 )) || printf '%s\\n' \"${COMPREPLY[@]}\"")
        return run("bash", "-c", asked, folder=self.folder).splitlines()

    def test_bash_offers_every_command_and_every_flag(self):
        self.script("bash")
        names = commands()
        self.assertGreater(len(names), 15)
        self.assertCountEqual(self.in_bash("convbert", ""), names + ["help", "-h", "--help", "-V", "--version"])
        for command in names:
            with self.subTest(command):
                self.assertCountEqual(self.in_bash("convbert", command, "-"), flags(command))

    def test_bash_offers_values(self):
        self.script("bash")
        for words, expected in (
                (("embed", "--pooling", ""), ["mean", "cls", "max", "last"]),
                (("embed", "--pooling", "=", "m"), ["mean", "max"]),
                (("embed", "--pooling", "="), ["mean", "cls", "max", "last"]),
                (("embed", "-q", "--normal"), ["--normalize"]),
                (("classify", "--color", "a"), ["auto", "always"]),
                (("classify", "-m", "conv"), ["convbert-mini"]),
                (("classify", "-m", "some"), ["some model"]),
                (("info", "conv"), ["convbert-mini"]),
                (("completion", "z"), ["zsh"]),
                (("help", "evalu"), ["evaluate"]),
                (("embed", "--dim", ""), []),
                (("embed", "some t"), ["some texts.jsonl"]),
                (("train", "--dev", "some"), ["some texts.jsonl", "some model"]),
                (("train", "-o", "some"), ["some model"]),
                (("nonsense", "some"), [])):
            with self.subTest(words):
                self.assertCountEqual(self.in_bash("convbert", *words), expected)

    @unittest.skipUnless(shutil.which("fish"), "needs fish")
    def test_fish_offers_commands_flags_and_values(self):
        self.script("fish")
        for line, expected in (("convbert emb", ["embed"]),
                               ("convbert embed --pool", ["--pooling"]),
                               ("convbert embed --pooling m", ["max", "mean"]),
                               ("convbert embed --pooling=m", ["--pooling=max", "--pooling=mean"]),
                               ("convbert classify -m conv", ["convbert-mini"]),
                               ("convbert completion ", ["bash", "fish", "zsh"]),
                               ("convbert embed some", ["some model/", "some texts.jsonl"])):
            with self.subTest(line):
                offered = run("fish", "--no-config", "-c", f"source ./fish; complete -C '{line}'", folder=self.folder)
                names = [word.partition("\t")[0].replace("\\", "") for word in offered.splitlines()]
                self.assertCountEqual(names, expected)

    @unittest.skipUnless(shutil.which("zsh"), "needs zsh")
    def test_zsh_reads_its_script(self):
        run("zsh", "-f", "-n", self.script("zsh"))

    def test_scripts_name_all_flags(self):
        for shell, form in (("zsh", "'*{}"), ("fish", " -l {} ")):
            script = self.script(shell).read_text()
            for command in commands():
                for flag in flags(command):
                    if flag.startswith("--"):
                        self.assertIn(form.format(flag if shell == "zsh" else flag[2:]), script)

    def test_other_shells_are_refused(self):
        for arguments, message in ((("ksh",), "ksh not in {bash,zsh,fish}"), ((), "SHELL is required")):
            result = subprocess.run([CONVBERT, "completion", *arguments], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertIn(message, result.stderr)


if __name__ == "__main__":
    unittest.main()
