"""What the rules need of the outside, each held by one adapter in `jobs.adapters`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from jobs.core.access import Key
    from jobs.core.listing import Filters, Place
    from jobs.core.model import (
        Claim,
        Claimed,
        Hint,
        Job,
        NewJob,
        Priority,
        Progress,
        QueueState,
        Result,
    )
    from jobs.core.retry import Settlement
    from jobs.core.stats import QueueStats, TypeStats


BELIEVED = 5.0
"""Seconds for which a poller is believed to be there after it was last heard of."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A job's entry in its queue: it may be taken `delay` seconds from now (negative: since)."""

    id: UUID
    priority: Priority
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """A change to a queue's entry: to `score`, or to `delay` seconds from now, or removed.

    `sooner`: only if the entry is there and would be ready later than `delay` says.
    """

    id: UUID
    priority: Priority
    delay: float | None = None
    score: float | None = None
    sooner: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """How many entries were new to the queues, and whether a poller is to be woken for them:
    for what is ready, or will be before the schedule sends one.
    """

    added: int
    wake: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What one `take` brought, and how the queues stand after it.

    `next_in`: seconds until the next entry may be taken (not above 0: one may be now, None:
    there is none). `wake`: another poller is needed for what is ready. `complete`: the queues
    are known to hold every open row (False after Redis lost its memory, until they are rebuilt).
    """

    hints: tuple[Hint, ...] = ()
    next_in: float | None = None
    wake: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Leave:
    """The answer to a poller that wants to leave: it has left, or what it is to wait for."""

    left: bool
    next_in: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an entry stands. `position`: 1 is taken next, None: it is not ready, or not there.

    `pollers` are at work, and `waking`: one has been woken and is not there yet.
    """

    position: int | None
    pollers: int
    waking: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """How many pollers are at work, and the seconds since one was there (0: one is; None: never,
    as far as is remembered)."""

    pollers: int
    seen: float | None


