"""The command finds out where the template is, which version of it runs, and which one is requested."""

import json
from pathlib import Path
from typing import Any

import pytest

from phasework import relaunch, sources
from phasework.rules import Rules
from phasework.sources import Source, copier_address, find_source, git_address, newest_tag, newest_version, requirement
from tests.support.services import ROOT
from tests.support.updates import commit_all, git

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("address", "expanded"),
    [
        ("gh:ada/template", "https://github.com/ada/template.git"),
        ("gh:/ada/template.git", "https://github.com/ada/template.git"),
        ("gl:ada/group/template", "https://gitlab.com/ada/group/template.git"),
        ("git+https://example.com/template", "https://example.com/template"),
        ("git@example.com:template.git", "git@example.com:template.git"),
        ("/srv/template", "/srv/template"),
        ("~/template", str(Path.home() / "template")),
        ("template", str(Path.cwd() / "template")),
    ],
)
def test_an_address_is_expanded_for_git(address: str, expanded: str) -> None:
    assert git_address(address) == expanded


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("gh:ada/template", f"git+https://github.com/ada/template.git@{COMMIT}"),
        ("git+https://example.com/template", f"git+https://example.com/template@{COMMIT}"),
        ("git@example.com:ada/template.git", f"git+ssh://git@example.com/ada/template.git@{COMMIT}"),
        ("ssh://git@example.com/ada/template.git", f"git+ssh://git@example.com/ada/template.git@{COMMIT}"),
        ("/srv/my template", f"git+file:///srv/my%20template@{COMMIT}"),
    ],
)
def test_uv_gets_the_exact_commit(address: str, expected: str) -> None:
    assert requirement(Source(address, COMMIT)) == expected


LINES = {
    ("gh:ada/template", "v1.2.0"): "uvx --from git+https://github.com/ada/template.git@v1.2.0 phasework",
    ("gl:ada/template.git", "v1.2.0"): "uvx --from git+https://gitlab.com/ada/template.git@v1.2.0 phasework",
    ("https://example.com/ada/template.git", "v1.2.0-3-g1a2b3c4"): (
        "uvx --from git+https://example.com/ada/template.git@1a2b3c4 phasework"
    ),
    ("git@example.com:ada/template.git", "v1.2.0"): (
        "uvx --from git+ssh://git@example.com/ada/template.git@v1.2.0 phasework"
    ),
    ("ssh://git@example.com/ada/template.git", "v1.2.0"): (
        "uvx --from git+ssh://git@example.com/ada/template.git@v1.2.0 phasework"
    ),
    ("/srv/template", "v1.2.0"): "uvx --from /srv/template phasework",
    ("/srv/Ada's template", None): "uvx --from '/srv/Ada'\\''s template' phasework",
}


@pytest.mark.parametrize(("source", "line"), LINES.items())
def test_a_service_shows_the_line_for_its_source(rules: Rules, source: tuple[str, str | None], line: str) -> None:
    address, version = source

    assert rules.render_macro("source", "command_line", address, version) == line


