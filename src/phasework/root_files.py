"""What GitHub and pre-commit read only at the root of a repository, for a service in a subfolder of it."""

import re
import textwrap
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from .answers import Answers, is_service
from .git import ANY_NAME, GitError, Repository, Tree, run_git
from .merge import move
from .rules import load_rules

FOLDER = "repository_folder"
"""The question whose answer is the folder of the service in its repository."""
GITHUB = ".github/"
WORKFLOWS = (f"{GITHUB}workflows/*.yml", f"{GITHUB}workflows/*.yaml")
HOOKS = ".pre-commit-config.yaml"
HOOK = """\
- repo: local
  hooks:
    - id: {workflow}
      name: checks of {folder}
      entry: uv run --project {folder} --locked pre-commit run --config {folder}/.pre-commit-config.yaml --files
      language: system
      files: ^({pattern}/|\\.github/workflows/{workflow}\\.yml$)
      require_serial: true
"""
"""Runs the hooks of a service, which are in its own folder, for its files."""


def find_root(folder: Path) -> Path | None:
    """Return the root of the repository that a folder is inside of, or None if there is none or git ignores the folder."""
    path = folder.resolve()
    existing = next(parent for parent in [path, *path.parents] if parent.is_dir())
    try:
        root = Path(run_git("rev-parse", "--show-toplevel", cwd=existing).decode(errors=ANY_NAME).rstrip("\n"))
    except GitError:
        return None
    return None if path == root or is_ignored(path, root) else root


def is_ignored(folder: Path, root: Path) -> bool:
    """Return whether git ignores a folder."""
    try:
        run_git("check-ignore", "--quiet", f"{folder}/", cwd=root)
    except GitError:
        return False
    return True


def folder_in(root: Path | None, folder: Path) -> str:
    """Return the path of a folder in its repository, or an empty text if it is at the root."""
    return folder.resolve().relative_to(root).as_posix() if root else ""


def has_service(root: Path) -> bool:
    """Return whether there is a service at the root of a repository, or a workflow of one in a subfolder."""
    workflows = [file.read_bytes() for pattern in WORKFLOWS for file in root.glob(pattern)]
    return any(is_service(root / folder) for folder in {"", *chain.from_iterable(map(folders_in, workflows))})


def folders_in(workflow: bytes) -> set[str]:
    """Return the folders of services in which a workflow runs."""
    return set(re.findall(r"working-directory: (\S+)", workflow.decode(errors="replace")))


def name_problem(folder: str) -> str:
    """Return what is wrong with the path of a service in its repository, in one sentence, or an empty text."""
    return load_rules().render_macro("checks", "check_repository_folder", folder).strip()


def place_at_root(tree: Tree, answers: Answers, up: str) -> Tree:
    """Return the files of a written service with their places; `up` is the path from the service to the root."""
    if not answers.get(FOLDER):
        return tree
    return {f"{up}{path}" if path.startswith(GITHUB) else path: entry for path, entry in tree.items()}


def follow_workflow(repository: Repository, base: Tree, theirs: Tree, folders: set[str]) -> tuple[Tree, Tree]:
    """Return both trees with the workflow at the place to which the team has renamed it at the root.

    `folders` are those of the service, now and before: its workflow runs in one of them.
    """
    up = "../" * len(Path(repository.prefix).parts)
    workflows = {up + path: entry for path, entry in repository.find_files(*WORKFLOWS).items()}
    written = [path for tree in (base, theirs) for path in tree if path.startswith(f"{up}{GITHUB}")]
    if not up or len(written) < 2 or written[0] in workflows:
        return base, theirs
    found = [path for path, entry in workflows.items() if folders_in(repository.content(entry)) & folders]
    moves = dict.fromkeys(written, found[0]) if len(found) == 1 else {}
    return move(base, moves), move(theirs, moves)


def hook_of(folder: str, workflow: str) -> str:
    """Return the lines that run the hooks of a service from the root."""
    return HOOK.format(folder=folder, pattern=folder.replace(".", "\\."), workflow=workflow)


def add_hook(content: bytes, hook: str) -> bytes | None:
    """Return the configuration of pre-commit with another hook at its end, or None if this would not add just that."""
    before, added = read_mapping(content), yaml.safe_load(hook)
    if before is None or not isinstance(before.get("repos", []), list):
        return None
    listed = before.get("repos", [])
    if added[0] in listed:
        return content
    indents = re.findall(rb"^( *)- repo:", content, re.MULTILINE) or [b"  "]
    lines = ("" if "repos" in before else "repos:\n") + textwrap.indent(hook, indents[-1].decode())
    end = "\r\n" if b"\r\n" in content else "\n"
    begin = end if content and not content.endswith(b"\n") else ""
    after = content + (begin + lines.replace("\n", end)).encode()
    return after if read_mapping(after) == before | {"repos": [*listed, *added]} else None


def read_mapping(content: bytes) -> dict[str, Any] | None:
    """Return the mapping in a YAML file, empty for an empty file, or None if there is anything else."""
    try:
        value = yaml.safe_load(content)
    except yaml.YAMLError:
        return None
    return {} if value is None else value if isinstance(value, dict) else None


def how_to_add(hook: str) -> str:
    """Return the message about a hook that the team has to add."""
    return f"Add these lines to the list `repos` in {HOOKS} at the root of the repository:\n\n{textwrap.indent(hook, '  ')}"