class Settled(frozenset["UUID"]):
    """The ids of the jobs whose attempts ended as asked.

    `born`: entries of the jobs that were made by that, to tell somebody.
    """

    born: tuple[Entry, ...] = ()

    @classmethod
    def of(cls, ids: Iterable[UUID], born: Iterable[Entry] = ()) -> Settled:
        made = cls(ids)
        made.born = tuple(born)
        return made


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A job as it is after it was to be cancelled; `born`: as of `Settled`."""

    job: Job
    born: tuple[Entry, ...] = ()


class JobStore(Protocol):
    """The rows. Its clock alone judges due times and leases. Raises `StoreUnavailable`."""

    def insert(self, job: NewJob) -> Job:
        """Store a pending job. Storing the same id again returns the stored row.

        Where a stored job has its idempotency key, or an open one its unique key, nothing is
        stored, and that job is returned. Raises `IdempotencyKeyReused` if the hash of the body
        is another than that job's.
        """
        ...

    def insert_all(self, jobs: Sequence[NewJob]) -> list[Job]:
        """As `insert` for each of `jobs`, all or none of them, in their order."""
        ...

    def get(self, job_id: UUID) -> Job | None:
        """The job with its latest attempts, `MOST_SHOWN` at most, oldest first."""
        ...

    def page(self, filters: Filters, place: Place | None, limit: int) -> Sequence[Job]:
        """The first `limit` jobs after `place`, newest first, without their history."""
        ...

    def claim(
        self,
        hints: Sequence[Hint],
        token: UUID,
        *,
        lease: float,
        request_id: str | None,
        alone: bool = False,
    ) -> Claimed:
        """Claim what may be claimed of `hints` for `lease` seconds, counting the attempts.

        Jobs that lost a lease before are claimed only with `alone`, which says that the
        worker holds nothing else and takes nothing else before this one has ended. Pending jobs
        of paused queues are not claimed.
        Safe to ask again with the same token.
        """
        ...

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        """End attempts; return the ids that ended so. Those missing belong to someone else.

        The end of a job that names a callback makes the job that tells it, at the same moment;
        where there is a bus, every end makes one that tells it there, but for those of such jobs.

        Safe to ask again with the same settlements.
        """
        ...

    def cancel(self, job_id: UUID) -> Cancelled | None:
        """Cancel a job that has not ended, and return it; one that has is returned as it is.

        That is an end, and told like any other.
        """
        ...

    def retry(self, job_id: UUID, token: UUID, *, request_id: str | None) -> Job | None:
        """Make a failed job pending again, no attempt counted; note that in its history.

        Safe to ask again with the same token. Raises `NotFailed`, `UniqueKeyTaken`.
        """
        ...

    def retry_all(
        self,
        job_type: str | None,
        since: datetime | None,
        token: UUID,
        *,
        limit: int,
        request_id: str | None,
    ) -> tuple[Sequence[Job], bool]:
        """As `retry` for up to `limit` jobs that failed since then, of one type or any; those
        whose unique key is taken are left out. Says as well whether there may be more of them."""
        ...

    def renew(self, claims: Sequence[Claim], *, lease: float) -> frozenset[UUID]:
        """Let live leases end `lease` seconds from now; return the ids that are still held."""
        ...

    def report(self, news: Sequence[tuple[Claim, Progress]]) -> None:
        """Note how far attempts have come; what stale claims say is void."""
        ...

    def release(self, claims: Sequence[Claim]) -> frozenset[UUID]:
        """Put claims back as they were, attempt not counted; return the ids put back."""
        ...

    def due(self, limit: int) -> list[Hint]:
        """Jobs that may be taken now, high before default, then in order of their due time.

        Of a paused queue only those whose lease has ended.
        """
        ...

    def open_entries(self, limit: int) -> list[Entry]:
        """What the queues ought to hold, in no order.

        For each priority the first `limit` pending jobs by due time, and the first `limit` of
        those being worked on by the end of their lease. Pending jobs of paused queues are left out.
        """
        ...

    def next_due(self) -> float | None:
        """Seconds until the next job may be taken (negative: overdue); None: there is none."""
        ...

    def last_lease(self) -> float | None:
        """Seconds until the last of the leases ends; None: there is none."""
        ...

    def pause(self, priority: Priority) -> QueueState:
        """From now on, claim no job of this queue; one that is paused stays so since it was."""
        ...

    def resume(self, priority: Priority) -> QueueState:
        """Let the jobs of this queue be claimed again."""
        ...

    def queues(self) -> Sequence[QueueState]:
        """All queues, in order of service."""
        ...

    def queue_stats(self) -> Sequence[QueueStats]:
        """How the open jobs of each queue stand, in order of service."""
        ...

    def type_stats(self, *, window: float, sample: int) -> Sequence[TypeStats]:
        """How the latest attempts of each type went: up to `sample`, `window` seconds back."""
        ...

    def ping(self) -> None:
        """Answer, or raise."""
        ...


class KeyStore(Protocol):
    """The API keys. Raises `StoreUnavailable`."""

    def find(self, key_id: str, job_id: UUID | None) -> tuple[Key | None, str | None]:
        """The key, and the owner of the job."""
        ...

    def add(self, key: Key) -> None:
        """Keep `key`."""
        ...

    def all(self) -> Sequence[Key]:
        """All keys, oldest first."""
        ...

    def revoke(self, key_id: str) -> bool:
        """Make a key worthless from now on; return whether there is one with this id."""
        ...


class JobQueue(Protocol):
    """The index of what may be taken when. Raises `QueueUnavailable`."""

    def publish(self, entries: Sequence[Entry]) -> Published:
        """Add the entries that are not there yet."""
        ...

    def take(
        self,
        poller: str,
        *,
        limit: int,
        lease: float,
        priorities: Sequence[Priority],
    ) -> Taken:
        """Take up to `limit` ready entries in the order of `priorities`, oldest first.

        They are not ready again for `lease` seconds. Keeps `poller` registered. A limit of 0
        says that this poller has no room for more, until it takes from all queues again.
        """
        ...

    def settle(self, moves: Sequence[Move]) -> None:
        """Move or remove entries."""
        ...

    def withdraw(self, priority: Priority) -> None:
        """Remove all that is ready from one queue."""
        ...

    def leave(self, poller: str, *, horizon: float, patient: bool = False) -> Leave:
        """Take `poller` off the register, unless it is still needed.

        It is, while an entry is ready, or will be within `horizon` seconds and no other
        poller is registered (`patient`: whether or not one is). A negative horizon: it leaves
        whatever is there, and `next_in` says what it left behind.
        """
        ...

    def standing(self, job_id: UUID, priority: Priority) -> Standing:
        """Where the job's entry stands among those that are ready."""
        ...

    def presence(self) -> Presence:
        """Whether pollers are at work, or when one was last."""
        ...

    def mark_complete(self) -> None:
        """Note that the queues hold every open row."""
        ...

    def mark_incomplete(self) -> None:
        """Note that they may not."""
        ...

    def ping(self) -> None:
        """Answer, or raise."""
        ...