@pytest.mark.parametrize(
    ("tags", "newest"),
    [
        (["v0.9.0", "v0.10.0", "0.9.5"], "v0.10.0"),
        (["v1.0.0", "v2.0.0rc1", "draft"], "v1.0.0"),
        (["draft"], "HEAD"),
    ],
)
def test_the_newest_tag_is_the_one_that_copier_takes(tags: list[str], newest: str) -> None:
    assert newest_tag(f"refs/tags/{tag}" for tag in tags) == newest


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a lightweight and an annotated tag, a newer commit, and a branch that is named like a tag."""
    folder = tmp_path / "template"
    folder.mkdir()
    for message, tag in (("one", ["v1.0.0"]), ("two", ["-m", "Two", "v1.1.0"]), ("three", [])):
        commit_all(folder, message)
        if tag:
            git(folder, "tag", *tag)
    git(folder, "branch", "v1.0.0")
    return folder


def commit_of(repository: Path, name: str) -> str:
    return git(repository, "rev-parse", f"{name}^{{commit}}").strip()


@pytest.mark.parametrize(
    ("version", "name"),
    [(None, "refs/tags/v1.1.0"), ("v1.0.0", "refs/tags/v1.0.0"), ("v1.1.0", "refs/tags/v1.1.0"), ("HEAD", "HEAD")],
)
def test_a_version_is_found_in_the_repository(repository: Path, version: str | None, name: str) -> None:
    assert find_source(str(repository), version).commit == commit_of(repository, name)


def test_a_version_between_tags_is_found_by_its_commit(repository: Path) -> None:
    described = git(repository, "describe", "--tags").strip()

    assert commit_of(repository, "HEAD").startswith(find_source(str(repository), described).commit)


def test_a_repository_that_cannot_be_read_gets_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        SystemExit, match=r"The template at .*nowhere cannot be read. git: .* repository. Could not read"
    ):
        find_source(str(tmp_path / "nowhere"), None)


def test_a_folder_without_git_has_no_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHASEWORK_VERSION", raising=False)
    monkeypatch.setattr(relaunch, "run", None)

    assert newest_version(str(tmp_path)) is None
    relaunch.use_version(str(tmp_path), None)


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        (
            {"url": "https://example.com/template.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            Source("https://example.com/template.git", COMMIT),
        ),
        (
            {"url": "file:///srv/my%20template", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            Source("/srv/my template", COMMIT),
        ),
        ({"url": "file:///srv/my%20template", "dir_info": {}}, Source("/srv/my template", "")),
        ({}, None),
    ],
    ids=["a repository", "a repository on this machine", "a folder", "an index"],
)
def test_an_installed_program_knows_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any], source: Source | None
) -> None:
    class Distribution:
        def read_text(self, _: str) -> str | None:
            return json.dumps(origin) if origin else None

    monkeypatch.setattr(sources, "PACKAGED", ROOT)
    monkeypatch.setattr(sources, "distribution", lambda _: Distribution())

    assert sources.running_source() == source


def test_a_checkout_knows_its_commit() -> None:
    assert sources.running_source() == Source(str(ROOT), commit_of(ROOT, "HEAD"))


def test_an_address_without_its_ending_is_marked_for_copier() -> None:
    assert copier_address("https://example.com/template") == "git+https://example.com/template"


class TestUseVersion:
    """The program continues in the requested version."""

    @pytest.fixture(autouse=True)
    def _not_started_by_another_version(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PHASEWORK_VERSION", raising=False)

    @pytest.fixture
    def uv(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Replace uv by a script that writes its arguments to the returned file, and exits with 7."""
        program, log = tmp_path / "uv", tmp_path / "arguments"
        program.write_text(f'#!/bin/sh\necho "$PHASEWORK_VERSION $@" > {log}\nexit 7\n', encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("UV", str(program))
        monkeypatch.setattr("sys.argv", ["phasework", "update", "--defaults"])
        return log

    def run_as(self, monkeypatch: pytest.MonkeyPatch, commit: str) -> None:
        monkeypatch.setattr(relaunch, "running_source", lambda: Source("/elsewhere", commit))

    def test_another_version_is_started(self, repository: Path, uv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run_as(monkeypatch, commit_of(repository, "refs/tags/v1.0.0"))

        with pytest.raises(SystemExit) as error:
            relaunch.use_version(str(repository), None)

        assert error.value.code == 7
        newest = commit_of(repository, "refs/tags/v1.1.0")
        source = f"git+{repository.as_uri()}@{newest}"
        assert uv.read_text() == f"{newest} tool run --from {source} phasework update --defaults\n"

    def test_the_requested_version_continues(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run_as(monkeypatch, commit_of(repository, "refs/tags/v1.1.0"))
        monkeypatch.setattr(relaunch, "run", None)

        relaunch.use_version(str(repository), None)

    def test_a_short_commit_is_the_same_version(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run_as(monkeypatch, commit_of(repository, "HEAD"))
        monkeypatch.setattr(relaunch, "run", None)

        relaunch.use_version(str(repository), commit_of(repository, "HEAD")[:7])

    def test_a_version_that_was_started_does_not_start_another(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PHASEWORK_VERSION", "any")
        monkeypatch.setattr(relaunch, "run", None)

        relaunch.use_version(str(repository), None)

    def test_missing_uv_is_named(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run_as(monkeypatch, commit_of(repository, "HEAD"))
        monkeypatch.delenv("UV", raising=False)
        monkeypatch.setattr("shutil.which", lambda _: None)

        with pytest.raises(SystemExit, match="uv is needed to run version"):
            relaunch.use_version(str(repository), "v1.0.0")
