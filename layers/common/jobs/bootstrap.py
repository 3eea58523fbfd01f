"""The composition root: settings → adapters → use cases, once for each environment.

Everything that is made here is made when it is first asked for, so that a configuration that is
not valid is an answer of the function and not the end of its process.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cache
from typing import TYPE_CHECKING, Any

from jobs.adapters import bus, log, s3
from jobs.adapters.links import S3Links
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.durability import weak_settings
from jobs.adapters.postgres.keys import PostgresKeys
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.adapters.redis.client import connect
from jobs.adapters.redis.queue import Limits, RedisQueue
from jobs.adapters.wake import LambdaWaker
from jobs.config import ApiSettings, KeySettings, PollerSettings, Settings
from jobs.core import faults
from jobs.core.access import Access
from jobs.core.chain import succeed
from jobs.core.control import Control
from jobs.core.drain import drain
from jobs.core.health import Health
from jobs.core.job_type import Tools
from jobs.core.listing import Listing
from jobs.core.queues import Queues
from jobs.core.read import Read
from jobs.core.result import Results
from jobs.core.stats import Stats
from jobs.core.submit import Submit
from jobs.core.watch import Watch
from jobs.core.work import Drained, Invocation, Work
from jobs.processors import ALL_TYPES, JOB_TYPES

if TYPE_CHECKING:
    from jobs.config import Environment
    from jobs.core.ports.keys import KeyStore
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker


@dataclass(frozen=True)
class Api:
    """The API's use cases."""

    submit: Submit
    read: Read
    listing: Listing
    control: Control
    results: Results
    watch: Watch
    stats: Stats
    health: Health
    queues: Queues
    access: Access | None = None
    """None: no keys are asked for."""
    origins: frozenset[str] = frozenset()
    """Where a page may come from that reads what is answered; `*`: from anywhere."""


@cache
def api() -> Api:
    """The API of this environment. Raises `ConfigurationError`; then the next call tries again."""
    settings = ApiSettings.read(os.environ)
    _prepare(settings)
    store, queue, waker = _store(settings), _queue(settings), _waker(settings)
    read = Read(store, queue, waker, log.event)
    return Api(
        Submit(
            store,
            queue,
            waker,
            JOB_TYPES,
            log.event,
            keep=settings.idempotency_hours * 3600,
            callbacks=settings.callbacks == "on",
        ),
        read,
        Listing(store, waker, _derived(settings, "cursor")),
        Control(store, queue, waker, log.event),
        Results(read, S3Links(s3.connect, settings.bucket)),
        Watch(read),
        Stats(store, queue, waker, log.event),
        # With connections of its own: a question that hangs must not hold up the others.
        Health(_store(settings), _queue(settings), waker, log.event),
        Queues(store, queue, waker, log.event),
        access=_access(settings, waker),
        origins=settings.cors_origins,
    )


@dataclass(frozen=True)
class Poller:
    """The poller's use cases. `lease`: seconds."""

    work: Work

    @property
    def lease(self) -> float:
        return self.work.lease

    def drain(self, invocation: Invocation) -> Drained:
        """See `jobs.core.drain`."""
        return drain(self.work, invocation)

    def wake(self, hop: int) -> bool:
        """See `jobs.core.chain.succeed`."""
        return succeed(self.work.waker, hop)


@cache
def poller() -> Poller:
    """The poller of this environment; its first act is to bring the schema up to date.

    A database that may lose what it has confirmed is told of, and used: jobs that are kept by it
    nevertheless are to be run.

    Raises `ConfigurationError`, `StoreUnavailable`; then the next call tries again.
    """
    settings = PollerSettings.read(os.environ)
    _prepare(settings)
    for name in migrate(settings.database_url):
        log.event("schema.migrated", migration=name)
    connection = Connection(settings.database_url)
    _warn_of_weak_settings(connection)
    return Poller(
        Work(
            _store(settings, connection),
            _queue(settings),
            _waker(settings),
            ALL_TYPES,
            _tools(settings),
            log.event,
            slots=settings.concurrency,
            lease=settings.lease_seconds,
        )
    )


def _warn_of_weak_settings(connection: Connection) -> None:
    for name, value in weak_settings(connection).items():
        log.event("database.not_durable", level="ERROR", setting=name, value=value)


def keys(environment: Environment) -> KeyStore:
    """The API keys, for those who keep them. Raises `ConfigurationError`."""
    return PostgresKeys(Connection(KeySettings.read(environment).database_url))


def _access(settings: ApiSettings, waker: Waker) -> Access | None:
    if settings.api_keys == "off":
        return None
    return Access(PostgresKeys(Connection(settings.database_url)), waker)


def _prepare(settings: Settings) -> None:
    log.setup(settings.log_level)
    faults.arm(settings.faults)


def _derived(settings: Settings, purpose: str) -> bytes:
    """A secret that every environment of the function has, and nobody who lacks the database's."""
    return hmac.digest(settings.database_url.encode(), f"sluice {purpose}".encode(), "sha256")


def _store(settings: Settings, connection: Connection | None = None) -> JobStore:
    connection = connection or Connection(settings.database_url)
    return PostgresStore(connection, events=bool(settings.event_bus))


def _queue(settings: Settings) -> JobQueue:
    return RedisQueue(connect(settings.redis_url), Limits(pollers=settings.max_pollers))


def _waker(settings: Settings) -> Waker:
    return LambdaWaker(_lambda_client, settings.poller_function, log.event)


@cache
def _lambda_client() -> Any:
    import boto3  # noqa: PLC0415 - half a second, for those alone who wake somebody
    from botocore.config import Config  # noqa: PLC0415

    limits = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
    return boto3.client("lambda", config=limits)


def _tools(settings: PollerSettings) -> Tools:
    from jobs.adapters.smtp import Smtp  # noqa: PLC0415 - smtplib is slow, and the API sends no mail
    from jobs.adapters.web import Web  # noqa: PLC0415 - ssl and http.client, for the same reason

    address = parseaddr(settings.mail_from)[1]
    return Tools(
        objects=s3.Bucket(s3.connect(), settings.bucket),
        mailer=Smtp(
            settings.mail_host,
            settings.mail_port,
            settings.mail_from,
            tls="starttls" if settings.mail_tls == "starttls" else "none",
            user=settings.mail_user,
            password=settings.mail_password,
        ),
        mail_domain=address.rpartition("@")[2] or "localhost",
        web=Web(settings.callback_allow),
        callback_secret=settings.callback_secret,
        bus=bus.EventBridge(bus.connect(), settings.event_bus) if settings.event_bus else None,
    )
