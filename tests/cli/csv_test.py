#!/usr/bin/env python3
"""CSV as the program reads it, against Python's csv module, on random files.

    csv_test.py CONVBERT [FILES]

Where Python, told to be strict, reads a file to its end, the records must be its rows. Where it does
not, the records before the broken row must be its rows, and the row on the last line, which has no
quotes, must be there, whatever quotes stand open before it. Tables that are given back have the same
cells."""
import csv
import io
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

PIECES = ['"', '"', '""', ",", ",", "\n", "\r", "\r\n", "a", "b c", " ", "é", ";", "\t", "\n\n"]
LAST = ["the last", "row"]
ENDS = ["\n", "\r\n", "\r"]


def proper(generator):
    """What a program writes: every cell is quoted that has to be."""
    columns = generator.choice([1, 2, 3])
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=generator.choice(ENDS),
                        quoting=generator.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer.writerow(["text", "x", "y"][:columns])
    for _ in range(generator.randrange(8)):
        writer.writerow(["".join(generator.choices(PIECES, k=generator.randrange(4)))
                         for _ in range(columns)])
        if generator.random() < 0.2:
            out.write(generator.choice(ENDS))
    text = out.getvalue()
    return text.rstrip("\r\n") if generator.random() < 0.3 else text


def careless(generator):
    """Anything between the header and a last row."""
    columns = generator.choice([1, 2])
    anything = "".join(generator.choices(PIECES, k=generator.randrange(24)))
    return "\n".join([",".join(["text", "x"][:columns]), anything, ",".join(LAST[:columns])])


def rows_of(text):
    """Python's rows, and whether it came to the end."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        for row in reader:
            rows.append(row)
    except csv.Error:
        return rows, False
    return rows, True


def expected_of(text):
    rows, is_whole = rows_of(text)
    rows = [row for row in rows if row]  # empty lines
    header = rows[0]
    return header, [dict(zip(header, row)) if len(row) == len(header) else None
                    for row in rows[1:]], is_whole


def records_of(convbert, paths):
    run = subprocess.run([convbert, "tokenize", "-q", *map(str, paths)], capture_output=True,
                         check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"exit status {run.returncode}: {run.stderr.decode()}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def given_back(convbert, path, columns):
    """The rows of the table that comes out, without the results' columns, as Python reads them."""
    run = subprocess.run([convbert, "tokenize", "-q", "-f", "csv", "--result-prefix", "p.", str(path)],
                         capture_output=True, check=False)
    rows = csv.reader(io.StringIO(run.stdout.decode(), newline=""), strict=True)
    return [row[:columns] for row in rows]


def shown(record, header):
    return None if "error" in record else {name: record[name] for name in header}


def main():
    convbert, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
    generator = random.Random(7)
    wrong = broken = compared = 0
    with tempfile.TemporaryDirectory() as folder:
        whole = []
        for number in range(count):
            text = generator.choice([proper, careless])(generator)
            header, expected, is_whole = expected_of(text)
            path = Path(folder, f"{number}.csv")
            path.write_bytes(text.encode())
            if is_whole:
                whole.append((path, header, expected, text))
                continue
            broken += 1
            if count <= 200 and broken > 20:  # a process each
                continue
            found = [shown(record, header) for record in records_of(convbert, [path])]
            is_last = found[-1] == dict(zip(header, LAST))
            if found[:len(expected)] != expected or None not in found or not is_last:
                wrong += 1
                print(f"{text!r}:\n  expected {expected} first\n  found {found}")
        for path, header, expected, text in whole[:20 if count <= 200 else None]:
            rows = given_back(convbert, path, len(header))
            wanted = [header] + [list(row.values()) if row else [""] * len(header)
                                 for row in expected]
            if rows != wanted:
                wrong += 1
                print(f"{text!r}:\n  expected {wanted}\n  given back {rows}")
        found = records_of(convbert, [path for path, *_ in whole])
        for path, header, expected, text in whole:
            mine = [shown(record, header) for record in found[:len(expected)]]
            del found[:len(expected)]
            compared += 1
            if mine != expected:
                wrong += 1
                print(f"{text!r}:\n  expected {expected}\n  found {mine}")
                break  # the records behind are another file's
    print(f"{compared} files as Python reads them, {broken} that it does not read, {wrong} wrong")
    if found and not wrong:
        wrong = 1
        print(f"{len(found)} records too many")
    return 1 if wrong or compared < count // 3 else 0


if __name__ == "__main__":
    sys.exit(main())
