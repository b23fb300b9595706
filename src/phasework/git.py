"""Reads and writes the files of a service through git, which knows what its team wrote."""

import os
import posixpath
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

Tree = dict[str, str]
"""Files by their path in the service, each with its mode and the name of its content in git."""

OPERATIONS = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}
"""The files in the repository of an unfinished operation of git."""

Labels = tuple[str, str, str]
"""The names of the three versions of a file in conflict markers."""

AT_ROOT = (".github", ".pre-commit-config.yaml")
"""What an update of a service in a subfolder may change at the root of the repository."""

DELETED = f"0 {'0' * 40}"
# Names and contents that are not UTF-8 survive reading and writing with this error handler.
ANY_BYTES = "surrogateescape"


# Git hooks set these for the repository that is committed to.
INHERITED = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")
NO_REPOSITORY = "not a git repository"


class GitError(Exception):
    """A git command failed; the message is git's own reason."""

    @property
    def no_repository(self) -> bool:
        """Whether the only reason is that the folder is in no repository."""
        return NO_REPOSITORY in str(self)


def reason(output: bytes) -> str:
    """Return git's reason in one line: all from the first `fatal:` or `error:`, else the last line."""
    text = output.decode(errors="replace").strip()
    found = re.search(r"^(?:fatal|error): (.*)", text, re.DOTALL | re.MULTILINE)
    if not found:
        return text.rpartition("\n")[2]
    sentences = re.sub(r"\.?\n+(?:fatal|error): ", ". ", found[1])
    return " ".join(sentences.split()).rstrip(".")


def run_git(
    *arguments: str | Path, cwd: Path | None = None, text: str = "", variables: Mapping[str, str] | None = None
) -> bytes:
    """Run a git command with `text` as its input and return its output; raise `GitError` if it fails."""
    # The reason is looked for in English.
    environment = {name: value for name, value in os.environ.items() if name not in INHERITED} | {"LANGUAGE": "en"}
    try:
        run = subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            input=text.encode(errors=ANY_BYTES),
            env=environment | dict(variables or {}),
            capture_output=True,
            check=False,
        )
    except OSError as error:
        missing = cwd is None or cwd.is_dir()
        raise GitError("not installed" if missing else f"{cwd}: {error.strerror}") from error
    if run.returncode:
        raise GitError(reason(run.stderr) or f"git {arguments[0]}")
    return run.stdout


