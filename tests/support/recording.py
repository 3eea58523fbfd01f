"""A waker and a log that keep what they are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wake:
    """One call of the waker."""

    hop: int
    wait_for_leases: bool


@dataclass(slots=True)
class RecordingWaker:
    """`Waker` that notes its calls, and starts nothing unless it is told what (`then`)."""

    wakes: list[Wake] = field(default_factory=list)
    then: Callable[[Wake], object] = lambda _: None

    def wake(self, *, hop: int = 0, wait_for_leases: bool = False) -> bool:
        wake = Wake(hop, wait_for_leases)
        self.wakes.append(wake)
        self.then(wake)
        return True


@dataclass(slots=True)
class RecordingLog:
    """`Log` that keeps its events, in order, as (event, fields)."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, event: str, /, **fields: object) -> None:
        self.events.append((event, fields))

    def of(self, event: str) -> list[dict[str, Any]]:
        """The fields of every `event`, in order."""
        return [fields for name, fields in self.events if name == event]

    def started(self) -> list[UUID]:
        """The jobs whose attempts were begun, in order."""
        return [fields["job_id"] for fields in self.of("attempt.started")]
