"""Finds patches of names that do not exist where mock looks for them."""

import builtins
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from .check import Check, Finding, Level
from .outline import outline
from .patch_sites import Site, patch_sites
from .project import Project
from .resolve import Answer, Defined, Module, Resolver, Thing, best, is_module, unknown

BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))


def judge(project: Project, paths: Iterable[str]) -> Iterator[tuple[str, Site, str, Answer]]:
    """Yield each name that is replaced in files: the path, the call, the name, and whether it exists."""
    resolver = Resolver.of(project)
    for path, sites in project.read(patch_sites, paths):
        for site in sites:
            for name in site.names or ("",):
                yield path, site, name, answer(resolver, path, site, name)


def judge_others(project: Project) -> Iterator[tuple[str, Site, str, Answer]]:
    """Yield the names of checked modules that files replace which are not checked themselves."""
    changed = set(project.checked) if project.partial else set()
    names = sorted({project.modules.name(path) or "" for path in changed if not project.is_test(path)} - {""})
    for path, site, name, found in judge(project, project.others_with([mentions(name) for name in names])):
        module = found.thing.module if isinstance(found.thing, Defined) else found.thing
        if module and module.file in changed:
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
    resolver = Resolver.of(project)
    hints = Hints(project, resolver)
    for path, site, name, found in (*judge(project, project.checked), *judge_others(project)):
        line, column, end_line = site.place
        target = (
            f"{site.written}.{name}".rstrip(".")
            if not (site.by_text and site.call in ("patch", "setattr", "delattr"))
            else site.written
        )
        if found.verdict == "missing":
            message, hint = f"{target} does not exist: {found.reason}.", hints.find(found)
        elif found.verdict == "unknown":
            message, hint = f"{target} was not judged: {found.reason}.", ""
        else:
            continue
        level: Level | None = "note" if found.verdict == "unknown" else None
        yield Finding(
            path,
            line,
            column,
            message,
            hint,
            level,
            found.verdict,
            f"{site.where}: {target}",
            end_line,
            {"call": site.call},
        )


class Hints:
    """Finds what a missing name was meant to be."""

    def __init__(self, project: Project, resolver: Resolver) -> None:
        self._project = project
        self._resolver = resolver

    def find(self, found: Answer) -> str:
        """Return what to do about a missing name."""
        thing, name = found.thing, found.name
        if isinstance(thing, Module) and thing.file and (hint := self._inside(thing, name)):
            return hint
        if hint := self._elsewhere(name, thing):
            return hint
        names = self._resolver.names_of(thing) if thing else []
        close = get_close_matches(name, [each for each in names if each != name], 1, 0.75)
        return f"Did you mean {close[0]}?" if close else ""

    def _inside(self, module: Module, name: str) -> str:
        imports = self._resolver.imported_later(module.file)
        if name not in imports:
            return ""
        target, level, original, function = imports[name]
        if level:
            bases = self._resolver.base_of(module.file, level, target)
            target = bases[0].name if bases else ""
        if not target:
            return f"{function}() imports it: patch it where it is defined."
        place = f"{target}.{original}" if original else target
        return f'{function}() imports it when it is called: patch "{place}" instead.'

    def _elsewhere(self, name: str, thing: Thing | None) -> str:
        """Return where else the project defines a name, if it is in one place only."""
        if len(name) < 4:
            return ""
        word = re.compile(
            rb"^(?:async )?(?:def|class) " + name.encode() + rb"\b|^" + name.encode() + rb"\b.*=", re.MULTILINE
        )
        here = thing.file if isinstance(thing, Module) else ""
        places = []
        for path in self._project.files:
            if path != here and not self._project.is_test(path) and word.search(self._project.bytes(path)):
                places.append(path)
        if len(places) != 1:
            return ""
        facts = self._resolver.outline(places[0])
        module = self._project.modules.name(places[0])
        return f"It is defined in {module}: did it move there?" if facts and name in facts.names and module else ""


CHECK = Check(
    name="patch_targets",
    summary="Finds patches of names that do not exist where mock looks for them.",
    run=run,
    blocks=True,
    scans=(patch_sites, outline),
)