class Repository:
    """The git repository of a service; the service may be in a subfolder of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top = Path(self.run("rev-parse", "--show-toplevel"))
        self.prefix = self.run("rev-parse", "--show-prefix")

    def run(
        self,
        *arguments: str | Path,
        text: str = "",
        variables: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> str:
        """Run a git command in the service, or in `cwd`, and return its output: see `run_git`."""
        output = run_git(*arguments, cwd=cwd or self.root, text=text, variables=variables)
        return output.decode(errors=ANY_BYTES).rstrip("\n")

    def changed_files(self) -> list[str]:
        """Return the files of the service that differ from the last commit, including new ones, and those at the root."""
        at_root = [f":/{path}" for path in AT_ROOT] if self.prefix else []
        status = self.run("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", ".", *at_root)
        return [line[3:] for line in status.split("\0") if line]

    def has_commit(self) -> bool:
        """Return whether there is a commit."""
        try:
            return bool(self.run("rev-parse", "--verify", "--quiet", "HEAD"))
        except GitError:
            return False

    def find_operation(self) -> str:
        """Return what git is in the middle of, for example a merge, or an empty text."""
        for name, operation in OPERATIONS.items():
            if Path(self.root, self.run("rev-parse", "--git-path", name)).exists():
                return operation
        return ""

    def read_tree(self, outside: Iterable[str] = ()) -> Tree:
        """Return the files of the service in the last commit, and those of `outside`, which are not in its folder."""
        tree = self._list_tree("-r", "HEAD")
        for path in outside:
            found = self._list_tree("--full-tree", "HEAD", "--", self._at_root(path))
            tree |= dict.fromkeys([path] if found else [], "".join(found.values()))
        return tree

    def _list_tree(self, *arguments: str) -> Tree:
        lines = self.run("ls-tree", "-z", *arguments).split("\0")
        found = (line.partition("\t") for line in lines if line)
        return {path: " ".join(entry.split()[::2]) for entry, _, path in found}

    def _at_root(self, path: str) -> str:
        """Return the path from the root of the repository, for one from the service."""
        return posixpath.normpath(self.prefix + path)

    def store(self, folder: Path) -> Tree:
        """Store the files of a folder in the repository, without a commit, and return them."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        names = self.run("hash-object", "-w", "--no-filters", "--stdin-paths", text="\n".join(map(str, files)))
        modes = ["100755" if os.access(file, os.X_OK) else "100644" for file in files]
        return {
            file.relative_to(folder).as_posix(): f"{mode} {name}"
            for file, mode, name in zip(files, modes, names.splitlines(), strict=True)
        }

    def find_renames(self, before: Tree) -> dict[str, str]:
        """Return the new paths of the files of `before` that have another path in the last commit."""
        with tempfile.TemporaryDirectory() as folder:
            tree = self._write_tree(before, Path(folder, "index"))
        options = ["-r", "-z", "--name-status", "--diff-filter=R", "--find-renames=70%"]
        words = self.run("diff-tree", *options, tree, self.run("rev-parse", "HEAD:./")).split("\0")
        return dict(zip(words[1::3], words[2::3], strict=True))

    def content(self, entry: str | None) -> bytes:
        """Return the content of a file; a missing file is empty."""
        return b"" if entry is None else run_git("cat-file", "blob", entry.split()[1], cwd=self.root)

    def store_text(self, mode: str, text: str) -> str:
        """Store the text of a file and return its entry in a tree."""
        return f"{mode} {self.run('hash-object', '-w', '--no-filters', '--stdin', text=text)}"

    def merge(self, ours: str, base: str | None, new: str, labels: Labels) -> tuple[str, list[str]]:
        """Merge the changes from `base` to `new` into `ours`; return the merged file and the lines in conflict."""
        merged = merge_contents(self.content(ours), self.content(base), self.content(new), labels)
        if merged is None:
            return ours, ["all of it"]
        conflicts = find_conflicts(merged.decode(errors="replace"), labels)
        return self.store_text(ours.split()[0], merged.decode(errors=ANY_BYTES)), conflicts

    def find_ignored(self, before: Tree, after: Tree) -> list[str]:
        """Return the new paths of `after` where a file exists that git ignores and could not restore."""
        return sorted(path for path in after.keys() - before.keys() if os.path.lexists(self.root / path))

    def write(self, before: Tree, after: Tree, conflicts: Mapping[str, Iterable[str | None]]) -> None:
        """Replace the files of `before`, the last commit, with those of `after`, in the working tree and the index.

        `conflicts` are the files that git marks as unmerged, each with its three versions: at the last update, in the
        last commit, and from the template.
        """
        changes = {
            path: after.get(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)
        }
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder, "index")
            self.run("read-tree", "HEAD", variables={"GIT_INDEX_FILE": str(index)})
            lines = {self._at_root(path): entry for path, entry in changes.items()}
            tree = self._write_tree(lines, index)
        self.run("read-tree", "-m", "-u", "HEAD", tree, cwd=self.top)
        for path, stages in conflicts.items():
            place = self._at_root(path)
            staged = [f"{entry} {n}\t{place}" for n, entry in enumerate(stages, 1) if entry]
            self._update_index([f"{DELETED}\t{place}", *staged], {})

    def _write_tree(self, entries: Mapping[str, str | None], index: Path) -> str:
        variables = {"GIT_INDEX_FILE": str(index)}
        self._update_index([f"{entry or DELETED}\t{path}" for path, entry in entries.items()], variables)
        return self.run("write-tree", variables=variables, cwd=self.top)

    def _update_index(self, lines: list[str], variables: Mapping[str, str]) -> None:
        text = "".join(f"{line}\0" for line in lines)
        self.run("update-index", "-z", "--index-info", text=text, variables=variables, cwd=self.top)


def merge_contents(ours: bytes, base: bytes, new: bytes, labels: Labels) -> bytes | None:
    """Merge the changes from `base` to `new` into `ours` and mark conflicts; return None if a file is not text."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("ours", "base", "new")]
        for file, content in zip(files, (ours, base, new), strict=True):
            file.write_bytes(content)
        names = [word for label in labels for word in ("-L", label)]
        run = subprocess.run(["git", "merge-file", "-p", *names, *files], cwd=folder, capture_output=True, check=False)
    # The exit code is the number of conflicts, up to 127, or 255 for a file that is not text.
    if run.returncode == 255:
        return None
    if not 0 <= run.returncode <= 127:
        raise GitError(reason(run.stderr) or "git merge-file")
    return run.stdout


def merge_texts(ours: str, base: str, new: str, labels: Labels) -> str:
    """Merge the changes from `base` to `new` into `ours` and mark conflicts."""
    merged = merge_contents(ours.encode(), base.encode(), new.encode(), labels)
    return ours if merged is None else merged.decode()


def find_conflicts(text: str, labels: Labels) -> list[str]:
    """Return the first and last line of each conflict in a merged text, for example `12-20`."""
    ours, _, new = labels
    numbered = list(enumerate(text.splitlines(), 1))
    first = [number for number, line in numbered if line == f"<<<<<<< {ours}"]
    last = [number for number, line in numbered if line == f">>>>>>> {new}"]
    return [f"{begin}-{end}" for begin, end in zip(first, last, strict=False)]
