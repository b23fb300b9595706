"""What tests/test_utils.py offers."""

import inspect

from tests import test_utils


def test_everything_that_is_offered_is_described() -> None:
    offered = {name: getattr(test_utils, name) for name in test_utils.__all__}

    assert [name for name, helper in offered.items() if not inspect.getdoc(helper)] == []
