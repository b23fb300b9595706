"""The command line of the checks: `phasework check` and `phasework-check`."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from . import baseline, ignores, registry
from .check import LEVELS, Check, Finding, Level, Scan, Unusable
from .output import FORMATS, of
from .project import Project, find_root, warn
from .registry import load
from .scanning import without_collection

FOUND, FAILED, INTERRUPTED = 1, 2, 130
DESCRIPTION = """\
Find faults in a test suite, by its files alone: no code is imported or run.
Without a NAME, all checks that block are run; without a PATH, all Python files
of the project: those that git tracks, and new ones that it does not ignore."""
EPILOG = """\
exit codes: 0 nothing found, 1 something found, 2 could not run.

A comment at the end of a line allows what is found there:
    # phasework: ignore[patch_targets]
Settings are in [tool.phasework] of pyproject.toml, those of a check in
[tool.phasework.NAME]."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run checks. Return 0, 1 if they find something, or 2 if they could not run."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        with without_collection():
            return run(list(arguments))
    except Unusable as reason:
        warn(str(reason))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def run(arguments: list[str]) -> int:
    """Run checks; see `main`."""
    named = find_names(arguments)
    parser = make_parser(named)
    options = parser.parse_intermixed_args(arguments)
    checks = named or registry.load_blocking()
    write = choose_format(checks, options.format)
    project = open_project(options)
    findings = judge(project, checks, options)
    if options.output:
        options.output.write_text(write(project, findings), encoding="utf-8")
    else:
        # A file name that is not UTF-8 cannot be printed as it is.
        sys.stdout.write(write(project, findings).encode(errors="backslashreplace").decode())
    return FOUND if any(fails(finding, options.fail_on) for finding in findings) else 0


def check_name(argument: str) -> str | None:
    """Return the name of the check that an argument means, if it means one."""
    name = argument.replace("-", "_")
    return name if name in registry.CHECKS else None


def find_names(arguments: Sequence[str]) -> list[Check]:
    """Return the checks that are named, without repetitions."""
    options, _ = make_parser([], add_help=False).parse_known_intermixed_args(arguments)
    return [load(name) for name in dict.fromkeys(filter(None, map(check_name, options.names)))]


