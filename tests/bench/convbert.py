"""The program under test, as a user runs it."""
import json
import os
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def processors(count):
    """The first `count` processors that this process may run on."""
    return sorted(os.sched_getaffinity(0))[:count]


def pinned(threads):
    """What a child process does first: it keeps to as many processors as it has threads."""
    chosen = processors(threads)
    return lambda: os.sched_setaffinity(0, chosen)


class Refused(Exception):
    """The program does not know a flag or a value: an older one, or another processor."""


class Convbert:
    def __init__(self, binary):
        self.binary = str(binary)
        if not os.access(self.binary, os.X_OK):
            raise SystemExit(f"compare.py: {self.binary} is no program; build it, or name it")

    def run(self, arguments, threads=1):
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True,
                              preexec_fn=pinned(threads), check=False)
        if done.returncode == 2:
            raise Refused(done.stderr.decode().strip())
        if done.returncode != 0:
            raise SystemExit(f"compare.py: convbert {arguments[0]} ended with status "
                             f"{done.returncode}: {done.stderr.decode().strip()}")
        return done.stdout

    def bench(self, measure, *flags, threads=1):
        """The object that `convbert bench` reports."""
        return json.loads(self.run(["bench", "--format", "json", "--measure", measure,
                                    "--threads", threads, *flags], threads))

    def offers(self, precision):
        try:
            self.bench("latency", "--precision", precision, "--lengths", "1,1", "--seconds", "0")
        except Refused:
            return False
        return True

    def seconds(self, arguments, threads):
        begin = time.perf_counter()
        self.run(arguments, threads)
        return time.perf_counter() - begin


def measured(command, threads):
    """Wall seconds and peak resident MiB of a command in a process of its own."""
    with tempfile.TemporaryFile() as messages:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=messages,
                                 preexec_fn=pinned(threads))
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            messages.seek(0)
            raise Refused(messages.read().decode().strip().splitlines()[-1])
    return seconds, usage.ru_maxrss / 1024
