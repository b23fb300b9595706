"""Routes for tax rates, invoices, payments and credit notes."""

import logging
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, status

from ...core.callbacks import RawBody, parse_body
from ...core.errors import Forbidden
from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import ListQuery, Page
from ...core.security import ADMIN_ONLY, OrganisationDep
from .credits import CreditNoteService
from .models import CreditNote, Invoice, InvoicePayment, InvoiceState, TaxRate
from .payments import InvoicePaymentService
from .rules import is_signed, split_secrets
from .schemas import (
    CreditNoteCreate,
    CreditNoteQuery,
    CreditNoteRead,
    InvoiceCreate,
    InvoicePaymentCreate,
    InvoicePaymentQuery,
    InvoicePaymentRead,
    InvoiceQuery,
    InvoiceRead,
    InvoiceUpdate,
    ProviderEvent,
    ProviderPayment,
    TaxRateCreate,
    TaxRateRead,
    TaxRateUpdate,
)
from .service import InvoiceService, TaxRateService

RECEIVED = "payment.succeeded"
"""The type of the events about money that a provider has received."""

logger = logging.getLogger(__name__)

tax_rates = ServiceRouter(prefix="/tax-rates", tags=["billing"])
invoices = ServiceRouter(prefix="/invoices", tags=["billing"])
payments = ServiceRouter(prefix="/invoice-payments", tags=["billing"])
credit_notes = ServiceRouter(prefix="/credit-notes", tags=["billing"])

RateService = Annotated[TaxRateService, Depends(TaxRateService.of_request)]
Service = Annotated[InvoiceService, Depends(InvoiceService.of_request)]
PaymentService = Annotated[InvoicePaymentService, Depends(InvoicePaymentService.of_request)]
CreditService = Annotated[CreditNoteService, Depends(CreditNoteService.of_request)]


@tax_rates.post("", status_code=status.HTTP_201_CREATED, response_model=TaxRateRead, dependencies=ADMIN_ONLY)
async def create_tax_rate(data: TaxRateCreate, service: RateService) -> TaxRate:
    """Create a tax rate."""
    return await service.create(data)


@tax_rates.get("", response_model=Page[TaxRateRead])
async def list_tax_rates(query: Annotated[ListQuery, Query()], service: RateService) -> Listing[TaxRate]:
    """List tax rates, oldest first."""
    return await service.list(query)


@tax_rates.get("/{tax_rate_id}", response_model=TaxRateRead)
async def get_tax_rate(tax_rate_id: UUID, service: RateService) -> TaxRate:
    """Return a tax rate."""
    return await service.get(tax_rate_id)


@tax_rates.patch("/{tax_rate_id}", response_model=TaxRateRead, dependencies=ADMIN_ONLY)
async def update_tax_rate(tax_rate_id: UUID, changes: TaxRateUpdate, service: RateService) -> TaxRate:
    """Change a tax rate; invoices keep the one that they have."""
    return await service.update(tax_rate_id, changes)


