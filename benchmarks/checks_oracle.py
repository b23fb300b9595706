"""Compare `patch_targets` with real imports: `python -m benchmarks.checks_oracle FOLDER ENVIRONMENT`.

FOLDER is a code base and ENVIRONMENT a virtual environment in which it is installed with its dependencies. There, every
target that is a text is imported, as `mock.patch` and `monkeypatch.setattr` do it, and every module of the code base. None
of the names that exist may be called missing: neither a target, nor any name of a module, nor any attribute of a class.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hooks.patch_sites import Site
from hooks.patch_targets import judge
from hooks.project import Project
from hooks.resolve import Answer, Resolver
from hooks.test_code import is_installed

# Reads a request from stdin: targets, and the names of modules. Prints one line with the results.
PROGRAM = r"""
import importlib.util, json, os, pkgutil, sys, warnings

warnings.simplefilter("ignore")
sys.path[:0] = sys.argv[1:]


def follow(name):
    first, *rest = name.split(".")
    found, used = importlib.import_module(first), first
    for part in rest:
        used += "." + part
        try:
            found = getattr(found, part)
        except AttributeError:
            importlib.import_module(used)
            found = getattr(found, part)
    return found


def failing(base):
    # Why a module that is there cannot be imported, for example because a package is not installed.
    used = ""
    for part in base.split("."):
        used = f"{used}.{part}".lstrip(".")
        try:
            if importlib.util.find_spec(used) is None:
                return ""
            importlib.import_module(used)
        except BaseException as error:
            is_there = not isinstance(error, ModuleNotFoundError) or error.name != used
            return f"failed: {error!r}" if is_there and "is not a package" not in str(error) else ""
    return ""


def check(base, name, attribute_first):
    try:
        thing = follow(base) if attribute_first else pkgutil.resolve_name(base)
    except (ImportError, AttributeError) as error:
        return failing(base) or repr(error)
    except BaseException as error:
        return "failed: " + repr(error)
    missing = object()
    if name and getattr(thing, name, missing) is missing and name not in getattr(thing, "__dict__", ()):
        return f"{thing!r:.60} has no {name}"
    return ""


def names_of(module):
    try:
        return list(own_names(importlib.import_module(module), module))
    except BaseException:
        return None


def own_names(found, module):
    yield from (names := [name for name in dir(found) if name.isidentifier()])
    for name in names:
        value = getattr(found, name, None)
        if isinstance(value, type) and value.__module__ == module and value.__qualname__ == name:
            members = (member for member in dir(value) if member.isidentifier() and hasattr(value, member))
            yield from (f"{name}.{member}" for member in members)


request = json.load(sys.stdin)
targets, modules = request["targets"], request["modules"]
print("RESULTS " + json.dumps([check(*target) for target in targets] + [names_of(module) for module in modules]))
sys.stdout.flush()
os._exit(0)
"""

Judged = tuple[str, Site, str, Answer]


def main(folder: Path, environment: Path) -> int:
    """Print how the verdicts compare with the imports. Return 1 if a name that exists is called missing."""
    project = Project.open(folder, options={"python": str(environment.absolute())})
    return int(compare_targets(project, environment) + compare_names(project, environment) > 0)


def compare_targets(project: Project, environment: Path) -> int:
    """Print how many verdicts about targets the imports confirm. Return how many are wrongly called missing."""
    judged = [each for each in judge(project, project.files) if each[1].by_text and each[1].base]
    judged = [each for each in judged if not each[1].base.startswith("__name__")]
    counts: Counter[tuple[str, str]] = Counter()
    targets = [(site.base, name, site.attribute_first) for _, site, name, _ in judged]
    for (path, site, name, answer), problem in zip(judged, ask(project, environment, targets, []), strict=True):
        real = "cannot be imported" if problem.startswith("failed") else "does not exist" if problem else "exists"
        counts[answer.verdict, real] += 1
        if (answer.verdict, real) in (("missing", "exists"), ("ok", "does not exist")):
            print(
                f"{path}:{site.place[0]}: {site.base}.{name}: {answer.verdict}, but {real} ({problem or answer.reason})"
            )
    for (verdict, real), count in sorted(counts.items()):
        print(f"targets: {verdict:8} {real:20} {count}")
    return counts["missing", "exists"]


def compare_names(project: Project, environment: Path) -> int:
    """Print what the check says about all names that exist. Return how many it calls missing."""
    resolver = Resolver.of(project)
    own = [path for path in project.files if is_installed(project.modules, path) and not project.is_test(path)]
    known = {project.modules.name(path) or "" for path in own}
    modules = sorted(name for name in known if name and name.rpartition(".")[2] != "__main__")
    counts: Counter[str] = Counter()
    for module, names in zip(modules, ask(project, environment, [], modules), strict=True):
        counts["modules" if names is not None else "modules that cannot be imported"] += 1
        for name in names or ():
            answer = resolver.dotted(f"{module}.{name}")
            counts[answer.verdict] += 1
            if answer.verdict == "missing":
                print(f"{module}.{name} exists, but: {answer.reason}")
    print("names:", ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return counts["missing"]


def ask(project: Project, environment: Path, targets: Iterable[Any], modules: Iterable[str]) -> Iterator[Any]:
    """Yield what the environment says about each target, and the names of each module."""
    roots = [str(project.root / root) for root in sorted(project.modules.starts)]
    command = [str(environment / "bin" / "python"), "-c", PROGRAM, *roots]
    request = json.dumps({"targets": list(targets), "modules": list(modules)})
    run = subprocess.run(command, input=request, cwd=project.root, capture_output=True, text=True, check=False)
    lines = [line for line in run.stdout.splitlines() if line.startswith("RESULTS ")]
    if not lines:
        sys.exit(run.stderr)
    yield from json.loads(lines[-1].removeprefix("RESULTS "))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
