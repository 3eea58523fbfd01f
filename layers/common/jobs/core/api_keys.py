"""The caller of a request, and whether it is allowed: API keys with scopes, each of one owner."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.errors import InvalidApiKey, JobNotFound, ScopeMissing
from jobs.core.ports.api_keys import ApiKey, Scope

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.core.ports.api_keys import ApiKeyStore

_TEXT = re.compile(r"sluice_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_NO_HASH = "0" * 64
OWNER = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
"""The names that an owner may have."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a request. `owner`: of the jobs it submits; None where no keys are used.

    `sees`: the owner whose jobs it is shown; None: every owner's.
    """

    owner: str | None = None
    sees: str | None = None


def new_key(owner: str, scopes: frozenset[Scope]) -> tuple[ApiKey, str]:
    """A key, and the text that its holder sends; the text is kept nowhere."""
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return ApiKey(key_id, owner, scopes, _hash(secret)), f"sluice_{key_id}_{secret}"


class ApiKeys:
    """Tells the caller of a request from its key."""

    def __init__(self, keys: ApiKeyStore) -> None:
        self._keys = keys

    def __call__(self, text: str | None, needed: Scope, job_id: UUID | None = None) -> Caller:
        """The holder of the key `text`, who may do what `needed` allows (to the job `job_id`).

        Raises `InvalidApiKey`, `ScopeMissing`, `JobNotFound` for the job of another owner, and
        `StoreUnavailable`.
        """
        found = _TEXT.fullmatch(text or "")
        if found is None:
            raise InvalidApiKey
        key_id, secret = found.groups()
        key, job_owner = self._keys.find(key_id, job_id)
        # Compared also where there is no key, so that both take the same time.
        same = hmac.compare_digest(_hash(secret), key.secret_hash if key else _NO_HASH)
        if key is None or not same or key.revoked_at:
            raise InvalidApiKey
        if not {needed, Scope.ADMIN} & key.scopes:
            raise ScopeMissing(f"this key is for {_names(key.scopes)}, and {needed} is needed")
        if Scope.ADMIN in key.scopes:
            return Caller(key.owner)
        if job_id is not None and job_owner != key.owner:
            raise JobNotFound
        return Caller(key.owner, sees=key.owner)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _names(scopes: frozenset[Scope]) -> str:
    return ", ".join(sorted(scopes))
