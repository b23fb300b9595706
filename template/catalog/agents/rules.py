"""What a run costs and how far it may go; without database and clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from .models import AgentRun, Failure

MILLION = 1_000_000
PROMPT = (
    "You work for the staff of an organisation. Use the tools to find out what you need, and answer in plain text. "
    "If the tools cannot tell, say so."
)


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of a million tokens."""

    input: Decimal
    output: Decimal

    def of(self, input_tokens: int, output_tokens: int) -> Decimal:
        """Return what an answer costs."""
        return (input_tokens * self.input + output_tokens * self.output) / MILLION

    def affordable(self, amount: Decimal) -> int | None:
        """Return how many tokens of an answer `amount` pays for; None if they cost nothing."""
        return int(amount * MILLION / self.output) if self.output else None


def reached(run: AgentRun) -> Failure | None:
    """Return the first limit that a run has reached."""
    return next(_reached(run), None)


def _reached(run: AgentRun) -> Iterator[Failure]:
    limits: dict[Failure, tuple[Any, Any]] = {
        Failure.STEPS: (run.steps, run.max_steps),
        Failure.SECONDS: (run.seconds, run.max_seconds),
        Failure.TOKENS: (run.tokens, run.max_tokens),
        Failure.COST: (run.cost, run.max_cost),
    }
    for failure, (used, limit) in limits.items():
        if used >= limit:
            yield failure


def tokens_left(run: AgentRun, prices: Prices) -> int:
    """Return how many tokens the next answer may have, by tokens and by money: at least one."""
    affordable = prices.affordable(run.max_cost - run.cost)
    left = run.max_tokens - run.tokens
    return max(1, left if affordable is None else min(left, affordable))


def explain(error: ValidationError) -> str:
    """Return in one line what is wrong with arguments, so that the model can correct them."""
    parts = (": ".join([".".join(map(str, each["loc"])), each["msg"]]) for each in error.errors(include_input=False))
    return "; ".join(part.removeprefix(": ") for part in parts)
