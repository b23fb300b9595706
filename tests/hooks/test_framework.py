"""What all checks share: files, settings, options, comments, baselines and formats."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks import registry, scanning
from hooks.source import MAX_SIZE

from . import sample
from .conftest import Project, Result

Check = Callable[..., Result]

BAD = "a.py:1:1: sample: bad is bad.\n    Leave it out.\nFound 1 error.\n"
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "a syntax error": (b"bad(\n", "line 1: '(' was never closed"),
    "newer than the interpreter": (b"x = 1\nnever such = syntax()\n", "line 2: invalid syntax"),
    "another encoding": ("bad('\xe9')".encode("latin-1"), "'utf-8' codec can't decode"),
    "an unknown encoding": (b"# coding: klingon\nbad()", "klingon"),
    "a null byte": (b"bad()\0", "source code string cannot contain null bytes"),
    "deeply nested": (b"bad(" + b"[" * 5000 + b"]" * 5000 + b")", "nested"),
    "generated": (b"bad()\n" * (MAX_SIZE // 6 + 1), "it is larger than 1,000,000 bytes"),
}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample is the only check."""
    monkeypatch.setitem(sys.modules, "hooks.sample", sample)
    monkeypatch.setattr(registry, "CHECKS", ("sample",))


def test_a_finding_is_printed_with_its_hint_and_fails(project: Project, check: Check) -> None:
    project.write("a.py", "bad()\n")

    assert check("sample") == check() == Result(1, BAD, "")


def test_nothing_found_prints_nothing(project: Project, check: Check) -> None:
    project.write("a.py", "good()\n")

    assert check() == Result(0, "", "")


def test_notes_are_printed_on_request_and_fail_on_request(project: Project, check: Check) -> None:
    project.write("a.py", "odd()\n")

    assert check() == Result(0, "", "")
    assert check("--all") == Result(0, "a.py:1:1: sample: odd is odd: 100 %.\nFound 1 note.\n", "")
    assert check("--all", "--fail-on=note").code == 1


def test_paths_narrow_the_files(project: Project, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("a.py", "bad()\n")
    project.write("sub/b.py", "bad()\n")

    assert check("sub").out.startswith("sub/b.py:")
    assert check("sample", "a.py").out == BAD
    monkeypatch.chdir("sub")
    assert check("b.py").out.startswith("b.py:1:1: sample: ")
    assert check("../a.py").out.startswith("../a.py:1:1: sample: ")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], "nowhere is neither a check nor a file."),
        (["samples"], "samples is neither a check nor a file. Did you mean sample?"),
        ([".."], ".. is not in {folder}."),
        (["--since=v9"], 'git does not know the revision "v9" in {folder}.'),
        (["--baseline=none.json"], "There is no baseline none.json: write it with --update-baseline."),
        (["--baseline=a.py"], "a.py is not a baseline: "),
        (["--format=dot"], '"dot" is not a format of these checks; text, json, sarif, github, count are.'),
        (["--root=a.py"], "a.py is not a folder."),
    ],
)
def test_a_run_that_is_impossible_says_why(project: Project, check: Check, arguments: list[str], reason: str) -> None:
    project.write("a.py", "bad()\n")

    result = check(*arguments)

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(reason.format(folder=project.folder))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("source = ['src']", "[tool.phasework] in pyproject.toml: source is not a setting; known are sources, "),
        ("sources = 'src'", "[tool.phasework] in pyproject.toml: sources must be a list of texts."),
        ("sources = [1]", "[tool.phasework] in pyproject.toml: sources must be a list of texts."),
        ("sample = 1", "[tool.phasework] in pyproject.toml: sample is a table with settings of the check."),
        ("sample.good = 1", "[tool.phasework.sample] in pyproject.toml: good is not a setting; known are bad, names."),
        ("sample.bad = 1", "[tool.phasework.sample] in pyproject.toml: bad must be a text."),
        ("= 1", "pyproject.toml cannot be read: "),
    ],
)
def test_wrong_settings_are_refused(project: Project, check: Check, settings: str, reason: str) -> None:
    project.write("pyproject.toml", f"[tool.phasework]\n{settings}\n")

    result = check()

    assert result.code == 2
    assert result.err.startswith(reason)


