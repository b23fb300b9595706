"""The address of a template, the version of it that runs, and the requested one."""

import json
import re
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.version import InvalidVersion, Version

from .console import progress
from .git import GitError, run_git
from .rules import PACKAGED, REPOSITORY, load_rules


@dataclass(frozen=True, slots=True)
class Source:
    """A template: its address, as Copier records it, and a commit."""

    address: str
    commit: str
    """Empty for a folder without git."""


def running_source() -> Source | None:
    """Return where this program came from, or None if it was installed from an index."""
    if not PACKAGED.is_dir():
        return folder_source(REPOSITORY)
    try:
        text = distribution("phasework").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    origin = json.loads(text or "{}")
    if info := origin.get("vcs_info"):
        return Source(copier_address(origin["url"]), info["commit_id"])
    if "dir_info" in origin:
        return folder_source(Path(unquote(urlsplit(origin["url"]).path)))
    return None


def folder_source(folder: Path) -> Source:
    """Return the source in a folder at the commit that is checked out; exit if git refuses to read it."""
    try:
        commit = run_git("rev-parse", "HEAD", cwd=folder).decode().strip()
    except GitError as error:
        if (folder / ".git").exists():
            sys.exit(f"The template at {folder} cannot be read. git: {error}.")
        commit = ""
    return Source(str(folder), commit)


def copier_address(url: str) -> str:
    """Return the URL of a git repository in a form that Copier recognizes."""
    if url.startswith("file://"):
        return unquote(urlsplit(url).path)
    return url if url.endswith(".git") else f"git+{url}"


def git_address(address: str) -> str:
    """Return a template's address for git."""
    expanded = load_rules().render_macro("source", "git_address", address)
    return str(Path(expanded).expanduser().absolute()) if is_local(expanded) else expanded


def absolute_address(address: str) -> str:
    """Return the address of a template, with the full path of a folder that is given relative to this one."""
    return load_rules().render_macro("source", "absolute", address)


def is_local(address: str) -> bool:
    """Return whether an address names a folder on this machine."""
    return not re.match(r"[a-z+]+://|[\w.-]+@[\w.-]+:", address)


def requirement(source: Source) -> str:
    """Return the requirement with which `uv tool run --from` runs exactly this commit."""
    address = git_address(source.address)
    if is_local(address):
        return f"git+{Path(address).as_uri()}@{source.commit}"
    return load_rules().render_macro("source", "requirement", address, source.commit)


def find_source(address: str, version: str | None) -> Source:
    """Return the template at a tag, branch or commit, or at its newest tag; exit if that is not possible."""
    commits = read_refs(address)
    version = version or newest_tag(commits)
    # Git lists the commit of an annotated tag in addition to the tag itself.
    for name in (f"refs/tags/{version}^{{}}", f"refs/tags/{version}", f"refs/heads/{version}", version):
        if name in commits:
            return Source(address, commits[name])
    return Source(address, load_rules().render_macro("source", "revision", version))


def newest_version(address: str) -> str | None:
    """Return the version that Copier would use by default, or None for a folder without git."""
    return newest_tag(read_refs(address)) if has_versions(address) else None


def has_versions(address: str) -> bool:
    """Return whether a template is in a git repository; a folder without git has only its present files."""
    source = git_address(address)
    return not is_local(source) or bool(folder_source(Path(source)).commit)


def read_refs(address: str) -> dict[str, str]:
    """Return the commits of a template's tags and branches by their full names; exit if it cannot be read."""
    try:
        with progress("Looking for the version ..."):
            lines = run_git("ls-remote", "--", git_address(address)).decode().splitlines()
    except GitError as error:
        sys.exit(f"The template at {address} cannot be read. git: {error}.")
    return {name: commit for commit, name in (line.split("\t") for line in lines)}


def read_file(address: str, version: str, path: str) -> str | None:
    """Return the text of a file in a template's repository at a version, empty if it has none, or None without a repository.

    `version` is what `git describe` calls it.
    """
    source = git_address(address)
    with tempfile.TemporaryDirectory(prefix="phasework-template-") as folder:
        try:
            if not is_local(source):
                with progress("Reading the changelog ..."):
                    run_git("clone", "--quiet", "--bare", "--filter=blob:none", "--", source, folder)
            repository = Path(source if is_local(source) else folder)
            run_git("rev-parse", "--verify", "--quiet", f"{version}^{{commit}}", cwd=repository)
        except GitError:
            return None
        try:
            return run_git("show", f"{version}:{path}", cwd=repository).decode(errors="replace")
        except GitError:
            return ""


def newest_tag(names: Iterable[str]) -> str:
    """Return the newest released version among the names of a repository, as Copier finds it, or `HEAD`."""
    versions: dict[Version, str] = {}
    for name in names:
        tag = name.removeprefix("refs/tags/")
        if tag != name and (version := parse_version(tag)) and not version.is_prerelease:
            versions[version] = tag
    return versions[max(versions)] if versions else "HEAD"


def version_order(version: str) -> list[int]:
    """Return a key that orders versions, empty without a tag: `v1.2.0-3-g1a2b3c4` comes after `v1.2.0`."""
    found = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(?:-(\d+)-g\w+)?", version)
    return [int(number or 0) for number in found.groups()] if found else []


def parse_version(tag: str) -> Version | None:
    """Return the version that a tag names, if any."""
    try:
        return Version(tag)
    except InvalidVersion:
        return None
