"""Finds patches of names that do not exist where mock looks for them."""

import builtins
import re
from collections.abc import Iterable, Iterator

from .check import Check, Finding, Scan
from .outline import outline
from .patch_hints import Hints
from .patch_sites import Site, patch_sites
from .project import Project
from .resolve import Answer, Defined, Module, Resolver, best, is_module, unknown
from .test_code import is_named_like_tests

BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))


def judge(project: Project, paths: Iterable[str]) -> Iterator[tuple[str, Site, str, Answer]]:
    """Yield each name that is replaced in files: the path, the call, the name, and whether it exists."""
    resolver, hints = Resolver.of(project), Hints(project)
    for path, sites in project.read(patch_sites, paths):
        targets = {f"{site.base}.{name}." for site in sites for name in site.names if site.by_text}
        for site in sites:
            for name in site.names or ("",):
                found = answer(resolver, path, site, name)
                if found.verdict == "missing" and f"{site.base}.".startswith(tuple(targets)):
                    found = unknown(f"the file replaces {site.base}, too")
                elif found.verdict == "missing" and hints.is_assigned(found):
                    found = unknown("other code gives it the name")
                yield path, site, name, found


def judge_others(project: Project) -> Iterator[tuple[str, Site, str, Answer]]:
    """Yield the names of checked modules that files replace which are not checked themselves."""
    changed = set(project.checked) if project.partial else set()
    names = sorted({project.modules.name(path) or "" for path in changed if not project.is_test(path)} - {""})
    for path, site, name, found in judge(
        project, project.others_with([(name.rpartition(".")[2], mentions(name)) for name in names])
    ):
        module = found.thing.module if isinstance(found.thing, Defined) else found.thing
        if isinstance(module, Module) and module.file in changed:
            yield path, site, name, found


def mentions(name: str) -> str:
    """Return a pattern of how a file names a module: in a dotted name, or in an import."""
    package, _, last = name.rpartition(".")
    dotted = re.escape(f"{package.rpartition('.')[2]}.{last}".strip("."))
    return rf"\b{dotted}\b|\bimport\b[^\n]*\b{last}\b|^\s+{last}(?: as \w+)?,?\s*(?:#.*)?$"


def answer(resolver: Resolver, path: str, site: Site, name: str) -> Answer:
    """Return whether the name that a call replaces exists."""
    if not site.base:
        return unknown(f"what {site.written or 'it'} is cannot be told")
    found = (replaced(resolver, site, base, name) for base in find_bases(resolver, path, site))
    return best(found) or unknown(f"{site.base.partition('.')[0]} is neither in the project nor installed")


def replaced(resolver: Resolver, site: Site, base: Answer, name: str) -> Answer:
    """Return whether a thing has the name that a call replaces."""
    if base.verdict != "ok" or not name:
        return base
    if base.thing is None:
        return unknown(f"what {site.base} is cannot be told")
    found = resolver.member(base.thing, name)
    if found.verdict == "missing" and not base.sure:
        return unknown(f"another package may be called {site.base.partition('.')[0]}, too")
    if found.verdict == "missing" and is_module(base.thing) and name in BUILTINS and site.creates_builtins:
        return Answer("ok")
    return found


def find_bases(resolver: Resolver, path: str, site: Site) -> list[Answer]:
    """Return what may have the name that a call replaces: several things if a package's name is used twice."""
    if not site.by_text:
        return resolver.full(path, site.base)
    if site.base.partition(".")[0] != "__name__":
        return resolver.dotted_all(site.base, path, attribute_first=site.attribute_first)
    own = resolver.module_at(path)
    below = site.base.partition(".")[2]
    return [resolver.in_module(own, below) if below else Answer("ok", "", own)]


def run(project: Project) -> Iterator[Finding]:
    """Yield the missing names, and what could not be judged."""
    hints = Hints(project)
    for path, site, name, found in (*judge(project, project.checked), *judge_others(project)):
        if found.verdict == "ok":
            continue
        line, column, end_line = site.place
        target = site.target(name)
        key, data = f"{site.where}: {target}", {"call": site.call}
        if found.verdict == "missing":
            message, hint = f"{target} does not exist: {found.reason}.", hints.find(found)
            yield Finding(path, line, column, message, hint, None, "missing", key, end_line, data)
        else:
            message = f"{target} was not judged: {found.reason}."
            yield Finding(path, line, column, message, "", "note", "unknown", key, end_line, data)


def scans(_: Project, path: str) -> tuple[Scan, ...]:
    """Return what is read of a file. Nobody imports most test modules, so what they bind is read when it is needed."""
    return (patch_sites,) if is_named_like_tests(path) else (patch_sites, outline)


CHECK = Check(
    name="patch_targets",
    summary="Finds patches of names that do not exist where mock looks for them.",
    run=run,
    blocks=True,
    scans=scans,
)