def test_settings_change_what_is_checked(project: Project, check: Check) -> None:
    project.write("pyproject.toml", '[tool.phasework]\nexclude = ["made", "*_pb2.py"]\nsample.bad = "worse"\n')
    for name in ("made/a.py", "app/b_pb2.py", "app/c.py"):
        project.write(name, "worse()\n")

    assert check().out.startswith("app/c.py:1:1: sample: worse is bad.\n")
    assert check("made/a.py", "app/b_pb2.py") == Result(0, "", "")


def test_hidden_folders_environments_and_links_are_left_out(project: Project, check: Check) -> None:
    for name in (".tox/a.py", "env/lib/a.py", "node_modules/a.py"):
        project.write(name, "bad()\n")
    project.write("env/pyvenv.cfg", "")
    (project.folder / "loop").symlink_to(".", target_is_directory=True)
    (project.folder / "broken.py").symlink_to("nowhere.py")
    project.write("a.py", "bad()\n")

    assert check().out == BAD


def test_git_says_which_files_there_are(project: Project, check: Check) -> None:
    project.write(".gitignore", "made.py\n")
    project.write("made.py", "bad()\n")
    project.write("deleted.py", "bad()\n")
    project.commit()
    (project.folder / "deleted.py").unlink()
    project.write("a.py", "bad()\n")

    assert check().out == BAD


def test_since_checks_what_changed_on_the_branch(project: Project, check: Check) -> None:
    for name in ("a.py", "b.py", "c.py"):
        project.write(name, "bad()\n")
    project.commit()
    project.git("checkout", "-q", "-b", "topic")
    project.write("a.py", "\nbad()\n")
    project.commit()
    project.write("b.py", "\n\nbad()\n")
    project.write("d.py", "bad()\n")
    project.git("checkout", "-q", "main", "--", "c.py")

    out = check("--since=main").out

    assert [line.partition(":")[0] for line in out.splitlines() if ": sample:" in line] == ["a.py", "b.py", "d.py"]
    assert check("--since=main", "c.py") == Result(0, "", "")


