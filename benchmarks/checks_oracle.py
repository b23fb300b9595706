"""Compare `patch_targets` with real imports: `python -m benchmarks.checks_oracle FOLDER ENVIRONMENT`.

FOLDER is a code base and ENVIRONMENT a virtual environment in which it is installed with its dependencies. Every target
that is a text is imported there, as `mock.patch` and `monkeypatch.setattr` do it. The check itself imports nothing.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hooks.patch_sites import Site
from hooks.patch_targets import judge
from hooks.project import Project
from hooks.resolve import Answer

# Reads (base, name, attribute first) from stdin, and prints for each whether it exists, and why not.
PROGRAM = r"""
import importlib.util, json, pkgutil, sys, warnings

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


results = [check(*target) for target in json.load(sys.stdin)]
print("RESULTS " + json.dumps(results))
"""

Judged = tuple[str, Site, str, Answer]


def main(folder: Path, environment: Path) -> int:
    """Print how many verdicts the imports confirm, and all that they do not. Return 1 if a name was called missing wrongly."""
    project = Project.open(folder, options={"python": str(environment.absolute())})
    judged = [each for each in judge(project, project.files) if each[1].by_text and each[1].base]
    judged = [each for each in judged if not each[1].base.startswith("__name__")]
    counts: Counter[tuple[str, str]] = Counter()
    wrong = 0
    for (path, site, name, answer), problem in zip(judged, import_all(project, environment, judged), strict=True):
        real = "cannot be imported" if problem.startswith("failed") else "does not exist" if problem else "exists"
        counts[answer.verdict, real] += 1
        if (answer.verdict, real) in (("missing", "exists"), ("ok", "does not exist")):
            wrong += answer.verdict == "missing"
            print(
                f"{path}:{site.place[0]}: {site.base}.{name}: {answer.verdict}, but {real} ({problem or answer.reason})"
            )
    for (verdict, real), count in sorted(counts.items()):
        print(f"{verdict:8} {real:20} {count}")
    return 1 if wrong else 0


def import_all(project: Project, environment: Path, judged: list[Judged]) -> Iterator[str]:
    """Yield for each target why it does not exist, or an empty text."""
    targets = [(site.base, name, site.attribute_first) for _, site, name, _ in judged]
    roots = [str(project.root / root) for root in sorted(project.modules.starts)]
    command = [str(environment / "bin" / "python"), "-c", PROGRAM, *roots]
    run = subprocess.run(
        command, input=json.dumps(targets), cwd=project.root, capture_output=True, text=True, check=False
    )
    lines = [line for line in run.stdout.splitlines() if line.startswith("RESULTS ")]
    if not lines:
        sys.exit(run.stderr)
    yield from json.loads(lines[-1].removeprefix("RESULTS "))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
