"""Coverage gates: how they are read, and how a run is checked."""

from collections.abc import Iterator

import pytest
from coverage import Coverage, CoverageData

from phasework_suite.gates import Gate, GateResult, has_finished, is_whole_run, main, measure, read_gates
from phasework_suite.service import Service

MODULES = "src/shop/modules"
OPTIONS = ("-p", "phasework_suite.plugin", "-p", "phasework_suite.gates", "--assert=plain")
SOURCE = """
def tested():
    return 1


def untested():
    return 2
"""
# Replaces pytest-cov: the data are those of the fixture `service`.
MEASURED = """
from types import SimpleNamespace

from coverage import Coverage


def pytest_addoption(parser):
    parser.addoption("--no-cov", action="store_true")
    parser.addoption("--splits", type=int)


def pytest_configure(config):
    coverage = Coverage(config_file=False)
    coverage.load()
    config.add_cleanup(coverage.get_data().close)
    plugin = SimpleNamespace(cov_controller=SimpleNamespace(cov=coverage))
    config.pluginmanager.register(plugin, "_cov")
"""


def write_ini(pytester: pytest.Pytester, *gates: str, total: float | str = 0, addopts: str = "") -> None:
    settings = [
        "[pytest]",
        "service_package = shop",
        "testpaths = tests",
        f"addopts = {addopts}",
        f"coverage_total = {total}",
    ]
    lines = [*settings, "coverage_gates =", *(f"    {gate}" for gate in gates)]
    (pytester.path / "pytest.ini").write_text("\n".join(lines))


def import_parcels(pytester: pytest.Pytester) -> None:
    """Add coverage data of a test that imported the module `parcels` and ran two of its four lines."""
    data = CoverageData()
    data.read()
    data.add_lines({str(pytester.path / MODULES / "parcels/service.py"): [2, 6]})
    data.write()
    data.close()


