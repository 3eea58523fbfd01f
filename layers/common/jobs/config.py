"""The only reader of the environment: frozen objects for each function, and for each part of the
poller that can be without the others."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Self

from jobs.core.errors import ConfigurationError

Environment = Mapping[str, str]

_LEAST_SECRET = 24
_ORIGIN = re.compile(r"\*|https?://[a-z0-9.\-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?")
_BUS = re.compile(r"[A-Za-z0-9/._\-]{1,256}")


def _url(*beginnings: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        # Not taken apart, and not repeated: it holds a password, and so may the error of a parser.
        if not text.startswith(beginnings):
            raise ValueError(f"a URL that starts with {' or '.join(beginnings)}")
        return text

    return read


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        wanted = f"a number from {least:g} to {most:g}, not {text!r}"
        try:
            number = float(text)
        except ValueError:
            raise ValueError(wanted) from None
        if not least <= number <= most:
            raise ValueError(wanted)
        return number

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return read


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}, not {text!r}")
        return text

    return read


def _origins(text: str) -> frozenset[str]:
    origins = frozenset(part.strip() for part in text.split(","))
    for each in origins:
        if not _ORIGIN.fullmatch(each):
            raise ValueError(
                "* or a list of origins, such as https://example.com,http://localhost:8080, "
                f"not {text!r}"
            )
    return origins


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError(f"a list of networks, such as 10.1.0.0/16,::1/128, not {text!r}") from None


def _secret(text: str) -> str:
    # Not repeated: it is one.
    wanted = f"whsec_ and base64, or any other text, of {_LEAST_SECRET} characters at least"
    if len(text) < _LEAST_SECRET:
        raise ValueError(wanted)
    if text.startswith("whsec_"):
        try:
            base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except ValueError:
            raise ValueError(wanted) from None
    return text


def _bus(text: str) -> str:
    if not _BUS.fullmatch(text):
        raise ValueError(
            f"the name of an event bus, 1 to 256 letters, digits and . - _ / in ASCII, not {text!r}"
        )
    return text


def _text(text: str) -> str:
    return text


def _setting(read: Callable[[str], Any], default: Any = MISSING) -> Any:
    """A field read by `read` from the variable of its name; without a default it must be set."""
    if default is MISSING:
        return field(metadata={"read": read})
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True, kw_only=True)
class _Readable:
    """Each field is read from the variable of its name."""

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """Read every setting; raise one `ConfigurationError` that names all that is wrong."""
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for each in fields(cls):
            variable = each.name.upper()
            text = environment.get(variable, "")
            try:
                if text:
                    values[each.name] = each.metadata["read"](text)
                elif _required(each):
                    wrong.append(f"{variable} is not set")
            except ValueError as error:
                wrong.append(f"{variable} must be {error}")
        if wrong:
            raise ConfigurationError(*wrong)
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class KeySettings(_Readable):
    """What everything needs; enough for managing API keys."""

    database_url: str = _setting(_url("postgresql://", "postgres://"))


@dataclass(frozen=True, kw_only=True)
class Settings(KeySettings):
    """What both functions need."""

    redis_url: str = _setting(_url("redis://", "rediss://"))
    poller_function: str = _setting(_text)
    max_pollers: int = _setting(_whole(1, 1000), 4)
    log_level: str = _setting(_one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
    event_bus: str = _setting(_text, "")
    """The bus that gets the ends of jobs; empty: none. `EventSettings` judges the name."""
    faults: str = _setting(_text, "")
    """Points armed for a test: see `jobs.core.failpoints`."""


@dataclass(frozen=True, kw_only=True)
class ApiSettings(Settings):
    """What the API needs besides."""

    idempotency_hours: float = _setting(_number(1, 720), 24.0)
    max_long_polls: int = _setting(_whole(0, 1000), 8)
    callbacks: str = _setting(_one_of("off", "on"), "off")
    api_keys: str = _setting(_one_of("off", "required"), "off")
    cors_origins: frozenset[str] = _setting(_origins, frozenset())


@dataclass(frozen=True, kw_only=True)
class PollerSettings(Settings):
    """What the poller needs besides, whatever the types of its jobs."""

    bucket: str = _setting(_text)
    lease_seconds: float = _setting(_number(1, 300), 10.0)
    concurrency: int = _setting(_whole(1, 64), 8)


@dataclass(frozen=True, kw_only=True)
class MailSettings(_Readable):
    """What the poller needs to send mail."""

    mail_host: str = _setting(_text)
    mail_port: int = _setting(_whole(1, 65535), 25)
    mail_from: str = _setting(_text)
    mail_tls: str = _setting(_one_of("none", "starttls", "implicit"), "none")
    mail_user: str = _setting(_text, "")
    mail_password: str = _setting(_text, "")


@dataclass(frozen=True, kw_only=True)
class CallbackSettings(_Readable):
    """What the poller needs to send callbacks."""

    callback_secret: str = _setting(_secret, "")
    callback_allow: tuple[IPv4Network | IPv6Network, ...] = _setting(_networks, ())


@dataclass(frozen=True, kw_only=True)
class EventSettings(_Readable):
    """What the poller needs to put events on a bus."""

    event_bus: str = _setting(_bus, "")


def _required(each: Field[Any]) -> bool:
    return each.default is MISSING
