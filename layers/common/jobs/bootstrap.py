"""The composition root: settings → adapters → use cases, once for each environment.

Everything is made when it is first asked for, so that an invalid configuration is an answer of
the function and not the end of its process.
"""

from __future__ import annotations

import hmac
import os
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from jobs.adapters import log, s3
from jobs.adapters.lambda_waker import LambdaWaker
from jobs.adapters.postgres.api_keys import PostgresApiKeys
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.durability import weak_settings
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.adapters.redis.client import connect
from jobs.adapters.redis.poll_slots import RedisPollSlots
from jobs.adapters.redis.queue import Limits, RedisQueue
from jobs.config import (
    ApiSettings,
    KeySettings,
    PollerSettings,
    Settings,
)
from jobs.core import failpoints
from jobs.core.api_keys import ApiKeys
from jobs.core.best_effort import BestEffortQueue
from jobs.core.control import Control
from jobs.core.errors import ConfigurationError
from jobs.core.health import Health, find_problems
from jobs.core.list_jobs import ListJobs
from jobs.core.queues import Queues
from jobs.core.read import LongPoll, Read
from jobs.core.stats import Stats
from jobs.core.submit import Publisher, Submit
from jobs.core.worker.context import WorkerConfig, wake_successor
from jobs.core.worker.drain import drain
from jobs.parts import Parts
from jobs.processors import ALL_TYPES, JOB_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.core.ports.api_keys import ApiKeyStore
    from jobs.core.ports.queue import JobQueue, PollSlots
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker
    from jobs.core.worker.context import DrainResult, Invocation


@dataclass(frozen=True, kw_only=True)
class Api:
    """The API's use cases."""

    submit: Submit
    read: Read
    long_poll: LongPoll
    list_jobs: ListJobs
    control: Control
    stats: Stats
    health: Health
    queues: Queues
    api_keys: ApiKeys | None = None
    """None: no keys are required."""
    origins: frozenset[str] = frozenset()
    """Pages of these origins may read the answers; `*`: pages of any origin."""


@cache
def api() -> Api:
    """The API of this environment. Raises `ConfigurationError`; then the next call tries again."""
    settings = ApiSettings.read(os.environ)
    _prepare(settings)
    waker = _waker(settings)
    store, queue = _store(settings, _connection(settings, waker)), _queue(settings)
    best_effort = BestEffortQueue(queue, log.event)
    publisher = Publisher(best_effort, waker)
    read = Read(store=store, queue=best_effort, links=s3.Links(s3.connect))
    return Api(
        submit=Submit(
            store=store,
            publisher=publisher,
            types=JOB_TYPES,
            key_seconds=settings.idempotency_hours * 3600,
            callbacks=settings.callbacks == "on",
        ),
        read=read,
        long_poll=LongPoll(read, _poll_slots(settings)),
        list_jobs=ListJobs(store=store, secret=_derived(settings, "cursor")),
        control=Control(store=store, queue=best_effort, publisher=publisher),
        stats=Stats(store=store, queue=best_effort),
        # With connections of its own: a question that hangs must not hold up the others.
        health=Health(
            store=_store(settings, _connection(settings, waker)),
            queue=_queue(settings),
            log=log.event,
        ),
        queues=Queues(store=store, queue=queue, waker=waker, log=log.event),
        api_keys=_api_keys(settings, waker),
        origins=settings.cors_origins,
    )


def check_api() -> tuple[str, ...]:
    """What would keep the API from its work; each problem begins with the name of its setting."""
    try:
        settings = ApiSettings.read(os.environ)
    except ConfigurationError as error:
        return error.problems
    with closing(Connection(settings.database_url)) as connection:
        return find_problems(
            {
                "DATABASE_URL": _store(settings, connection).ping,
                "REDIS_URL": lambda: _queue(settings).ping(),
                "job types": lambda: [*JOB_TYPES.values()],
            }
        )


@dataclass(frozen=True)
class Poller:
    """The poller's use cases. `lease`: seconds.

    `misconfigured`: the parts whose settings are not valid, with the names of these settings. Only
    the jobs that need such a part fail.
    """

    config: WorkerConfig
    misconfigured: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def lease(self) -> float:
        return self.config.lease

    def drain(self, invocation: Invocation) -> DrainResult:
        """See `jobs.core.worker.drain`."""
        if invocation.scheduled:
            # Each time: Redis may have lost it.
            queue = BestEffortQueue(self.config.queue, self.config.log)
            queue.report_misconfigured(self.misconfigured)
        return drain(self.config, invocation)

    def replace(self, hop: int) -> bool:
        """Wake a poller in place of one that died, to wait for its leases; whether it was woken."""
        return wake_successor(self.config.waker, hop, wait_for_leases=True)


