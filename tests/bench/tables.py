"""Tables as text: the first column to the left, the others to the right."""


def number(value, digits=3):
    """With at least so many digits that count; "-" for what is not known."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if value == 0 or abs(value) >= 10 ** digits:
        return f"{value:,.0f}"
    decimals = max(0, digits - len(str(int(abs(value)))))
    return f"{value:.{decimals}f}"


def print_table(title, header, rows):
    cells = [header] + [[number(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    print(f"\n{title}")
    for row in cells:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))), flush=True)
