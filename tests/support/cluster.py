"""A cluster of one: a Valkey in cluster mode that owns every slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis

from stack.ports import LOOPBACK, free_port
from stack.servers.redis import Redis
from stack.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path


class Cluster(Redis):
    """Refuses what a cluster refuses: keys of several slots in one call, and undeclared ones."""

    def __init__(self, folder: Path, port: int) -> None:
        cluster = {"enabled": "yes", "announce-ip": LOOPBACK, "port": str(free_port())}
        super().__init__(folder, port, {f"cluster-{name}": word for name, word in cluster.items()})

    def start(self) -> None:
        super().start()
        with redis.Redis.from_url(super().url()) as node:
            if node.cluster("INFO")["cluster_slots_assigned"] == "0":
                node.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            wait_until(
                lambda: node.cluster("INFO")["cluster_state"] == "ok", "the cluster", seconds=30
            )

    def url(self, database: int = 0) -> str:
        """As the functions have it in REDIS_URL."""
        return f"{super().url(database)}?cluster=true"

    def healthy(self) -> bool:
        with redis.Redis.from_url(super().url(), socket_timeout=2) as node:
            try:
                return bool(node.ping())
            except redis.RedisError:
                return False
