# SPDX-License-Identifier: BSD-3-Clause
"""Tables and numbers in Markdown."""


def number(value):
    """Three digits or so; a dash for what is not there."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return str(value).replace("|", "\\|").replace("\n", " ")
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def percent(ratio):
    return "–" if ratio is None else f"{100 * ratio:.1f} %" if ratio < 0.1 else f"{100 * ratio:.0f} %"


def table(head, rows):
    """Columns whose values are all numbers are set to the right."""
    right = [all(isinstance(r[i], (int, float, type(None))) for r in rows) and bool(rows)
             for i in range(len(head))]
    lines = ["| " + " | ".join(head) + " |",
             "|" + "|".join("--:" if r else "---" for r in right) + "|"]
    lines += ["| " + " | ".join(number(v) for v in row) + " |" for row in rows]
    return "\n".join(lines)


def image(path, what):
    return f"![{what}]({path.name})"
