"""The job types: one module for each beside this one, and one line for each in the table."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.core.job_type import JobType

_TABLE = (
    "csv_export",
    "email_send",
)
"""The modules in this package that hold a `JOB_TYPE`."""

_INTERNAL = ("callback", "event")
"""Those whose jobs are made by other jobs, and by no client."""


def _job_type(module: str) -> JobType:
    found: JobType = import_module(f"{__name__}.{module}").JOB_TYPE
    return found


JOB_TYPES: Mapping[str, JobType] = MappingProxyType(
    {job_type.name: job_type for job_type in map(_job_type, _TABLE)}
)
"""Every type of job that a client may ask for, by the name that a request gives."""

ALL_TYPES: Mapping[str, JobType] = MappingProxyType(
    {**JOB_TYPES, **{job_type.name: job_type for job_type in map(_job_type, _INTERNAL)}}
)
"""Every type of job there is."""
