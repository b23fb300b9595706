"""Finds imports that cannot work or should not be there, and commits in services."""

from collections.abc import Iterator

from . import imports
from .changes import find_ignored
from .check import Check, Finding, Scan
from .commits import find_commits, find_given
from .contracts import find_broken
from .import_graph import Edge, Graph, edges_inside, find_cycles, graph_at_import, shortest_cycle
from .imports import Import
from .modules import INIT, join, parent
from .project import Project
from .ratchet_file import edges as stored_edges
from .targets import Missing, Targets, extends_path
from .test_code import TestCode, uses_pytest

TESTS_IMPORTED = "Production code imports {name}, a file of tests."
TESTS_HINT = "Tests are not installed in production: move the shared code out of the tests."
CYCLE = "This import closes a cycle: {cycle}."
NEW_CYCLE = "This import is new in a cycle: {cycle}."
CYCLE_HINT = (
    "Import from the module that defines the name, move what both need into a third module, or import in the function. "
    "`phasework check ratchet --update` stores the cycles that exist."
)
MAX_SHOWN = 6


def is_hidden(path: str) -> bool:
    """Return whether a file is in a hidden folder, which no import leads to."""
    return path.startswith(".") or "/." in path


def is_beside(project: Project, path: str, missing: Missing) -> bool:
    """Return whether a file has a missing module beside it: both are copied to where the import works."""
    return project.modules.file_at(join(parent(path), missing.name.rpartition(".")[2])) is not None


def run(project: Project) -> Iterator[Finding]:
    """Yield what is wrong with the imports and the commits of a project."""
    targets, code = Targets(project), TestCode(project)
    absent: list[tuple[str, Import, Missing]] = []
    for path, read in project.read(imports.scan, project.checked):
        production = code.is_production(path)
        for one in read:
            if production:
                yield from _imported_tests(code, targets, path, one)
            if not one.guarded and not is_hidden(path):
                absent += (
                    (path, one, found) for found in targets.missing(path, one) if not is_beside(project, path, found)
                )
    yield from _absent(project, absent)
    yield from _cycles(project)
    yield from find_broken(project)
    yield from find_commits(project, project.settings(CHECK)["services"])


def commit_places(project: Project) -> Iterator[tuple[str, int]]:
    """Yield the path and the line of each commit in the services of a project, whether they are checked or not."""
    for path, commit in find_given(project, project.settings(CHECK)["services"], project.files):
        yield path, commit.place[0]


def _imported_tests(code: TestCode, targets: Targets, path: str, one: Import) -> Iterator[Finding]:
    for imported in targets.files(path, one):
        if code.is_test(imported):
            yield _at(path, one, TESTS_IMPORTED.format(name=imported), TESTS_HINT, "tests", imported)


def _absent(project: Project, absent: list[tuple[str, Import, Missing]]) -> Iterator[Finding]:
    """Yield the missing modules, except those that git ignores: tools generate them."""
    ignored = find_ignored(project.root, {f"{missing.place}.py" for _, _, missing in absent})
    for path, one, missing in absent:
        if f"{missing.place}.py" not in ignored:
            yield _at(path, one, missing.reason, "", "missing", f"{one.text} {missing.name}")


def _cycles(project: Project) -> Iterator[Finding]:
    """Yield an import for each cycle, or for each one with imports that are not stored."""
    graph: Graph = graph_at_import(project, project.checked)
    known = stored_edges(project)
    groups = find_cycles(graph)
    new = [edge for edge in edges_inside(graph, groups) if str(edge) not in (known or ())]
    checked = set(project.checked)
    while new := [edge for edge in new if edge.importer in checked]:
        cycle = _begin_at_best(min((shortest_cycle(graph, edge) for edge in new), key=len), new)
        yield _cycle(cycle, NEW_CYCLE if known else CYCLE)
        if known is None:
            group = next(group for group in groups if cycle[0].importer in group)
            new = [edge for edge in new if edge.importer not in group]
        else:
            graph = _without(graph, [edge for edge in cycle if str(edge) not in known])
            inside = {str(edge) for edge in edges_inside(graph, find_cycles(graph))}
            new = [edge for edge in new if str(edge) in inside]


def _begin_at_best(cycle: list[Edge], new: list[Edge]) -> list[Edge]:
    """Return a cycle that begins where it is easiest to open: at a new import by a module of the package around it."""
    for number, edge in enumerate(cycle):
        folder, _, name = edge.imported.rpartition("/")
        if edge in new and name == INIT and edge.importer.startswith(f"{folder}/"):
            return [*cycle[number:], *cycle[:number]]
    return cycle


def _without(graph: Graph, edges: list[Edge]) -> Graph:
    left_out = set(map(str, edges))
    return {
        path: {to: edge for to, edge in known.items() if str(edge) not in left_out} for path, known in graph.items()
    }


def _cycle(cycle: list[Edge], message: str) -> Finding:
    edge = cycle[0]
    files = [step.importer for step in cycle]
    shown = files if len(files) <= MAX_SHOWN else [*files[: MAX_SHOWN - 1], f"{len(files) - MAX_SHOWN + 1} more"]
    text = " -> ".join([*shown, edge.importer])
    line, column, end_line = edge.place
    return Finding(
        edge.importer,
        line,
        column,
        message.format(cycle=text),
        CYCLE_HINT,
        verdict="cycle",
        key=str(edge),
        end_line=end_line,
        data={"cycle": files},
    )


def _at(path: str, one: Import, message: str, hint: str, verdict: str, key: str) -> Finding:
    line, column, end_line = one.place
    return Finding(path, line, column, message, hint, verdict=verdict, key=key, end_line=end_line)


def scans(project: Project, path: str) -> tuple[Scan, ...]:
    """Return what is read of a file: for production code also what tells it from tests."""
    return (imports.scan,) if project.is_test(path) else (imports.scan, uses_pytest, extends_path)


CHECK = Check(
    name="import_validator",
    summary="Imports that do not resolve, production code that imports tests, new cycles, broken contracts of import-linter.",
    run=run,
    blocks=True,
    scans=scans,
    settings={"services": []},
)