@cache
def poller() -> Poller:
    """The poller of this environment; its first act is to bring the schema up to date.

    A database that may lose confirmed commits is logged and used nevertheless: its jobs must
    run. So must those that need no part whose settings are not valid.

    Raises `ConfigurationError`, `StoreUnavailable`; then the next call tries again.
    """
    settings = PollerSettings.read(os.environ)
    _prepare(settings)
    _migrate(settings)
    connection = Connection(settings.database_url)
    _warn_of_weak_settings(connection)
    parts = Parts(os.environ)
    config = WorkerConfig(
        store=_store(settings, connection),
        queue=_queue(settings),
        waker=_waker(settings),
        types=ALL_TYPES,
        job_context=parts.job_context(settings.bucket),
        log=log.event,
        slots=settings.concurrency,
        lease=settings.lease_seconds,
    )
    for part, error in parts.errors.items():
        log.event("part.misconfigured", level="ERROR", part=part, error=str(error))
    return Poller(config, parts.misconfigured)


def check_poller() -> tuple[str, ...]:
    """What would keep the poller from its work; each problem begins with the name of its setting.

    The schema is brought up to date first.
    """
    parts = Parts(os.environ)
    try:
        settings = PollerSettings.read(os.environ)
    except ConfigurationError as error:
        return (*error.problems, *parts.problems)
    _prepare(settings)
    problems = find_problems(
        {
            "DATABASE_URL": lambda: _migrate(settings),
            "REDIS_URL": lambda: _queue(settings).report_misconfigured(parts.misconfigured),
            "BUCKET": s3.Bucket(s3.connect(), settings.bucket).ping,
            "job types": lambda: [*ALL_TYPES.values()],
        }
    )
    return (*problems, *parts.problems)


def _migrate(settings: KeySettings) -> None:
    for name in migrate(settings.database_url):
        log.event("schema.migrated", migration=name)


def _warn_of_weak_settings(connection: Connection) -> None:
    for name, value in weak_settings(connection).items():
        log.event("database.not_durable", level="ERROR", setting=name, value=value)


def api_keys() -> ApiKeyStore:
    """The store of the API keys, to manage them; the schema is brought up to date first.

    Raises `ConfigurationError`, `StoreUnavailable`.
    """
    settings = KeySettings.read(os.environ)
    _migrate(settings)
    return PostgresApiKeys(Connection(settings.database_url))


def _api_keys(settings: ApiSettings, waker: Waker) -> ApiKeys | None:
    if settings.api_keys == "off":
        return None
    return ApiKeys(PostgresApiKeys(_connection(settings, waker)))


def _prepare(settings: Settings) -> None:
    log.setup(settings.log_level)
    failpoints.arm(settings.faults)


def _derived(settings: Settings, purpose: str) -> bytes:
    """A secret known to every environment of the function, and to none without the database's."""
    return hmac.digest(settings.database_url.encode(), f"sluice {purpose}".encode(), "sha256")


def _connection(settings: Settings, waker: Waker) -> Connection:
    # The first poller after a deployment creates the schema.
    return Connection(settings.database_url, on_schema_missing=waker.wake)


def _store(settings: Settings, connection: Connection) -> JobStore:
    return PostgresStore(connection, events=bool(settings.event_bus))


def _queue(settings: Settings) -> JobQueue:
    return RedisQueue(connect(settings.redis_url), Limits(pollers=settings.max_pollers))


def _poll_slots(settings: ApiSettings) -> PollSlots:
    return RedisPollSlots(connect(settings.redis_url), settings.max_long_polls)


def _waker(settings: Settings) -> Waker:
    return LambdaWaker(_lambda_client, settings.poller_function, log.event)


@cache
def _lambda_client() -> Any:
    import boto3  # noqa: PLC0415 - half a second, only for those that wake a poller
    from botocore.config import Config  # noqa: PLC0415

    limits = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
    return boto3.client("lambda", config=limits)
