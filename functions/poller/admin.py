"""Admin actions: `{"admin": {"action": "check"}}`.

They come by a direct invocation of the function, so IAM alone says who may ask for one. No event of
a service is an action: those have other members, and what a client sends is never all of an event.
"""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any, TypeGuard

from jobs import bootstrap
from jobs.adapters import log
from jobs.core.errors import JobsError, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Answer = dict[str, Any]


def is_action(event: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether `event` asks for an action: it does if it has nothing besides."""
    return isinstance(event, dict) and [*event] == ["admin"]


def answer(event: Mapping[str, Any]) -> Answer:
    """Carry out the action of `event`. Returns what it gives, or `{"error"}`."""
    try:
        run, members = _action(event["admin"])
        return run(**members)
    except JobsError as error:
        return {"error": str(error)}


def _action(action: object) -> tuple[Callable[..., Answer], Mapping[str, Any]]:
    members = {**action} if isinstance(action, dict) else {}
    name = members.pop("action", None)
    if not isinstance(name, str) or name not in ACTIONS:
        raise JobsError(f"the action must be {one_of(ACTIONS)}, not {name!r}")
    expected = [*signature(ACTIONS[name]).parameters]
    if {*members} != {*expected}:
        given = ", ".join(members) or "nothing"
        raise JobsError(f"{name} takes {', '.join(expected) or 'nothing'}, not {given}")
    return ACTIONS[name], members


def _check() -> Answer:
    """What would keep this function from its work, each with the name of the setting."""
    problems = bootstrap.check_poller()
    log.event("deployment.checked", level="ERROR" if problems else "INFO", problems=problems)
    return {"problems": [*problems]}


ACTIONS: Mapping[str, Callable[..., Answer]] = {
    "check": _check,
}
