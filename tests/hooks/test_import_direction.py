"""The check finds imports of tests in source code, and commits in services."""

import pytest

from hooks.import_direction import main

from .conftest import Project

SERVICE = "src/shop/modules/orders/service.py"
IMPORTS = {
    "import tests.support.data": "tests.support.data",
    "import os, tests": "tests",
    "from tests import test_config": "tests",
    "from tests.support.data import Data": "tests.support.data",
    "from .....tests import test_config": "tests",
    "from ..... import tests": "tests",
    "def load():\n    from tests import test_config": "tests",
    "if TYPE_CHECKING:\n    from tests.support.data import Data": "tests.support.data",
    "importlib.import_module('tests.support')": "tests.support",
    "__import__('tests')": "tests",
}
OTHER_IMPORTS = [
    "import testing, tests_of_ours",
    "from .tests import blood",
    "from shop.modules.tests import models",
    "import_module(name)",
    "import tests  # import-direction: allow, a plugin of pytest",
    "this is no Python",
]
COMMITS = {
    "session.commit()": "session.commit()",
    "async def f(self): await self.session.commit()": "self.session.commit()",
    "with self.db_session.begin(): pass": "self.db_session.begin()",
    "def f(db: AsyncSession): db.commit()": "db.commit()",
    "class A:\n    db: Session\n    def f(self): self.db.commit()": "self.db.commit()",
}
NO_COMMITS = [
    "session.flush()",
    "with session.begin_nested(): pass",
    "session.rollback()",
    "repository.commit()",
    "def f(db): db.commit()",
    "session.commit",
    "session.commit()  # import-direction: allow, it is its own caller",
]


@pytest.mark.parametrize(("source", "name"), IMPORTS.items())
def test_an_import_of_tests_is_found(
    project: Project, capsys: pytest.CaptureFixture[str], source: str, name: str
) -> None:
    project.write(SERVICE, source)

    assert main([]) == 1
    assert f" imports {name}, but tests are not installed in production" in capsys.readouterr().out


@pytest.mark.parametrize("source", OTHER_IMPORTS)
def test_other_imports_are_allowed(project: Project, source: str) -> None:
    project.write(SERVICE, source)

    assert main([]) == 0


@pytest.mark.parametrize("file", ["tests/test_it.py", "scripts/load.py", "src/shop/tests/test_it.py"])
def test_files_outside_of_the_source_may_import_tests(project: Project, file: str) -> None:
    project.write(file, "import tests")

    assert main([]) == 0


@pytest.mark.parametrize(("source", "call"), COMMITS.items())
def test_a_commit_in_a_service_is_found(
    project: Project, capsys: pytest.CaptureFixture[str], source: str, call: str
) -> None:
    project.write(SERVICE, source)

    assert main([]) == 1
    assert f" {call} commits in a service: " in capsys.readouterr().out


@pytest.mark.parametrize("source", NO_COMMITS)
def test_a_service_may_do_anything_else(project: Project, source: str) -> None:
    project.write(SERVICE, source)

    assert main([]) == 0


@pytest.mark.parametrize("file", ["src/shop/core/database.py", "src/shop/modules/orders/tasks.py"])
def test_callers_may_commit(project: Project, file: str) -> None:
    project.write(file, "session.commit()")

    assert main([]) == 0


def test_message_names_the_place_and_who_commits(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write(SERVICE, "def pay(session):\n    session.commit()\n")

    main([SERVICE])

    assert capsys.readouterr().out == (
        f"{SERVICE}:2:5: session.commit() commits in a service: flush, and let the caller that opened "
        "the session commit (a dependency of the route, or the task).\n"
    )


def test_folders_and_services_may_be_others(project: Project) -> None:
    project.write("app/services/orders.py", "import tests\nsession.commit()")

    assert main([]) == 0
    assert main(["--source", "app"]) == 1
    assert main(["--service", "services/*.py"]) == 1