class Waker(Protocol):
    """Starts a poller, without waiting for it. Never raises: the schedule is the safety net."""

    def wake(self, *, hop: int = 0, patient: bool = False) -> bool:
        """Ask for a poller, and return whether it could be asked for.

        `hop` counts the pollers that woke each other. `patient`: one has died, so that its
        leases are to be waited for.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it lies in the bucket."""

    bucket: str
    key: str
    size: int


class ObjectStore(Protocol):
    """The bucket. Raises `AttemptFailed` with the service's own code."""

    def put_once(self, key: str, body: Iterable[bytes], *, content_type: str) -> StoredObject:
        """Write an object, complete or not at all; one that is there is left as it is."""
        ...


class Links(Protocol):
    """Ways to objects in the bucket, for those who may not read it themselves."""

    def link(self, key: str, *, seconds: int) -> str:
        """A URL under which the object can be got for `seconds`. Raises `ConfigurationError`."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one or more recipients. `message_id` includes the angle brackets."""

    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None
    message_id: str


class Mailer(Protocol):
    """The way out for mail.

    Raises `AttemptFailed` (try again), or `OutcomeUnknown` when the connection was lost after
    the message had been sent and before the server answered.
    """

    def send(self, mail: Mail) -> None:
        """Hand `mail` to the server; returns once the server has taken it."""
        ...


def _nobody_listens(percent: float, message: str | None = None) -> None:
    del percent, message


def _nobody_cancels() -> bool:
    return False


class Web(Protocol):
    """The way out to addresses that clients have named.

    Raises `PermanentFailure` for an address that is not to be reached, `AttemptFailed` where
    nobody answers.
    """

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send `body`, and return the status that is answered; no redirect is followed."""
        ...


class Bus(Protocol):
    """The bus on which other functions are told what has happened.

    Raises `AttemptFailed` with the service's own code.
    """

    def put(self, kind: str, detail: Mapping[str, Any]) -> str:
        """Put an event on the bus; returns the id that it got there.

        An `error` in `detail` that is too long for the bus is cut.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What a processor may use."""

    objects: ObjectStore
    mailer: Mailer
    mail_domain: str = "localhost"
    """The right-hand side of the Message-IDs."""
    web: Web | None = None
    callback_secret: str = ""
    """What callbacks are signed with; empty: there are none."""
    bus: Bus | None = None
    """None: nobody is told of the ends of jobs."""
    progress: Callable[..., None] = _nobody_listens
    """`progress(percent, message=None)` says how far the attempt has come, 0 to 100; it may be
    called as often as one likes, and what was said last is written once a second."""
    cancelled: Callable[[], bool] = _nobody_cancels
    """Whether the attempt may as well stop: its job was cancelled, or is somebody else's by now.
    What it comes to is void; this is known within a third of a lease."""


@dataclass(frozen=True, slots=True)
class JobType:
    """A type of job: its name, what runs it, and how long that may take.

    `process` returns the job's result, or raises: `AttemptFailed` (or anything else) for a
    failure that may go better next time, `PermanentFailure` for one that will not,
    `OutcomeUnknown` where the effect may have happened.
    """

    name: str
    process: Callable[[Claim, Tools], Result]
    budget: float
    """Seconds one attempt may take: it is not started with less time left."""
    quick: bool = False
    """Takes well under a millisecond and waits for nothing: run in the drain's own thread."""
    payload: type | None = None
    """What a payload looks like: a `TypedDict`, for the reference. `process` is the judge."""


class Log(Protocol):
    """The log: one event is one line. Never raises."""

    def __call__(self, event: str, /, **fields: object) -> None:
        """Note that `event` happened, with what is known about it."""
        ...
