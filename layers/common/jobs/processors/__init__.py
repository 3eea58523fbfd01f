"""The job types: one module for each beside this one, and one line for each in the table.

A processor is imported when a job of its type is first made or run: one that cannot be imported
stops no other type, and the functions start without it.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Mapping
from pathlib import Path
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


_IMPORTERS = {__file__, importlib.__file__}


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
        job_type: JobType = importlib.import_module(f"{__name__}.{module}").JOB_TYPE
    except (Exception, SystemExit) as error:
        message = f"the processor of {name} cannot be imported: {_place(error, module)}"
        raise ProcessorUnavailable(message) from error
    if job_type.name != name:
        message = f"{module} holds the type {job_type.name}, and the table says {name}"
        raise ProcessorUnavailable(message)
    return job_type


def _place(error: BaseException, module: str) -> str:
    """File and line at which the import failed, and how."""
    kind = type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or module).name}:{error.lineno}: {kind}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [each for each in frames if each.filename not in _IMPORTERS and each.filename[0] != "<"]
    name, line = (Path(ours[-1].filename).name, ours[-1].lineno) if ours else (f"{module}.py", 1)
    return f"{name}:{line}: {kind}: {error}"


JOB_TYPES: Mapping[str, JobType] = JobTypes(_TABLE)
"""Every type of job that a client may ask for, by the name that a request gives."""

ALL_TYPES: Mapping[str, JobType] = JobTypes({**_TABLE, **_INTERNAL})
"""Every type of job there is."""
