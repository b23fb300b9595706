"""Tests of the limits and costs of runs."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from your_service.modules.agents.models import AgentRun, Failure
from your_service.modules.agents.rules import Prices, explain, reached, tokens_left

PRICES = Prices(Decimal("0.40"), Decimal("1.60"))


def make_run(**used: Any) -> AgentRun:
    """Return a run with limits of 3 steps, 10 seconds, 1000 tokens and a cent."""
    limits = {"max_steps": 3, "max_seconds": 10, "max_tokens": 1000, "max_cost": Decimal("0.01")}
    return AgentRun(**limits, **{"steps": 0, "seconds": 0.0, "tokens": 0, "cost": Decimal(0)} | used)


@pytest.mark.parametrize(
    ("input_tokens", "output_tokens", "cost"),
    [(0, 0, "0"), (1_000_000, 0, "0.40"), (0, 1_000_000, "1.60"), (1500, 250, "0.001")],
)
def test_an_answer_costs_its_tokens(input_tokens: int, output_tokens: int, cost: str) -> None:
    assert PRICES.of(input_tokens, output_tokens) == Decimal(cost)


@pytest.mark.parametrize(
    ("used", "failure"),
    [
        ({"steps": 2}, None),
        ({"steps": 3}, Failure.STEPS),
        ({"seconds": 9.9}, None),
        ({"seconds": 10.0}, Failure.SECONDS),
        ({"tokens": 999}, None),
        ({"tokens": 1000}, Failure.TOKENS),
        ({"cost": Decimal("0.009999")}, None),
        ({"cost": Decimal("0.01")}, Failure.COST),
        ({"steps": 4, "cost": Decimal(1)}, Failure.STEPS),
    ],
)
def test_a_limit_is_reached_when_nothing_is_left(used: dict[str, Any], failure: Failure | None) -> None:
    assert reached(make_run(**used)) is failure


@pytest.mark.parametrize(
    ("used", "prices", "left"),
    [
        ({}, PRICES, 1000),
        ({"tokens": 400}, PRICES, 600),
        ({"cost": Decimal("0.0092")}, PRICES, 500),
        ({"cost": Decimal("0.0092"), "tokens": 700}, PRICES, 300),
        ({"cost": Decimal("0.0092")}, Prices(Decimal(1), Decimal(0)), 1000),
        ({"cost": Decimal("0.009999")}, PRICES, 1),
    ],
)
def test_an_answer_may_have_what_is_left(used: dict[str, Any], prices: Prices, left: int) -> None:
    assert tokens_left(make_run(**used), prices) == left


class Order(BaseModel):
    """Arguments of a tool in these tests."""

    model_config = ConfigDict(extra="forbid")

    drink: str = Field(max_length=5)
    sizes: list[int] = []


@pytest.mark.parametrize(
    ("arguments", "explanation"),
    [
        ('{"drink": "lemonade"}', "drink: String should have at most 5 characters"),
        ('{"sizes": [1, "big"]}', "drink: Field required; sizes.1: Input should be a valid integer"),
        ('{"drink": "tea", "milk": 1}', "milk: Extra inputs are not permitted"),
        ("tea", "Invalid JSON: "),
        ("", "Invalid JSON: "),
        ("[]", "Input should be an object"),
    ],
)
def test_wrong_arguments_are_explained_in_one_line(arguments: str, explanation: str) -> None:
    with pytest.raises(ValidationError) as error:
        Order.model_validate_json(arguments)

    explained = explain(error.value)

    assert explained.startswith(explanation)
    assert "\n" not in explained
