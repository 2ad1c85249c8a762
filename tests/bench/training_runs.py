"""Speed and memory of runs of training: the program's, by its log, and PyTorch's, which a script
measures in a process of its own."""
import json
import os
import subprocess
import sys
import time

from convbert import pinned


def measure_reference(arguments, threads):
    """What the script, asked with --torch, prints last: its rate and peak_mb."""
    output = subprocess.run([sys.executable, sys.argv[0], "--torch", *map(str, arguments)], check=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=pinned(threads),
                            env=dict(os.environ, OMP_NUM_THREADS=str(threads)))
    return json.loads(output.stdout.splitlines()[-1])


def measure_program(command, folder, threads, warm_up):
    """Tokens a second behind the first steps. The log, a pipe, is written line by line: its times are
    those of the steps."""
    log = f"{folder}/log.jsonl"
    os.mkfifo(log)
    process = subprocess.Popen([*map(str, command), "--log", log, "--threads", str(threads),
                                "--save-every", "1000000", "-q"], preexec_fn=pinned(threads))
    tokens = 0
    with open(log) as lines:
        for line in lines:
            step = json.loads(line)
            if "tokens" not in step:
                continue  # a measurement
            if step["step"] == warm_up:
                begin = time.perf_counter()
            elif step["step"] > warm_up:
                tokens += step["tokens"]
                end = time.perf_counter()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, status
    return {"rate": tokens / (end - begin), "peak_mb": usage.ru_maxrss / 1024}
