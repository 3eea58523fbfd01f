"""The differences between each engine and AWS, in one table.

`localstack/engines/README.md` shows the table. A test that expects something else on one engine
names the row here, and the end of the test run prints it.
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
            MINISTACK: "survives a clean stop; after a crash, that of the last clean stop is back",
            LOCALSTACK: "lost when it stops, with the objects in the bucket: `make up` deploys "
            "again, and exports remain as rows and as files",
        },
        "function's Python": {
            MINISTACK: "the engine's own with the engine's packages; Runtime is ignored",
            LOCALSTACK: "that of Runtime if it is installed, with awslambdaric and boto3 only",
        },
        "call that outlives an update": {
            MINISTACK: "is killed",
            LOCALSTACK: "ends on the code it began with, as on AWS",
        },
        "log of a function": {
            MINISTACK: "appears when the call ends, in `make logs` at once; all lines have the "
            "time of the end",
            LOCALSTACK: "appears when the call ends; all lines have the time of the end",
        },
        "long log": {
            MINISTACK: "only the first 10,000 lines can be read",
            LOCALSTACK: "read page by page",
        },
        "body said to be gzip": {
            MINISTACK: "passed on as it came, as on AWS",
            LOCALSTACK: "unpacked before the gateway sees it, and passed on as plain; 500 if it is "
            "no gzip",
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
            LOCALSTACK: "not run, but reported as done",
        },
        "schedules": {
            MINISTACK: "rules and EventBridge Scheduler fire",
            LOCALSTACK: "rules fire, EventBridge Scheduler never does",
        },
        "API's id": {
            MINISTACK: "another one after a route changed or the stack was deleted",
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
            LOCALSTACK: "kept but never called: every request passes",
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
    """The cell of the table for row `what` and `engine`; raises `KeyError` if there is none."""
    return DIFFERENCES[what][engine]


def table() -> str:
    """The table as Markdown."""
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
