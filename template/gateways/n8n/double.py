"""A double of the n8n gateway."""

from your_service.gateways.n8n import BadSignature, Execution, N8nError


class RecordingN8nGateway:
    """Records workflows in `started`; raises the errors in `failures` first, one per call.

    The signature of a callback is `signed`; `checked` has the bodies and timestamps that were checked.
    """

    def __init__(self) -> None:
        self.started: list[Execution] = []
        self.failures: list[N8nError] = []
        self.checked: list[tuple[bytes, str]] = []

    def start(self, execution: Execution) -> None:
        """Record a workflow, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        self.started.append(execution)

    def check_callback(self, body: bytes, timestamp: str, signature: str) -> None:
        """Raise `BadSignature` for any other signature."""
        self.checked.append((body, timestamp))
        if signature != "signed":
            raise BadSignature
