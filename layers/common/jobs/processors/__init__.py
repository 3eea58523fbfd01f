"""The job types: one module for each beside this one, and one line for each in the table.

A processor is imported when a job of its type is first made or run: one that cannot be imported
stops no other type, and the functions start without it.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from jobs.core.errors import ProcessorUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobs.core.job_type import JobType

_TABLE = {
    "CSV_EXPORT": "csv_export",
    "EMAIL_SEND": "email_send",
}
"""The modules in this package that hold a `JOB_TYPE`, by the name of that type."""

_INTERNAL = {"CALLBACK": "internal.webhook", "EVENT": "internal.job_event"}
"""Those whose jobs are made by other jobs, and by no client."""


class JobTypes(Mapping[str, "JobType"]):
    """Job types by name. Only to look one up imports its module.

    Raises `ProcessorUnavailable` then, with the place of the error, if the module cannot be
    imported, or holds another type than the table says.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules
        self._types: dict[str, JobType] = {}

    def __getitem__(self, name: str) -> JobType:
        if name not in self._types:
            self._types[name] = _imported(name, self._modules[name])
        return self._types[name]

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


def _imported(name: str, module: str) -> JobType:
    try:
        job_type: JobType = import_module(f"{__name__}.{module}").JOB_TYPE
    except Exception as error:
        where = f"{module.replace('.', '/')}.py"
        message = f"the processor of {name} cannot be imported: {_place(error, where)}"
        raise ProcessorUnavailable(message) from error
    if job_type.name != name:
        message = (
            f"processors/{module}.py holds the type {job_type.name}, and the table says {name}"
        )
        raise ProcessorUnavailable(message)
    return job_type


def _place(error: Exception, where: str) -> str:
    """The line at which the import failed, and how."""
    if isinstance(error, SyntaxError):
        return f"{where}:{error.lineno}: SyntaxError: {error.msg}"
    lines = [
        each.lineno
        for each in traceback.extract_tb(error.__traceback__)
        if each.filename.endswith(where)
    ]
    return f"{where}:{lines[-1] if lines else 1}: {type(error).__name__}: {error}"


JOB_TYPES: Mapping[str, JobType] = JobTypes(_TABLE)
"""Every type of job that a client may ask for, by the name that a request gives."""

ALL_TYPES: Mapping[str, JobType] = JobTypes({**_TABLE, **_INTERNAL})
"""Every type of job there is."""
