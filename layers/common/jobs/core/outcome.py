"""What an attempt can come to, as values; read by one `match` in `retry.decide`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.core.model import Result


@dataclass(frozen=True, slots=True)
class Done:
    """The work is done."""

    result: Result


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It failed, and may go better next time."""

    error: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It ended without an answer: the effect may have happened. Tried again."""

    error: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It failed, and no further attempt would help."""

    error: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker died or was cut off; its lease has ended."""

    error: str = "worker lost: the lease ended before the attempt did"


Outcome = Done | TryAgain | Unknown | GiveUp | Lost
