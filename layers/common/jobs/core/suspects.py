"""Jobs that lost a lease before: each is run alone, in turn with other work.

One of them may be what kills the worker, so nothing runs beside it; and it may be what kills every
worker, so that the others must come to their turn between its attempts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.model import Priority

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from jobs.core.model import Hint


class Suspects:
    """The hints of those that wait to be claimed alone."""

    def __init__(self) -> None:
        self._hints: dict[UUID, Hint] = {}
        self._others_went = False

    def __bool__(self) -> bool:
        return bool(self._hints)

    def add(self, hints: Iterable[Hint]) -> None:
        self._hints.update((hint.id, hint) for hint in hints)

    def others_went(self) -> None:
        """Note that other work was claimed: it is their turn now."""
        self._others_went = True

    def beside(self) -> Sequence[Priority]:
        """What may be taken now; only what is more urgent than they are when it is their turn."""
        if not (self._hints and self._others_went):
            return tuple(Priority)
        return [each for each in Priority if each.rank < self._first().priority.rank]

    def pop(self) -> Hint:
        """The first of them, to be claimed alone."""
        self._others_went = False
        return self._hints.pop(self._first().id)

    def clear(self) -> list[Hint]:
        """Let go of all of them, and return them."""
        hints = [*self._hints.values()]
        self._hints.clear()
        return hints

    def _first(self) -> Hint:
        return min(self._hints.values(), key=lambda hint: (hint.priority.rank, hint.score))
