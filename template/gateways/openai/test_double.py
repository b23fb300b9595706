"""The double of the gateway to OpenAI."""

import math

import pytest

from your_service.gateways.openai import OpenAIUnavailable, ToolDescription

from tests.support.gateways.openai import ScriptedOpenAIGateway, answer
from tests.support.gateways.openai_server import DIMENSIONS

HELLO = [{"role": "user", "content": "Hello"}]


def test_texts_with_common_words_have_similar_vectors(mock_openai: ScriptedOpenAIGateway) -> None:
    asthma, similar, other = mock_openai.embed(["asthma in children", "children with asthma", "opening hours"])

    assert len(asthma) == DIMENSIONS
    assert math.isclose(math.hypot(*asthma), 1)
    assert math.dist(asthma, similar) < math.dist(asthma, other)
    assert mock_openai.embed(["Asthma in children"]) == [asthma]
    assert mock_openai.embedded == [
        ["asthma in children", "children with asthma", "opening hours"],
        ["Asthma in children"],
    ]


def test_answers_come_in_order(mock_openai: ScriptedOpenAIGateway) -> None:
    mock_openai.answers = [answer("One"), lambda: answer("Two")]

    texts = [mock_openai.complete(HELLO, [ToolDescription("look", "Look.", {})], max_tokens=5).text for _ in range(2)]

    assert texts == ["One", "Two"]
    assert [(each.messages, each.tools, each.max_tokens) for each in mock_openai.requests] == [(HELLO, ["look"], 5)] * 2


def test_each_failure_is_raised_once(mock_openai: ScriptedOpenAIGateway) -> None:
    mock_openai.failures = [OpenAIUnavailable("503"), OpenAIUnavailable("429")]
    mock_openai.answers = [answer("Hello")]

    with pytest.raises(OpenAIUnavailable, match="503"):
        mock_openai.embed(["Hello"])
    with pytest.raises(OpenAIUnavailable, match="429"):
        mock_openai.complete(HELLO)

    assert mock_openai.complete(HELLO).text == "Hello"
    assert mock_openai.embedded == []
