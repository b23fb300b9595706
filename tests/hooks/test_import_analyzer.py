"""The report on imports: cycles, needless modules of tests, and the graph in several forms."""

import json
import re
import sys
from collections.abc import Callable

import pytest

from .conftest import Project, Result

Check = Callable[..., Result]

THIN = {
    "from shop.prices import PRICE, total\n": "PRICE, total",
    '"""Prices."""\nfrom __future__ import annotations\nfrom shop.prices import *\n__all__ = ["PRICE"]\n': "*",
    "from shop import prices\n\ntotal = prices.total\n": "prices, total",
    "from shop import prices\n\ndef total(order, *, tax=0):\n    return prices.total(order, tax=tax)\n": "prices, total",
    "from shop import prices\n\nasync def total(*args, **more):\n    return await prices.total(*args, **more)\n": "prices, total",
}
NOT_THIN = [
    "from shop import prices\n\nORDERS = [1]\n",
    "from shop import prices\n\ndef total(order):\n    return prices.total(order, tax=1)\n",
    "from shop import prices\n\n@pytest.fixture\ndef total(order):\n    return prices.total(order)\n",
    "from shop import prices\nfrom tests.support.data import ORDER\n",
    "from shop import prices\nimport json\n",
    "import json\n",
    "",
]


def write_shop(project: Project) -> None:
    project.write("src/shop/__init__.py", "")
    project.write("src/shop/prices.py", "from . import tax\nPRICE = 1\ndef total(order): ...\n")
    project.write("src/shop/tax.py", "import stripe\nimport json\ndef f():\n    from . import prices\n")
    project.write("tests/support/data.py", "ORDER = 1\n")
    project.write("tests/test_prices.py", "from shop import prices\ndef test_it(): ...\n")


@pytest.mark.parametrize(("source", "names"), THIN.items())
def test_a_module_of_tests_that_only_passes_on_is_found(
    project: Project, check: Check, source: str, names: str
) -> None:
    write_shop(project)
    project.write("tests/helpers.py", source)

    found = check("import_analyzer")

    assert (
        f"tests/helpers.py:{(source.count(chr(34) * 3) and 2) or 1}:1: import_analyzer: This module of tests only passes on production code: {names}."
        in found.out
    )
    assert found.code == 0
    assert check("import_analyzer", "--fail-on", "warning").code == 1


@pytest.mark.parametrize("source", NOT_THIN)
def test_a_module_of_tests_with_code_of_its_own_is_not(project: Project, check: Check, source: str) -> None:
    write_shop(project)
    project.write("tests/helpers.py", source)

    assert "passes on" not in check("import_analyzer").out


def test_other_modules_may_pass_on(project: Project, check: Check) -> None:
    write_shop(project)
    for file in ("src/shop/api.py", "tests/conftest.py"):
        project.write(file, "from shop.prices import total\n")

    assert "passes on" not in check("import_analyzer").out


def test_the_summary_says_who_imports_whom(project: Project, check: Check) -> None:
    write_shop(project)

    found = check("import_analyzer")

    assert re.search(r"by production code +2 +0\n +by tests +1 +0\n", found.out)
    assert "Files: 3 of production code, 2 of tests." in found.out
    assert "Packages from outside that production code imports most: stripe 1.\n" in found.out
    assert "Files that are imported most: src/shop/prices.py 2, src/shop/tax.py 1." in found.out


def test_cycles_are_told_from_cycles_of_imports_that_run_later(project: Project, check: Check) -> None:
    write_shop(project)
    later = "src/shop/prices.py:1:1: import_analyzer: 2 files import each other, if imports in functions and for type checkers count."
    assert "import each other" not in check("import_analyzer").out
    assert later in check("import_analyzer", "--all").out

    project.write("src/shop/tax.py", "from . import prices\n")

    cycle = "2 files import each other while they are imported: src/shop/prices.py -> src/shop/tax.py -> src/shop/prices.py."
    assert cycle in check("import_analyzer").out
    assert "imports in functions" not in check("import_analyzer", "--all").out


def test_order_is_taken_from_ruff(project: Project, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shop(project)
    monkeypatch.setenv("PATH", "")
    assert "The order of imports was not looked at: ruff is neither in the environment" in check("import_analyzer").out

    (project.folder / ".venv/lib/python3.12/site-packages").mkdir(parents=True)
    ruff = project.folder / ".venv/bin/ruff"
    ruff.parent.mkdir()
    printed = [{"code": "I001", "filename": f"{project.folder}/src/shop/tax.py", "location": {"row": 1}}]
    ruff.write_text(f"#!{sys.executable}\nprint({json.dumps(printed)!r})\n", encoding="utf-8")
    ruff.chmod(0o755)
    found = check("import_analyzer", "--all")

    assert "src/shop/tax.py:1:1: import_analyzer: The imports are not in the order of ruff's rule I001." in found.out
    assert "Files with imports in another order than ruff's rule I001: 1.\n" in found.out


def test_the_graph_as_json(project: Project, check: Check) -> None:
    write_shop(project)

    graph = json.loads(check("import_analyzer", "--format", "graph").out)

    assert {"path": "src/shop/prices.py", "module": "shop.prices", "test": False, "cycle": None} in graph["files"]
    assert len(graph["files"]) == 5
    assert [(edge["from"], edge["to"], edge["line"], edge["when"]) for edge in graph["imports"]] == [
        ("src/shop/prices.py", "src/shop/tax.py", 1, "import"),
        ("src/shop/tax.py", "src/shop/prices.py", 4, "call"),
        ("tests/test_prices.py", "src/shop/prices.py", 1, "import"),
    ]


def test_a_part_of_the_graph_has_its_neighbours(project: Project, check: Check) -> None:
    write_shop(project)

    dot = check("import_analyzer", "src/shop/tax.py", "--format", "dot").out

    assert '"src/shop/prices.py" -> "src/shop/tax.py";' in dot
    assert '"src/shop/tax.py" -> "src/shop/prices.py" [style = "dashed"];' in dot
    assert "test_prices" not in dot


def test_cycles_are_red_in_dot(project: Project, check: Check) -> None:
    write_shop(project)
    project.write("src/shop/tax.py", "from . import prices\n")

    dot = check("import_analyzer", "--format", "dot").out

    assert dot.count('[color = "red"]') == 2
    assert '"tests/test_prices.py" [style = "dashed"];' in dot


def test_the_page_needs_nothing_else(project: Project, check: Check) -> None:
    write_shop(project)

    page = check("import_analyzer", "--format", "html").out

    assert not re.search(r"""(src|href)=|@import|url\(|https?://(?!www\.w3\.org/2000/svg)""", page)
    [data] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert json.loads(data)["imports"][0]["to"] == "src/shop/tax.py"
