"""Answers are read, changed and completed; unreadable files and answers get one sentence."""

from pathlib import Path
from typing import Any

import pytest

from phasework.answers import complete_changes, find_answers_file, read_answers, read_given, read_yaml

RECORDED = "_src_path: gh:ada/phasework\n_commit: v1\npackage_name: post\ndatabase_access: sync\ncoverage_total: 75\n"


def test_a_changed_plan_keeps_what_it_does_not_name() -> None:
    answers = {"modules": ["parcels", "vans"], "plan": {"parcels": {"phase": 1, "coverage": 90}, "vans": {"phase": 2}}}

    assert complete_changes({"plan": {"parcels": {"phase": 3}}}, answers)["plan"] == {
        "parcels": {"phase": 3, "coverage": 90},
        "vans": {"phase": 2},
    }


def test_a_plan_follows_a_description_that_names_another_phase() -> None:
    answers = {"own_modules": {"parcels": {"phase": 1}}, "plan": {"parcels": {"phase": 1, "coverage": 90}}}

    changes = complete_changes({"own_modules": {"parcels": {"phase": 2}}}, answers)

    assert changes["plan"] == {"parcels": {"phase": 2, "coverage": 90}}


@pytest.mark.parametrize(
    ("changes", "answers", "plan"),
    [
        ({"plan": {False: {"phase": 2}, "vans": {"phase": 3}}}, {}, {False: {"phase": 2}, "vans": {"phase": 3}}),
        ({"plan": {"vans": {"phase": 2}}}, {"plan": ["vans"], "modules": ["vans"]}, {"vans": {"phase": 2}}),
        ({"plan": {"vans": {"phase": 2}}}, {"plan": {"vans": 3}, "modules": ["vans"]}, {"vans": {"phase": 2}}),
        ({"plan": {"vans": 4}, "modules": 5}, {"plan": {"ships": {"phase": 1}}}, {"vans": 4}),
        ({"own_modules": {"vans": {"phase": 2}}}, {"own_modules": {"vans": 3}}, {"vans": {"phase": 2}}),
    ],
)
def test_copier_reports_wrong_answers(
    changes: dict[str, Any], answers: dict[str, Any], plan: dict[object, object]
) -> None:
    assert complete_changes(changes, answers)["plan"] == plan


def test_changes_come_from_a_file_and_from_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "answers.yml"
    file.write_text("coverage_total: 80\ndescription: Letters.\n")

    changes = read_given(["description=Parcels.", "modules=[parcels]"], file)

    assert changes == {"coverage_total": 80, "description": "Parcels.", "modules": ["parcels"]}


@pytest.mark.parametrize("text", ["=5", "modules", "modules=[", "plan={", "plan=2023-02-30", "plan=" + "- " * 800])
def test_invalid_changes_are_refused(text: str) -> None:
    with pytest.raises(SystemExit) as error:
        read_given([text], None)

    assert text.partition("=")[0] in str(error.value.code)


@pytest.mark.parametrize("text", ["", "[]", "a: [", "_commit: v0.1.0\n", "description: 2023-02-30\n"])
def test_damaged_answers_are_reported(tmp_path: Path, text: str) -> None:
    file = tmp_path / ".copier-answers.yml"
    file.write_text(text)

    with pytest.raises(SystemExit) as error:
        read_answers(file)

    assert str(error.value.code).endswith("restore it from an earlier commit.")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- coverage_total", "the file must map questions to answers, for example coverage_total: 90."),
        ("coverage_total", "the file must map questions to answers, for example coverage_total: 90."),
        ("{", "line 1, column 2: close the bracket or brace before it."),
        (None, "No such file or directory."),
    ],
)
def test_a_file_without_answers_gets_one_sentence(tmp_path: Path, text: str | None, reason: str) -> None:
    file = tmp_path / "answers.yml"
    if text:
        file.write_text(text)

    with pytest.raises(SystemExit) as refusal:
        read_given([], file)

    assert str(refusal.value.code).startswith(str(file))
    assert reason in str(refusal.value.code)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("parcels: {", "line 1, column 11: close the bracket or brace before it."),
        ("- " * 800, "this is not YAML: maximum recursion depth exceeded"),
    ],
)
def test_a_file_that_is_not_yaml_is_explained(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "modules.yml"
    file.write_text(text)

    with pytest.raises(SystemExit) as error:
        read_yaml(file)

    assert str(error.value.code).replace(str(file), "").lstrip(" :").startswith(sentence)


@pytest.mark.parametrize("name", [".copier-answers.phasework.yml", "phasework.yaml", ".copier-answers.yml"])
def test_the_answers_file_is_found_by_its_content(tmp_path: Path, name: str) -> None:
    (tmp_path / ".copier-answers.yml").write_text("_src_path: gh:ada/docs\n_commit: v1\nproject_name: Docs\n")
    (tmp_path / "compose.yml").write_text("services: {}\n")
    (tmp_path / name).write_text(RECORDED)

    assert find_answers_file(tmp_path) == tmp_path / name


def test_the_answers_of_another_template_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".copier-answers.yml").write_text("_src_path: gh:ada/docs\n_commit: v1\nproject_name: Docs\n")

    with pytest.raises(SystemExit) as refusal:
        find_answers_file(tmp_path)

    assert str(refusal.value) == (
        ".copier-answers.yml is of another template, gh:ada/docs: run the command in the folder of a service."
    )


@pytest.mark.parametrize("text", ["", "a: [", f"{RECORDED}_commit: v2\n", RECORDED.replace("package_name: post\n", "")])
def test_a_damaged_answers_file_is_the_one_to_restore(tmp_path: Path, text: str) -> None:
    (tmp_path / ".copier-answers.yml").write_text(text)

    assert find_answers_file(tmp_path) == tmp_path / ".copier-answers.yml"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"none\.yml: No such file or directory\."):
        read_yaml(tmp_path / "none.yml")
