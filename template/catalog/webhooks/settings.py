"""The settings of the webhooks."""

from typing import Annotated

from pydantic import AfterValidator, Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from .rules import split_secrets


def _check_secrets(value: SecretStr) -> SecretStr:
    split_secrets(value.get_secret_value())
    return value


class RouteSettings(BaseSettings):
    """Where providers send their requests, and with what a voice agent signs them."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    webhooks_public_url: HttpUrl = Field(
        default=HttpUrl("http://localhost:8000"),
        description="The URL of this service for providers; Twilio signs it.",
    )
    # Separated by commas or spaces: while a secret is replaced, the agent signs with the old or the new one.
    voice_agent_secrets: Annotated[SecretStr, AfterValidator(_check_secrets)] = Field(
        default=SecretStr(""), description="Secrets of the voice agent, such as `whsec_...`."
    )
