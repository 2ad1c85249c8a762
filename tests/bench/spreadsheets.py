#!/usr/bin/env python3
"""Tables in and out beside what people open tables with: pandas, DuckDB and a spreadsheet's export.

    spreadsheets.py CONVBERT

Each writes a CSV file of the same awkward cells; `classify -f csv` gives it back with its results;
pandas and DuckDB read that, and every column of the input must be as it was. Needs pandas and duckdb.
Ends with status 1 where a cell differs."""
import csv
import io
import pathlib
import subprocess
import sys
import tempfile

CELLS = {
    "number": ["1", "007", "-3.50", "1e3", "", "2024-01-02"],
    "text": ["plain", 'a "quoted" word', "two\nlines", "commas, and; semicolons", "été 東京 🎬",
             " spaces at both ends "],
    "note": ["", "=SUM(A1)", "tab\there", "'", "NULL", 'ends with "'],
}
RESULTS = ["label", "score", "scores", "truncated", "error"]


def from_pandas(path):
    import pandas
    pandas.DataFrame(CELLS).to_csv(path, index=False)


def from_duckdb(path):
    import duckdb
    import pandas
    connection = duckdb.connect()
    connection.register("cells", pandas.DataFrame(CELLS))
    connection.sql("SELECT * FROM cells").write_csv(str(path))


def from_excel(path):
    """As Excel writes "CSV UTF-8" where the decimal separator is a comma: a byte order mark,
    semicolons, CRLF between rows, LF within cells, quotes where they must be."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(CELLS)
    writer.writerows(zip(*CELLS.values()))
    path.write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())


def read_pandas(path, delimiter):
    import pandas
    table = pandas.read_csv(path, sep=delimiter, dtype=str, keep_default_na=False,
                            encoding="utf-8-sig")
    return {name: list(table[name]) for name in table.columns}


def read_duckdb(path, delimiter):
    import duckdb
    table = duckdb.read_csv(str(path), delimiter=delimiter, quotechar='"', escapechar='"', header=True,
                            all_varchar=True, strict_mode=False)
    rows = table.fetchall()
    return {name: ["" if row[i] is None else row[i] for row in rows]
            for i, name in enumerate(table.columns)}


def main():
    convbert = sys.argv[1]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, write, delimiter in (("pandas", from_pandas, ","), ("DuckDB", from_duckdb, ","),
                                       ("Excel", from_excel, ";")):
            given, back = pathlib.Path(folder) / f"{name}.csv", pathlib.Path(folder) / "back.csv"
            write(given)
            flags = ["--delimiter", delimiter] if delimiter != "," else []
            subprocess.run([convbert, "classify", given, "-q", "-f", "csv", *flags, "-o", back],
                           check=True)
            for reader, read in (("pandas", read_pandas), ("DuckDB", read_duckdb)):
                table = read(back, delimiter)
                columns = list(table)
                good = columns == [*CELLS, *RESULTS] and \
                    all(table[column] == cells for column, cells in CELLS.items()) and \
                    all(label in ("positive", "negative") for label in table["label"])
                print(f"written by {name}, read by {reader}: {'equal' if good else 'DIFFERENT'}")
                if not good:
                    failures += 1
                    print(table, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
