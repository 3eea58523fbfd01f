"""The settings of the local stack, from the environment and from `.env`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from dotenv import dotenv_values

from stack.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Variables for the functions, each with the template's parameter that passes it on.
FUNCTION_PARAMETERS = {
    "MAIL_FROM": "MailFrom",
    "MAIL_TLS": "MailTls",
    "MAIL_USER": "MailUser",
    "MAIL_PASSWORD": "MailPassword",
    "MAX_POLLERS": "MaxPollers",
    "POLLER_TIMEOUT": "PollerTimeout",
    "LEASE_SECONDS": "LeaseSeconds",
    "CONCURRENCY": "Concurrency",
    "IDEMPOTENCY_HOURS": "IdempotencyHours",
    "CALLBACK_SECRET": "CallbackSecret",
    "CALLBACK_ALLOW": "CallbackAllow",
    "EVENT_BUS": "EventBusName",
    "API_KEYS": "ApiKeys",
    "CORS_ORIGINS": "CorsOrigins",
    "LOG_LEVEL": "LogLevel",
}
# Values for variables that are not set. They are passed on, too: CloudFormation keeps the value of
# a parameter that is left out, so a variable that the user has removed would stay in force.
DEFAULTS = dotenv_values(ROOT / ".env.example")


class SettingsError(Exception):
    """A variable has an invalid value."""


@dataclass(frozen=True)
class Ports:
    """The ports of all servers, all on 127.0.0.1."""

    api: int = 3000
    engine: int = 4566
    postgres: int = 5432
    redis: int = 6379
    mail: int = 1025
    mail_page: int = 8025
    mailbox: int = 1143

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Self:
        """From API_PORT, ENGINE_PORT and so on; raises `SettingsError`."""
        return cls(
            api=_port(values, "API_PORT", cls.api),
            engine=_port(values, "ENGINE_PORT", cls.engine),
            postgres=_port(values, "POSTGRES_PORT", cls.postgres),
            redis=_port(values, "REDIS_PORT", cls.redis),
            mail=_port(values, "MAIL_PORT", cls.mail),
            mail_page=_port(values, "MAIL_PAGE_PORT", cls.mail_page),
            mailbox=_port(values, "MAILBOX_PORT", cls.mailbox),
        )


@dataclass(frozen=True)
class Settings:
    """The local stack's settings.

    `state` is the folder for all that the stack keeps, `output` the folder for exports. `engine` is
    the name of the engine; None chooses the running one, or else the default. `database_url`,
    `redis_url` and `mail_host` name servers of the user's own, which replace ours. `parameters` are
    the template's parameters for the functions.
    """

    state: Path = ROOT / ".sluice"
    output: Path = ROOT / "output"
    engine: str | None = None
    ports: Ports = field(default_factory=Ports)
    database_url: str | None = None
    redis_url: str | None = None
    mail_host: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Self:
        """From the environment and `.env`; the environment wins. Raises `SettingsError`."""
        return cls.read({**_env_file(ROOT / ".env"), **os.environ})

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Self:
        """From `values`, where an empty value counts as not set; raises `SettingsError`."""
        return cls(
            state=ROOT / (values.get("SLUICE_STATE") or ".sluice"),
            output=ROOT / (values.get("OUTPUT_DIR") or "output"),
            engine=values.get("ENGINE") or None,
            ports=Ports.read(values),
            database_url=values.get("DATABASE_URL") or None,
            redis_url=values.get("REDIS_URL") or None,
            mail_host=values.get("MAIL_HOST") or None,
            parameters={
                parameter: values.get(name) or DEFAULTS.get(name) or ""
                for name, parameter in FUNCTION_PARAMETERS.items()
            },
        )


def _env_file(path: Path) -> dict[str, str]:
    return {name: value for name, value in dotenv_values(path).items() if value}


def _port(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise SettingsError(f"{name} must be a port from 1 to 65535, not {text!r}")
    return int(text)
