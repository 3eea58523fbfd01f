"""API keys: their secret, and their scopes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fakes.api_keys import FakeKeys
from jobs.core.api_keys import ApiKeys, Caller, new_key
from jobs.core.errors import InvalidApiKey, JobNotFound, ScopeMissing
from jobs.core.ports.api_keys import Scope
from support.claims import JOB_ID


def test_the_secret_is_nowhere_but_with_its_holder() -> None:
    key, text = new_key("ann", frozenset({Scope.READ}))
    _, key_id, secret = text.split("_", 2)
    assert (key.id, len(secret)) == (key_id, 43)
    assert secret not in repr(key)
    assert new_key("ann", frozenset())[1] != text


def test_a_key_tells_when_it_was_revoked() -> None:
    keys = FakeKeys()
    key, _ = new_key("ann", frozenset())
    keys.add(key)
    assert keys.revoke(key.id)
    found, _ = keys.find(key.id, None)
    assert found is not None
    assert found.revoked_at is not None
    assert found.revoked_at <= datetime.now(UTC)


def test_a_caller_is_told_from_the_key_and_sees_the_jobs_of_its_owner() -> None:
    keys = FakeKeys(lambda _: "ann")
    ann, bob, root = (new_key(name, frozenset({Scope.READ})) for name in ("ann", "bob", "root"))
    for key, _ in (ann, bob):
        keys.add(key)
    caller = ApiKeys(keys)
    assert caller(ann[1], Scope.READ, JOB_ID) == Caller("ann", sees="ann")
    with pytest.raises(JobNotFound):
        caller(bob[1], Scope.READ, JOB_ID)
    with pytest.raises(ScopeMissing, match="this key is for read, and submit is needed"):
        caller(ann[1], Scope.SUBMIT)
    with pytest.raises(InvalidApiKey):
        caller(root[1], Scope.READ)
