"""Everything that can go wrong, as types; the docstring is the default message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MAX_SHOWN_CHARACTERS = 60
_JSON_TYPES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request, and where (a JSON pointer)."""

    pointer: str
    detail: str


class JobsError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n", 1)[0])


class ConfigurationError(JobsError):
    """The configuration is not complete or not valid."""

    def __init__(self, *problems: str) -> None:
        """Each problem begins with the name of its setting."""
        super().__init__("; ".join(problems))
        self.problems = problems

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of the settings, which anybody may know: their values are not among them."""
        return tuple(_leading_name(problem) for problem in self.problems)


class InvalidJob(JobsError):  # noqa: N818 - the name says what is invalid
    """The request is not a valid job."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


class IdempotencyKeyReused(JobsError):  # noqa: N818
    """The idempotency key belongs to a request with another body."""


class InvalidCursor(JobsError):  # noqa: N818
    """The cursor is not valid here: the filters must be those it was given for."""


class JobNotFound(JobsError):  # noqa: N818
    """There is no job with this id."""


class QueueNotFound(JobsError):  # noqa: N818
    """There is no queue of this name: there are high and default."""


class ResultNotReady(JobsError):  # noqa: N818
    """The job has no result: it is not completed."""


class ResultGone(JobsError):  # noqa: N818
    """The file of this job is gone: it has expired, or its bucket was deleted."""


class JobAlreadyEnded(JobsError):  # noqa: N818
    """The job has ended already."""


class JobNotFailed(JobsError):  # noqa: N818
    """The job has not failed."""


class JobNotPending(JobsError):  # noqa: N818
    """The job does not wait to be run."""


class TooManyPolls(JobsError):  # noqa: N818
    """Too many requests wait for a change already: ask again later, or with `wait=0`."""


class UniqueKeyTaken(JobsError):  # noqa: N818
    """Another job that is open has the unique key of this one."""


class InvalidApiKey(JobsError):  # noqa: N818
    """An API key is required, and no valid one was sent."""


class ScopeMissing(JobsError):  # noqa: N818
    """The API key lacks the scope for this."""


class TakesNoWrites(JobsError):  # noqa: N818
    """A component answers, and takes no writes. The message may be shown to anybody."""


class StoreUnavailable(JobsError):  # noqa: N818
    """The database does not answer."""


class StoreTakesNoWrites(StoreUnavailable, TakesNoWrites):
    """The database takes no writes."""


class SchemaMissing(StoreUnavailable):
    """The database has no schema yet: the first poller after a deployment creates it."""


class QueueUnavailable(JobsError):  # noqa: N818
    """The queue does not answer."""


class QueueTakesNoWrites(QueueUnavailable, TakesNoWrites):
    """The queue takes no writes."""


class ProcessorUnavailable(JobsError):  # noqa: N818
    """The processor of this job type cannot be imported."""


class AttemptFailed(JobsError):  # noqa: N818
    """The attempt failed; it is tried again while attempts are left.

    `partial`: what was done nevertheless, in the shape of a result. The job shows it as its result,
    and the next attempt finds it in its claim.
    """

    partial: dict[str, Any] | None = None

    def __init__(
        self, message: str | None = None, *, partial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.partial = partial


class PermanentFailure(AttemptFailed):
    """The attempt failed in a way that no further attempt can mend."""


class OutcomeUnknown(AttemptFailed):
    """The attempt ended without an answer: its effect may have happened."""


def _leading_name(text: str) -> str:
    return text.partition(" ")[0].rstrip(":")


def pointer(parent: str, name: str | int) -> str:
    """The JSON pointer to the member or item `name`; a very long name is cut off."""
    text = str(name).encode("utf-8", "replace").decode()
    if len(text) > _MAX_SHOWN_CHARACTERS:
        text = f"{text[:_MAX_SHOWN_CHARACTERS]}…"
    return f"{parent}/{text.replace('~', '~0').replace('/', '~1')}"


def json_type(value: object) -> str:
    """The JSON type of a value, with its article."""
    return _JSON_TYPES[type(value)]


def one_of(words: Iterable[str]) -> str:
    """`one of a, b`"""
    return f"one of {', '.join(words)}"


def describe(value: object) -> str:
    """A short value as it is, of any other only its JSON type."""
    match value:
        case str() if len(value) <= _MAX_SHOWN_CHARACTERS:
            return f'"{value}"'
        case bool():
            return str(value).lower()
        case int() | float() if len(text := str(value)) <= _MAX_SHOWN_CHARACTERS:
            return text
        case _:
            return json_type(value)
