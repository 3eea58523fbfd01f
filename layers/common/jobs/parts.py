"""The parts of the poller that only some jobs need: mail, callbacks, events.

Each is judged by settings of its own. If these are not valid, the jobs that need the part fail, and
no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from jobs.adapters import event_bridge, s3
from jobs.config import CallbackSettings, EventSettings, MailSettings
from jobs.core.errors import ConfigurationError
from jobs.core.job_type import JobContext, ProcessorSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobs.config import Environment
    from jobs.core.ports.bus import Bus
    from jobs.core.ports.mail import Mailer

Made = TypeVar("Made")


class Parts:
    """The parts, made from `environment`. `errors`: what is wrong with the settings of which part.

    Raises no `ConfigurationError`: it would stop all jobs.
    """

    def __init__(self, environment: Environment) -> None:
        self.errors: dict[str, ConfigurationError] = {}
        self._environment = environment
        self._mail = self._part("mail", _mail, _Mail(_misconfigured(self.errors, "mail")))
        self._callbacks = self._part("callbacks", CallbackSettings.read, CallbackSettings())
        self._bus = self._part("events", _bus, _misconfigured(self.errors, "events"))

    @property
    def misconfigured(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the settings that are not valid, by the part that needs them."""
        return {part: error.settings for part, error in self.errors.items()}

    @property
    def problems(self) -> tuple[str, ...]:
        """All that is wrong; each problem begins with the name of its setting."""
        return tuple(each for error in self.errors.values() for each in error.problems)

    def job_context(self, bucket: str) -> JobContext:
        """What processors may use."""
        # http.client and ssl are slow to import, and the API needs neither.
        from jobs.adapters.public_http import PublicHttpClient  # noqa: PLC0415

        return JobContext(
            objects=s3.Bucket(s3.connect(), bucket),
            mailer=self._mail.mailer,
            public_http=PublicHttpClient(self._callbacks.callback_allow),
            bus=self._bus,
            settings=ProcessorSettings(
                mail_domain=self._mail.domain,
                callback_secret=self._callbacks.callback_secret,
                callback_problem=str(self.errors.get("callbacks", "")),
            ),
        )

    def _part(self, name: str, make: Callable[[Environment], Made], otherwise: Made) -> Made:
        try:
            return make(self._environment)
        except ConfigurationError as error:
            self.errors[name] = error
            return otherwise


class _Misconfigured:
    """A part whose settings are not valid: whatever is asked of it raises what is wrong."""

    def __init__(self, errors: Mapping[str, ConfigurationError], part: str) -> None:
        self._errors = errors
        self._part = part

    def __getattr__(self, name: str) -> Any:
        raise ConfigurationError(*self._errors[self._part].problems)


def _misconfigured(errors: Mapping[str, ConfigurationError], part: str) -> Any:
    return _Misconfigured(errors, part)


@dataclass(frozen=True)
class _Mail:
    mailer: Mailer
    domain: str = "localhost"


def _mail(environment: Environment) -> _Mail:
    # smtplib is slow to import, and the API does not need it.
    from jobs.adapters.smtp import Smtp  # noqa: PLC0415

    settings = MailSettings.read(environment)
    mailer = Smtp(
        settings.mail_host,
        settings.mail_port,
        settings.mail_from,
        tls=settings.mail_tls,
        user=settings.mail_user,
        password=settings.mail_password,
    )
    return _Mail(mailer, mailer.domain)


def _bus(environment: Environment) -> Bus | None:
    bus = EventSettings.read(environment).event_bus
    return event_bridge.EventBridge(event_bridge.connect(), bus) if bus else None
