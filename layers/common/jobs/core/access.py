"""Who asks, and whether they may: API keys with scopes, each the key of one owner."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from jobs.core.errors import JobNotFound, KeyRefused, ScopeMissing
from jobs.core.schema import schema_asked_for

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from jobs.core.ports.keys import KeyStore
    from jobs.core.ports.waker import Waker

_TEXT = re.compile(r"sluice_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_NO_HASH = "0" * 64
OWNER = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
"""What an owner may be called."""


class Scope(StrEnum):
    """What a key may do: submit, cancel and retry jobs; read them; everything, for all owners."""

    SUBMIT = "submit"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: not itself, but the SHA-256 of its secret, in hex.

    The secret is 256 random bits, so a slow hash would make nothing safer.
    """

    id: str
    owner: str
    scopes: frozenset[Scope]
    secret_hash: str
    created_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `owner`: the owner of the jobs that are submitted; None where no keys are used.

    `sees`: the owner whose jobs are shown; None: everybody's.
    """

    owner: str | None = None
    sees: str | None = None


def new_key(owner: str, scopes: frozenset[Scope]) -> tuple[Key, str]:
    """A key, and the text that its holder sends; the text is nowhere else."""
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return Key(key_id, owner, scopes, _hash(secret)), f"sluice_{key_id}_{secret}"


class Access:
    """Lets requests in by their key."""

    def __init__(self, keys: KeyStore, waker: Waker) -> None:
        self._keys = keys
        self._waker = waker

    def __call__(self, text: str | None, needed: Scope, job_id: UUID | None = None) -> Caller:
        """Who holds the key `text`, and may do what `needed` is for (to the job `job_id`).

        Raises `KeyRefused`, `ScopeMissing`, `JobNotFound` for the job of another owner, and
        `StoreUnavailable`.
        """
        found = _TEXT.fullmatch(text or "")
        if found is None:
            raise KeyRefused
        key_id, secret = found.groups()
        with schema_asked_for(self._waker):
            key, job_owner = self._keys.find(key_id, job_id)
        # Compared also where there is no key, so that both take the same time.
        same = hmac.compare_digest(_hash(secret), key.secret_hash if key else _NO_HASH)
        if key is None or not same or key.revoked_at:
            raise KeyRefused
        if not {needed, Scope.ADMIN} & key.scopes:
            raise ScopeMissing(f"this key is for {_words(key.scopes)}, and {needed} is needed")
        if Scope.ADMIN in key.scopes:
            return Caller(key.owner)
        if job_id is not None and job_owner != key.owner:
            raise JobNotFound
        return Caller(key.owner, sees=key.owner)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _words(scopes: frozenset[Scope]) -> str:
    return ", ".join(sorted(scopes))
