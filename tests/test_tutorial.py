"""What the tutorial says happens: its steps after the questions, which test_new_in_terminal.py answers."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.documents import indented, read_blocks, run_commands, running, shell_variables
from tests.support.services import ROOT, Service
from tests.support.updates import replace

pytestmark = pytest.mark.xdist_group("defaults")


def step(number: int) -> str:
    """Return the text of a step."""
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    return text.partition(f"\n## {number}. ")[2].partition("\n## ")[0]


def test_the_modules_are_those_of_the_table(written: Callable[[str], Service]) -> None:
    service = written("defaults")
    [table] = [block.text for block in read_blocks(step(2))]

    rows = re.findall(r"^(\w+) +phase(\d) +([\d.]+) % +(\d+) %  ok$", table, re.MULTILINE)

    expected = [(name, entry["phase"], entry["coverage"]) for name, entry in service.plan.items()]
    assert [(name, int(phase), int(gate)) for name, phase, _, gate in rows] == expected
    assert f" {service.answers['coverage_total']} %  ok" in table.splitlines()[-1]
    [path] = re.findall(r"`uv run pytest (tests/\S+)`", step(2))
    assert (service.folder / path).is_file()


def test_a_test_fails_that_says_what_is_broken(written: Callable[[str], Service], tmp_path: Path) -> None:
    service = written("defaults").copy(tmp_path / "service")
    path, removed, name, command = re.findall(r"`([^`]+)`", step(3))
    source = service.folder / path
    [before] = re.findall(rf"^{name} = .*$", source.read_text(encoding="utf-8"), re.MULTILINE)
    source.write_text(replace(source, before, before.replace(f", {removed}", "")), encoding="utf-8")

    output = service.run(*command.removeprefix("uv run ").split(), "--no-cov", expect=pytest.ExitCode.TESTS_FAILED)

    assert re.findall(r"^FAILED \S+::(\w+)", output, re.MULTILINE) == [
        "test_automatic_assignment_counts_unresolved_tickets"
    ]


def test_a_likely_duplicate_is_refused(written: Callable[[str], Service], template: Path, tmp_path: Path) -> None:
    service = written("defaults").copy(tmp_path / "service")
    variables = shell_variables(tmp_path / "programs", service, template)
    *preparing, server, token, curl, data = indented(step(4))
    [shown] = [block.text for block in read_blocks(step(4))]
    run_commands("\n".join(preparing), service.folder, variables)

    with running(server, service.folder, variables) as address:
        request = f"{curl}\n{data} >answer.json".replace("127.0.0.1:8000", address).replace("curl", "curl --silent")
        again = request.replace('"Grace"', '"GRACE"')
        run_commands(f"{token}\n{request}\n{again}", service.folder, variables)

    assert without_ids((service.folder / "answer.json").read_text(encoding="utf-8")) == without_ids(shown)


def without_ids(answer: str) -> object:
    """Return an answer with the same identifiers in all runs."""
    return json.loads(re.sub(r'"(request_id|id)":"[0-9a-f-]+"', r'"\1":""', answer))


def test_own_modules_are_written_where_it_says(
    written: Callable[[str], Service], template: Path, tmp_path: Path
) -> None:
    variables = shell_variables(tmp_path / "programs", written("blank"), template)
    commands = [line for line in indented(step(5)) if not line.startswith(("cd", "uv run"))]
    here = tmp_path / "phasework"
    here.mkdir()

    run_commands("\n".join(commands).replace('uvx --from "$PWD" phasework', "phasework"), here, variables)

    places = re.findall(r"`((?:src|tests)/\S+)`", step(5))
    assert len(places) == 2
    assert [place for place in places if not (tmp_path / "library" / place).exists()] == []


def test_the_readme_of_the_service_shows_how_to_add_a_module(written: Callable[[str], Service]) -> None:
    service = written("defaults")
    [title] = re.findall(r'"([^"]+)":', step(6))
    [command] = indented(step(6))

    section = (service.folder / "README.md").read_text(encoding="utf-8").partition(f"\n## {title}\n")[2]

    assert command.replace("PATH/TO/phasework", service.answers["_src_path"]) in section.partition("\n## ")[0]
