"""The double of the Twilio gateway."""

from uuid import UUID

import pytest

from your_service.gateways.twilio import TwilioMessage, TwilioUnavailable

from tests.support.gateways.twilio import RecordingTwilioGateway

HELLO = TwilioMessage("sms", "+12025550123", UUID(int=1), "Hello")


def test_sent_messages_are_in_the_outbox(mock_twilio: RecordingTwilioGateway) -> None:
    sids = [mock_twilio.send(HELLO), mock_twilio.send(HELLO)]

    assert mock_twilio.outbox == [HELLO, HELLO]
    assert sids == [mock_twilio.sid(1), mock_twilio.sid(2)]
    assert len(set(sids)) == 2


def test_each_failure_is_raised_once(mock_twilio: RecordingTwilioGateway) -> None:
    mock_twilio.failures = [TwilioUnavailable("429 20429")]

    with pytest.raises(TwilioUnavailable, match="429 20429"):
        mock_twilio.send(HELLO)
    mock_twilio.send(HELLO)

    assert mock_twilio.outbox == [HELLO]
