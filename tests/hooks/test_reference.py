"""docs/reference/checks.md says what is true: its tables name all checks, options and settings, and its examples are printed."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks import registry
from hooks.check import Configurable
from hooks.cli import make_parser
from hooks.codemods import CODEMODS
from hooks.project import SETTINGS

from .conftest import Project, Result

PAGE = Path(__file__).parents[2].joinpath("docs/reference/checks.md").read_text(encoding="utf-8")
FILES = {
    "shop/__init__.py": "",
    "shop/mail.py": "def charge(order): ...\n",
    "shop/orders.py": "def pay(order):\n    from .mail import charge\n    return charge(order)\n",
    "shop/tasks.py": (
        "from celery import shared_task\n\n@shared_task\ndef add(x, y):\n    return x + y\n\n"
        "@shared_task(bind=True)\ndef send(self, order, copy=None): ...\n"
    ),
    "shop/views.py": "from celery import chain\n\nfrom shop.tasks import add\n\n\ndef show():\n    add.s(1, 2, 3)\n",
    "tests/test_pay.py": "from unittest.mock import patch\n"
    + 9 * "\n"
    + 'class TestPay:\n    @patch("shop.orders.charge")\n'
    "    def test_pay(self, charge): ...\n",
    "tests/test_tasks.py": "from unittest.mock import Mock\n\nfrom shop.tasks import send\n\n\ndef test_send():\n"
    "    mock_self = Mock()\n\n    send(mock_self)\n",
}
EXAMPLES = re.findall(r"\n\n```\n(.*?)```\n", PAGE, re.DOTALL)


def test_examples_are_printed(project: Project, check: Callable[..., Result]) -> None:
    for name, text in FILES.items():
        project.write(name, text)

    out = check("patch_targets", "celery_calls").out

    assert [example for example in EXAMPLES if example not in out] == []
    assert out == f"{''.join(sorted(EXAMPLES))}Found 3 errors.\n"


def test_checks_are_listed() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (blocks|reports) \|", PAGE, re.MULTILINE)

    assert sorted(rows) == sorted(
        (check.name, "blocks" if check.blocks else "reports") for check in registry.load_all()
    )


def test_checks_that_only_report_are_not_loaded_for_a_usual_run() -> None:
    assert {check.name for check in registry.load_all() if not check.blocks} == registry.REPORTS


def test_options_are_listed() -> None:
    options = re.findall(r"^  (?:-h, )?(--[\w-]+)", make_parser([]).format_help(), re.MULTILINE)

    assert [option for option in options if option != "--help" and f"`{option}" not in PAGE] == []


@pytest.mark.parametrize("check", [*registry.load_all(), *CODEMODS], ids=lambda check: check.name)
def test_settings_are_listed(check: Configurable) -> None:
    [block] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    settings = tomllib.loads(block)["tool"]["phasework"]

    assert set(settings.get(check.name, {})) == set(check.settings)
    assert set(SETTINGS) <= set(settings)
