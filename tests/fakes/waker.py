"""A waker that counts."""

from __future__ import annotations


class FakeWaker:
    """`Waker` that starts nothing; `hops` is what it was asked for, in order."""

    def __init__(self, *, answers: bool = True) -> None:
        self.hops: list[int] = []
        self._answers = answers

    def wake(self, *, hop: int = 0) -> bool:
        self.hops.append(hop)
        return self._answers
