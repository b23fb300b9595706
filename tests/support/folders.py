"""An update of a small folder: what the template wrote before, what the team made of it, and what the template writes now."""

from collections.abc import Mapping
from pathlib import Path

from phasework.git import Repository
from phasework.own_tables import TableOptions
from phasework.updates import merge

from .updates import commit_all, git

Files = Mapping[str, str | None]
"""The texts of files by path; None deletes a file."""


class Folder:
    """The three versions of a folder; the team has its version in a repository, perhaps in a subfolder of it."""

    def __init__(self, path: Path, *options: str, place: str = "ours") -> None:
        self.base, self.ours, self.new = (path / name for name in ("base", place, "new"))
        self.top = path / Path(place).parts[0]
        for folder in (self.base, self.ours, self.new):
            folder.mkdir(parents=True)
            (folder / ".copier-answers.yml").write_text("_src_path: template\n_commit: v0.1.0\n", encoding="utf-8")
        git(self.top, "init", "--quiet", *options)

    def write(self, before: Files) -> "Folder":
        """Write the last version of the template, which the team committed."""
        for folder in (self.base, self.ours, self.new):
            change(folder, before)
        commit_all(self.top, "Begin")
        return self

    def update(self, ours: Files, new: Files, summary: Path | None = None) -> int:
        """Commit the team's changes, update to the template's, and return the exit code."""
        change(self.ours, ours)
        change(self.new, {".copier-answers.yml": "_src_path: template\n_commit: v0.2.0\n", **new})
        commit_all(self.top, "Change")
        return self.merge(summary)

    def merge(self, summary: Path | None = None) -> int:
        """Update to the new version, and return the exit code."""
        return merge(
            Repository(self.ours),
            self.base,
            self.new,
            ".copier-answers.yml",
            TableOptions(),
            pretend=False,
            summary=summary,
        )

    def read(self, path: str) -> str | None:
        """Return the text of a file after the update, or None."""
        file = self.ours / path
        return file.read_bytes().decode() if file.exists() else None


def change(folder: Path, files: Files) -> None:
    """Write and delete files; a text that begins with `-> ` makes a link."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if text is None or text.startswith("-> "):
            file.unlink(missing_ok=True)
        if text is not None and text.startswith("-> "):
            file.symlink_to(text.removeprefix("-> "))
        elif text is not None:
            file.write_bytes(text.encode())
