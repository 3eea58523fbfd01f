"""The settings of the local stack, from the environment and from `.env`."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Self

from dotenv.parser import parse_stream

from stack.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "MAX_LONG_POLLS": "MaxLongPolls",
    "CALLBACK_SECRET": "CallbackSecret",
    "CALLBACK_ALLOW": "CallbackAllow",
    "EVENT_BUS": "EventBusName",
    "API_KEYS": "ApiKeys",
    "CORS_ORIGINS": "CorsOrigins",
    "LOG_LEVEL": "LogLevel",
}
VARIABLES = (
    *FUNCTION_PARAMETERS,
    *("API_PORT", "ENGINE_PORT", "POSTGRES_PORT", "REDIS_PORT"),
    *("MAIL_PORT", "MAIL_PAGE_PORT", "MAILBOX_PORT"),
    *("DATABASE_URL", "REDIS_URL", "MAIL_HOST"),
    *("ENGINE", "OUTPUT_DIR", "SLUICE_STATE"),
)
"""Every variable that is a setting."""
NUL = "\0"
"""In no text; UTF-16 is full of it."""
MAX_BYTES = 4096
"""Of a value; CloudFormation and Lambda take no longer ones."""


class SettingsError(Exception):
    """A variable has an invalid value, or `.env` cannot be read."""


def env_file(path: Path) -> dict[str, str]:
    """The variables of a `.env` file that are not empty, exactly as it has them; none without one.

    Nothing in a value is replaced, `${NAME}` included. Raises `SettingsError`, which names the line
    that is no assignment.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        text = NUL
    if NUL in text:
        raise SettingsError(f"{path.name} is not UTF-8 text: save it as UTF-8")
    values = {}
    for each in parse_stream(StringIO(text)):
        if each.error:
            raise SettingsError(
                f"{path.name}: line {each.original.line} is no NAME=value, or a quote is not closed"
            )
        if each.key is not None and each.value:
            values[each.key] = each.value
    return values


# Values for variables that are not set. They are passed on, too: CloudFormation keeps the value of
# a parameter that is left out, so a variable that the user has removed would stay in force.
DEFAULTS = env_file(ROOT / ".env.example")


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
        return cls.read({**env_file(ROOT / ".env"), **os.environ})

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Self:
        """From `values`, where an empty value counts as not set; raises `SettingsError`."""
        return cls(
            state=_folder(values, "SLUICE_STATE", ".sluice"),
            output=_folder(values, "OUTPUT_DIR", "output"),
            engine=_text(values, "ENGINE") or None,
            ports=Ports.read(values),
            database_url=_text(values, "DATABASE_URL") or None,
            redis_url=_text(values, "REDIS_URL") or None,
            mail_host=_text(values, "MAIL_HOST") or None,
            parameters={
                parameter: _text(values, name) or DEFAULTS.get(name) or ""
                for name, parameter in FUNCTION_PARAMETERS.items()
            },
        )


def _text(values: Mapping[str, str], name: str) -> str:
    """The value of `name`, "" if it is not set; raises `SettingsError` if it could not be kept."""
    text = values.get(name) or ""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise SettingsError(f"{name} is not UTF-8 text") from None
    if size > MAX_BYTES:
        raise SettingsError(f"{name} has {size} bytes; {MAX_BYTES} are possible")
    if any(unicodedata.category(each) == "Cc" for each in text):
        raise SettingsError(f"{name} has a control character, such as a line break")
    if "{{resolve:" in text:
        raise SettingsError(f"{name} has a dynamic reference ({{{{resolve:…), which needs AWS")
    return text


def _folder(values: Mapping[str, str], name: str, default: str) -> Path:
    """A folder; a relative one is in the repository, and `~` is the home folder."""
    try:
        return ROOT / Path(_text(values, name) or default).expanduser()
    except RuntimeError as error:
        raise SettingsError(f"{name}: {error}") from None


def _port(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise SettingsError(f"{name} must be a port from 1 to 65535, not {text!r}")
    return int(text)
