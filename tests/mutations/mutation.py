"""One change that makes the product wrong, and the tests that must notice it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

JOBS = Path("layers/common/jobs")
QUERIES = JOBS / "adapters/postgres/queries"
LUA = JOBS / "adapters/redis/lua"


@dataclass(frozen=True, slots=True)
class Mutation:
    """Puts `right` out of `file` and `wrong` in its place.

    `tests` are node ids: they pass while nothing is changed, and one of them fails with it.
    """

    name: str
    file: Path
    right: str
    wrong: str
    tests: tuple[str, ...]

    @contextmanager
    def applied(self, checkout: Path) -> Iterator[None]:
        """Change the file in `checkout`, and put it back at the end.

        Raises `ValueError` if `right` is not there just once.
        """
        path = checkout / self.file
        text = path.read_text("utf-8")
        if (times := text.count(self.right)) != 1:
            raise ValueError(
                f"{self.name}: {self.right!r} is {times} times in {self.file}, not once; "
                "the mutation is to follow the code"
            )
        path.write_text(text.replace(self.right, self.wrong), "utf-8")
        try:
            yield
        finally:
            path.write_text(text, "utf-8")
