"""A cluster of three nodes: Valkeys in cluster mode that share the slots among them."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import redis

from jobs.adapters.redis import keys
from stack.ports import LOOPBACK, free_port
from stack.servers.redis import Redis
from stack.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOTS = 16384


class Node(Redis):
    """Refuses what a node refuses: keys of several slots in one call, undeclared keys, and keys of
    slots that it does not have. Clients are told to find it at `announced`, if that is given.
    """

    def __init__(self, folder: Path, port: int, announced: int | None = None) -> None:
        self.bus = free_port()
        cluster = {
            "enabled": "yes",
            "announce-ip": LOOPBACK,
            "announce-port": str(announced or port),
            "port": str(self.bus),
        }
        super().__init__(folder, port, {f"cluster-{name}": word for name, word in cluster.items()})

    def client(self) -> redis.Redis:
        """A client of this node alone."""
        return redis.Redis.from_url(self.url(), socket_timeout=2)

    def own(self, first: int, last: int) -> None:
        """Give it the slots from `first` to `last`, unless it has some."""
        with self.client() as node:
            if not _owns(node):
                node.execute_command("CLUSTER ADDSLOTSRANGE", first, last)

    def settle(self, nodes: int) -> None:
        """Wait until it knows `nodes` nodes, and who has which slot."""
        with self.client() as node:
            wait_until(lambda: _settled(node, nodes), "the cluster", seconds=60)


class Cluster:
    """Three nodes; clients find them all by the URL of the first."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [Node(folder / str(number), free_port()) for number in range(3)]

    def start(self) -> None:
        share = SLOTS // len(self.nodes)
        for node in self.nodes:
            node.start()
        first = self.nodes[0]
        for number, node in enumerate(self.nodes):
            last = SLOTS - 1 if node is self.nodes[-1] else (number + 1) * share - 1
            node.own(number * share, last)
            with first.client() as client:
                client.execute_command("CLUSTER MEET", LOOPBACK, node.port, node.bus)
        for node in self.nodes:
            node.settle(len(self.nodes))

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()

    def url(self) -> str:
        """As the functions have it in REDIS_URL."""
        return f"{self.nodes[0].url()}?cluster=true"

    def owner(self) -> Node:
        """The node that has the queues."""
        for node in self.nodes:
            with node.client() as client:
                try:
                    client.exists(keys.COMPLETE)
                except redis.ResponseError:
                    continue
            return node
        raise AssertionError("no node has the queues")

    def move(self, target: Node) -> None:
        """Give `target` the slot of the queues, which must be empty."""
        with target.client() as client:
            slot = client.cluster("KEYSLOT", keys.COMPLETE)
            new_owner = client.cluster("MYID")
        for node in (target, *self.nodes):
            with node.client() as client:
                client.execute_command("CLUSTER SETSLOT", slot, "NODE", new_owner)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the nodes keep their connections and answer nothing."""
        processes = [process for node in self.nodes if (process := node.process.find())]
        assert len(processes) == len(self.nodes)
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                process.send_signal(signal.SIGCONT)
            for node in self.nodes:
                node.settle(len(self.nodes))


def _owns(node: redis.Redis) -> bool:
    mine = [each for each in node.cluster("NODES").values() if "myself" in each["flags"]]
    return any(each["slots"] for each in mine)


def _settled(node: redis.Redis, nodes: int) -> bool:
    info = node.cluster("INFO")
    return bool(info["cluster_state"] == "ok" and info["cluster_known_nodes"] == str(nodes))
