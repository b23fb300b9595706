"""`phasework check` finds nothing in new services, nor in this repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from hooks import codemod
from hooks.cli import main
from tests.support.services import Service

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param("defaults", marks=pytest.mark.xdist_group("defaults")),
        pytest.param("everything-async", marks=pytest.mark.xdist_group("everything-async")),
        pytest.param("blank", marks=pytest.mark.xdist_group("blank")),
    ],
)
def test_a_new_service_passes(written: Callable[[str], Service], case: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--root", str(written(case).folder), "--no-cache"])

    assert capsys.readouterr().out == ""
    assert code == 0


def test_this_repository_passes(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--root", str(REPOSITORY), "--no-cache"])

    assert capsys.readouterr().out == ""
    assert code == 0


def test_pre_commit_runs_the_checks_if_the_template_has_an_address(template: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(template, source, ignore=shutil.ignore_patterns(".git"))
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"]
    for arguments in (["init", "-q"], ["add", "--all"], ["commit", "-qm", "Template"], ["tag", "v0.1.0"]):
        subprocess.run([*git, *arguments], cwd=source, check=True)
    url = "https://example.com/ada/phasework.git"
    elsewhere = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{source}.insteadOf", "GIT_CONFIG_VALUE_0": url}
    command = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults", url, str(tmp_path / "service")]

    subprocess.run(command, env=os.environ | elsewhere, check=True)

    config = yaml.safe_load((tmp_path / "service/.pre-commit-config.yaml").read_text(encoding="utf-8"))
    [local, ours] = config["repos"]
    assert (local["repo"], ours["repo"], ours["rev"]) == ("local", url, "v0.1.0")
    ids = [hook["id"] for hook in ours["hooks"]]
    assert ids == ["patch_targets", "celery_calls", "import_validator"]
    offered = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert set(ids) <= {hook["id"] for hook in offered}
    checks = (tmp_path / "service/docs/checks.md").read_text(encoding="utf-8")
    assert [name for name in ids if f"| `{name}` |" not in checks] == []


def test_the_codemod_for_sessions_uses_the_helper_of_a_service(
    written: Callable[[str], Service], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    service = written("everything-async").copy(tmp_path / "service")
    test = service.folder / "tests/unit/core/test_mine.py"
    test.write_text(
        "from unittest.mock import AsyncMock\n\n\nasync def test_it() -> None:\n    session = AsyncMock()\n"
        "    await session.flush()\n",
        encoding="utf-8",
    )

    code = codemod.main(["async_session", str(test), "--root", str(service.folder), "--write"])

    assert code == 0, capfdbinary.readouterr().err
    assert test.read_text(encoding="utf-8") == (
        "from tests.test_utils import create_session_mock\n\n\nasync def test_it() -> None:\n"
        "    session = create_session_mock()\n    await session.flush()\n"
    )
