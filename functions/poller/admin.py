"""Admin actions: `{"admin": {"action": "create-key", "owner": "ci", "scopes": ["submit"]}}`.

They come by a direct invocation of the function, so IAM alone says who may ask for one. No event of
a service is an action: those have other members, and what a client sends is never all of an event.
"""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any, TypeGuard

from jobs import bootstrap
from jobs.adapters import log
from jobs.core.api_keys import OWNER, new_key
from jobs.core.errors import JobsError, one_of
from jobs.core.ports.api_keys import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobs.core.ports.api_keys import ApiKey

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


def _create_key(owner: object, scopes: object) -> Answer:
    """A new key. Its text is in this answer alone: not in the database, not in the log."""
    key, text = new_key(_owner(owner), _scopes(scopes))
    bootstrap.api_keys().add(key)
    log.event("key.created", key_id=key.id, owner=key.owner, scopes=sorted(key.scopes))
    return {"output": text}


def _list_keys() -> Answer:
    keys = bootstrap.api_keys().all()
    lines = [("id", "owner", "scopes", "created", "revoked"), *map(_fields, keys)]
    widths = [max(map(len, column)) + 2 for column in zip(*lines, strict=True)]
    return {"output": "\n".join("".join(map(str.ljust, line, widths)).rstrip() for line in lines)}


def _revoke_key(id: object) -> Answer:
    if not bootstrap.api_keys().revoke(str(id)):
        raise JobsError(f"there is no key {id!r}: see the list")
    log.event("key.revoked", key_id=id)
    return {"output": f"{id} is revoked"}


def _fields(key: ApiKey) -> tuple[str, ...]:
    created, revoked = (
        at.strftime("%Y-%m-%d %H:%M:%S") if at else "" for at in (key.created_at, key.revoked_at)
    )
    return key.id, key.owner, ",".join(sorted(key.scopes)), created, revoked


def _owner(text: object) -> str:
    if not isinstance(text, str) or not OWNER.fullmatch(text):
        raise JobsError(f"the owner must be 1 to 63 of a-z, 0-9, '.', '_' and '-', not {text!r}")
    return text


def _scopes(words: object) -> frozenset[Scope]:
    try:
        scopes = frozenset(map(Scope, words)) if isinstance(words, list) else frozenset()
    except ValueError:
        scopes = frozenset()
    if not scopes:
        raise JobsError(f"the scopes must be a list of {', '.join(Scope)}, not {words!r}")
    return scopes


ACTIONS: Mapping[str, Callable[..., Answer]] = {
    "check": _check,
    "create-key": _create_key,
    "list-keys": _list_keys,
    "revoke-key": _revoke_key,
}
