"""The job types: one module for each beside this one, and one line for each in the table."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.core.ports import JobType

_TABLE = (
    "csv_export",
    "email_send",
)
"""The modules in this package that hold a `JOB_TYPE`."""


def _job_type(module: str) -> JobType:
    found: JobType = import_module(f"{__name__}.{module}").JOB_TYPE
    return found


JOB_TYPES: Mapping[str, JobType] = MappingProxyType(
    {job_type.name: job_type for job_type in map(_job_type, _TABLE)}
)
"""Every type of job there is, by the name that a request gives."""
