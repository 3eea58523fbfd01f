"""Show state, port, version and health of each part; the exit status is 1 if one is unhealthy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stack.commands.up import api_url
from stack.console import paint, say
from stack.services import public
from stack.web import call

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from stack.servers.server import Server
    from stack.stack import Stack


@dataclass(frozen=True)
class Line:
    """The table's line for one part."""

    name: str
    up: bool
    where: str
    version: str
    health: str

    @property
    def well(self) -> bool:
        return self.up and self.health == "healthy"


def arguments(options: argparse.ArgumentParser) -> None:
    """None."""


def run(stack: Stack, options: argparse.Namespace) -> int:
    """Print a table; returns 1 if any part is down or unhealthy, else 0."""
    del options
    lines = list(_lines(stack))
    say(_row("part", "state", "port", "version", "health"))
    for line in lines:
        colour = "green" if line.well else "red"
        state = "up" if line.up else "down"
        say(paint(_row(line.name, state, line.where, line.version, line.health), colour))
    return 0 if all(line.well for line in lines) else 1


def _lines(stack: Stack) -> Iterator[Line]:
    for service in stack.services:
        if service.server is None:
            answers = service.answers()
            health = "healthy" if answers else "does not answer"
            yield Line(service.name, answers, public(service.address), "yours", health)
    for part in (*stack.parts, stack.supervisor):
        yield _line(part)
    yield _api(stack)


def _line(part: Server) -> Line:
    leader = part.process.find()
    where = " ".join(map(str, part.ports())) or "-"
    if leader is None:
        return Line(part.name, up=False, where=where, version=part.version(), health="-")
    health = "healthy" if part.healthy() else "does not answer"
    return Line(part.name, up=True, where=where, version=part.version(), health=health)


def _api(stack: Stack) -> Line:
    """The API as a client sees it: through front, gateway and function."""
    outputs = stack.outputs
    version = outputs.api_function if outputs else "not deployed"
    try:
        status, answer = call(f"{api_url(stack)}/health", seconds=10)
    except (OSError, ValueError):
        return Line("api", up=False, where="-", version=version, health="-")
    health = _said(answer) if status == 200 else f"{status} {answer}"  # noqa: PLR2004
    return Line("api", up=outputs is not None, where="-", version=version, health=health)


def _said(answer: dict[str, Any]) -> str:
    """What a good answer of /health says of parts that only some jobs need."""
    faults = {name: part.get("fault") for name, part in answer["parts"].items()}
    return "; ".join(f"{name}: {fault}" for name, fault in faults.items() if fault) or "healthy"


def _row(*columns: str) -> str:
    return "{:<10} {:<5} {:<15} {:<22} {}".format(*columns).rstrip()
