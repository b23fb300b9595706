"""A coroutine that nobody awaited tells where it was made."""

import pytest


async def answer() -> int:
    return 42


def test_a_forgotten_coroutine_names_the_test_that_made_it() -> None:
    forgotten = answer()

    with pytest.warns(RuntimeWarning, match="'answer' was never awaited(?s:.)*in test_a_forgotten_coroutine_names"):
        del forgotten
