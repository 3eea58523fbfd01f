"""The engines: AWS emulators, chosen by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack.engines.engine import TITLE
from stack.engines.localstack import LocalStack
from stack.engines.ministack import Ministack

if TYPE_CHECKING:
    from pathlib import Path

    from stack.engines.engine import Engine

ENGINES: dict[str, type[Engine]] = {engine.title: engine for engine in (Ministack, LocalStack)}
DEFAULT = Ministack.title


class EngineRunsError(Exception):
    """The stack runs on another engine than the chosen one."""


class UnknownEngineError(Exception):
    """There is no engine of that name."""


def engine_named(title: str) -> type[Engine]:
    """The class of the engine of that name; raises `UnknownEngineError`."""
    try:
        return ENGINES[title]
    except KeyError:
        known = ", ".join(ENGINES)
        raise UnknownEngineError(f"ENGINE must be one of {known}, not {title!r}") from None


def engine_in(folder: Path, chosen: str | None, port: int) -> Engine:
    """The engine `chosen`, or else the one that was started in `folder` and not stopped since.

    Raises `EngineRunsError` if another than `chosen` runs there, or `UnknownEngineError`.
    """
    started = _started(folder)
    engine = engine_named(chosen or started or DEFAULT)(folder, port)
    if started not in {None, engine.title} and engine.process.find() is not None:
        raise EngineRunsError(
            f"the stack runs on {started}, not on {chosen}: leave ENGINE out, or stop it first "
            f"(`ENGINE={started} make down`)"
        )
    return engine


def _started(folder: Path) -> str | None:
    title = folder / TITLE
    stopped = not Ministack(folder, 0).process.pid_file.exists()
    return None if stopped or not title.exists() else title.read_text()
