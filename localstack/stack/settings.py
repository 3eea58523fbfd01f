"""What can be set about the local stack: from the environment, then from `.env`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from dotenv import dotenv_values

from stack.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Variables that are handed on to the functions, by the template's parameter.
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
# What the functions get where nothing is set. All of it is handed on: a deployment keeps what the
# one before was given, and a variable that is taken away would stay in force.
DEFAULTS = dotenv_values(ROOT / ".env.example")


class SettingsError(Exception):
    """A variable has a value that cannot be used."""


@dataclass(frozen=True)
class Ports:
    """A port for each thing that listens, all on 127.0.0.1."""

    api: int = 3000
    engine: int = 4566
    postgres: int = 5432
    redis: int = 6379
    mail: int = 1025
    mail_page: int = 8025
    mailbox: int = 1143

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Self:
        """From API_PORT, ENGINE_PORT, POSTGRES_PORT, REDIS_PORT, MAIL_PORT, …"""
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

    `state` holds everything the stack keeps; `output` receives the exports. `engine` is the one to
    run on; None: the one that runs, or else the default. `database_url`, `redis_url` and
    `mail_host` name servers of the user's own, which are used instead of ours. `parameters` are
    parameters of the template for the functions.
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
        """From the environment, and for what it lacks from `.env`."""
        return cls.read({**_env_file(ROOT / ".env"), **os.environ})

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Self:
        """From `values`; an empty value is as good as none. Raises `SettingsError`."""
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
