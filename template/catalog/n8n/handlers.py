"""What workflow runs do when the data of a patient is erased."""

from ...core.events import Event, EventBus, handles
from .service import WorkflowRunService


@handles("patient.erased")
async def erase_workflow_runs(events: EventBus, event: Event) -> None:
    """Erase what the workflow runs about a patient got and reported."""
    await WorkflowRunService(events.session, events).erase(event.data["known_as"])
