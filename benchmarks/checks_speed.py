"""Measure how fast the checks are: `python -m benchmarks.checks_speed [FOLDER]`; `make bench` does it, too.

They are compared with `ast.parse`, and with the closest other tools. FOLDER is a code base; without it, one is made of a
written service and the packages in its environment.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.ratios import print_ratio
from hooks.changes import find_files
from tests.support.services import ROOT, Service, copy_template, write_service

FILES = 3_000
CHANGED = 10
ROUNDS = 5
CHECK = [sys.executable, "-m", "hooks.cli"]
CODEMOD = [sys.executable, "-c", "import sys; from hooks.codemod import main; sys.exit(main())"]
PARSE = """
import ast, gc, sys, warnings
gc.disable()
warnings.simplefilter("ignore")
for path in sys.stdin.read().split("\\0"):
    with open(path, "rb") as file:
        data = file.read()
    try:
        ast.parse(data)
    except (SyntaxError, ValueError):
        pass
"""
BANNED = (
    "[lint.flake8-tidy-imports.banned-api]\n"
    '"unittest.mock".msg = "No mocks."\n"mock".msg = "No mocks."\n"pytest_mock".msg = "No mocks."\n'
)


@dataclass(frozen=True)
class Time:
    """How long a program takes."""

    wall: float
    processor: float
    """Seconds of all processors, those of its own programs included."""


def compare_checks(workshop: Path, service: Service) -> None:
    """Measure the checks on a code base of three thousand files, and beside the tools of a service."""
    folder = make_code_base(workshop / "code-base", service)
    compare_with_parsing(folder)
    compare_commits(folder)
    compare_with_others(service)


def make_code_base(folder: Path, service: Service) -> Path:
    """Return a repository with the files of a service and of packages in its environment."""
    shutil.copytree(service.folder, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    [packages] = (service.environment / "lib").glob("python3*/site-packages")
    files = (file for file in sorted(packages.rglob("*.py")) if file.is_file())
    number = sum(1 for _ in folder.rglob("*.py"))
    for _, file in zip(range(FILES - number), files, strict=False):
        target = folder / "packages" / file.relative_to(packages)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    commit(folder)
    return folder


def compare_with_parsing(folder: Path) -> None:
    """Compare the checks that block, and a codemod, with `ast.parse` of the same files on one core."""
    root = ["--root", str(folder)]
    times = measure(
        {
            "parse": parse(folder),
            "checks": partial(run, [*CHECK, *root, "--no-cache"]),
            "codemod": partial(run, [*CODEMOD, "utcnow", *root]),
        }
    )
    parsing, checks = times["parse"], times["checks"]
    print(f"Parsing all files on one core: {parsing.wall:.2f} s, checking them on {os.cpu_count()} {checks.wall:.2f} s")
    print_ratio(checks.wall / parsing.wall, goal=2)
    print(f"  by processor time {parsing.processor:.2f} s and {checks.processor:.2f} s")
    print_ratio(checks.processor / parsing.processor, goal=None)
    print(f"`phasework codemod utcnow` takes {times['codemod'].processor:.2f} s")
    print_ratio(times["codemod"].processor / parsing.processor, goal=1)


def parse(folder: Path) -> Callable[[], object]:
    """Return a run that parses the Python files of a code base on one core."""
    files = [str(folder / name) for name in find_files(folder) if name.endswith(".py")]
    return partial(run, [sys.executable, "-c", PARSE], "\0".join(files))


def compare_commits(folder: Path) -> None:
    """Measure the checks of a commit that changes a few files."""
    names = [name for name in find_files(folder) if name.endswith(".py") and (folder / name).stat().st_size > 1_000]
    for name in names[:: len(names) // CHANGED][:CHANGED]:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("\n# changed\n")
    command = [*CHECK, "--root", str(folder), "--since", "HEAD"]
    times = measure({"again": partial(run, command), "first": partial(run, [*command, "--no-cache"])})
    print(f"{CHANGED} changed files: {times['again'].wall:.2f} s, without a cache {times['first'].wall:.2f} s")
    print_ratio(times["again"].wall / 1, goal=1)
    subprocess.run(["git", "checkout", "--quiet", "."], cwd=folder, check=True)


def compare_with_others(service: Service) -> None:
    """Compare checks and codemods with the closest tools, which the service has in its environment."""
    banned = service.folder.with_name("banned.toml")
    banned.write_text(BANNED, encoding="utf-8")
    root = ["--root", str(service.folder)]
    pairs: dict[str, tuple[Sequence[str], Sequence[str]]] = {
        "mock_detector, ruff check --select TID251": (
            [*CHECK, "mock_detector", "--all", "--no-cache", *root],
            service.command("ruff", "check", "--no-cache", "--config", str(banned), "--select", "TID251"),
        ),
        "import_validator, lint-imports": (
            [*CHECK, "import_validator", "--no-cache", *root],
            service.command("lint-imports", "--no-logo", "--no-cache"),
        ),
        "import_analyzer, ruff analyze graph": (
            [*CHECK, "import_analyzer", "--no-cache", "--format=graph", *root],
            service.command("ruff", "analyze", "graph"),
        ),
        "codemod utcnow, ruff check --select DTZ003": (
            [*CODEMOD, "utcnow", *root],
            service.command("ruff", "check", "--no-cache", "--isolated", "--select", "DTZ003"),
        ),
        "celery_calls, mypy": (
            [*CHECK, "celery_calls", "--no-cache", *root],
            service.command("mypy", f"--cache-dir={os.devnull}"),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        runs = {"ours": partial(run, ours), "theirs": partial(run, theirs, folder=service.folder)}
        times = measure(runs, rounds=3)
        print(f"{name}: {times['ours'].wall:.2f} s, {times['theirs'].wall:.2f} s")
        print_ratio(times["ours"].wall / times["theirs"].wall, goal=None)


def run(command: Sequence[str], given: str = "", folder: Path = ROOT) -> None:
    """Run a program, which may find something."""
    done = subprocess.run(command, input=given, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode in (0, 1), done.stdout


def measure(runs: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, Time]:
    """Return the median times of programs that take turns, after one round to warm the caches."""
    times: dict[str, list[Time]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, start in runs.items():
            times[name].append(time_of(start))
    return {name: Time(*median(found[1:])) for name, found in times.items()}


def median(times: Sequence[Time]) -> Iterator[float]:
    """Yield the median of the wall times, and of the processor times."""
    yield statistics.median(each.wall for each in times)
    yield statistics.median(each.processor for each in times)


def time_of(start: Callable[[], object]) -> Time:
    """Run a program and return how long it takes."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    start()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Time(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def commit(folder: Path) -> None:
    """Make a repository of a folder, with all its files in one commit."""
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "core.hooksPath=/dev/null"]
    for arguments in (["init", "-q"], ["add", "--all", "--force"], ["commit", "-qm", "Begin"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True)


def main() -> None:
    """Measure the checks on a code base, or as `make bench` does it."""
    if len(sys.argv) > 1:
        compare_with_parsing(Path(sys.argv[1]).resolve())
        return
    with tempfile.TemporaryDirectory(prefix="phasework-bench-") as folder:
        workshop = Path(folder)
        template = copy_template(workshop / "template")
        compare_checks(workshop, write_service(template, workshop / "service", {}))


if __name__ == "__main__":
    main()