@pytest.fixture(autouse=True)
def service(shop: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service with the modules `errands`, of which tests ran three of four lines, and `parcels`, which no test imported."""
    monkeypatch.delenv("COVERAGE_FILE", raising=False)
    for module in ("errands", "parcels"):
        file = shop.path / MODULES / module / "service.py"
        file.parent.mkdir(parents=True)
        file.write_text(SOURCE)
    data = CoverageData()
    data.add_lines({str(shop.path / MODULES / "errands/service.py"): [2, 3, 6]})
    data.touch_file(str(shop.path / MODULES / "parcels/service.py"))
    data.write()
    data.close()
    shop.makeconftest(MEASURED)
    shop.makepyfile(**{"tests/unit/phase2/test_errands_service": "def test_example():\n    pass"})
    return Service(shop.path, "shop")


@pytest.fixture
def coverage() -> Iterator[Coverage]:
    """The measurement of that service."""
    coverage = Coverage(config_file=False)
    coverage.load()
    yield coverage
    coverage.get_data().close()


def test_coverage_is_the_share_of_lines_that_were_run(coverage: Coverage) -> None:
    assert measure(coverage, f"{MODULES}/errands") == 75


@pytest.mark.parametrize("folder", ["parcels", "errand"])
def test_folder_without_run_lines_was_never_imported(coverage: Coverage, folder: str) -> None:
    assert measure(coverage, f"{MODULES}/{folder}") is None


@pytest.mark.parametrize(
    ("percent", "target", "shown", "word"),
    [
        (75.0, 75, "75.0 %", "ok"),
        (79.96, 80, "79.9 %", "BELOW ITS GATE"),
        (0.0, 0, "0.0 %", "ok"),
        (None, 0, "0.0 %", "never imported"),
    ],
)
def test_percentages_are_rounded_down(percent: float | None, target: float, shown: str, word: str) -> None:
    gate_result = GateResult(Gate("errands", "phase2", "src", target), percent)

    assert gate_result.row == ("errands", "phase2", shown, f"{target} %", word)
    assert gate_result.passed is (word == "ok")


def test_gates_are_read_from_the_configuration(service: Service) -> None:
    assert read_gates(service, ["parcels:99.5"], "50") == [
        Gate("parcels", "-", f"{MODULES}/parcels", 99.5),
        Gate("errands", "phase2", f"{MODULES}/errands", None),
        Gate("total", "", "src/shop", 50),
    ]


@pytest.mark.parametrize(
    ("gate", "total", "message"),
    [
        (
            "letters: 80",
            "0",
            f"coverage_gates has the line 'letters: 80', but there is no module in {MODULES}/letters; *",
        ),
        ("errands 80", "0", "coverage_gates has the line 'errands 80', *as in 'parcels: 80'."),
        ("../modules: 80", "0", "coverage_gates has the line '../modules: 80', *"),
        ("errands: high", "0", "coverage_gates, errands: 'high' is not a percentage from 0 to 100."),
        ("errands: 101", "0", "coverage_gates, errands: '101' is not a percentage from 0 to 100."),
        ("errands: 80", "-1", "coverage_total: '-1' is not a percentage from 0 to 100."),
    ],
)
def test_invalid_gate_is_refused(
    pytester: pytest.Pytester,
    gate: str,
    total: str,
    message: str,
) -> None:
    write_ini(pytester, gate, total=total)

    result = pytester.runpytest_inprocess(*OPTIONS, "--no-cov")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: pytest.ini: {message}"])


@pytest.mark.parametrize(
    ("arguments", "whole"),
    [
        ([], True),
        (["-q", "-x", "--failed-first"], True),
        (["tests"], False),
        (["-k", "example"], False),
        (["-m", "unit"], False),
        (["--last-failed"], False),
        (["--stepwise"], False),
        (["--deselect", "tests/unit/test_a.py"], False),
        (["--ignore", "tests/unit/core"], False),
        (["--ignore-glob", "tests/*/core"], False),
        (["--splits", "2"], False),
        (["--collect-only"], False),
        (["--fixtures"], False),
    ],
)
def test_options_that_select_a_part(pytester: pytest.Pytester, arguments: list[str], whole: bool) -> None:
    write_ini(pytester)

    assert is_whole_run(pytester.parseconfig(*OPTIONS, *arguments)) is whole


def test_tests_that_the_configuration_leaves_out_do_not_count(pytester: pytest.Pytester) -> None:
    write_ini(pytester, addopts="--ignore=tests/old -m 'not slow'")

    assert is_whole_run(pytester.parseconfig(*OPTIONS))
    assert not is_whole_run(pytester.parseconfig(*OPTIONS, "-m", "slow"))


def test_run_that_reaches_its_gates_passes(pytester: pytest.Pytester) -> None:
    import_parcels(pytester)
    write_ini(pytester, "errands: 75", "parcels: 50", total=62.5)

    result = pytester.runpytest_inprocess(*OPTIONS)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "module   phase   coverage    gate  result",
            "errands  phase2    75.0 %    75 %  ok",
            "parcels  -         50.0 %    50 %  ok",
            "total              62.5 %  62.5 %  ok",
        ]
    )


@pytest.mark.parametrize(
    ("gates", "total", "line"),
    [
        (["errands: 76", "parcels: 50"], 0, "errands  phase2    75.0 %  76 %  BELOW ITS GATE"),
        (["errands: 75", "parcels: 50"], 63, "total              62.5 %  63 %  BELOW ITS GATE"),
        (["errands: 75"], 0, "parcels  -         50.0 %     -  NO GATE"),
    ],
)
def test_run_that_misses_a_gate_fails(pytester: pytest.Pytester, gates: list[str], total: int, line: str) -> None:
    import_parcels(pytester)
    write_ini(pytester, *gates, total=total)

    result = pytester.runpytest_inprocess(*OPTIONS)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([line])


def test_run_that_never_imports_a_module_fails(pytester: pytest.Pytester) -> None:
    write_ini(pytester, "errands: 75", "parcels: 0")

    result = pytester.runpytest_inprocess(*OPTIONS)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["parcels  -          0.0 %   0 %  never imported"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--no-cov"], "coverage was not measured"),
        (["-k", "example"], "only a part of the suite was selected"),
    ],
)
def test_run_that_is_not_checked_says_why(pytester: pytest.Pytester, arguments: list[str], reason: str) -> None:
    write_ini(pytester, "errands: 100", total=100)

    result = pytester.runpytest_inprocess(*OPTIONS, *arguments)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"Coverage gates were not checked: {reason}."])
    result.stdout.no_fnmatch_line("*gate  result*")


def test_list_of_tests_says_nothing_about_gates(pytester: pytest.Pytester) -> None:
    write_ini(pytester)

    result = pytester.runpytest_inprocess(*OPTIONS, "--collect-only")

    result.stdout.no_fnmatch_line("Coverage gates*")


@pytest.mark.parametrize(
    ("stop", "status", "finished"),
    [
        (False, pytest.ExitCode.OK, True),
        (False, pytest.ExitCode.TESTS_FAILED, True),
        (False, pytest.ExitCode.INTERRUPTED, False),
        (False, pytest.ExitCode.NO_TESTS_COLLECTED, False),
        ("Interrupted", pytest.ExitCode.OK, False),
    ],
)
def test_interrupted_run_has_not_finished(
    pytester: pytest.Pytester,
    stop: bool | str,
    status: pytest.ExitCode,
    finished: bool,
) -> None:
    write_ini(pytester)
    session = pytest.Session.from_config(pytester.parseconfig(*OPTIONS))

    session.shouldstop = stop
    session.exitstatus = status

    assert has_finished(session) is finished


def test_run_that_stopped_at_a_failure_is_not_checked(pytester: pytest.Pytester) -> None:
    write_ini(pytester, "errands: 100", total=100)
    pytester.makepyfile(**{"tests/unit/test_wrong": "def test_wrong():\n    assert False"})

    result = pytester.runpytest_inprocess(*OPTIONS, "-x")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["Coverage gates were not checked: the run was stopped."])


def test_combined_data_file_is_checked_by_the_same_gates(
    pytester: pytest.Pytester,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_ini(pytester, "# Two modules.", "errands: 75", "parcels: 10", total=37.5)

    code = main([])

    assert code == 1
    assert capsys.readouterr().out.splitlines() == [
        "module   phase   coverage    gate  result",
        "errands  phase2    75.0 %    75 %  ok",
        "parcels  -          0.0 %    10 %  never imported",
        "total              37.5 %  37.5 %  ok",
        "Below their gate: parcels.",
    ]


def test_combined_data_file_may_have_any_name(pytester: pytest.Pytester) -> None:
    import_parcels(pytester)
    write_ini(pytester, "errands: 75", "parcels: 50")
    (pytester.path / ".coverage").rename(pytester.path / "combined")

    assert main(["combined"]) == 0


@pytest.mark.parametrize(
    ("gate", "data_file", "message"),
    [
        ("errands: 75", "missing", "missing does not exist: run `coverage combine` first."),
        ("errands: 75", "pytest.ini", "pytest.ini is not a data file of coverage: "),
        ("errands: 75", "empty", "empty contains no data."),
        ("letters: 75", ".coverage", "pytest.ini: coverage_gates has the line 'letters: 75'"),
    ],
)
def test_data_file_that_cannot_be_read_says_why(
    pytester: pytest.Pytester,
    capsys: pytest.CaptureFixture[str],
    gate: str,
    data_file: str,
    message: str,
) -> None:
    write_ini(pytester, gate)
    (pytester.path / "empty").touch()

    code = main([data_file])

    assert code == 2
    assert capsys.readouterr().err.startswith(message)


def test_service_that_does_not_exist_is_named(pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]) -> None:
    (pytester.path / "pytest.ini").write_text("[pytest]\n")

    code = main([])

    assert code == 2
    assert capsys.readouterr().err == "pytest.ini: service_package is ''; it must be the name of the package in src/.\n"
