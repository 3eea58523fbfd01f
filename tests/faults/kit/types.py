"""Job types for tests of faults: one that notes its effect, and those that break their poller."""

from __future__ import annotations

import ctypes
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jobs import bootstrap
from jobs.core.errors import AttemptFailed
from jobs.core.job_type import JobType
from support.job_types import TEST_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.core.claim import Claim
    from jobs.core.job import Result
    from jobs.core.job_type import JobContext

EFFECTS = "EFFECTS"
"""The variable that names the file to which effects are appended."""


def _effect(claim: Claim, _: JobContext) -> Result:
    """Wait for `seconds`, then append one line: job, token, priority, attempt.

    The first `fails` attempts fail instead.
    """
    time.sleep(claim.payload.get("seconds", 0))
    if claim.attempt <= claim.payload.get("fails", 0):
        raise AttemptFailed("as asked for")
    line = f"{claim.id} {claim.token} {claim.priority} {claim.attempt}\n"
    with Path(os.environ[EFFECTS]).open("ab", buffering=0) as file:
        file.write(line.encode())
    return {"attempt": claim.attempt}


def _exit(_: Claim, __: JobContext) -> Result:
    os._exit(3)


def _segfault(_: Claim, __: JobContext) -> Result:
    ctypes.string_at(0)
    return {}


def _memory(_: Claim, __: JobContext) -> Result:
    hoard = []
    while True:
        hoard.append(bytearray(1 << 22))


def _spin(_: Claim, __: JobContext) -> Result:
    while True:
        pass


def _hang(_: Claim, __: JobContext) -> Result:
    """Hang in C code that does not give the interpreter's lock away."""
    re.match(r"(a+)+$", "a" * 60 + "b")
    return {}


POISONS = {"EXIT": _exit, "SEGFAULT": _segfault, "MEMORY": _memory, "SPIN": _spin, "HANG": _hang}

JOB_TYPES: Mapping[str, JobType] = {
    **TEST_TYPES,
    "EFFECT": JobType("EFFECT", _effect, max_seconds=4.0),
    **{name: JobType(name, run, max_seconds=2.0) for name, run in POISONS.items()},
}


def register() -> None:
    """Let the functions of this process know these types as well as those that are shipped."""
    for table in ("JOB_TYPES", "ALL_TYPES"):
        vars(bootstrap)[table] = {**vars(bootstrap)[table], **JOB_TYPES}