@pytest.mark.parametrize(("source", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_not_read_is_named_in_one_line(
    project: Project, check: Check, source: bytes, reason: str
) -> None:
    project.write("a.py", "bad()\n")
    project.write("odd.py", source)

    result = check()

    assert (result.code, result.out) == (1, BAD)
    assert result.err.startswith("odd.py was not read: ")
    assert reason in result.err
    assert result.err.count("\n") == 1
    assert check() == result  # from what the first run kept


def test_many_files_are_read_by_several_processes_and_kept(
    project: Project, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = scanning.ENOUGH_FOR_A_POOL + 5
    for number in range(count):
        project.write(f"a{number}.py", "bad()\n")

    first = check()

    assert first.out.endswith(f"Found {count} errors.\n")
    monkeypatch.setattr(scanning, "scan_files", lambda *_: pytest.fail("a file was read again"))
    monkeypatch.setattr("hooks.project.scan_files", lambda _, jobs, __: pytest.fail("read again") if jobs else [])
    assert check() == first
    monkeypatch.undo()


def test_a_changed_file_is_read_again(project: Project, check: Check) -> None:
    project.write("a.py", "bad()\n")
    assert check().code == 1

    project.write("a.py", "good()\n")
    assert check().code == 0
    (project.folder / "a.py").write_text("evil(bad())\n")
    assert check().code == 1
    (project.folder / "a.py").write_text("evil(mad())\n")
    assert check().code == 0


def test_a_damaged_store_is_written_again(project: Project, check: Check, tmp_path: Path) -> None:
    project.write("a.py", "bad()\n")
    first = check()
    [kept] = (tmp_path / "cache" / "phasework").iterdir()
    kept.write_bytes(kept.read_bytes()[:20])

    assert check() == first
    assert check("--no-cache") == first


@pytest.mark.parametrize(
    "source",
    [
        "bad()  # phasework: ignore[sample]",
        "bad()  # noqa: E501  # phasework: ignore[other, sample], the reason",
        "bad(  # phasework: ignore[sample]\n    1,\n)",
        "bad(\n    1,\n)  # phasework: ignore[sample]",
    ],
)
def test_a_comment_allows_a_finding(project: Project, check: Check, source: str) -> None:
    project.write("a.py", source)

    assert "sample: bad" not in check().out


def test_unused_comments_are_reported(project: Project, check: Check) -> None:
    project.write("a.py", "good()  # phasework: ignore[sample]\ngood()  # phasework: ignore[typo]\n")
    project.write("b.py", 'TEXT = "# phasework: ignore[sample]"\n')

    assert check() == Result(
        0,
        "a.py:1:9: unused_ignore: sample finds nothing here: remove the comment.\n"
        "a.py:2:9: unused_ignore: typo is not a check: this comment allows nothing.\n"
        "Found 2 warnings.\n",
        "",
    )
    assert check("--fail-on=warning").code == 1


def test_a_baseline_allows_what_is_known(project: Project, check: Check) -> None:
    project.write("a.py", "bad()\nbad()\n")
    project.write("b.py", "bad()\n")
    assert check("--update-baseline") == Result(0, "", "")

    project.write("a.py", "\nbad()\n\nbad()\nbad()\n")
    assert check("--baseline=phasework-baseline.json").out == BAD.replace("a.py:1:1", "a.py:5:1")
    project.write("pyproject.toml", '[tool.phasework]\nbaseline = "phasework-baseline.json"\n')
    assert check().code == 1

    project.write("a.py", "good()\n")
    assert check("--update-baseline", "a.py").code == 0
    assert json.loads((project.folder / "phasework-baseline.json").read_text())["findings"] == {
        "b.py": {"sample": {"bad is bad.": 1}}
    }


def test_json_has_everything(project: Project, check: Check) -> None:
    project.write("a.py", "odd()\n")
    project.write("b.py", "bad(\n)\n")
    project.write("c.py", "(")

    result = check("--format=json", "--all")
    report = json.loads(result.out)

    assert result.code == 1
    assert report["checks"] == ["sample"]
    assert list(report["unread"]) == ["c.py"]
    assert [(found["path"], found["level"], found["end_line"]) for found in report["findings"]] == [
        ("a.py", "note", 1),
        ("b.py", "error", 2),
    ]
    assert report["findings"][0]["data"] == {"name": "odd"}
    assert report["findings"][1]["verdict"] == "bad"


def test_sarif_has_what_github_needs(project: Project, check: Check) -> None:
    project.write("a.py", "bad()\nbad()\n")

    log = json.loads(check("--format=sarif").out)
    project.write("a.py", "\nbad()\nbad()\n")
    moved = json.loads(check("--format=sarif").out)
    project.write("a.py", "")
    empty = json.loads(check("--format=sarif").out)

    [run] = log["runs"]
    [rule] = run["tool"]["driver"]["rules"]
    assert {"id", "shortDescription", "fullDescription", "help"} <= set(rule)
    marks = [result["partialFingerprints"]["phasework/v1"] for result in run["results"]]
    assert len(set(marks)) == 2
    assert marks == [result["partialFingerprints"]["phasework/v1"] for result in moved["runs"][0]["results"]]
    assert run["results"][1]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 2, "startColumn": 1, "endLine": 2},
    }
    assert empty["runs"][0]["results"] == []


def test_annotations_of_github_are_escaped(project: Project, check: Check) -> None:
    project.write("a,b.py", "odd()\n")

    assert check("--format=github", "--all").out == (
        "::notice file=a%2Cb.py,line=1,col=1,endLine=1,title=sample::odd is odd: 100 %25.\n"
    )


def test_a_check_has_formats_options_and_a_summary_of_its_own(project: Project, check: Check) -> None:
    project.write("a.py", "bad()\n")

    assert check("sample", "--format=count", "--output=count.txt") == Result(1, "", "")
    assert (project.folder / "count.txt").read_text() == "1\n"
    assert check("sample", "--count").out == BAD.replace("Found", "1 calls.\nFound")


def test_the_help_names_the_checks_and_their_options(check: Check, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        check("--help")
    assert "  sample  blocks   Finds bad calls.\n" in capfd.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        check("sample", "--help")
    assert "sample: Print the number of calls." in capfd.readouterr().out