def make_parser(chosen: Sequence[Check], *, add_help: bool = True) -> argparse.ArgumentParser:
    """Return a parser with the options of all checks and those of the chosen ones."""
    parser = Parser(
        "phasework check",
        add_help=add_help,
        usage="phasework check [NAME ...] [PATH ...] [OPTION ...]",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.chosen = chosen
    parser.add_argument("names", nargs="*", metavar="NAME or PATH", help="checks to run, and files or folders to check")
    parser.add_argument("--since", metavar="REF", default="", help="check only files that changed since a git revision")
    parser.add_argument("--baseline", metavar="FILE", help="do not report the findings in this file")
    parser.add_argument(
        "--update-baseline",
        action="store_true",
        help=f"write the findings to the baseline (default: {baseline.DEFAULT})",
    )
    formats = [*FORMATS, *(name for check in chosen for name in check.formats)]
    parser.add_argument("--format", metavar="FORMAT", default="text", help=f"{', '.join(formats)} (default: text)")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write the report to a file")
    parser.add_argument(
        "--fail-on", choices=LEVELS, default="error", help="the mildest level that exits with 1 (default: error)"
    )
    parser.add_argument("--all", action="store_true", help="print notes, too: what a check could not judge")
    parser.add_argument(
        "--python", metavar="FOLDER", help="the virtual environment with the installed packages (default: .venv)"
    )
    parser.add_argument(
        "--root",
        metavar="FOLDER",
        type=Path,
        help="the project (default: the nearest folder with a pyproject.toml or .git)",
    )
    parser.add_argument("--no-cache", action="store_true", help="read every file again")
    for check in chosen:
        for option, text in check.options.items():
            name, _, value = option.partition("=")
            if value:
                parser.add_argument(f"--{name}", metavar=value, help=f"{check.name}: {text}")
            else:
                parser.add_argument(f"--{name}", action="store_true", help=f"{check.name}: {text}")
    return parser


class Parser(argparse.ArgumentParser):
    """A parser whose help describes checks, which are loaded for it only if somebody asks for it."""

    chosen: Sequence[Check] = ()

    def format_help(self) -> str:
        """Return the help."""
        self.description = describe(self.chosen)
        return super().format_help()


def describe(chosen: Sequence[Check]) -> str:
    """Return the first part of the help: what the chosen checks do, or which checks there are."""
    if chosen:
        return "\n\n".join(f"{check.name}: {check.summary}" for check in chosen)
    width = max(map(len, registry.CHECKS), default=0) + 2
    lines = (
        f"  {check.name:{width}}{'blocks' if check.blocks else 'reports':9}{check.summary}"
        for check in registry.load_all()
    )
    return "\n".join([DESCRIPTION, "", "checks:", *lines])


def choose_format(checks: Sequence[Check], name: str) -> Any:
    """Return the function that writes the report."""
    if name in FORMATS:
        return lambda project, findings: FORMATS[name](project, checks, findings)
    [check, *others] = checks
    if others or name not in check.formats:
        known = [*FORMATS, *(check.formats if not others else ())]
        raise Unusable(f'"{name}" is not a format of these checks; {", ".join(known)} are.')
    return lambda project, findings: check.formats[name](project, of(check, findings))


def open_project(options: argparse.Namespace) -> Project:
    """Return the project that the options name."""
    root = options.root.resolve() if options.root else find_root(Path.cwd())
    if not root.is_dir():
        raise Unusable(f"{options.root} is not a folder.")
    names = [name for name in options.names if not check_name(name)]
    for name in names:
        if not Path(name).exists():
            raise Unusable(f"{name} is neither a check nor a file.{suggest(name)}")
    return Project.open(
        root,
        [Path(name) for name in names],
        options.since,
        find=registry.find,
        options=vars(options),
        stored=not options.no_cache,
    )


def suggest(name: str) -> str:
    """Return a sentence with the check that a misspelt name probably means."""
    close = get_close_matches(name.replace("-", "_"), registry.CHECKS, 1)
    return f" Did you mean {close[0]}?" if close else ""


def judge(project: Project, checks: Sequence[Check], options: argparse.Namespace) -> list[Finding]:
    """Return what the checks find, in order, without what is allowed."""
    project.advance = Progress()
    project.prepare({path: scans_for(project, path, checks) for path in project.checked})
    found = [
        replace(finding, check=check.name, level=check.level_of(finding))
        for check in checks
        for finding in check.run(project)
    ]
    comments = dict(project.read(ignores.scan, project.checked))
    found = list(ignores.apply(found, comments, {check.name for check in checks}, registry.CHECKS))
    found.sort(key=lambda finding: (finding.path, finding.line, finding.column, finding.check, finding.message))
    project.save()
    for path, reason in sorted(project.unread.items()):
        warn(f"{path} was not read: {reason}.")
    return [finding for finding in allow(project, checks, options, found) if options.all or finding.level != "note"]


def scans_for(project: Project, path: str, checks: Sequence[Check]) -> tuple[Scan, ...]:
    """Return what the checks will ask for about a file."""
    return tuple(dict.fromkeys([ignores.scan, *(scan for check in checks for scan in check.scans(project, path))]))


def allow(
    project: Project, checks: Sequence[Check], options: argparse.Namespace, found: list[Finding]
) -> Iterator[Finding]:
    """Yield the findings that are not in the baseline, which is written first if the options say so."""
    name = options.baseline or project.setting("baseline") or (baseline.DEFAULT if options.update_baseline else "")
    if not name:
        yield from found
        return
    file = Path(options.baseline) if options.baseline else project.root / name
    known = baseline.load(file) if file.exists() or not options.update_baseline else baseline.Known()
    if options.update_baseline:
        ran = {check.name for check in checks} | {ignores.NAME}
        known = baseline.updated(known, found, ran, project.checked if project.partial else None)
        baseline.save(file, known)
    yield from baseline.new_ones(found, known)


def fails(finding: Finding, level: Level) -> bool:
    """Return whether a finding is as bad as a level, or worse."""
    return LEVELS.index(finding.level or "error") <= LEVELS.index(level)


class Progress:
    """Shows on a terminal how many files are read, when that takes longer than a second."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._width = 0

    def __call__(self, done: int, total: int) -> None:
        """Show that some of the files are read."""
        if not sys.stderr.isatty() or time.monotonic() - self._start < 1:
            return
        if done == total:
            print(f"\r{' ' * self._width}\r", end="", file=sys.stderr, flush=True)
            return
        text = f"[{'#' * (30 * done // total):30}] {done} of {total} files"
        self._width = len(text)
        print(f"\r{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