@tax_rates.delete("/{tax_rate_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_tax_rate(tax_rate_id: UUID, service: RateService) -> None:
    """Delete a tax rate; invoices keep the one that they have."""
    await service.delete(tax_rate_id)


@invoices.post("", status_code=status.HTTP_201_CREATED, response_model=InvoiceRead)
async def create_invoice(data: InvoiceCreate, service: Service, request: Request) -> Invoice:
    """Create a draft."""
    return await service.draft(data, request.app.state.settings.billing_tax_rounding)


@invoices.get("", response_model=Page[InvoiceRead])
async def list_invoices(query: Annotated[InvoiceQuery, Query()], service: Service) -> Listing[Invoice]:
    """List invoices, oldest first."""
    return await service.list(query)


@invoices.get("/{invoice_id}", response_model=InvoiceRead)
async def get_invoice(invoice_id: UUID, service: Service) -> Invoice:
    """Return an invoice."""
    return await service.get(invoice_id)


@invoices.patch("/{invoice_id}", response_model=InvoiceRead)
async def update_invoice(invoice_id: UUID, changes: InvoiceUpdate, service: Service) -> Invoice:
    """Change a draft."""
    return await service.revise(invoice_id, changes)


@invoices.delete("/{invoice_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_invoice(invoice_id: UUID, service: Service) -> None:
    """Delete a draft."""
    await service.delete(invoice_id)


@invoices.post("/{invoice_id}/open", response_model=InvoiceRead)
async def open_invoice(invoice_id: UUID, service: Service, request: Request) -> Invoice:
    """Make a draft final: it gets its number, and a copy of the customer."""
    return await service.open(invoice_id, request.app.state.settings.billing_invoice_series)


@invoices.post("/{invoice_id}/void", response_model=InvoiceRead, dependencies=ADMIN_ONLY)
async def void_invoice(invoice_id: UUID, service: Service) -> Invoice:
    """Make an invoice void of which nothing was paid or credited."""
    return await service.void(invoice_id)


@invoices.post("/{invoice_id}/mark-uncollectible", response_model=InvoiceRead, dependencies=ADMIN_ONLY)
async def mark_invoice_uncollectible(invoice_id: UUID, service: Service) -> Invoice:
    """Expect no payment any more; the invoice can still be paid."""
    return await service.move_to(invoice_id, InvoiceState.UNCOLLECTIBLE)


@payments.post("", status_code=status.HTTP_201_CREATED, response_model=InvoicePaymentRead)
async def record_invoice_payment(data: InvoicePaymentCreate, service: PaymentService) -> InvoicePayment:
    """Record a payment of all or a part of what is left to pay."""
    return await service.record(data)


@payments.get("", response_model=Page[InvoicePaymentRead])
async def list_invoice_payments(
    query: Annotated[InvoicePaymentQuery, Query()],
    service: PaymentService,
) -> Listing[InvoicePayment]:
    """List payments, oldest first."""
    return await service.list(query)


@payments.get("/{invoice_payment_id}", response_model=InvoicePaymentRead)
async def get_invoice_payment(invoice_payment_id: UUID, service: PaymentService) -> InvoicePayment:
    """Return a payment."""
    return await service.get(invoice_payment_id)


async def signed_event(request: Request, body: RawBody) -> bytes:
    """Return the body of a request that the payment provider has signed, or raise `Forbidden`."""
    secrets = split_secrets(request.app.state.settings.billing_provider_secrets.get_secret_value())
    if not is_signed(secrets, body, request.headers):
        logger.warning("A request with a signature that is not valid was refused; it says that it is about a payment.")
        raise Forbidden("The signature is not valid.")
    return body


@payments.public.post("/{organisation_id}/received", status_code=status.HTTP_204_NO_CONTENT)
async def receive_invoice_payment(
    body: Annotated[bytes, Depends(signed_event)],
    organisation: OrganisationDep,
    service: PaymentService,
) -> None:
    """Receive a payment of the provider; other events are ignored."""
    event = parse_body(ProviderEvent, body)
    if event.type == RECEIVED:
        await service.receive(parse_body(ProviderPayment, event.data))


@credit_notes.post("", status_code=status.HTTP_201_CREATED, response_model=CreditNoteRead, dependencies=ADMIN_ONLY)
async def issue_credit_note(data: CreditNoteCreate, service: CreditService, request: Request) -> CreditNote:
    """Credit parts of an invoice."""
    return await service.issue(data, request.app.state.settings.billing_credit_note_series)


@credit_notes.get("", response_model=Page[CreditNoteRead])
async def list_credit_notes(
    query: Annotated[CreditNoteQuery, Query()],
    service: CreditService,
) -> Listing[CreditNote]:
    """List credit notes, oldest first."""
    return await service.list(query)


@credit_notes.get("/{credit_note_id}", response_model=CreditNoteRead)
async def get_credit_note(credit_note_id: UUID, service: CreditService) -> CreditNote:
    """Return a credit note."""
    return await service.get(credit_note_id)


router = ServiceRouter()
router.include_router(tax_rates)
router.include_router(invoices)
router.include_router(payments)
router.include_router(credit_notes)
