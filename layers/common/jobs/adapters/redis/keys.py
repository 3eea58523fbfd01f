"""The names of everything in Redis, spelled here alone.

All share the hash tag `{jobs}`, so that one script may touch them all on a cluster.
"""

from __future__ import annotations

from jobs.core.job import Priority

QUEUES = {Priority.HIGH: "{jobs}:high_priority", Priority.DEFAULT: "{jobs}:default"}
"""Sorted sets in order of service: member = job id, score = ms from which it may be taken."""

POLLERS = "{jobs}:pollers"
"""Sorted set: member = poller at work, score = ms until which it counts as alive."""

BUSY = "{jobs}:busy"
"""Sorted set like `POLLERS`: those of them that have no room for more."""

WAKING = "{jobs}:waking"
"""Set for a short time while a poller that was woken has not registered yet."""

SEEN = "{jobs}:seen"
"""When a poller has left last, in ms."""

PROBE = "{jobs}:probe"
"""Written by health checks, to see whether anything can be."""

POLLS = "{jobs}:polls"
"""Sorted set: member = request that waits for a change, score = ms until which it may wait."""

COMPLETE = "{jobs}:complete"
"""Set once the queues hold every open row; gone when Redis has lost its memory."""

MISCONFIGURED = "{jobs}:misconfigured"
"""The parts of the pollers whose settings are not valid, with the names of these settings, as
JSON."""
