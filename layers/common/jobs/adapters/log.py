"""The log: one JSON line for each event, to standard output, wherever the functions run."""

from __future__ import annotations

import json
import logging
import sys
import time
from functools import lru_cache

LONGEST = 100_000
"""Characters a line may have: CloudWatch would tear a much longer one apart."""

_LEVELS = logging.getLevelNamesMapping()
_log = logging.getLogger("jobs")
_log.setLevel(logging.INFO)
_encode = json.JSONEncoder(default=str, allow_nan=False, separators=(",", ":")).encode
_WIDEST = 12
"""Characters one character may become in a line: an escaped surrogate pair."""


class _Lines(logging.Formatter):
    """The records of libraries, in the shape of our own events; `end` ends each line."""

    def __init__(self, end: str) -> None:
        super().__init__()
        self._end = end

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        return _line(record.created, "log", fields) + self._end


def setup(level: str = "INFO") -> None:
    """Log from `level` upwards, libraries included, though their DEBUG never: botocore's holds the
    function's credentials and what is in every request.

    Lambda has put a handler on the root logger already, other runtimes have not: a second one
    would say everything twice, and with none all below WARNING would be lost.
    """
    root = logging.getLogger()
    root.setLevel(max(_LEVELS[level], logging.INFO))
    _log.setLevel(level)
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stdout))
    for each in root.handlers:
        # Lambda's own handler leaves the end of a line to its formatter.
        each.setFormatter(_Lines("" if isinstance(each, logging.StreamHandler) else "\n"))


def event(event: str, /, **fields: object) -> None:
    """Write one line: `time`, `level` (INFO unless the fields give one), `event`, the fields.

    Never raises, and never writes more than one line, whatever the fields hold.
    """
    try:
        # Not by way of a logger: that takes twice as long, and a drain logs every job.
        if _LEVELS.get(str(fields.setdefault("level", "INFO")), logging.INFO) >= _log.level:
            sys.stdout.write(_line(time.time(), event, fields) + "\n")
            sys.stdout.flush()
    except Exception:  # noqa: BLE001, S110 - no job fails for want of its line
        pass


def _line(at: float, event: str, fields: dict[str, object]) -> str:
    head = {"time": _utc(at), "level": fields["level"], "event": event}
    try:
        line = _encode({**head, **fields})
    except Exception:  # noqa: BLE001 - a field that cannot be shown costs only itself
        line = _encode(head | {name: _shown(value) for name, value in fields.items()})
    if len(line) > LONGEST:
        room = LONGEST // _WIDEST // (len(fields) + 1)
        line = _encode(head | {name: _shown(value)[:room] for name, value in fields.items()})
    return line


def _utc(at: float) -> str:
    return f"{_second(int(at))}.{int(at % 1 * 1000):03d}Z"


@lru_cache(maxsize=2)
def _second(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))


def _shown(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - whatever the value's own code does
        return f"<{type(value).__name__}: {type(error).__name__}>"
