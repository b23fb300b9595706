"""The service for credit notes."""

from decimal import Decimal
from typing import Any

from ...core.errors import Conflict, NotFound, Unprocessable
from ...core.resource import Resource
from .models import CreditNote, Invoice, InvoiceState
from .numbers import give_number
from .rules import Priced, add, part_of
from .schemas import CreditedLine, CreditNoteCreate, CreditNoteLineRead, InvoiceLineRead
from .service import InvoiceService


class CreditNoteService(Resource[CreditNote]):
    """Credit notes of the current organisation."""

    model = CreditNote
    name = "credit_note"

    async def issue(self, data: CreditNoteCreate, series: str) -> CreditNote:
        """Credit parts of an invoice, with the next number of a series.

        An invoice of which nothing is left to pay is paid. Raises `Conflict` for a draft and a void invoice, and
        `Unprocessable` if the invoice does not exist, or for more than what is left of a line.
        """
        invoices = InvoiceService(self.session, self.events)
        try:
            invoice = await invoices.get(data.invoice_id, lock=True)
        except NotFound:
            raise Unprocessable(f"invoice_id {data.invoice_id} does not exist.", "invoice_id") from None
        if invoice.state in (InvoiceState.DRAFT, InvoiceState.VOID):
            raise Conflict(f"This invoice is {invoice.state} and cannot be credited.")
        credited = [_credit(invoice, part) for part in data.lines]
        net, tax = add([line.net for line in credited]), add([line.tax for line in credited])
        rows: list[dict[str, Any]] = [line.model_dump(mode="json") for line in credited]
        note = CreditNote(invoice_id=invoice.id, reason=data.reason, lines=rows, net=net, tax=tax, total=net + tax)
        invoice.credited += note.total
        await self._add(note, "issued", invoice_id=invoice.id, total=str(note.total))
        await invoices.settle(invoice)
        await give_number(self.session, note, series)
        return note


def _credit(invoice: Invoice, part: CreditedLine) -> CreditNoteLineRead:
    if part.line > len(invoice.lines):
        raise Unprocessable(f"This invoice has no line {part.line}.", "lines")
    line = InvoiceLineRead.model_validate(invoice.lines[part.line - 1])
    left = line.quantity - line.credited
    if part.quantity > left:
        raise Unprocessable(f"Only {left:f} are left of line {part.line}.", "lines")
    priced = part_of(Priced(line.net, line.tax), line.quantity, line.credited, part.quantity)
    _mark(invoice, part.line, line.credited + part.quantity)
    return CreditNoteLineRead(line=part.line, quantity=part.quantity, net=priced.net, tax=priced.tax)


def _mark(invoice: Invoice, number: int, credited: Decimal) -> None:
    lines = [*invoice.lines]
    lines[number - 1] = lines[number - 1] | {"credited": str(credited)}
    # A new list: SQLAlchemy does not notice changes inside of the old one.
    invoice.lines = lines
