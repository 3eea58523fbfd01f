"""The AWS emulators that can stand in for AWS here, chosen by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack.engines.localstack import LocalStack
from stack.engines.ministack import Ministack

if TYPE_CHECKING:
    from stack.engines.engine import Engine

ENGINES: dict[str, type[Engine]] = {engine.title: engine for engine in (Ministack, LocalStack)}


class UnknownEngineError(Exception):
    """There is no engine of that name."""


def engine_named(title: str) -> type[Engine]:
    """The engine chosen with `ENGINE=`; raises `UnknownEngineError`."""
    try:
        return ENGINES[title]
    except KeyError:
        known = ", ".join(ENGINES)
        raise UnknownEngineError(f"ENGINE must be one of {known}, not {title!r}") from None
