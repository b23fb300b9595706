"""Draws a graph of imports as one HTML page that needs no other file."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --back: #fff; --line: #8c959f; --box: #f6f8fa; --test: #ddf4ff; --red: #cf222e; --mark: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --back: #0d1117; --line: #6e7681; --box: #161b22; --test: #0c2d44; --red: #ff7b72; --mark: #4493f8; }
}
* { box-sizing: border-box; }
body { margin: 0; font: 14px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back); display: grid;
  grid-template-columns: 22rem 1fr; height: 100vh; }
aside { border-right: 1px solid var(--line); padding: 1rem; display: flex; flex-direction: column; gap: .6rem; overflow: hidden; }
h1 { font-size: 1.1rem; margin: 0; } h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; } p { margin: 0; }
input[type=search] { font: inherit; padding: .35rem .5rem; width: 100%; }
#found { list-style: none; margin: 0; padding: 0; overflow: auto; flex: 1; }
#found button, #back { all: unset; cursor: pointer; display: block; box-sizing: border-box; max-width: 100%; padding: .15rem .2rem;
  overflow-wrap: anywhere; }
[hidden] { display: none !important; }
#found button:hover, #back:hover { background: var(--box); }
:focus-visible { outline: 2px solid var(--mark) !important; }
small { color: var(--line); }
main { overflow: auto; padding: 1rem; display: flex; flex-direction: column; gap: .6rem; }
svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
svg rect { fill: var(--box); stroke: var(--line); rx: 4px; } svg .test rect { fill: var(--test); }
svg .group rect { stroke-width: 2; } svg .cycle rect { stroke: var(--red); } svg .chosen rect { stroke: var(--mark); stroke-width: 3; }
svg g { cursor: pointer; } svg path { fill: none; stroke: var(--line); opacity: .55; }
svg path.cycle { stroke: var(--red); opacity: .9; } svg path.later { stroke-dasharray: 4 3; }
svg.pointed path { opacity: .08; } svg.pointed path.near { opacity: 1; stroke-width: 2; }
"""

