"""A double of the n8n gateway."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from your_service.gateways.n8n import BadSignature, N8nError


@dataclass(frozen=True, slots=True)
class StartedWorkflow:
    """A workflow that was started."""

    workflow: str
    data: dict[str, Any]
    run_id: UUID
    organisation_id: UUID


class RecordingN8nGateway:
    """Records workflows in `started`; raises the errors in `failures` first, one per call.

    The signature of a callback is `signed`.
    """

    def __init__(self) -> None:
        self.started: list[StartedWorkflow] = []
        self.failures: list[N8nError] = []

    def start(self, workflow: str, data: dict[str, Any], run_id: UUID, organisation_id: UUID) -> None:
        """Record a workflow, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        self.started.append(StartedWorkflow(workflow, data, run_id, organisation_id))

    def check_callback(self, body: bytes, timestamp: str, signature: str) -> None:
        """Raise `BadSignature` for any other signature."""
        if signature != "signed":
            raise BadSignature
