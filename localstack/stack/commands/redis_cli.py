"""Open the stack's Redis; commands may come from standard input."""

from __future__ import annotations

import os
from argparse import REMAINDER
from typing import TYPE_CHECKING, Any

import redis

from stack.console import complain, say
from stack.environments import install
from stack.paths import CLIENTS
from stack.shims import other_than_ours

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """The arguments of redis-cli."""
    options.add_argument("-u", dest="url", help="another server, redis://host:port/database")
    options.add_argument("words", nargs=REMAINDER, help="passed on to redis-cli")


def run(stack: Stack, options: argparse.Namespace) -> int:
    """Replace this process by the machine's redis-cli.

    Without one: run the command that is given here, or open iredis if none is given.
    """
    url = options.url or stack.services[1].address
    for name in ("redis-cli", "valkey-cli"):
        if program := other_than_ours(name, stack.state):
            os.execv(program, [program, "-u", url, *options.words])  # noqa: S606
    if not options.words:
        program = str(install(CLIENTS) / "iredis")
        os.execv(program, [program, "--url", url])  # noqa: S606
    return _run_one(url, options.words)


def _run_one(url: str, words: list[str]) -> int:
    """Run a command without iredis, which needs a terminal and asks before it runs KEYS."""
    pool = redis.ConnectionPool.from_url(url, decode_responses=True)
    connection: Any = pool.get_connection()
    try:
        connection.send_command(*words)
        answer = connection.read_response()
    except redis.RedisError as error:
        complain(f"redis-cli: {error}")
        return 1
    finally:
        pool.disconnect()
    for line in answer if isinstance(answer, list | set) else [answer]:
        say(str(line))
    return 0
