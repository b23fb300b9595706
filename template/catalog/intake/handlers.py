"""What intake does about telephone calls, and when the data of a patient is erased."""

from sqlalchemy import or_, select, update

from ...core.events import Event, EventBus, handles
from .models import IntakeChannel, IntakeSession, IntakeState
from .rules import read_call
from .schemas import IntakeOpen
from .service import IntakeSessionService

CALL_EVENTS = ("voice_call.started", "voice_call.ended")


@handles(*CALL_EVENTS)
async def fill_session_of_call(events: EventBus, event: Event) -> None:
    """Open a session for a call, and fill it with what the caller said; at the end, submit it if it is complete.

    The id of the call is the key of the session. A repeated event, or one that arrives late, changes nothing.
    """
    service = IntakeSessionService(events.session, events)
    intake, is_new = await service.open(IntakeOpen(key=event.data["call_id"], channel=IntakeChannel.VOICE))
    has_ended = event.name == "voice_call.ended"
    if intake.state is not IntakeState.OPEN or not (is_new or has_ended):
        return
    await service.update(intake.id, read_call(event.data))
    if has_ended and not intake.missing:
        await service.submit(intake.id)


@handles("patient.erased")
async def erase_sessions(events: EventBus, event: Event) -> None:
    """Erase what a patient said, also in the events of calls, and abandon sessions that have no patient yet."""
    of_patient = or_(IntakeSession.patient_id == event.record_id, IntakeSession.mentions(event.data["known_as"]))
    found = select(IntakeSession).where(of_patient).order_by(IntakeSession.id)
    sessions = await events.session.scalars(found.with_for_update())
    service, keys = IntakeSessionService(events.session, events), []
    for intake in sessions.all():
        if IntakeState.ABANDONED in service.transitions[intake.state]:
            await service.abandon(intake.id)
        if intake.channel is IntakeChannel.VOICE:
            keys.append(intake.key)
        intake.key, intake.person, intake.answers = f"erased {intake.id}", {}, []
    calls = update(Event).where(Event.name.in_(CALL_EVENTS), Event.data["call_id"].as_string().in_(keys))
    await events.session.execute(calls.values(data={}))
