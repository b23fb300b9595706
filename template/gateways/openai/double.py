"""A double of the gateway to OpenAI."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from your_service.gateways.openai import Completion, Message, OpenAIError, ToolCall, ToolDescription, Vector

from tests.support.gateways.openai_server import DIMENSIONS, vector_of


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A conversation that the model was asked to answer."""

    messages: list[Message]
    tools: list[str]
    max_tokens: int | None
    timeout: float | None


class ScriptedOpenAIGateway:
    """Embeds texts by their words, and answers conversations with `answers`, one per call.

    An answer may be a function, which is called. `failures` are raised first, one per call; `embedded` has the texts
    of each call, and `requests` the conversations.
    """

    embedding_model = f"double/{DIMENSIONS}"

    def __init__(self) -> None:
        self.embedded: list[list[str]] = []
        self.requests: list[CompletionRequest] = []
        self.answers: list[Completion | Callable[[], Completion]] = []
        self.failures: list[OpenAIError] = []

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Return the vector of each text, or raise the next failure."""
        self._fail()
        self.embedded.append([*texts])
        return [vector_of(text, DIMENSIONS) for text in texts]

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolDescription] = (),
        *,
        max_tokens: int | None = None,
        timeout: float | None = None,
    ) -> Completion:
        """Return the next answer, or raise the next failure."""
        self._fail()
        self.requests.append(CompletionRequest([*messages], [tool.name for tool in tools], max_tokens, timeout))
        answer = self.answers.pop(0)
        return answer() if callable(answer) else answer

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


def answer(
    text: str | None = None,
    *calls: ToolCall,
    tokens: tuple[int, int] = (100, 10),
    is_cut_off: bool = False,
) -> Completion:
    """Return an answer of the model with a text or calls of tools."""
    return Completion(text, calls, *tokens, is_cut_off)
