"""What an engine does otherwise than AWS, and so otherwise than another engine.

The one place where that is written down: `localstack/engines/README.md` shows this table, and a
test that has to expect something else on one engine names its row here, and prints it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MINISTACK, LOCALSTACK = "ministack", "localstack"

DIFFERENCES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "state": {
            MINISTACK: "kept over a clean stop; after a crash, that of the last clean stop",
            LOCALSTACK: "gone when it stops, objects in the bucket too: `make up` deploys again, "
            "and exports remain as rows and as files",
        },
        "function's Python": {
            MINISTACK: "the engine's own, with the engine's packages, whatever Runtime says",
            LOCALSTACK: "that of Runtime where there is one, with awslambdaric and boto3 only",
        },
        "call that outlives an update": {
            MINISTACK: "is ended",
            LOCALSTACK: "ends on the code it began with, as on AWS",
        },
        "log of a function": {
            MINISTACK: "in its group when the call has ended, all lines with that time",
            LOCALSTACK: "in its group when the call has ended, all lines with that time",
        },
        "long log": {
            MINISTACK: "of what is asked for, the first 10,000 lines are shown",
            LOCALSTACK: "shown page by page",
        },
        "body said to be gzip": {
            MINISTACK: "passed on as it came, as on AWS",
            LOCALSTACK: "unpacked before the gateway sees it, which then does not know of it; "
            "500 for one that is none",
        },
        "memory limit": {
            MINISTACK: "not enforced",
            LOCALSTACK: "not enforced, but reported",
        },
        "reserved concurrency in a template": {
            MINISTACK: "ignored",
            LOCALSTACK: "ignored",
        },
        "lifecycle rules of a bucket": {
            MINISTACK: "ignored",
            LOCALSTACK: "ignored",
        },
        "custom resources": {
            MINISTACK: "run",
            LOCALSTACK: "reported as done without being run",
        },
        "schedules": {
            MINISTACK: "rules and EventBridge Scheduler fire",
            LOCALSTACK: "rules fire, EventBridge Scheduler never does",
        },
        "API's id": {
            MINISTACK: "another one once a route has changed or the stack was deleted",
            LOCALSTACK: "the name of the stack (tag `_custom_id_`)",
        },
        "IAM": {
            MINISTACK: "not enforced by default",
            LOCALSTACK: "not enforced by default",
        },
        "VPC, alarms": {
            MINISTACK: "accepted, without effect",
            LOCALSTACK: "accepted, without effect",
        },
        "authorizers and usage plans": {
            MINISTACK: "lost when a template is read",
            LOCALSTACK: "kept, never called: everybody is let in",
        },
        "gateway responses, ANY and {proxy+} routes": {
            MINISTACK: "lost when a template is read",
            LOCALSTACK: "work",
        },
        "chain of calls": {
            MINISTACK: "cut after about 16 hops, as on AWS",
            LOCALSTACK: "never cut",
        },
    }
)


def on(engine: str, what: str) -> str:
    """What `engine` does about `what`; raises `KeyError` for what is in no row."""
    return DIFFERENCES[what][engine]


def table() -> str:
    """All of it, as Markdown."""
    engines = (MINISTACK, LOCALSTACK)
    rows = [
        f"| {' | '.join(['', *engines])} |".replace("|  |", "| |"),
        f"|{' --- |' * (len(engines) + 1)}",
        *(
            f"| {what} | {' | '.join(does[e] for e in engines)} |"
            for what, does in DIFFERENCES.items()
        ),
    ]
    return "\n".join(rows)
