"""Reports on the imports of a project: between production code and tests, in cycles, and in needless modules."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from . import imports, ruff, thin_modules
from .check import Check, Finding
from .graph_page import to_page
from .import_graph import Edge, at_import, build_graph, edges_inside, find_cycles, shortest_cycle
from .modules import is_standard
from .project import Project
from .targets import Targets
from .test_code import TestCode

CYCLE = "{count} files import each other while they are imported: {cycle}."
CYCLE_HINT = (
    "Import from the module that defines a name, move what both need into a third module, or import in the function."
)
LATER = "{count} files import each other, if imports in functions and for type checkers count."
PASSES_ON = "This module of tests only passes on production code: {names}."
PASSES_ON_HINT = "Import {modules} directly: a patch of the name here does not change what production code uses."
ORDER = "The imports are not in the order of ruff's rule I001."
MAX_SHOWN = 6


def run(project: Project) -> Iterator[Finding]:
    """Yield cycles, needless modules of tests, and imports in another order."""
    checked = set(project.checked)
    found = [*_cycles(project), *_needless(project), *_order(project)]
    yield from (finding for finding in found if finding.path in checked)


def _cycles(project: Project) -> Iterator[Finding]:
    graph = read_graph(project)
    running = at_import(graph)
    groups = find_cycles(running)
    for group in groups:
        edges = edges_inside(running, [group])
        cycle = min((shortest_cycle(running, edge) for edge in edges), key=len)
        message = CYCLE.format(count=len(group), cycle=_path_of(cycle))
        yield _at(cycle[0], message, CYCLE_HINT, verdict="cycle", data={"files": sorted(group)})
    for group in find_cycles(graph):
        if group not in groups:
            edge = edges_inside(graph, [group])[0]
            message = LATER.format(count=len(group))
            yield _at(edge, message, "", verdict="late cycle", level="note", data={"files": sorted(group)})


def _path_of(cycle: Sequence[Edge]) -> str:
    files = [edge.importer for edge in cycle]
    shown = files if len(files) <= MAX_SHOWN else [*files[: MAX_SHOWN - 1], f"{len(files) - MAX_SHOWN + 1} more"]
    return " -> ".join([*shown, files[0]])


def _at(edge: Edge, message: str, hint: str, **more: Any) -> Finding:
    line, column, end_line = edge.place
    return Finding(edge.importer, line, column, message, hint, key=message, end_line=end_line, **more)


def _needless(project: Project) -> Iterator[Finding]:
    """Yield the modules of tests in which all names come from production code."""
    code, targets = TestCode(project), Targets(project)
    files = [path for path in project.files if code.is_test(path)]
    for path, thin in project.read(thin_modules.scan, files):
        if path.endswith("/conftest.py"):
            continue  # pytest offers its names as fixtures
        found = project.fact(imports.scan, path) or ()
        modules = [list(targets.files(path, one)) for one in found if one.module != "__future__"]
        if not modules or any(not named or any(map(project.is_test, named)) for named in modules):
            continue
        names = ", ".join(dict.fromkeys([*thin.passed_on, *thin.wrapped]))
        sources = ", ".join(dict.fromkeys(one.text for one in found if one.module != "__future__"))
        line, column, end_line = thin.place
        yield Finding(
            path,
            line,
            column,
            PASSES_ON.format(names=names),
            PASSES_ON_HINT.format(modules=sources),
            verdict="wraps" if thin.wrapped else "passes on",
            key=path,
            end_line=end_line,
        )


def _order(project: Project) -> Iterator[Finding]:
    try:
        for path, line in ruff.import_order(project):
            yield Finding(path, line, 1, ORDER, level="note", verdict="order")
    except ruff.NoAnswer:
        return  # the summary says so


@cache
def read_graph(project: Project) -> dict[str, dict[str, Edge]]:
    """Return the edges between all files, which are read once."""
    return build_graph(project)


def describe(project: Project, findings: Sequence[Finding]) -> str:
    """Return a table of who imports whom, and what is imported most."""
    code = TestCode(project)
    graph = read_graph(project)
    tests = {path for path in project.files if code.is_test(path) or project.is_test(path)}
    edges = [edge for path in project.checked for edge in graph[path].values()]
    pairs = Counter((edge.importer in tests, edge.imported in tests) for edge in edges)
    lines = [
        "Imports between files:     of production  of tests",
        f"  by production code       {pairs[False, False]:13,}  {pairs[False, True]:8,}",
        f"  by tests                 {pairs[True, False]:13,}  {pairs[True, True]:8,}",
        f"Files: {sum(path not in tests for path in project.checked):,} of production code, "
        f"{sum(path in tests for path in project.checked):,} of tests.",
    ]
    outside = _count_outside(project)
    for who, packages in outside.items():
        named = ", ".join(f"{name} {count}" for name, count in packages.most_common(8))
        lines.append(f"Packages from outside that {who} imports most: {named or 'none'}.")
    most = Counter(edge.imported for edge in edges).most_common(5)
    lines.append(f"Files that are imported most: {', '.join(f'{path} {count}' for path, count in most) or 'none'}.")
    lines.append(_order_line(project, findings))
    return "\n".join(lines)


def _count_outside(project: Project) -> dict[str, Counter[str]]:
    """Return how many files of production code and of tests import each package that is not in the project."""
    counts: dict[str, Counter[str]] = {"production code": Counter(), "tests": Counter()}
    for path, found in project.read(imports.scan, project.checked):
        who = "tests" if project.is_test(path) else "production code"
        tops = {one.module.partition(".")[0] for one in found if not one.level}
        counts[who].update(top for top in tops if not is_standard(top) and not project.modules.is_first_party(top))
    return counts


def _order_line(project: Project, findings: Sequence[Finding]) -> str:
    try:
        ruff.find_ruff(project)
    except ruff.NoAnswer as reason:
        return f"The order of imports was not looked at: {reason}."
    count = len({finding.path for finding in findings if finding.verdict == "order"})
    return f"Files with imports in another order than ruff's rule I001: {count:,}."


def to_data(project: Project) -> dict[str, Any]:
    """Return the graph as JSON has it. If only some files are checked, it has these and their neighbours."""
    graph = read_graph(project)
    checked = set(project.checked)
    edges = [
        edge
        for found in graph.values()
        for edge in found.values()
        if not checked.isdisjoint((edge.importer, edge.imported))
    ]
    files = sorted(checked.union(*((edge.importer, edge.imported) for edge in edges)))
    groups = find_cycles(at_import(graph))
    group_of = {path: number for number, group in enumerate(groups) for path in group}
    return {
        "files": [
            {
                "path": path,
                "module": project.modules.name(path),
                "test": project.is_test(path),
                "cycle": group_of.get(path),
            }
            for path in files
        ],
        "imports": [
            {
                "from": edge.importer,
                "to": edge.imported,
                "line": edge.place[0],
                "when": edge.when,
                "cycle": edge.when == "import"
                and edge.importer in group_of
                and group_of[edge.importer] == group_of.get(edge.imported),
            }
            for edge in edges
        ],
    }


def to_graph(project: Project, _: Sequence[Finding]) -> str:
    """Return the graph as JSON."""
    return json.dumps(to_data(project), indent=1, ensure_ascii=False) + "\n"


def to_dot(project: Project, _: Sequence[Finding]) -> str:
    """Return the graph in the language of Graphviz."""
    data = to_data(project)
    lines = ["digraph imports {", '  rankdir = "LR";', '  node [shape = "box", fontname = "sans-serif"];']
    for file in data["files"]:
        style = ' [style = "dashed"]' if file["test"] else ""
        lines.append(f"  {_quote(file['path'])}{style};")
    for edge in data["imports"]:
        marks = ", ".join(['color = "red"'] * edge["cycle"] + ['style = "dashed"'] * (edge["when"] != "import"))
        lines.append(f"  {_quote(edge['from'])} -> {_quote(edge['to'])}{f' [{marks}]' if marks else ''};")
    return "\n".join([*lines, "}", ""])


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def to_html(project: Project, _: Sequence[Finding]) -> str:
    """Return a page that draws the graph."""
    return to_page(project.root.name, to_data(project))


CHECK = Check(
    name="import_analyzer",
    summary="Who imports whom: cycles, modules of tests that only pass on production code, the graph as a page.",
    run=run,
    scans=lambda _project, _path: (imports.scan, thin_modules.scan),
    formats={"graph": to_graph, "dot": to_dot, "html": to_html},
    close=describe,
)
