"""A bus in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jobs.adapters.event_bridge import MOST

if TYPE_CHECKING:
    from collections.abc import Mapping


class FakeBus:
    """`Bus`; `events` are those put on it, as (kind, detail)."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def put(self, kind: str, detail: Mapping[str, Any]) -> str:
        taken = dict(detail)
        if len(json.dumps(taken, ensure_ascii=False).encode()) > MOST:
            taken["error"] = taken["error"][:1000] + "…"
        self.events.append((kind, taken))
        return str(uuid4())