SCRIPT = """
"use strict";
const data = JSON.parse(document.querySelector("#data").textContent);
const files = new Map(data.files.map(file => [file.path, file]));
const leaving = new Map(), arriving = new Map();
for (const path of files.keys()) { leaving.set(path, []); arriving.set(path, []); }
for (const one of data.imports) { leaving.get(one.from).push(one); arriving.get(one.to).push(one); }
const find = selector => document.querySelector(selector);
const options = {tests: find("#tests"), later: find("#later"), cycles: find("#cycles")};
const FEW_BOXES = 6, MOST_BOXES = 36, MANY_BOXES = 160, MOST_IN_COLUMN = 24, MOST_ROWS = 200;

function shown(one) {
  return (options.tests.checked || !(files.get(one.from).test || files.get(one.to).test))
    && (options.later.checked || one.when === "import") && (!options.cycles.checked || one.cycle);
}

// Boxes of the overview: folders are opened, the largest first, until there are enough boxes.
function split(folder, paths) {
  const parts = new Map();
  for (const path of paths) {
    const rest = path.slice(folder.length), slash = rest.indexOf("/");
    const name = slash < 0 ? path : folder + rest.slice(0, slash + 1);
    parts.set(name, [...(parts.get(name) || []), path]);
  }
  return parts;
}
function group(start) {
  const used = new Set(data.imports.filter(shown).flatMap(one => [one.from, one.to]));
  const boxes = split(start, [...used].filter(path => path.startsWith(start)));
  for (;;) {
    const open = [...boxes].filter(([name]) => name.endsWith("/")).sort((a, b) => b[1].length - a[1].length);
    const next = open.find(([name, paths]) => {
      const count = split(name, paths).size;
      return count === 1 || boxes.size + count - 1 <= MOST_BOXES || (boxes.size < FEW_BOXES && count <= MANY_BOXES);
    });
    if (!next) return boxes;
    boxes.delete(next[0]);
    for (const [name, paths] of split(...next)) boxes.set(name, paths);
  }
}

// Columns from left to right: who imports stands left of what is imported, and a cycle shares a column.
function columns(names, edges) {
  const next = new Map(names.map(name => [name, []])), index = new Map(), low = new Map(), stack = [], part = new Map();
  for (const edge of edges) next.get(edge.from).push(edge.to);
  let count = 0, parts = 0;
  function visit(name) {
    index.set(name, count); low.set(name, count++); stack.push(name);
    for (const to of next.get(name)) {
      if (!index.has(to)) { visit(to); low.set(name, Math.min(low.get(name), low.get(to))); }
      else if (!part.has(to)) low.set(name, Math.min(low.get(name), index.get(to)));
    }
    if (low.get(name) !== index.get(name)) return;
    for (let last; last !== name;) { last = stack.pop(); part.set(last, parts); }
    parts++;
  }
  for (const name of names) if (!index.has(name)) visit(name);
  const depth = new Array(parts).fill(0);  // parts are numbered from what imports nothing to what imports most
  const sorted = [...names].sort((a, b) => part.get(b) - part.get(a));
  for (const name of sorted) for (const to of next.get(name)) {
    if (part.get(to) !== part.get(name)) depth[part.get(to)] = Math.max(depth[part.get(to)], depth[part.get(name)] + 1);
  }
  const result = [];
  for (const name of names) (result[depth[part.get(name)]] ||= []).push(name);
  return result.filter(Boolean).flatMap(column => {  // a tall column becomes several
    const count = Math.ceil(column.length / MOST_IN_COLUMN), height = Math.ceil(column.length / count);
    return Array.from({length: count}, (_, number) => column.slice(number * height, (number + 1) * height));
  });
}

function element(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function draw(places, boxes, edges) {
  const WIDTH = 230, GAP = 90, HEIGHT = 24, STEP = 34, spot = new Map();
  const tallest = Math.max(1, ...places.map(column => column.length));
  places.forEach((column, x) => column.forEach((name, y) => {
    const above = (tallest - column.length) / 2;  // columns are centred
    spot.set(name, [x * (WIDTH + GAP) + 4, (above + y) * STEP + 4]);
  }));
  const svg = element("svg", {
    width: places.length * (WIDTH + GAP), height: tallest * STEP + 8, role: "img",
    "aria-label": `${boxes.size} boxes and ${edges.length} arrows`,
  });
  const most = Math.max(1, ...edges.map(edge => edge.count));
  const lines = edges.filter(edge => edge.from !== edge.to).map(edge => {
    const [x1, y1] = spot.get(edge.from), [x2, y2] = spot.get(edge.to), back = x2 <= x1;
    const from = x1 + WIDTH, to = back ? x2 + WIDTH : x2, bend = back ? GAP * .8 : (to - from) / 2;
    const line = element("path", {
      d: `M${from},${y1 + HEIGHT / 2} C${from + bend},${y1 + HEIGHT / 2} ${back ? to + bend : to - bend},${y2 + HEIGHT / 2} ${to},${y2 + HEIGHT / 2}`,
      class: `${edge.cycle ? "cycle" : ""} ${edge.later ? "later" : ""}`, "stroke-width": 1 + 4 * Math.log1p(edge.count) / Math.log1p(most + 1),
    }, element("title", {}, `${edge.from} imports ${edge.to}${edge.count > 1 ? ` (${edge.count} times)` : ""}`));
    svg.append(line);
    return [edge, line];
  });
  for (const [name, box] of boxes) {
    const [x, y] = spot.get(name), label = box.label.length > 34 ? `…${box.label.slice(-33)}` : box.label;
    const made = element("g", {transform: `translate(${x},${y})`, class: box.kind, tabindex: 0, role: "button", "aria-label": name},
      element("rect", {width: WIDTH, height: HEIGHT}), element("text", {x: 8, y: 16}, label), element("title", {}, box.title));
    const point = on => () => {
      svg.classList.toggle("pointed", on);
      for (const [edge, line] of lines) line.classList.toggle("near", on && (edge.from === name || edge.to === name));
    };
    made.addEventListener("pointerenter", point(true)); made.addEventListener("pointerleave", point(false));
    made.addEventListener("focus", point(true)); made.addEventListener("blur", point(false));
    made.addEventListener("click", () => go(name));
    made.addEventListener("keydown", event => { if (event.key === "Enter") go(name); });
    svg.append(made);
  }
  find("#drawing").replaceChildren(svg);
}

function boxOf(path, extra = "") {
  const file = files.get(path);
  return {label: path.split("/").slice(-2).join("/"), title: `${path}: imports ${leaving.get(path).length}, imported by ${arriving.get(path).length}`,
    kind: `${file.test ? "test" : ""} ${file.cycle === null ? "" : "cycle"} ${extra}`};
}

function commonFolder(names) {
  const [first = "", ...others] = names;
  let folder = first.slice(0, first.replace(/\\/$/, "").lastIndexOf("/") + 1);
  while (folder && !others.every(name => name.startsWith(folder))) folder = folder.slice(0, folder.slice(0, -1).lastIndexOf("/") + 1);
  return folder;
}

function overview(start) {
  const boxes = group(start), owner = new Map(), sums = new Map();
  for (const [name, paths] of boxes) for (const path of paths) owner.set(path, name);
  for (const one of data.imports.filter(shown)) {
    const from = owner.get(one.from), to = owner.get(one.to);
    if (!from || !to || from === to) continue;
    const key = `${from}\\n${to}`, sum = sums.get(key) || {from, to, count: 0, cycle: false, later: true};
    sum.count++; sum.cycle ||= one.cycle; sum.later &&= one.when !== "import";
    sums.set(key, sum);
  }
  const edges = [...sums.values()], places = columns([...boxes.keys()], edges), common = commonFolder([...boxes.keys()]);
  const drawn = new Map([...boxes].map(([name, paths]) => [name, name.endsWith("/") ? {
    label: `${name.slice(common.length)} (${paths.length})`, title: `${name}: ${paths.length} files`,
    kind: `group ${paths.every(path => files.get(path).test) ? "test" : ""}`,
  } : {...boxOf(name), label: name.slice(common.length)}]));
  find("h2").textContent = common || data.title;
  find("#about").textContent = boxes.size ? "An arrow goes from what imports to what is imported. Choose a folder to open it, or a file to see its imports." : "There are no imports to draw.";
  draw(places, drawn, edges);
}

function focusOn(path) {
  const to = leaving.get(path).filter(shown), from = arriving.get(path).filter(shown);
  const left = [...new Set(from.map(one => one.from))].sort(), both = new Set(left);
  const right = [...new Set(to.map(one => one.to))].filter(name => !both.has(name)).sort();
  const boxes = new Map([...left, ...right].map(name => [name, boxOf(name)]));
  boxes.set(path, boxOf(path, "chosen"));
  const edges = [...to, ...from].map(one => ({from: one.from, to: one.to, count: 1, cycle: one.cycle, later: one.when !== "import"}));
  find("h2").textContent = path;
  find("#about").textContent = `${from.length} files import it (left), it imports ${to.length} (right; left if they also import it).`;
  draw([left, [path], right], boxes, edges);
}

function show() {
  const name = decodeURIComponent(location.hash.slice(1));
  find("#back").hidden = !name;
  files.has(name) ? focusOn(name) : overview(name.endsWith("/") ? name : "");
}
function go(name) { location.hash = encodeURIComponent(name); }

function search() {
  const words = find("#search").value.toLowerCase().split(/\\s+/).filter(Boolean);
  const matching = data.files.filter(file => words.every(word => `${file.path} ${file.module || ""}`.toLowerCase().includes(word))
    && (options.tests.checked || !file.test) && (!options.cycles.checked || file.cycle !== null));
  matching.sort((a, b) => arriving.get(b.path).length - arriving.get(a.path).length || (a.path < b.path ? -1 : 1));
  find("#count").textContent = `${matching.length} of ${data.files.length} files`;
  find("#found").replaceChildren(...matching.slice(0, MOST_ROWS).map(file => {
    const row = document.createElement("li"), button = document.createElement("button"), numbers = document.createElement("small");
    numbers.textContent = ` ${arriving.get(file.path).length} in, ${leaving.get(file.path).length} out`;
    button.type = "button"; button.append(file.path, numbers);
    button.addEventListener("click", () => go(file.path));
    row.append(button);
    return row;
  }));
}

find("#search").addEventListener("input", search);
find("#search").addEventListener("keydown", event => { if (event.key === "Enter") find("#found button")?.click(); });
for (const option of Object.values(options)) option.addEventListener("change", () => { search(); show(); });
find("#back").addEventListener("click", () => go(""));
addEventListener("hashchange", show);
search();
show();
"""


def to_page(title: str, data: Mapping[str, Any]) -> str:
    """Return a page with a drawing of folders, which open to files, and a search for files."""
    # "</script>" in a name would end the data.
    text = json.dumps({"title": title, **data}, ensure_ascii=True).replace("<", "\\u003c")
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Imports of {escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<aside>
<h1>Imports of {escape(title)}</h1>
<label>Search: <input type="search" id="search" autofocus placeholder="words of a path or module"></label>
<p>
<label><input type="checkbox" id="tests"> with tests</label>
<label><input type="checkbox" id="later"> with imports that run later</label>
<label><input type="checkbox" id="cycles"> cycles only</label>
</p>
<output id="count"></output>
<ul id="found"></ul>
</aside>
<main>
<button type="button" id="back" hidden>← All folders</button>
<h2></h2>
<p id="about"></p>
<div id="drawing"></div>
</main>
<script type="application/json" id="data">{text}</script>
<script>{SCRIPT}</script>
</body>
</html>
"""
