"""Reads the new lines of a log, from a file or from CloudWatch Logs."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from pathlib import Path

MAX_DELAY_SECONDS = 10
"""How long after its timestamp an event may still appear in CloudWatch Logs."""


class Log(Protocol):
    """The log of one part."""

    def lines(self) -> list[str]:
        """The lines since the last call; the first call returns the last lines there are."""
        ...


@dataclass
class FileLog:
    """A log file. It may not exist yet, and may be replaced by another.

    `backlog` is the number of lines that the first call returns at most.
    """

    path: Path
    backlog: int
    _offset: int | None = None

    def lines(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                return self._read(file)
        except FileNotFoundError:
            self._offset = 0
            return []

    def _read(self, file: Any) -> list[str]:
        if self._offset is None:
            last = deque(file, maxlen=self.backlog)
            self._offset = file.tell()
            return [line.decode(errors="replace").rstrip("\n") for line in last]
        if file.seek(0, 2) < self._offset:
            self._offset = 0
        file.seek(self._offset)
        whole = file.read().rpartition(b"\n")[0]
        if not whole:
            return []
        self._offset += len(whole) + 1
        return list(whole.decode(errors="replace").split("\n"))


@dataclass
class GroupLog:
    """The log group of a function; an invocation's lines appear when it ends.

    `backlog` is the number of lines that the first call returns at most.
    """

    client: Any
    group: str
    backlog: int
    earliest: int = 0
    """Milliseconds since the epoch; events before it are left out."""
    _since: int | None = None
    _seen: dict[tuple[str, int], int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        first = self._since is None
        try:
            events = self._events()
        except (BotoCoreError, ClientError):
            return []
        fresh = [text for key, when, text in events if self._fresh(key, when)]
        self._since = int((time.time() - MAX_DELAY_SECONDS) * 1000)
        self._seen = {key: when for key, when in self._seen.items() if when >= self._since}
        return fresh[-self.backlog :] if first else fresh

    def _fresh(self, key: tuple[str, int], when: int) -> bool:
        if key in self._seen:
            return False
        self._seen[key] = when
        return True

    def _events(self) -> list[tuple[tuple[str, int], int, str]]:
        """Key, timestamp and text of each event; the key tells equal lines apart."""
        pages = self.client.get_paginator("filter_log_events").paginate(
            logGroupName=self.group, startTime=self._since or self.earliest
        )
        events = []
        places: dict[tuple[str, int], int] = {}
        for page in pages:
            for event in page["events"]:
                stream = (event["logStreamName"], event["timestamp"])
                places[stream] = place = places.get(stream, -1) + 1
                key = (f"{event['logStreamName']}@{event['timestamp']}", place)
                events.append((key, int(event["timestamp"]), str(event["message"]).rstrip("\n")))
        return events
