"""What the last deployment made, in a file that the other parts of the stack read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

FILE = "outputs.json"


@dataclass(frozen=True)
class Outputs:
    """Names and URLs of the deployed stack. `gateway_url` is where plain paths are appended."""

    gateway_url: str
    bucket: str
    mirror_queue_url: str
    api_function: str
    poller_function: str

    @classmethod
    def read(cls, state: Path) -> Self | None:
        """What the last deployment wrote; None before there was one."""
        try:
            return cls(**json.loads((state / FILE).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, state: Path) -> None:
        """Replace the file at once, so that no reader sees half of it."""
        draft = state / f"{FILE}.new"
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(state / FILE)

    @staticmethod
    def forget(state: Path) -> None:
        """Nothing is deployed any more."""
        (state / FILE).unlink(missing_ok=True)
