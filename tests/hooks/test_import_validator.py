"""The check finds imports that cannot work or should not be there, and commits in services."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Project, Result

Check = Callable[..., Result]

TEST = "def test_it(): ...\n"
PRODUCTION = "src/shop/orders.py"
SERVICE = "src/shop/orders/service.py"
SETTINGS = '[tool.phasework.import_validator]\nservices = ["service.py", "*/service.py"]\n'

IMPORTS_OF_TESTS = [
    "import tests.support.data",
    "import os, tests.support.data",
    "from tests.support import data",
    "from tests.support.data import ORDER",
    "from ...tests.support import data",
    "def load():\n    from tests.support import data",
    "if TYPE_CHECKING:\n    from tests.support.data import ORDER",
    "importlib.import_module('tests.support.data')",
    "__import__('tests.support.data')",
]
MISSING = {
    "import shop.order": "shop.order does not exist: shop has no order.",
    "from shop.order import Order": "shop.order does not exist: shop has no order.",
    "from .order import Order": ".order does not exist: shop has no order.",
    "from . import order": "shop has no order.",
    "from shop.prices import Prize": "shop.prices has no Prize.",
    "from .prices import PRICE, Prize": "shop.prices has no Prize.",
    "def f():\n    import shop.prices.euro": "shop.prices.euro does not exist: shop.prices has no euro.",
}
RESOLVES = [
    "import shop.prices",
    "from .prices import PRICE",
    "from . import prices",
    "from .prices import *",
    "from .all_prices import PRICE",
    "from .lazy import anything",
    "from .compiled import speed",
    "from ._version import version",
    "try:\n    import shop.local_settings\nexcept ImportError:\n    pass",
    "with suppress(ModuleNotFoundError):\n    import shop.local_settings",
    "import_module('shop.plugins')",
    "import stripe.api, alembic.op",
    "from payments import card\nimport payments.card",
]
COMMITS = {
    "session.commit()": "session.commit()",
    "async def f(self): await self.session.commit()": "self.session.commit()",
    "with self.db_session.begin(): pass": "self.db_session.begin()",
    "def f(db: AsyncSession): db.commit()": "db.commit()",
    "def f(db: 'AsyncSession | None'): db.commit()": "db.commit()",
    "class A:\n    db: Session\n    def f(self): self.db.commit()": "self.db.commit()",
    "class A:\n    def __init__(self, db: Session): self.db = db\n    def f(self): self.db.commit()": "self.db.commit()",
    "def f(db: SessionDep): db.commit()": "db.commit()",
    "def f(db: deps.SessionDep): db.commit()": "db.commit()",
    "def f(session=None):\n    session = session or open_session()\n    session.commit()": "session.commit()",
    "def f(self):\n    session = self._session\n    session.commit()": "session.commit()",
}
NO_COMMITS = [
    "session.flush()",
    "with session.begin_nested(): pass",
    "session.rollback()",
    "repository.commit()",
    "def f(db): db.commit()",
    "def f(db: Repository): db.commit()",
    "session.commit",
    "session.commit()  # phasework: ignore[import_validator]",
    # The function opened it.
    "with Session(engine) as session:\n    session.commit()",
    "async def f():\n    async with sessions() as session, session.begin():\n        await session.commit()",
    "def f():\n    session = SessionLocal()\n    session.commit()",
    "def f():\n    for session in get_session():\n        session.commit()",
    "class A:\n    def __init__(self): self.session = Session()\n    def f(self): self.session.commit()",
    # The name is annotated in another function only.
    "def f(db: Session): ...\ndef g(db: Repository): db.commit()",
]


def write_shop(project: Project) -> None:
    project.write("pyproject.toml", SETTINGS)
    project.write("src/shop/__init__.py", "")
    project.write("src/shop/prices.py", "PRICE = 1\n")
    project.write("src/shop/all_prices.py", "from .prices import *\n")
    project.write("src/shop/lazy.py", "def __getattr__(name): return name\n")
    project.write("src/shop/compiled.pyi", "speed: int\n")
    project.write("src/shop/deps.py", "SessionDep = Annotated[Session, Depends(get_session)]\n")
    project.write("tests/support/data.py", "ORDER = 1\n")
    project.write("tests/test_orders.py", TEST)
    project.write("migrations/alembic/env.py", "")
    project.write("src/payments/__init__.py", "__path__ = extend_path(__path__, __name__)\n")
    project.write(".gitignore", "_version.py\n")
    project.git("init", "-q")


@pytest.mark.parametrize("source", IMPORTS_OF_TESTS)
def test_an_import_of_tests_is_found(project: Project, check: Check, source: str) -> None:
    write_shop(project)
    project.write(PRODUCTION, source)

    found = check("import_validator")

    assert found.code == 1
    assert "Production code imports tests/support/data.py, a file of tests." in found.out
    assert found.out.count("import_validator:") == 1


@pytest.mark.parametrize(
    "file",
    [
        "tests/test_it.py",
        "scripts/load.py",
        "docs/conf.py",
        "src/shop/tests/test_it.py",
        "src/shop/test_it.py",
        "noxfile.py",
    ],
)
def test_files_that_are_not_installed_may_import_tests(project: Project, check: Check, file: str) -> None:
    write_shop(project)
    project.write(file, "from tests.support import data")

    assert check("import_validator").out == ""


def test_a_plugin_of_pytest_may_import_tests(project: Project, check: Check) -> None:
    write_shop(project)
    project.write("src/shop/plugin.py", "import pytest\nfrom tests.support import data\n")

    assert check("import_validator").out == ""


@pytest.mark.parametrize(
    ("file", "source"),
    {
        "src/shop/tests/models.py": "from shop.tests.models import Blood",  # a module about blood tests
        "src/shop/test_status.py": "from shop.test_status import Blood",
        "src/shop/new_test.py": "from shop.new_test import Blood",
    }.items(),
)
def test_a_name_alone_makes_no_tests(project: Project, check: Check, file: str, source: str) -> None:
    write_shop(project)
    project.write(
        file,
        "class Blood: ...\ndef test_type(): ...\n"
        if "/tests/" in file
        else 'class Blood:\n    TEXT = """\ndef test_it(): ...\n"""\n',
    )
    project.write(PRODUCTION, source)

    assert check("import_validator").out == ""


def test_sources_may_be_named(project: Project, check: Check) -> None:
    write_shop(project)
    project.write("pyproject.toml", '[tool.phasework]\nsources = ["src", "tools"]\n')
    for file in (PRODUCTION, "tools/load.py", "dev/load.py", "tests/load.py"):
        project.write(file, "from tests.support import data")

    found = check("import_validator")

    assert [line.partition(":")[0] for line in found.out.splitlines() if "import_validator" in line] == [
        PRODUCTION,
        "tools/load.py",
    ]


@pytest.mark.parametrize(("source", "message"), MISSING.items())
def test_an_import_of_nothing_is_found(project: Project, check: Check, source: str, message: str) -> None:
    write_shop(project)
    project.write(PRODUCTION, source)

    found = check("import_validator")

    assert found.code == 1
    assert f": import_validator: {message}\n" in found.out
    assert found.out.count("import_validator:") == 1


@pytest.mark.parametrize("source", RESOLVES)
def test_what_may_exist_is_not_reported(project: Project, check: Check, source: str) -> None:
    write_shop(project)
    project.write(PRODUCTION, source)

    assert check("import_validator").out == ""


def test_a_package_without_an_init_file_hides_no_other(project: Project, check: Check) -> None:
    project.write("core/shop/dns/__init__.py", "")
    project.write("core/shop/http/__init__.py", "")
    project.write(
        "core/shop/server.py", "import dns.message\nfrom http import HTTPStatus\nfrom shop.dns import server\n"
    )

    assert check("import_validator") == Result(0, "", "")


def test_a_package_beside_its_users_is_read(project: Project, check: Check) -> None:
    project.write("core/shop/dns/__init__.py", "")
    project.write("core/shop/web/__init__.py", "")
    project.write("core/shop/web/api.py", "import dns.message\n")

    assert "dns.message does not exist: dns has no message." in check("import_validator").out


def test_files_that_are_copied_together_find_each_other(project: Project, check: Check) -> None:
    project.write("shop/hooks/__init__.py", "")
    project.write("contrib/mail.py", "from shop.hooks import sender\nfrom shop.hooks import reader\n")
    project.write("contrib/sender.py", "")

    out = check("import_validator").out

    assert "shop.hooks has no reader." in out
    assert "sender" not in out


def test_names_for_type_checkers_are_enough_for_type_checkers(project: Project, check: Check) -> None:
    write_shop(project)
    project.write("src/shop/types.py", "if TYPE_CHECKING:\n    from .prices import PRICE\n")
    project.write("src/shop/a.py", "if TYPE_CHECKING:\n    from .types import PRICE\n")
    project.write("src/shop/b.py", "from .types import PRICE\n")

    found = check("import_validator")

    assert "src/shop/b.py:1:1: import_validator: shop.types imports PRICE for type checkers only." in found.out
    assert "a.py" not in found.out


@pytest.mark.parametrize(("source", "call"), COMMITS.items())
def test_a_commit_in_a_service_is_found(project: Project, check: Check, source: str, call: str) -> None:
    write_shop(project)
    project.write(SERVICE, source)

    found = check("import_validator")

    assert found.code == 1
    assert f": import_validator: {call} commits in a service.\n" in found.out


@pytest.mark.parametrize("source", NO_COMMITS)
def test_a_service_may_do_anything_else(project: Project, check: Check, source: str) -> None:
    write_shop(project)
    project.write(SERVICE, source)

    assert check("import_validator").out == ""


@pytest.mark.parametrize("file", ["src/shop/core/database.py", "src/shop/orders/tasks.py"])
def test_callers_may_commit(project: Project, check: Check, file: str) -> None:
    write_shop(project)
    project.write(file, "session.commit()")

    assert check("import_validator").out == ""


def write_cycle(project: Project) -> None:
    write_shop(project)
    project.write("src/shop/a.py", "from . import b\n")
    project.write("src/shop/b.py", "\nimport shop.c\n")
    project.write("src/shop/c.py", "from .a import b\n")


def test_a_cycle_is_named_once(project: Project, check: Check) -> None:
    write_cycle(project)

    found = check("import_validator")

    assert found.out.count("import_validator:") == 1
    assert "This import closes a cycle: src/shop/a.py -> src/shop/b.py -> src/shop/c.py -> src/shop/a.py." in found.out


@pytest.mark.parametrize(
    "last",
    [
        "def f():\n    from .a import b\n",
        "if TYPE_CHECKING:\n    from .a import b\n",
        "if t.TYPE_CHECKING is True:\n    from .a import b\n",
        "if not TYPE_CHECKING:\n    import os\nelse:\n    from .a import b\n",
        'if __name__ == "__main__":\n    from .a import b\n',
        "import shop\n",
    ],
)
def test_imports_that_run_later_close_no_cycle(project: Project, check: Check, last: str) -> None:
    write_cycle(project)
    project.write("src/shop/c.py", last)

    assert check("import_validator").out == ""


def test_a_cycle_begins_at_the_import_of_the_package_around_it(project: Project, check: Check) -> None:
    write_shop(project)
    project.write("src/shop/web/__init__.py", "from .page import Page\nTITLE = 1\n")
    project.write("src/shop/web/page.py", "\nfrom shop.web import TITLE\nclass Page: ...\n")

    assert "src/shop/web/page.py:2:1: import_validator: This import closes a cycle: " in check("import_validator").out


def test_only_new_imports_in_cycles_are_found(project: Project, check: Check) -> None:
    write_cycle(project)
    edges = ["src/shop/a.py -> src/shop/b.py", "src/shop/b.py -> src/shop/c.py", "src/shop/c.py -> src/shop/a.py"]
    project.write("phasework-ratchet.toml", f"[cycles]\nedges = {edges}\n")
    assert check("import_validator").out == ""

    project.write("src/shop/c.py", "from .a import b\nfrom . import b\n")
    project.write("src/shop/d.py", "from . import a\n")
    found = check("import_validator")

    assert found.out.count("import_validator:") == 1
    assert (
        "src/shop/c.py:2:1: import_validator: This import is new in a cycle: src/shop/c.py -> src/shop/b.py -> src/shop/c.py."
        in found.out
    )
    assert check("import_validator", "src/shop/d.py").out == ""


def test_a_broken_contract_is_found(project: Project, check: Check, tmp_path: Path) -> None:
    write_shop(project)
    project.write("src/shop/core.py", "import os\nfrom . import web\n")
    project.write("src/shop/web.py", "from . import page\n")
    project.write("src/shop/page.py", "")
    project.write(".importlinter", "[importlinter]\nroot_package = shop\n")
    found = check("import_validator")
    assert found.out == ""
    assert "contracts of import-linter were not checked" in found.err

    # What import-linter 2.17 prints.
    fake_linter(tmp_path / "linter", PRINTED)
    found = check("import_validator", "--python", str(tmp_path / "linter"))

    assert found.code == 1
    assert (
        'src/shop/core.py:2:1: import_validator: This breaks the contract "Core is below" of import-linter: shop.core -> shop.web -> shop.page.'
        in found.out
    )
    assert found.out.count("import_validator:") == 1

    fake_linter(tmp_path / "linter", "Could not find package 'shop' in your Python path.")
    found = check("import_validator", "--python", str(tmp_path / "linter"))
    assert (found.code, found.out) == (0, "")
    assert (
        found.err
        == "The contracts of import-linter were not checked: Could not find package 'shop' in your Python path.\n"
    )


def test_contracts_that_run_code_of_the_project_are_not_checked(project: Project, check: Check) -> None:
    write_shop(project)
    project.write(
        ".importlinter", "[importlinter]\nroot_package = shop\ncontract_types =\n    own: shop.contracts.Own\n"
    )

    found = check("import_validator")

    assert (found.code, found.out) == (0, "")
    assert "contract_types names code of the project, which would run" in found.err


PRINTED = """\
Core is below BROKEN

Contracts: 0 kept, 1 broken.


----------------
Broken contracts
----------------

Core is below
-------------

shop.core is not allowed to import shop.page:

-   shop.core -> shop.web (l.2)
    shop.web -> shop.page (l.1)

"""


def fake_linter(environment: Path, printed: str) -> None:
    """Write an environment with a program that prints a text."""
    (environment / "lib/python3.11/site-packages").mkdir(parents=True, exist_ok=True)
    (environment / "bin").mkdir(exist_ok=True)
    program = environment / "bin/lint-imports"
    program.write_text(f"#!{sys.executable}\nprint({printed!r})\n", encoding="utf-8")
    program.chmod(0o755)
