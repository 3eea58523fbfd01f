"""Whether the database keeps confirmed commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.adapters.postgres.connection import Connection

# Not `full_page_writes`: it is off by rights where the storage tears no pages, as Aurora's.
_WEAK = """
SELECT name, setting
FROM pg_settings
WHERE (name = 'synchronous_commit' AND setting IN ('off', 'local'))
   OR (name = 'fsync' AND setting = 'off')
ORDER BY name
"""


def weak_settings(connection: Connection) -> dict[str, str]:
    """The settings, and their values, by which a crash or a failover may lose commits.

    How far a standby lags behind cannot be seen from here. Raises
    `StoreUnavailable`.
    """
    return {row["name"]: row["setting"] for row in connection.rows(_WEAK, {})}
