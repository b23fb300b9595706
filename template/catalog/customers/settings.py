"""The settings of customers."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ...core.config import Names
from ...core.users import Role


def _check_roles(names: list[str]) -> list[str]:
    if unknown := [name for name in names if name not in [*Role]]:
        raise ValueError(f"use roles of this service ({', '.join(Role)}), not {', '.join(unknown)}")
    return names


class RouteSettings(BaseSettings):
    """Who sees internal notes."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    customers_internal_note_roles: Annotated[Names, AfterValidator(_check_roles)] = Field(
        default=[Role.ADMIN], description="Roles that see internal notes, separated by commas."
    )
