"""Reads and writes the files of a service through git, which knows what its team wrote."""

import os
import posixpath
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

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

# File names that are not UTF-8 survive reading and writing with this error handler.
ANY_NAME = "surrogateescape"


# Empty files are all alike.
FIND_RENAMES = ("--find-renames=70%", "--no-rename-empty")

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
    *arguments: str | Path, cwd: Path | None = None, content: bytes = b"", variables: Mapping[str, str] | None = None
) -> bytes:
    """Run a git command with `content` as its input and return its output; raise `GitError` if it fails."""
    # The reason is looked for in English.
    environment = {name: value for name, value in os.environ.items() if name not in INHERITED} | {"LANGUAGE": "en"}
    try:
        run = subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            input=content,
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

    @cached_property
    def deleted(self) -> str:
        """The entry of a file that is deleted."""
        return f"0 {'0' * len(self.run('rev-parse', 'HEAD'))}"

    def run(
        self,
        *arguments: str | Path,
        text: str = "",
        variables: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> str:
        """Run a git command in the service, or in `cwd`, and return its output: see `run_git`."""
        content = text.encode(errors=ANY_NAME)
        output = run_git(*arguments, cwd=cwd or self.root, content=content, variables=variables)
        return output.decode(errors=ANY_NAME).rstrip("\n")

    def changed_files(self) -> list[str]:
        """Return the files of the service that differ from the last commit, including new ones, and those at the root."""
        at_root = [f":/{path}" for path in AT_ROOT] if self.prefix else []
        options = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"]
        status = self.run(*options, "--ignore-submodules=untracked", "--", ".", *at_root)
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

    def read_tree(self, outside: Iterable[str] = (), commit: str = "HEAD") -> Tree:
        """Return the files of the service in the last commit, and those of `outside`, which are not in its folder."""
        tree = self._list_tree("-r", commit)
        for path in outside:
            found = self._list_tree("--full-tree", commit, "--", self._at_root(path))
            tree |= dict.fromkeys([path] if found else [], "".join(found.values()))
        return tree

    def read_work_tree(self, outside: Iterable[str] = ()) -> Tree:
        """Return the files of the service as they are in its folder now, like `read_tree`, without ignored ones."""
        existing = [path for path in outside if os.path.lexists(self.root / path)]
        index = Path(self.run("rev-parse", "--path-format=absolute", "--git-path", "index"))
        with tempfile.TemporaryDirectory() as folder:
            copied = Path(folder, "index")
            if index.exists():
                shutil.copy2(index, copied)
            variables = {"GIT_INDEX_FILE": str(copied)}
            self.run("add", "--all", "--", ".", *existing, variables=variables)
            return self.read_tree(existing, self.run("write-tree", variables=variables))

    def patch(self, before: Tree, after: Tree) -> bytes:
        """Return the differences between two trees in git's format for patches, with paths from the root."""
        trees = [
            self._store_tree({self._at_root(path): entry for path, entry in tree.items()}) for tree in (before, after)
        ]
        return run_git("diff-tree", "-r", "-p", "--binary", *FIND_RENAMES, *trees, cwd=self.top)

    def _list_tree(self, *arguments: str) -> Tree:
        lines = self.run("ls-tree", "-z", *arguments).split("\0")
        found = (line.partition("\t") for line in lines if line)
        return {path: " ".join(entry.split()[::2]) for entry, _, path in found}

    def _at_root(self, path: str) -> str:
        """Return the path from the root of the repository, for one from the service."""
        return posixpath.normpath(self.prefix + path)

    def store(self, folder: Path, paths: Iterable[str] | None = None) -> Tree:
        """Store the files of a folder, or those of `paths`, in the repository, without a commit, and return them."""
        found = folder.rglob("*") if paths is None else map(folder.joinpath, paths)
        files = sorted(path for path in found if path.is_file())
        names = self.run("hash-object", "-w", "--no-filters", "--stdin-paths", text="\n".join(map(str, files)))
        modes = ["100755" if os.access(file, os.X_OK) else "100644" for file in files]
        return {
            file.relative_to(folder).as_posix(): f"{mode} {name}"
            for file, mode, name in zip(files, modes, names.splitlines(), strict=True)
        }

    def find_renames(self, before: Tree, after: Tree | None = None) -> dict[str, str]:
        """Return the new paths of the files of `before` that have another path in `after`, or in the last commit."""
        trees = [
            self._store_tree(before),
            self.run("rev-parse", "HEAD:./") if after is None else self._store_tree(after),
        ]
        options = ["-r", "-z", "--name-status", "--diff-filter=R"]
        words = self.run("diff-tree", *options, *FIND_RENAMES, *trees).split("\0")
        return dict(zip(words[1::3], words[2::3], strict=True))

    def _store_tree(self, tree: Tree) -> str:
        with tempfile.TemporaryDirectory() as folder:
            return self._write_tree(
                {path: entry for path, entry in tree.items() if not path.startswith("../")}, Path(folder, "index")
            )

    def content(self, entry: str | None) -> bytes:
        """Return the content of a file; a missing file is empty."""
        return b"" if entry is None else run_git("cat-file", "blob", entry.split()[1], cwd=self.root)

    def contents(self, entries: Iterable[str]) -> dict[str, bytes]:
        """Return the contents of many files by their entries."""
        entries = sorted(set(entries))
        names = "\n".join(entry.split()[1] for entry in entries)
        output = run_git("cat-file", "--batch", cwd=self.root, content=names.encode()) if entries else b""
        found, begin = {}, 0
        for entry in entries:
            # Each content has a line in front of it, which ends with its size, and an empty line behind it.
            end_of_line = output.index(b"\n", begin)
            size = int(output[begin:end_of_line].split()[2])
            found[entry] = output[end_of_line + 1 : end_of_line + 1 + size]
            begin = end_of_line + size + 2
        return found

    def find_files(self, *patterns: str) -> Tree:
        """Return the files that match one of these patterns in the whole repository, by their path from its root.

        `**/` at the beginning of a pattern matches every folder.
        """
        lines = self.run(
            "ls-files", "--stage", "--full-name", "-z", "--", *(f":(top,glob){pattern}" for pattern in patterns)
        ).split("\0")
        found = (line.partition("\t") for line in lines if line)
        return {path: " ".join(entry.split()[:2]) for entry, _, path in found}

    def store_content(self, mode: str, content: bytes) -> str:
        """Store the content of a file and return its entry in a tree."""
        name = run_git("hash-object", "-w", "--no-filters", "--stdin", cwd=self.root, content=content)
        return f"{mode} {name.decode().strip()}"

    def find_obstacle(self, before: Tree, after: Tree) -> str:
        """Return what is in the way of the new files of `after`, with the reason, or an empty text.

        `before` is the last commit. Git could not restore a file that it ignores, and would delete a file or a link
        where a folder is needed.
        """
        for path in sorted(after.keys() - before.keys()):
            folders = [folder.as_posix() for folder in PurePosixPath(path).parents[-2::-1]]
            for folder in folders:
                is_in_the_way = os.path.lexists(self.root / folder) and not _is_folder(self.root / folder)
                if folder in after or (is_in_the_way and folder not in before):
                    owner = "is not a folder" if folder in after else "is ignored by git and is not a folder"
                    return f"{folder} {owner}, and the update writes {path}"
            if os.path.lexists(self.root / path) and not any(folder in before for folder in folders):
                kind = "is a folder" if _is_folder(self.root / path) else "is ignored by git"
                return f"{path} {kind}, and the update writes a file there"
        return ""

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
        # The index is replaced at once: files with marks for conflicts never look merged.
        index = Path(self.run("rev-parse", "--path-format=absolute", "--git-path", "index"))
        prepared = index.with_name("index.phasework")
        try:
            shutil.copy2(index, prepared)
            variables = {"GIT_INDEX_FILE": str(prepared)}
            self.run("read-tree", "-m", "-u", "HEAD", tree, cwd=self.top, variables=variables)
            for path, stages in conflicts.items():
                place = self._at_root(path)
                staged = [f"{entry} {n}\t{place}" for n, entry in enumerate(stages, 1) if entry]
                self._update_index([f"{self.deleted}\t{place}", *staged], variables)
            prepared.replace(index)
        finally:
            prepared.unlink(missing_ok=True)

    def _write_tree(self, entries: Mapping[str, str | None], index: Path) -> str:
        variables = {"GIT_INDEX_FILE": str(index)}
        self._update_index([f"{entry or self.deleted}\t{path}" for path, entry in entries.items()], variables)
        return self.run("write-tree", variables=variables, cwd=self.top)

    def _update_index(self, lines: list[str], variables: Mapping[str, str]) -> None:
        text = "".join(f"{line}\0" for line in lines)
        self.run("update-index", "-z", "--index-info", text=text, variables=variables, cwd=self.top)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def merge_contents(ours: bytes, base: bytes, new: bytes, labels: Labels, cwd: Path) -> bytes | None:
    """Merge the changes from `base` to `new` into `ours` and mark conflicts; return None if a file is not text.

    The repository of `cwd` chooses the style of the marks.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("ours", "base", "new")]
        for file, content in zip(files, (ours, base, new), strict=True):
            file.write_bytes(content)
        names = [word for label in labels for word in ("-L", label)]
        run = subprocess.run(["git", "merge-file", "-p", *names, *files], cwd=cwd, capture_output=True, check=False)
    # The exit code is the number of conflicts, up to 127, or 255 for a file that is not text.
    if run.returncode == 255:
        return None
    if not 0 <= run.returncode <= 127:
        raise GitError(reason(run.stderr) or "git merge-file")
    return run.stdout


def merge_texts(ours: str, base: str, new: str, labels: Labels, cwd: Path) -> str:
    """Merge texts like `merge_contents`."""
    merged = merge_contents(ours.encode(), base.encode(), new.encode(), labels, cwd)
    return ours if merged is None else merged.decode()


def find_conflicts(text: str, labels: Labels) -> list[str]:
    """Return the first and last line of each conflict in a merged text, for example `12-20`."""
    ours, _, new = labels
    numbered = list(enumerate(text.splitlines(), 1))
    first = [number for number, line in numbered if line == f"<<<<<<< {ours}"]
    last = [number for number, line in numbered if line == f">>>>>>> {new}"]
    return [f"{begin}-{end}" for begin, end in zip(first, last, strict=False)]
