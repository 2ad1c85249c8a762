#!/usr/bin/env python3
"""Inputs that keep the program waiting: waiting_test.py CONVBERT [unittest's arguments]"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

CONVBERT = pathlib.Path(sys.argv.pop(1)).resolve()
COMMAND = [CONVBERT, "tokenize", "--format", "text"]


def start(*arguments, **options):
    return subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, **options)


def is_waiting(process):
    """Until it sleeps in all of its threads, or ends."""
    for _ in range(200):
        states = [(task / "stat").read_text().rsplit(")", 1)[1].split()[0]
                  for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir()]
        if len(states) > 2 and set(states) == {"S"}:
            return True
        time.sleep(0.01)
    return False


class Waiting(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.fifo = pathlib.Path(folder.name, "fifo")
        os.mkfifo(self.fifo)

    def check_ends(self, process, number):
        self.assertTrue(is_waiting(process))
        process.send_signal(number)
        self.assertEqual(process.wait(5), 128 + number)
        process.stdout.close()

    def test_a_pipe_that_nobody_writes_to_ends_with_a_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.check_ends(start(self.fifo), number)

    def test_a_pipe_waits_for_its_writer(self):
        process = start(self.fifo)
        self.assertTrue(is_waiting(process))
        writer = threading.Thread(target=self.fifo.write_text, args=("a\nb\n",))
        writer.start()
        output, _ = process.communicate(timeout=10)
        writer.join()
        self.assertEqual(output, b"[CLS] a [SEP]\n[CLS] b [SEP]\n")
        self.assertEqual(process.returncode, 0)

    def test_standard_input_that_pauses_ends_with_a_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            reading, writing = os.pipe()
            process = start(stdin=reading)
            os.write(writing, b"a\nhalf a li")
            self.assertEqual(process.stdout.readline(), b"[CLS] a [SEP]\n")
            self.check_ends(process, number)
            os.close(reading)
            os.close(writing)

    def test_standard_input_need_not_block(self):
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        process = start(stdin=reading)
        os.close(reading)
        for text in (b"a\n", b"b\n"):
            self.assertTrue(is_waiting(process))
            os.write(writing, text)
            self.assertEqual(process.stdout.readline(), b"[CLS] " + text[:1] + b" [SEP]\n")
        os.close(writing)
        self.assertEqual(process.wait(5), 0)
        process.stdout.close()


if __name__ == "__main__":
    unittest.main()
