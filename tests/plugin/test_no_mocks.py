"""Integration and e2e tests can neither use pytest-mock nor replace code of the service; all other tests can."""

import pytest

OPTIONS = ("-p", "phasework_suite.plugin", "-p", "phasework_suite.no_mocks", "-p", "no:cacheprovider", "--assert=plain")
PRICES = "TAX = 1\n\n\nclass Price:\n    def net(self):\n        return 1\n"
REPLACEMENTS = {
    "text": "monkeypatch.setattr('shop.prices.TAX', 2)",
    "module": "monkeypatch.setattr(prices, 'TAX', 2)",
    "class": "monkeypatch.setattr(prices.Price, 'net', None)",
    "object": "monkeypatch.setattr(prices.Price(), 'net', None)",
    "context": "with monkeypatch.context() as patch: patch.setattr(prices, 'TAX', 2)",
}
ALLOWED = {
    "environment": "monkeypatch.setenv('TAX', '2')",
    "folder": "monkeypatch.chdir('/')",
    "library": "monkeypatch.setattr('json.dumps', None)",
    "object of a library": "monkeypatch.setattr(Fraction, 'limit_denominator', None)",
}


@pytest.fixture(autouse=True)
def service(shop: pytest.Pytester) -> None:
    """A service whose package has one module."""
    shop.makeini("[pytest]\nservice_package = shop\npythonpath = src\naddopts = --import-mode=importlib")
    shop.makepyfile(**{"src/shop/__init__": "", "src/shop/prices": PRICES})


def run(shop: pytest.Pytester, folder: str, statement: str) -> pytest.RunResult:
    test = (
        f"from fractions import Fraction\n\nfrom shop import prices\n\n\ndef test_it(monkeypatch):\n    {statement}\n"
    )
    shop.makepyfile(**{f"tests/{folder}/test_it": test})
    return shop.runpytest_inprocess(*OPTIONS)


@pytest.mark.parametrize("folder", ["integration", "e2e", "integration/concurrency"])
@pytest.mark.parametrize("statement", REPLACEMENTS.values(), ids=REPLACEMENTS)
def test_code_of_the_service_is_not_replaced(shop: pytest.Pytester, folder: str, statement: str) -> None:
    result = run(shop, folder, statement)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*monkeypatch replaces code of shop. Integration and e2e tests use no mocks.*"])


@pytest.mark.parametrize("statement", ALLOWED.values(), ids=ALLOWED)
def test_anything_else_may_be_changed(shop: pytest.Pytester, statement: str) -> None:
    run(shop, "integration", statement).assert_outcomes(passed=1)


@pytest.mark.parametrize("statement", REPLACEMENTS.values(), ids=REPLACEMENTS)
def test_unit_tests_may_replace_code(shop: pytest.Pytester, statement: str) -> None:
    run(shop, "unit", statement).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("folder", "outcome"), [("integration", {"errors": 1}), ("e2e", {"errors": 1}), ("api", {"passed": 1})]
)
@pytest.mark.parametrize("name", ["mocker", "session_mocker"])
def test_fixtures_of_pytest_mock_are_refused(
    shop: pytest.Pytester, folder: str, outcome: dict[str, int], name: str
) -> None:
    shop.makeconftest(f"import pytest\n\n\n@pytest.fixture\ndef {name}():\n    pass\n")
    shop.makepyfile(**{f"tests/{folder}/test_it": f"def test_it({name}):\n    pass\n"})

    result = shop.runpytest_inprocess(*OPTIONS)

    result.assert_outcomes(**outcome)
    if "errors" in outcome:
        result.stdout.fnmatch_lines([f"The test uses {name}. Integration and e2e tests use no mocks.*"])
