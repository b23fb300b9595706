"""The gateway to OpenAI: embeddings and answers of a model that may call tools.

The client is blocking. It calls nobody until a method is called.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self, TypeVar

from pydantic import AfterValidator, BaseModel, Field, FiniteFloat, HttpUrl, NonNegativeInt, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay

if TYPE_CHECKING:
    import openai

Answer = TypeVar("Answer", bound=BaseModel)
Vector = list[float]
# PostgreSQL does not store NUL.
Written = Annotated[str, AfterValidator(lambda text: text.replace("\0", ""))]
"""A text of the model, which may be anything."""
Message = dict[str, Any]
"""A message of a conversation, in the format of the Chat Completions API."""

FIRST_WAIT_SECONDS = 0.5
"""How long the client waits before the first retry, unless the answer names a time; twice as long before the next."""
LATER = frozenset({408, 409, 429})
"""The statuses of requests that may succeed later, besides those of failures of the server."""


class OpenAIError(Exception):
    """There is no answer. The text of the error may be logged: it has the status and the code, and no text of a user."""


class OpenAIUnavailable(OpenAIError):
    """A temporary failure; a later attempt may succeed, after `retry_after` seconds if the provider named a time."""

    def __init__(self, detail: str, retry_after: float = 0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class NonsensicalAnswer(OpenAIError):
    """The answer does not have the documented form."""


class RequestRefused(OpenAIError):
    """A permanent failure: the provider does not accept this request."""


class AccountRefused(OpenAIError):
    """The provider does not accept any request, because the key, its permissions, the model or the URL are wrong."""


@dataclass(frozen=True, slots=True)
class ToolDescription:
    """A tool that the model may call; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants to call. The model wrote the arguments, so they may be anything."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Completion:
    """The answer of the model to a conversation: a text or calls of tools, and the tokens that it used."""

    text: str | None
    tool_calls: tuple[ToolCall, ...]
    input_tokens: int
    output_tokens: int
    is_cut_off: bool = False
    """Whether the answer reached `max_tokens`, so that its end is missing."""

    @property
    def message(self) -> Message:
        """The message to add to the conversation."""
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in self.tool_calls
        ]
        return {"role": "assistant", "content": self.text, **({"tool_calls": calls} if calls else {})}


class OpenAIGateway(Protocol):
    """Embeds texts and answers conversations; every method raises the subclasses of `OpenAIError`."""

    @property
    def embedding_model(self) -> str:
        """What made the vectors: those of different models cannot be compared."""

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Return the vector of each text, in order. None of them is zero."""

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolDescription] = (),
        *,
        max_tokens: int | None = None,
        timeout: float | None = None,
    ) -> Completion:
        """Return the answer to a conversation, with at most `max_tokens` tokens; `timeout` may shorten the configured one."""


class OpenAISettings(BaseSettings):
    """Settings of the account and the models."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    openai_api_key: SecretStr | None = None
    openai_base_url: HttpUrl = Field(default=HttpUrl("https://api.openai.com/v1"), description="URL of the API.")
    openai_embedding_model: str = Field(default="text-embedding-3-small", description="Model for embeddings.")
    # Neither an index of PostgreSQL nor most models support more.
    openai_embedding_dimensions: int = Field(default=1536, ge=1, le=2000, description="Numbers of each embedding.")
    openai_chat_model: str = Field(default="gpt-4.1-mini", description="Model that answers and calls tools.")
    # A call takes twice as long at most, and must end before the worker ends its task.
    openai_timeout_seconds: float = Field(default=10, gt=0, le=20, description="Timeout of each answer.")
    openai_retries: int = Field(default=1, ge=0, le=5, description="How often a call that failed is repeated.")

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.openai_api_key is None and self.openai_base_url.host == "api.openai.com":
            raise ValueError("OPENAI_API_KEY: set the key of your account, or OPENAI_BASE_URL for a server of your own")
        return self


class _Embedding(BaseModel):
    index: int
    embedding: list[FiniteFloat]


class _Embeddings(BaseModel):
    data: list[_Embedding]


class _Function(BaseModel):
    name: Written
    arguments: Written


class _ToolCall(BaseModel):
    id: Written
    function: _Function


class _Message(BaseModel):
    content: Written | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(BaseModel):
    finish_reason: str
    message: _Message


class _Usage(BaseModel):
    prompt_tokens: NonNegativeInt
    completion_tokens: NonNegativeInt


class _Completion(BaseModel):
    choices: Annotated[list[_Choice], Field(min_length=1)]
    usage: _Usage


