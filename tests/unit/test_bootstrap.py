"""How the use cases are put together."""

from __future__ import annotations

from jobs import bootstrap
from jobs.adapters.postgres.api_keys import PostgresApiKeys
from jobs.config import ApiSettings
from jobs.core.errors import SchemaMissing
from support.recording import RecordingWaker, Wake

SETTINGS = {
    "DATABASE_URL": "postgresql://user@127.0.0.1:1/jobs_db",
    "REDIS_URL": "redis://127.0.0.1:1",
    "POLLER_FUNCTION": "poller",
    "API_KEYS": "required",
}


def test_keys_that_are_looked_for_in_a_schema_that_is_not_there_yet_wake_a_poller() -> None:
    waker = RecordingWaker()
    keys = bootstrap._api_keys(ApiSettings.read(SETTINGS), waker)
    assert keys
    assert isinstance(keys._keys, PostgresApiKeys)
    assert isinstance(keys._keys._connection.schema_missing(), SchemaMissing)
    assert waker.wakes == [Wake(0, wait_for_leases=False)]
