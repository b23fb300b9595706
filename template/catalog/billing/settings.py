"""The settings of the routes of billing."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from .rules import TaxRounding, split_secrets

SERIES = r"^[A-Z][A-Z0-9-]{0,19}$"


def _check_secrets(value: SecretStr) -> SecretStr:
    split_secrets(value.get_secret_value())
    return value


class RouteSettings(BaseSettings):
    """How invoices are calculated and numbered, and with what a payment provider signs its events."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    billing_tax_rounding: TaxRounding = Field(default=TaxRounding.LINE, description="Where tax is rounded.")
    billing_invoice_series: str = Field(default="INV", pattern=SERIES, description="Series of invoices.")
    billing_credit_note_series: str = Field(default="CN", pattern=SERIES, description="Series of credit notes.")
    # Separated by commas or spaces: while a secret is replaced, the provider signs with the old or the new one.
    billing_provider_secrets: Annotated[SecretStr, AfterValidator(_check_secrets)] = Field(
        default=SecretStr(""), description="Secrets of the payment provider, such as `whsec_...`."
    )
