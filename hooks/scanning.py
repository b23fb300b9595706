"""Runs scans over files, on several cores, and keeps their results for the next run."""

import gc
import hashlib
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path

from .check import Scan
from .source import NotRead, read_source

Facts = dict[str, bytes | None]
"""The results of scans of one file, by the scan's name, as `pickle` writes them: most are never looked at. `UNREAD` has
the reason if the file was not read."""

UNREAD = "unread"
ENOUGH_FOR_A_POOL = 80
"""Starting processes takes as long as reading this many files."""
BATCH = 40
SETTLED = 2.0
"""Seconds after a change in which a second one may not change the time of the file."""


@cache
def name_of(scan: Scan) -> str:
    """Return the name under which the results of a scan are kept."""
    return f"{scan.__module__.rpartition('.')[2]}.{scan.__qualname__}"


def scan_file(root: Path, path: str, scans: Iterable[Scan]) -> Facts:
    """Run scans over one file. A file that cannot be read has the reason and no other facts."""
    facts: Facts = {}
    try:
        source = read_source(root, path)
        for scan in scans:
            found = scan(source)
            facts[name_of(scan)] = None if found is None else pickle.dumps(found, protocol=5)
    except NotRead as reason:
        return dict.fromkeys(map(name_of, scans)) | {UNREAD: str(reason).encode()}
    except RecursionError:
        return dict.fromkeys(map(name_of, scans)) | {UNREAD: b"it is nested too deeply"}
    return facts


def scan_batch(root: Path, jobs: Sequence[tuple[str, Sequence[Scan]]]) -> list[tuple[str, Facts]]:
    """Run scans over some files, in a worker process."""
    with without_collection():
        return [(path, scan_file(root, path, scans)) for path, scans in jobs]


@contextmanager
def without_collection() -> Iterator[None]:
    """Do not look for circles of objects: trees and facts have few, and looking takes a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def scan_files(
    root: Path, jobs: Sequence[tuple[str, Sequence[Scan]]], advance: Callable[[int], None]
) -> Iterator[tuple[str, Facts]]:
    """Yield the facts of files, each with the scans that it needs. `advance` is told how many are done."""
    workers = min(os.cpu_count() or 1, 8) if len(jobs) >= ENOUGH_FOR_A_POOL else 1
    if workers == 1:
        for job in jobs:
            yield from scan_batch(root, [job])
            advance(1)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(workers) as pool:
        for result in pool.map(scan_batch, *zip(*((root, batch) for batch in batches(jobs)), strict=True)):
            yield from result
            advance(len(result))


def batches(jobs: Iterable[tuple[str, Sequence[Scan]]]) -> Iterator[list[tuple[str, Sequence[Scan]]]]:
    """Split jobs into parts for one worker each."""
    rest = iter(jobs)
    while batch := list(islice(rest, BATCH)):
        yield batch


class Stored:
    """The facts of earlier runs, in a file outside of the project, for files that have not changed since."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._entries: dict[str, tuple[tuple[int, int], Facts]] = {}
        self._changed = False
        if file:
            self._load(file)

    def _load(self, file: Path) -> None:
        try:
            version, entries = pickle.loads(file.read_bytes())
        except Exception:  # whatever is wrong with the file, it is only a copy
            return
        if version == our_version():
            self._entries = entries

    def find(self, root: Path, path: str) -> Facts:
        """Return what is known about a file as it is now."""
        entry = self._entries.get(path)
        return entry[1] if entry and entry[0] == stamp(root, path) else {}

    def keep(self, root: Path, path: str, facts: Facts) -> None:
        """Keep the facts of a file, unless it changed just now."""
        mark = stamp(root, path) if self._file else None
        if mark and time.time() - mark[0] / 1e9 > SETTLED:
            self._entries[path] = mark, facts
            self._changed = True

    def save(self) -> None:
        """Write the facts, if there are new ones. Where that fails, the next run reads the files again."""
        if not self._file or not self._changed:
            return
        own = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            own.write_bytes(pickle.dumps((our_version(), self._entries), protocol=5))
            own.replace(self._file)
        except OSError:
            own.unlink(missing_ok=True)


def stamp(root: Path, path: str) -> tuple[int, int] | None:
    """Return the time of the last change and the size of a file."""
    try:
        status = os.stat(os.path.join(root, path))  # noqa: PTH116, PTH118, several times faster than a path object
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


@cache
def our_version() -> str:
    """Return a text that changes with the code of the checks and with the Python that parses."""
    digest = hashlib.sha256(repr(sys.version_info).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def cache_file(root: Path) -> Path:
    """Return where the facts about a project are kept: in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    name = hashlib.sha256(str(root).encode(errors="surrogateescape")).hexdigest()[:20]
    return Path(base).expanduser() / "phasework" / f"{name}.pickle"
