"""The services for tax rates and invoices."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Select, and_, false, or_, select

from ...core.clock import utcnow
from ...core.errors import Conflict, Unprocessable
from ...core.money import MonetaryAmount
from ...core.queues import lock_first
from ...core.resource import Lifecycle, Resource, Transitions
from ..customers.models import Customer
from .models import Invoice, InvoiceState, TaxRate
from .numbers import give_number
from .rules import Item, TaxRounding, add, price, receipt, reminder
from .schemas import InvoiceCreate, InvoiceLineCreate, InvoiceLineRead, InvoiceUpdate

PAYABLE = (InvoiceState.OPEN, InvoiceState.UNCOLLECTIBLE)
"""The states in which an invoice can be paid."""
BILLED = ("name", "email", "address", "country", "tax_number")
"""What an invoice has of its customer."""


class TaxRateService(Resource[TaxRate]):
    """Tax rates of the current organisation."""

    model = TaxRate
    name = "tax_rate"


class InvoiceService(Lifecycle[Invoice]):
    """Invoices of the current organisation."""

    model = Invoice
    name = "invoice"
    about = "customer_id"
    transitions: ClassVar[Transitions] = {
        InvoiceState.DRAFT: {InvoiceState.OPEN},
        InvoiceState.OPEN: {InvoiceState.PAID, InvoiceState.VOID, InvoiceState.UNCOLLECTIBLE},
        InvoiceState.UNCOLLECTIBLE: {InvoiceState.PAID, InvoiceState.VOID},
        InvoiceState.PAID: set(),
        InvoiceState.VOID: set(),
    }

    async def draft(self, data: InvoiceCreate, rounding: TaxRounding) -> Invoice:
        """Create a draft.

        Raises `Unprocessable` if the customer or a tax rate does not exist, if a price has another currency, or if the sum
        has too many digits.
        """
        await self._check({"customer_id": data.customer_id})
        zero = MonetaryAmount.rounded(0 * data.lines[0].quantity, data.currency)
        values = {
            "customer_id": data.customer_id,
            "payment_days": data.payment_days,
            "tax_rounding": rounding,
            "paid": zero,
            "credited": zero,
            **await self._priced(data.lines, data.currency, rounding),
        }
        return await self._add(Invoice(**values), "created")

    async def revise(self, invoice_id: UUID, changes: InvoiceUpdate) -> Invoice:
        """Change a draft; raise `NotFound`, `Conflict` if it is a draft no longer, and what `draft` raises."""
        invoice = await self._draft(invoice_id)
        values = changes.model_dump(exclude_unset=True)
        if "lines" in values:
            values |= await self._priced(changes.lines, invoice.total.currency, invoice.tax_rounding)
        return await self._change(invoice, values)

    async def delete(self, record_id: UUID) -> None:
        """Delete a draft; raise `NotFound`, and `Conflict` if it is a draft no longer."""
        await self._draft(record_id)
        await super().delete(record_id)

    async def open(self, invoice_id: UUID, series: str) -> Invoice:
        """Make a draft final, with the next number of a series; raise `NotFound` or `InvalidTransition`.

        An invoice about nothing is paid at once.
        """
        invoice = await self.get(invoice_id, lock=True)
        self._check_move(invoice, InvoiceState.OPEN)
        found = await self.session.scalars(select(Customer).where(Customer.id == invoice.customer_id))
        customer = found.one()
        invoice.billed_to = {name: getattr(customer, name) for name in BILLED}
        invoice.opened_at = utcnow()
        invoice.due_on = invoice.opened_at.date() + timedelta(days=invoice.payment_days)
        invoice.state = InvoiceState.OPEN
        await self._publish("opened", invoice)
        await self.settle(invoice)
        await give_number(self.session, invoice, series)
        return invoice

    async def void(self, invoice_id: UUID) -> Invoice:
        """Make an invoice void; its number stays. Raises `NotFound`, and `Conflict` if something was paid or credited."""
        invoice = await self.get(invoice_id, lock=True)
        self._check_move(invoice, InvoiceState.VOID)
        if invoice.balance != invoice.total:
            raise Conflict("An invoice with payments or credit notes cannot become void: credit what is left.")
        return await self.move_to(invoice_id, InvoiceState.VOID)

    async def lock_payable(self, invoice_id: UUID, amount: MonetaryAmount) -> Invoice:
        """Return an invoice, locked until the transaction ends.

        Raises `NotFound`, `Conflict` if it cannot be paid now, and `Unprocessable` if the amount is more than its balance
        or has another currency.
        """
        invoice = await self.get(invoice_id, lock=True)
        if invoice.state not in PAYABLE:
            raise Conflict(f"This invoice is {invoice.state} and cannot be paid.")
        if amount.currency != invoice.total.currency:
            raise Unprocessable(f"This invoice is in {invoice.total.currency}.", "amount")
        if amount > invoice.balance:
            raise Unprocessable(f"Only {invoice.balance} are left to pay.", "amount")
        return invoice

    async def settle(self, invoice: Invoice) -> None:
        """Publish that a locked invoice is paid, if nothing is left to pay."""
        if invoice.state in PAYABLE and invoice.balance.amount <= 0:
            before, invoice.state = invoice.state, InvoiceState.PAID
            await self._publish("paid", invoice, before=before)
            await self._write(invoice, *receipt(str(invoice.reference), invoice.total))

    async def remind_next(self, days: Sequence[int]) -> Invoice | None:
        """Count the next reminder that is due, and publish it; return None if none is due.

        `days` are the days after the due date of the first reminder, the second one and so on.
        """
        invoice = await lock_first(self.session, to_remind(days))
        if invoice is None:
            return None
        invoice.reminders += 1
        await self._publish("overdue", invoice, reminder=invoice.reminders, balance=str(invoice.balance))
        await self._write(invoice, *reminder(str(invoice.reference), invoice.balance, invoice.due_on))
        return invoice

    async def _write(self, invoice: Invoice, subject: str, text: str) -> None:
        # `communications` sends it, if the service has that module. An invoice about nothing has no number yet.
        recipient = (invoice.billed_to or {}).get("email")
        if recipient and invoice.number:
            message = {"recipient": recipient, "subject": subject, "text": text}
            await self.events.publish("invoice.message", invoice.id, about=invoice.customer_id, **message)

    async def _draft(self, invoice_id: UUID) -> Invoice:
        invoice = await self.get(invoice_id, lock=True)
        if invoice.state is not InvoiceState.DRAFT:
            raise Conflict("Only a draft can be changed or deleted.")
        return invoice

    async def _priced(
        self,
        lines: Sequence[InvoiceLineCreate],
        currency: str,
        rounding: TaxRounding,
    ) -> dict[str, Any]:
        if any(line.unit_price.currency != currency for line in lines):
            raise Unprocessable(f"All prices of this invoice must be in {currency}.", "lines")
        names = {line.tax_rate for line in lines}
        found = await self.session.scalars(select(TaxRate).where(TaxRate.name.in_(names)))
        percents = {rate.name: rate.percent for rate in found}
        if missing := sorted(names - percents.keys()):
            raise Unprocessable(f"There is no tax rate {missing[0]}.", "lines")
        items = [Item(line.quantity, line.unit_price, percents[line.tax_rate]) for line in lines]
        try:
            priced = price(items, rounding)
            net, tax = add([each.net for each in priced]), add([each.tax for each in priced])
            total = net + tax
        except ValueError as error:
            raise Unprocessable(f"The sum is too large: {error}.", "lines") from error
        written = [
            InvoiceLineRead(
                **line.model_dump(),
                tax_percent=percents[line.tax_rate],
                net=each.net,
                tax=each.tax,
                credited=0 * line.quantity,
            )
            for line, each in zip(lines, priced, strict=True)
        ]
        rows = [line.model_dump(mode="json") for line in written]
        return {"lines": rows, "net": net, "tax": tax, "total": total}


def to_remind(days: Sequence[int]) -> Select[Invoice]:
    """Return the invoices of which a reminder is due, the longest overdue first."""
    today = utcnow().date()
    # An invoice with one reminder waits for the second one.
    is_due = [
        and_(Invoice.reminders == count, Invoice.due_on <= today - timedelta(days=after))
        for count, after in enumerate(days)
    ]
    overdue = select(Invoice).where(Invoice.state == InvoiceState.OPEN, or_(false(), *is_due))
    return overdue.order_by(Invoice.due_on, Invoice.id)
