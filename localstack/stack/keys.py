"""API keys, created, listed and revoked by an admin action of the poller function."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stack import admin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.stack import Stack

REQUIRED = "required"


class Keys:
    """The keys of the deployment whose poller is `function`; `client` is one of Lambda.

    Every method returns a text for the user, and raises `AdminError`, `ClientError`.
    """

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    @classmethod
    def of(cls, stack: Stack) -> Keys:
        """The keys of the local stack; raises `NotReadyError` if nothing is deployed."""
        outputs = stack.deployed()
        return cls(stack.engine.client("lambda", config=admin.CALL), outputs.poller_function)

    def create(self, owner: str, scopes: str) -> str:
        """Make a key with `scopes`, as `submit,read`; returns its text, which is kept nowhere."""
        words = [word.strip() for word in scopes.split(",")]
        return self._output("create-key", owner=owner, scopes=words)

    def list(self) -> str:
        """A table of all keys."""
        return self._output("list-keys")

    def revoke(self, key_id: str) -> str:
        """Make a key worthless, from now on."""
        return self._output("revoke-key", id=key_id)

    def _output(self, action: str, **members: object) -> str:
        return str(admin.run(self._client, self._function, action, **members)["output"])


@contextmanager
def lent(stack: Stack, owner: str, scopes: str) -> Iterator[str | None]:
    """Give an API key that is revoked after the block; None if the API needs no key."""
    if stack.settings.parameters["ApiKeys"] != REQUIRED:
        yield None
        return
    keys = Keys.of(stack)
    key = keys.create(owner, scopes)
    try:
        yield key
    finally:
        keys.revoke(key.split("_")[1])
