"""Chooses the Python for a function: that of its Runtime if there is one, else LocalStack's own."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from functools import cache
from typing import NamedTuple

VARIABLE = "LAMBDA_PROCESS_PYTHONS"
PROBE = "import sys, awslambdaric, runtime_client, boto3; print('%d.%d' % sys.version_info[:2])"
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
log = logging.getLogger(__name__)


class Python(NamedTuple):
    """An interpreter, and its version as `3.13`."""

    path: str
    version: str


class UnsupportedRuntimeError(Exception):
    """The function's Runtime is no Python, or LAMBDA_PROCESS_PYTHONS names no Python."""


@cache
def interpreter_for(runtime: str) -> Python:
    """The Python for `runtime` (as `python3.13`); raises `UnsupportedRuntimeError`."""
    if not runtime.startswith("python3."):
        raise UnsupportedRuntimeError(f"Runtime must be python3.x, not {runtime!r}")
    wanted = runtime.removeprefix("python")
    named = _named()
    if wanted in named:
        return Python(named[wanted], wanted)
    if wanted == OWN and not named:
        return Python(sys.executable, OWN)
    found = shutil.which(runtime)
    if found and _version(found) == wanted:
        return Python(found, wanted)
    version, path = next(iter(named.items()), (OWN, sys.executable))
    log.warning(
        "no %s with awslambdaric and boto3 (name one in %s): its functions run on %s",
        *(runtime, VARIABLE, version),
    )
    return Python(path, version)


@cache
def _named() -> dict[str, str]:
    """The interpreters that LAMBDA_PROCESS_PYTHONS names, by version."""
    paths = [path for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]
    found = {path: _version(path) for path in paths}
    unusable = [path for path, version in found.items() if version is None]
    if unusable:
        raise UnsupportedRuntimeError(
            f"{VARIABLE}: not a Python with awslambdaric and boto3: {', '.join(unusable)}"
        )
    return {version: path for path, version in found.items() if version}


def _version(path: str) -> str | None:
    """The version of the interpreter at `path`; None if it cannot run functions."""
    try:
        asked = subprocess.run(  # noqa: S603
            [path, "-c", PROBE], check=False, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None
