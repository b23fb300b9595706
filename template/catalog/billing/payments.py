"""The service for payments."""

from sqlalchemy import select

from ...core.concurrency import lock_keys
from ...core.errors import Conflict, NotFound, ServiceError, Unprocessable
from ...core.resource import Resource
from .models import Invoice, InvoicePayment
from .schemas import InvoicePaymentCreate, ProviderPayment
from .service import InvoiceService


class InvoicePaymentService(Resource[InvoicePayment]):
    """Payments of the current organisation."""

    model = InvoicePayment
    name = "invoice_payment"

    async def record(self, data: InvoicePaymentCreate) -> InvoicePayment:
        """Record a payment by hand.

        Raises `Conflict` if the invoice cannot be paid now, and `Unprocessable` if it does not exist, or for another amount.
        """
        try:
            invoice = await self._invoices().lock_payable(data.invoice_id, data.amount)
        except NotFound:
            raise Unprocessable(f"invoice_id {data.invoice_id} does not exist.", "invoice_id") from None
        return await self._assign(InvoicePayment(**data.model_dump()), invoice)

    async def receive(self, received: ProviderPayment) -> InvoicePayment | None:
        """Store a payment that a provider has received; do nothing if it was stored before.

        A provider cannot take money back: what the invoice does not accept is stored as unassigned. Raises `Unprocessable`
        if there is no such invoice.
        """
        await lock_keys(self.session, ("billing.payment", received.payment_id))
        known = select(InvoicePayment.id).where(InvoicePayment.provider_id == received.payment_id)
        if await self.session.scalar(known) is not None:
            return None
        payment = InvoicePayment(
            invoice_id=received.invoice_id,
            amount=received.amount,
            received_on=received.received_on,
            provider_id=received.payment_id,
        )
        try:
            invoice = await self._invoices().lock_payable(received.invoice_id, received.amount)
        except NotFound:
            raise Unprocessable(f"invoice_id {received.invoice_id} does not exist.", "data") from None
        except (Conflict, Unprocessable) as refusal:
            return await self._keep(payment, refusal)
        return await self._assign(payment, invoice)

    async def _assign(self, payment: InvoicePayment, invoice: Invoice) -> InvoicePayment:
        invoice.paid += payment.amount
        recorded = await self._add(payment, "recorded", invoice_id=invoice.id, amount=str(payment.amount))
        await self._invoices().settle(invoice)
        return recorded

    async def _keep(self, payment: InvoicePayment, refusal: ServiceError) -> InvoicePayment:
        payment.assigned, payment.problem = False, refusal.detail
        return await self._add(payment, "unassigned", invoice_id=payment.invoice_id, problem=payment.problem)

    def _invoices(self) -> InvoiceService:
        return InvoiceService(self.session, self.events)
