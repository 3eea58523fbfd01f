"""Links that lead nowhere."""

from __future__ import annotations

from jobs.core.errors import ResultGone


class FakeLinks:
    """`Links`; the objects whose keys are in `gone` do not exist."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def link(self, bucket: str, key: str, *, seconds: int, head: bool = False) -> str:
        if key in self.gone:
            raise ResultGone
        return f"https://{bucket}.example/{key}?expires={seconds}" + ("&head" if head else "")
