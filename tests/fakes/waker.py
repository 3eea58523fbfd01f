"""A waker that counts."""

from __future__ import annotations


class FakeWaker:
    """`Waker` that starts nothing; `wakes` is what it was asked for, hop and patience."""

    def __init__(self, *, answers: bool = True) -> None:
        self.wakes: list[tuple[int, bool]] = []
        self._answers = answers

    def wake(self, *, hop: int = 0, wait_for_leases: bool = False) -> bool:
        self.wakes.append((hop, wait_for_leases))
        return self._answers
