"""How `patch_targets` does on real code: its verdicts, and how many misspelt targets it finds."""

import random
import string
from collections import Counter
from collections.abc import Iterator, Mapping

from hooks.patch_hints import Hints
from hooks.patch_sites import Site
from hooks.patch_targets import answer, judge
from hooks.project import Project
from hooks.resolve import Answer, Defined, Module, Resolver, best, is_module

Judged = list[tuple[str, Site, str, Answer]]
Counts = Counter[tuple[str, bool]]

LAST_OF_MODULE = "last part, a name of a module"
LAST_OF_CLASS = "last part, a name of a class or an object"
MIDDLE = "a middle part"


def section(projects: Mapping[str, Project]) -> str:
    """Return the tables of verdicts and of misspelt targets, and all names that are missing."""
    from benchmarks.checks import table

    judged = {name: list(judge(project, project.files)) for name, project in projects.items()}
    rows: list[list[object]] = []
    for name, results in judged.items():
        counts = Counter(found.verdict for *_, found in results)
        rows.append([name, len(results), counts["ok"], counts["missing"], counts["unknown"]])
    rows.append(["all", *(sum(int(str(row[column])) for row in rows) for column in range(1, 5))])
    missing = [
        f"- {name}: `{path}`, line {site.place[0]}: {found.reason}.\n"
        for name, results in judged.items()
        for path, site, _, found in results
        if found.verdict == "missing"
    ]
    found = misspell_all(projects, judged)
    kinds = [LAST_OF_MODULE, LAST_OF_CLASS, MIDDLE, "all"]
    recall: list[list[object]] = [
        [kind, found[kind, True] + found[kind, False], f"{found[kind, True] / sum_of(found, kind):.1%}"]
        for kind in kinds
    ]
    return "\n".join(
        [
            table(["code base", "names", "ok", "missing", "unknown"], rows),
            "".join(missing),
            table(["one letter is wrong in", "targets", "found"], recall),
        ]
    )


def sum_of(found: Counts, kind: str) -> int:
    """Return how many targets of a kind were misspelt."""
    return found[kind, True] + found[kind, False] or 1


def misspell_all(projects: Mapping[str, Project], judged: Mapping[str, Judged]) -> Counts:
    """Return how many misspelt targets are found, and how many are not, by what is misspelt."""
    counts: Counts = Counter()
    for name, results in judged.items():
        resolver, hints = Resolver.of(projects[name]), Hints(projects[name])
        generator = random.Random(name)
        for path, site, attribute, found in results:
            if found.verdict == "ok" and attribute and site.by_text and not site.base.startswith("__name__"):
                for kind, wrong in misspell_target(resolver, path, site, attribute, generator):
                    is_found = wrong.verdict == "missing" and not is_computed(hints, wrong)
                    counts[kind, is_found] += 1
                    counts["all", is_found] += 1
    return counts


def is_computed(hints: Hints, wrong: Answer) -> bool:
    """Return whether the check is silent because code gives names to the module or the class."""
    return isinstance(wrong.thing, Module | Defined) and hints.is_computed(wrong.thing)


def misspell_target(
    resolver: Resolver, path: str, site: Site, name: str, generator: random.Random
) -> Iterator[tuple[str, Answer]]:
    """Yield what the check says about a target with a wrong last part, and with a wrong part before it."""
    base = best(resolver.dotted_all(site.base, path, attribute_first=site.attribute_first))
    of_module = base is not None and is_module(base.thing)
    yield LAST_OF_MODULE if of_module else LAST_OF_CLASS, answer(resolver, path, site, misspell(name, generator))
    first, *parts = site.base.split(".")
    if parts:
        number = generator.randrange(len(parts))
        parts[number] = misspell(parts[number], generator)
        yield MIDDLE, answer(resolver, path, site._replace(base=".".join([first, *parts])), name)


def misspell(word: str, generator: random.Random) -> str:
    """Return a word with one other letter."""
    position = generator.randrange(len(word))
    letters = [letter for letter in string.ascii_lowercase if letter != word[position]]
    return word[:position] + generator.choice(letters) + word[position + 1 :]