class OpenAIClient:
    """Uses the API of OpenAI.

    Temporary failures are repeated as long as the next attempt begins within the timeout. So a call takes twice the
    timeout at most, whatever `Retry-After` says.
    """

    def __init__(self, settings: OpenAISettings) -> None:
        # Imported here, because it takes a second and most tests use a double.
        import openai

        self.settings = settings
        key = settings.openai_api_key
        self._client = openai.OpenAI(
            # The library requires one; a server of one's own may not.
            api_key=key.get_secret_value() if key else "none",
            base_url=str(settings.openai_base_url),
            timeout=settings.openai_timeout_seconds,
            max_retries=0,
        )

    @property
    def embedding_model(self) -> str:
        """The model and the number of dimensions."""
        return f"{self.settings.openai_embedding_model}/{self.settings.openai_embedding_dimensions}"

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Return the vector of each text, in order."""
        dimensions = self.settings.openai_embedding_dimensions
        answer = self._call(
            _Embeddings,
            self.settings.openai_timeout_seconds,
            lambda: self._client.embeddings.create(
                model=self.settings.openai_embedding_model, input=list(texts), dimensions=dimensions
            ),
        )
        # The order of the answer is not documented.
        vectors = [each.embedding for each in sorted(answer.data, key=lambda each: each.index)]
        if sorted(each.index for each in answer.data) != list(range(len(texts))):
            raise NonsensicalAnswer(f"{len(answer.data)} embeddings for {len(texts)} texts")
        for vector in vectors:
            # The cosine with a vector of zeros is not defined.
            if len(vector) != dimensions or not any(vector):
                raise NonsensicalAnswer(f"An embedding has {len(vector)} dimensions or is zero; expected {dimensions}.")
        return vectors

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolDescription] = (),
        *,
        max_tokens: int | None = None,
        timeout: float | None = None,
    ) -> Completion:
        """Return the answer to a conversation."""
        timeout = min(self.settings.openai_timeout_seconds, timeout or self.settings.openai_timeout_seconds)
        # An empty list of tools is refused.
        options: dict[str, Any] = {"tools": [_describe(tool) for tool in tools]} if tools else {}
        if max_tokens is not None:
            options["max_completion_tokens"] = max_tokens
        create: Any = self._client.chat.completions.create
        answer = self._call(
            _Completion,
            timeout,
            lambda: create(model=self.settings.openai_chat_model, messages=[*messages], timeout=timeout, **options),
        )
        choice = answer.choices[0]
        made = choice.message.tool_calls or ()
        calls = [ToolCall(call.id, call.function.name, call.function.arguments) for call in made]
        if not calls and choice.message.content is None:
            raise NonsensicalAnswer("The answer has neither a text nor calls of tools.")
        return Completion(
            text=choice.message.content,
            tool_calls=tuple(calls),
            input_tokens=answer.usage.prompt_tokens,
            output_tokens=answer.usage.completion_tokens,
            is_cut_off=choice.finish_reason == "length",
        )

    def _call(self, form: type[Answer], timeout: float, request: Callable[[], Any]) -> Answer:
        retrying = Retrying(
            retry=retry_if_exception_type(OpenAIUnavailable),
            stop=stop_after_attempt(1 + self.settings.openai_retries) | stop_before_delay(timeout),
            wait=_wait,
            reraise=True,
        )
        answer: Answer = retrying(_attempt, form, request)
        return answer


def _wait(state: RetryCallState) -> float:
    error = state.outcome and state.outcome.exception()
    named: float = getattr(error, "retry_after", 0)
    wait: float = FIRST_WAIT_SECONDS * 2 ** (state.attempt_number - 1)
    return max(named, wait)


def _attempt(form: type[Answer], request: Callable[[], Any]) -> Answer:
    import openai

    try:
        answer = request()
    except openai.OpenAIError as error:
        # The cause may quote the request: it must not be logged.
        raise _translate(error) from None
    except (AttributeError, TypeError, ValueError) as error:
        # The library reads some answers without checking them.
        raise NonsensicalAnswer(f"The library cannot read the answer: {type(error).__name__}") from None
    try:
        return form.model_validate(answer, from_attributes=True)
    except ValueError:
        raise NonsensicalAnswer(f"The answer is no {form.__name__.strip('_')}.") from None


def _translate(error: "openai.OpenAIError") -> OpenAIError:
    import openai

    if isinstance(error, openai.APIConnectionError):
        return OpenAIUnavailable(type(error).__name__)
    if not isinstance(error, openai.APIStatusError):
        return NonsensicalAnswer(type(error).__name__)
    detail = f"{error.status_code} {error.code or ''}".strip()
    if error.status_code >= 500 or error.status_code in LATER:
        return OpenAIUnavailable(detail, _retry_after(error))
    if error.status_code in (401, 403, 404):
        return AccountRefused(detail)
    return RequestRefused(detail)


def _retry_after(error: "openai.APIStatusError") -> float:
    # Seconds; the other form, a date, is not used by providers of models.
    value = error.response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else 0


def _describe(tool: ToolDescription) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}
