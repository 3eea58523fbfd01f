"""Links that lead nowhere."""

from __future__ import annotations


class FakeLinks:
    """`Links`."""

    def link(self, key: str, *, seconds: int) -> str:
        return f"https://bucket.example/{key}?expires={seconds}"
