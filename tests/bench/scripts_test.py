#!/usr/bin/env python3
"""Every script of the benchmarks and of the experiment can be loaded, with Python's own library alone: what
it imports of its neighbours is there. scripts_test.py (no arguments)"""
import pathlib
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent


def fault_of(script):
    """What Python says last, or None. -B: no caches in the source tree."""
    done = subprocess.run([sys.executable, "-B", "-c", f"import {script.stem}"], cwd=script.parent,
                          capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else (done.stderr.splitlines() or ["it ended"])[-1]


def main():
    scripts = [script for folder in ("bench", "experiment") for script in sorted((TESTS / folder).glob("*.py"))]
    assert len(scripts) > 20, f"{len(scripts)} scripts"
    faults = {script: fault_of(script) for script in scripts if script.stem != "scripts_test"}
    for script, fault in faults.items():
        if fault:
            print(f"{script.relative_to(TESTS)}: {fault}")
    return any(faults.values())


if __name__ == "__main__":
    sys.exit(main())
