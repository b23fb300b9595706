"""Writes a table as one HTML page that needs no other file: it can be searched, sorted and sent by mail."""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; color: #1f2328; }
input { font: inherit; padding: .4rem .6rem; width: 24rem; max-width: 100%; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #d1d9e0; }
td { overflow-wrap: anywhere; } td.number { text-align: right; }
th button { all: unset; cursor: pointer; font-weight: 600; } th button:focus-visible { outline: 2px solid #0969da; }
summary { cursor: pointer; }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } th, td { border-color: #3d444d; } }
"""
SCRIPT = """
const search = document.querySelector("input"), shown = document.querySelector("output");
const table = document.querySelector("#rows"), rows = [...table.tBodies[0].rows];
function filter() {
  const words = search.value.toLowerCase().split(/\\s+/);
  let count = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
    count += !row.hidden;
  }
  shown.textContent = `${count} of ${rows.length}`;
}
table.querySelectorAll("th button").forEach((button, column) => button.addEventListener("click", () => {
  const down = button.dataset.down = button.dataset.down === "1" ? "" : "1";
  const text = row => row.cells[column].textContent;
  rows.sort((a, b) => text(a).localeCompare(text(b), undefined, {numeric: true}) * (down ? 1 : -1));
  table.tBodies[0].append(...rows);
}));
search.addEventListener("input", filter);
filter();
"""

Cell = str | int | Sequence[str]
"""A text, a number, or a list, which the page folds."""


def to_html(title: str, lines: Iterable[str], columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a page with a title, some lines of text and a table."""
    heads = "".join(f'<th scope="col"><button type="button">{escape(column)}</button></th>' for column in columns)
    body = "\n".join(f"<tr>{''.join(map(to_cell, row))}</tr>" for row in rows)
    text = "".join(f"<p>{escape(line)}</p>\n" for line in lines)
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
{text}<label>Search: <input type="search" autofocus></label> <output></output>
<table id="rows">
<thead><tr>{heads}</tr></thead>
<tbody>
{body}
</tbody>
</table>
<script>{SCRIPT}</script>
</body>
</html>
"""


def to_cell(value: Cell) -> str:
    """Return a cell of a table."""
    if isinstance(value, int):
        return f'<td class="number">{value}</td>'
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    if len(value) < 2:
        return f"<td>{escape(''.join(value))}</td>"
    items = "<br>".join(map(escape, value))
    return f"<td><details><summary>{len(value)}</summary>{items}</details></td>"


def count(number: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
