"""Every command of docs/how-to/migrate-a-suite.md runs, in the order of the guide, on a small project."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks import cli, codemod

from .conftest import Project

GUIDE = Path(__file__).parents[2] / "docs/how-to/migrate-a-suite.md"
BLOCKS = re.findall(r"```console\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
COMMANDS = [shlex.split(line)[1:] for block in BLOCKS for line in block.splitlines()]
PROGRAMS: dict[str, Callable[[list[str]], int]] = {"check": cli.main, "codemod": codemod.main}
FILES = {
    "pyproject.toml": '[project]\nrequires-python = ">=3.11"\n',
    "src/orders/__init__.py": "",
    "src/orders/service.py": "from datetime import datetime\n\n\ndef now():\n    return datetime.utcnow()\n",
    "tests/orders/test_service.py": (
        "from unittest.mock import AsyncMock, patch\n\n\n@patch('orders.service.later')\ndef test_it(later):\n"
        "    session = AsyncMock()\n    session.commit.assert_not_awaited()\n"
    ),
}


def test_the_commands_of_the_guide_work_in_their_order(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    for name, text in FILES.items():
        project.write(name, text)
    project.commit()
    results = []
    for number, (program, *arguments) in enumerate(COMMANDS):
        if number == 1:  # somebody changes something
            project.write("src/orders/prices.py", "from orders import price\n")
        code = PROGRAMS[program](arguments)
        out, err = capfd.readouterr()
        results.append((" ".join([program, *arguments]), code, out + err))

    codes = {command: code for command, code, _ in results}
    said = {command: text for command, _, text in results}
    assert {command for command, code in codes.items() if code == 2} == set()
    # The baseline keeps the patch of a name that does not exist; the new import is reported.
    assert "orders.service" not in said["check --since HEAD"]
    assert "orders has no price" in said["check --since HEAD"]
    assert "orders.service has no later" in said["check src/orders tests/orders"]
    assert "-    return datetime.utcnow()" in said["codemod utcnow src"]
    service = (project.folder / "src/orders/service.py").read_text(encoding="utf-8")
    assert "return datetime.now(UTC)" in service
    assert (
        "create_autospec(AsyncSession, instance=True)" in (project.folder / "tests/orders/test_service.py").read_text()
    )
    assert (project.folder / "imports.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (project.folder / "phasework-ratchet.toml").is_file()
    assert len(COMMANDS) == len(re.findall(r"^phasework ", GUIDE.read_text(encoding="utf-8"), re.MULTILINE))
