"""The service for intake sessions."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select

from ...core.clock import utcnow
from ...core.concurrency import lock_keys
from ...core.errors import Conflict, InvalidTransition, Unprocessable
from ...core.resource import Lifecycle, Transitions
from ...core.schemas import ListQuery, Page
from ..patients.schemas import Duplicate, PatientCreate
from ..patients.service import PatientService
from .models import IntakeSession, IntakeState
from .rules import export, is_certain
from .schemas import IntakeOpen


class IntakeSessionService(Lifecycle[IntakeSession]):
    """Intake sessions of the current organisation."""

    model = IntakeSession
    name = "intake_session"
    about = "patient_id"
    transitions: ClassVar[Transitions] = {
        IntakeState.OPEN: {IntakeState.SUBMITTED, IntakeState.COMPLETED, IntakeState.ABANDONED},
        IntakeState.SUBMITTED: {IntakeState.COMPLETED, IntakeState.ABANDONED},
        IntakeState.COMPLETED: frozenset(),
        IntakeState.ABANDONED: frozenset(),
    }

    @property
    def patients(self) -> PatientService:
        """The service for patients, in the same transaction."""
        return PatientService(self.session, self.events)

    async def open(self, data: IntakeOpen) -> tuple[IntakeSession, bool]:
        """Open a session; return it, and whether it is new. The session with the same channel and key is returned as it is.

        Raises `Conflict` if that one has another questionnaire than the one that `data` names.
        """
        # Concurrent requests with this key wait, and then find the session.
        await lock_keys(self.session, ("intake", data.channel, data.key))
        known = select(IntakeSession).filter_by(channel=data.channel, key=data.key)
        found = await self.session.scalar(known)
        if found is None:
            return await self._add(IntakeSession(**data.model_dump()), "opened", channel=data.channel), True
        if "questionnaire" in data.model_fields_set and data.questionnaire != found.questionnaire:
            records = [{"kind": self.name, "id": found.id}]
            raise Conflict("The session with this key has another questionnaire.", "questionnaire", records=records)
        return found, False

    async def update(self, record_id: UUID, changes: BaseModel) -> IntakeSession:
        """Store what the person says; raise `NotFound`, or `InvalidTransition` unless the session is open."""
        intake = await self.get(record_id, lock=True)
        if intake.state is not IntakeState.OPEN:
            raise InvalidTransition(f"This {self.name} is {intake.state} and cannot be changed.")
        values = changes.model_dump(mode="json", exclude_unset=True, include={"person"})
        if "answers" in changes.model_fields_set:
            # With the fields that were left out.
            values |= changes.model_dump(mode="json", include={"answers"})
        if "person" in values:
            values["person"] = {**intake.person, **values["person"]}
        return await self._change(intake, values)

    async def submit(self, intake_id: UUID) -> IntakeSession:
        """Submit a session, and complete it if the patient is clear: one of the patients for certain, or a new one.

        Raises `NotFound`, `InvalidTransition` unless the session is open, and `Unprocessable` if details are missing.
        """
        intake = await self.get(intake_id, lock=True)
        self._check_move(intake, IntakeState.SUBMITTED)
        person = _complete(intake)
        # Concurrent requests that register a similar patient wait.
        likely = await self.patients.find_similar(person, lock=True)
        intake.state, intake.submitted_at = IntakeState.SUBMITTED, utcnow()
        await self._publish("submitted", intake, likely_patients=len(likely.items))
        certain = [patient.id for patient in likely.items if is_certain(patient.reasons)]
        if not likely.items:
            return await self._register(intake, person)
        if len(certain) == 1:
            return await self._link(intake, certain[0])
        return intake

    async def candidates(self, intake_id: UUID, query: ListQuery | None = None) -> Page[Duplicate]:
        """Return the patients who are likely to be the person, most likely first.

        Raises `NotFound`, and `Unprocessable` if details are missing.
        """
        return await self.patients.find_similar(_complete(await self.get(intake_id)), query)

    async def link(self, intake_id: UUID, patient_id: UUID | None) -> IntakeSession:
        """Complete a session with a patient; None registers a new one, although there may be similar ones.

        Raises `NotFound`, `InvalidTransition` if the session is completed or abandoned, and `Unprocessable` if the
        patient does not exist, or details of a new patient are missing.
        """
        intake = await self.get(intake_id, lock=True)
        self._check_move(intake, IntakeState.COMPLETED)
        intake.submitted_at = intake.submitted_at or utcnow()
        if patient_id is None:
            return await self._register(intake, _complete(intake))
        return await self._link(intake, patient_id)

    async def abandon(self, intake_id: UUID) -> IntakeSession:
        """End a session without a patient; raise `NotFound`, or `InvalidTransition` if it has ended."""
        intake = await self.get(intake_id, lock=True)
        self._check_move(intake, IntakeState.ABANDONED)
        intake.state = IntakeState.ABANDONED
        return await self._publish("abandoned", intake)

    async def export(self, intake_id: UUID) -> tuple[UUID, bytes]:
        """Return the id of the patient, and a FHIR R4 bundle as JSON.

        Raises `NotFound`, or `Conflict` if the session has no patient.
        """
        intake = await self.get(intake_id)
        if intake.patient_id is None:
            raise Conflict(f"This {self.name} is not linked to a patient yet.")
        patient = await self.patients.get(intake.patient_id)
        return patient.id, export(intake, patient, utcnow())

    async def _register(self, intake: IntakeSession, person: PatientCreate) -> IntakeSession:
        patient = await self.patients.create(person, allow_duplicate=True)
        return await self._complete_with(intake, patient.id, registered=True)

    async def _link(self, intake: IntakeSession, patient_id: UUID) -> IntakeSession:
        await self._check_references({"patient_id": patient_id})
        return await self._complete_with(intake, patient_id, registered=False)

    async def _complete_with(self, intake: IntakeSession, patient_id: UUID, **data: Any) -> IntakeSession:
        intake.patient_id, intake.state = patient_id, IntakeState.COMPLETED
        return await self._publish("completed", intake, channel=intake.channel, **data)


def _complete(intake: IntakeSession) -> PatientCreate:
    if intake.missing:
        raise Unprocessable(f"The person's {' and '.join(intake.missing)} is missing.", *intake.missing)
    return PatientCreate.model_validate(intake.person)
