"""Which file of a project imports which: edges from the syntax alone, and the cycles in them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .check import Place
from .imports import Import, When, scan
from .project import Project
from .targets import Targets

WEIGHT: dict[When, int] = {"import": 0, "call": 1, "types": 2}


class Edge(NamedTuple):
    """An import of one file by another."""

    importer: str
    imported: str
    place: Place
    when: When

    def __str__(self) -> str:
        return f"{self.importer} -> {self.imported}"


Graph = Mapping[str, Mapping[str, Edge]]
"""The edges by the file that imports, then by the file that is imported."""


def build_graph(project: Project) -> dict[str, dict[str, Edge]]:
    """Return the edges between all files of a project. Of several imports of a file, the first that runs earliest counts.

    An import of `a.b.c` is an edge to that module only, not to the packages around it, although Python runs these too.
    """
    targets = Targets(project)
    project.prepare(dict.fromkeys(project.files, (scan,)))
    return {path: _edges(targets, path, project.fact(scan, path) or ()) for path in project.files}


def graph_at_import(project: Project, start: Iterable[str]) -> dict[str, dict[str, Edge]]:
    """Return the edges that run when some files are imported: those of the files, and of all that they lead to.

    Only these can be in a cycle with one of the files.
    """
    targets = Targets(project)
    graph: dict[str, dict[str, Edge]] = {}
    waiting = list(start)
    while waiting:
        project.prepare(dict.fromkeys(waiting, (scan,)))
        for path in waiting:
            running = (one for one in project.fact(scan, path) or () if one.when == "import")
            graph[path] = _edges(targets, path, running)
        waiting = list({to: None for path in waiting for to in graph[path] if to not in graph})
    return graph


def _edges(targets: Targets, path: str, imports: Iterable[Import]) -> dict[str, Edge]:
    """Return the edges of a file by what it imports."""
    edges: dict[str, Edge] = {}
    for one in imports:
        for imported in targets.files(path, one):
            known = edges.get(imported)
            if imported != path and (known is None or WEIGHT[one.when] < WEIGHT[known.when]):
                edges[imported] = Edge(path, imported, one.place, one.when)
    return edges


def at_import(graph: Graph) -> dict[str, dict[str, Edge]]:
    """Return only the edges that run when a module is imported: these can fail if they form a cycle."""
    return {path: {to: edge for to, edge in edges.items() if edge.when == "import"} for path, edges in graph.items()}


def find_cycles(graph: Graph) -> list[frozenset[str]]:
    """Return the groups of files that all import each other, directly or not, the largest first.

    These are the strongly connected components of more than one node, found with Tarjan's algorithm, without recursion.
    """
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    groups: list[frozenset[str]] = []
    for start in graph:
        if start in index:
            continue
        work: list[tuple[str, Iterator[str]]] = []
        _enter(start, index, lowest, stack, on_stack)
        work.append((start, iter(graph[start])))
        while work:
            node, following = work[-1]
            for to in following:
                if to not in index:
                    _enter(to, index, lowest, stack, on_stack)
                    work.append((to, iter(graph.get(to, ()))))
                    break
                if to in on_stack:
                    lowest[node] = min(lowest[node], index[to])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == index[node]:
                    group = frozenset(_leave(node, stack, on_stack))
                    if len(group) > 1:
                        groups.append(group)
    return sorted(groups, key=lambda group: (-len(group), min(group)))


def _enter(node: str, index: dict[str, int], lowest: dict[str, int], stack: list[str], on_stack: set[str]) -> None:
    index[node] = lowest[node] = len(index)
    stack.append(node)
    on_stack.add(node)


def _leave(node: str, stack: list[str], on_stack: set[str]) -> Iterator[str]:
    while True:
        last = stack.pop()
        on_stack.discard(last)
        yield last
        if last == node:
            return


def edges_inside(graph: Graph, groups: Iterable[frozenset[str]]) -> list[Edge]:
    """Return the edges between files of the same group, in order of their files."""
    return [graph[path][to] for group in groups for path in sorted(group) for to in sorted(graph[path]) if to in group]


def shortest_cycle(graph: Graph, edge: Edge) -> list[Edge]:
    """Return the shortest cycle that an edge closes, which begins with it; nothing if it closes none."""
    came_by: dict[str, Edge] = {}
    reached = [edge.imported]
    for node in reached:
        for to, step in sorted(graph.get(node, {}).items()):
            if to not in came_by and to != edge.imported:
                came_by[to] = step
                reached.append(to)
        if edge.importer in came_by:
            break
    if edge.importer not in came_by:
        return []
    path: list[Edge] = []
    node = edge.importer
    while node != edge.imported:
        path.append(came_by[node])
        node = came_by[node].importer
    return [edge, *reversed(path)]


def cycle_edges(project: Project) -> list[str]:
    """Return the edges inside of cycles of imports that run when a module is imported, as `importer -> imported`."""
    graph = graph_at_import(project, project.files)
    return sorted(map(str, edges_inside(graph, find_cycles(graph))))
