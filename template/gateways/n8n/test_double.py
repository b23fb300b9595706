"""The double of the n8n gateway."""

from uuid import UUID

import pytest

from your_service.gateways.n8n import BadSignature, Execution, N8nUnavailable

from tests.support.gateways.n8n import RecordingN8nGateway

REMINDER = Execution("remind", {"name": "Ada"}, UUID(int=1), 1, UUID(int=2))


def test_started_workflows_are_recorded(mock_n8n: RecordingN8nGateway) -> None:
    mock_n8n.start(REMINDER)

    assert mock_n8n.started == [REMINDER]


def test_each_failure_is_raised_once(mock_n8n: RecordingN8nGateway) -> None:
    mock_n8n.failures = [N8nUnavailable("status 503")]

    with pytest.raises(N8nUnavailable, match="status 503"):
        mock_n8n.start(REMINDER)
    mock_n8n.start(REMINDER)

    assert len(mock_n8n.started) == 1


def test_other_signatures_are_refused(mock_n8n: RecordingN8nGateway) -> None:
    mock_n8n.check_callback(b"", "0", "signed")

    with pytest.raises(BadSignature):
        mock_n8n.check_callback(b"", "0", "forged")
