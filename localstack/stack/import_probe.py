"""A script for the functions' Python: import the job types and report each error, one a line.

python -I -S import_probe.py REPOSITORY LIBRARIES

A line is JSON: `[path, null, null]` before a file is tried, `[path, line, error]` for an error. So
the last line names the file at fault even if the process hangs or dies in it. The script runs in
another environment than the local stack and imports the standard library only.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    Attempt = tuple[Path, Callable[[], object]]

LAYER = Path("layers", "common")
JOBS = LAYER / "jobs"
PROCESSORS = JOBS / "processors"
FUNCTIONS = Path("functions")


def main() -> None:
    """Try every file and every job type, report, and end the process."""
    # An import may print: only what this script reports belongs on standard output.
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    root, libraries = Path(sys.argv[1]), sys.argv[2]
    sys.path[:0] = [str(root / LAYER), libraries]
    warnings.simplefilter("ignore")
    if try_all(report, root, files(root)):
        try_all(report, root, job_types(root))
    # A thread that an import has started would keep the process for ever.
    os._exit(0)


def try_all(report: TextIO, root: Path, attempts: Iterator[Attempt]) -> bool:
    """Report each attempt and its error; returns whether there was no error."""
    succeeded = True
    for path, attempt in attempts:
        write(report, path.relative_to(root))
        try:
            attempt()
        except BaseException as error:  # noqa: BLE001 - an import may even call sys.exit
            succeeded = False
            file, line = where(error, root) or (path, None)
            text = " ".join(traceback.format_exception_only(error)[-1].split())
            write(report, file.relative_to(root), line, text)
    return succeeded


def files(root: Path) -> Iterator[Attempt]:
    """Compile every source file of a deployment, then import every module with a job type."""
    for folder in (JOBS, FUNCTIONS):
        for path in python_files(root / folder):
            yield path, partial(compile_file, path)
    for path in python_files(root / PROCESSORS):
        yield path, partial(import_module, module_name(path.relative_to(root / LAYER)))


def job_types(root: Path) -> Iterator[Attempt]:
    """Look up every job type in the table of the package."""
    for name in import_module("jobs.processors").ALL_TYPES:
        yield root / PROCESSORS / "__init__.py", partial(look_up, name)


def look_up(name: str) -> None:
    """Raise `LookupError` unless the table has a job type under `name`."""
    try:
        import_module("jobs.processors").ALL_TYPES[name]
    except Exception as error:
        raise LookupError(str(error)) from error


def python_files(folder: Path) -> list[Path]:
    """The source files below `folder`, in order; editors' hidden files are none."""
    return sorted(path for path in folder.rglob("*.py") if not path.name.startswith("."))


def compile_file(path: Path) -> None:
    """Raise `SyntaxError`, or `ValueError` for what is no text."""
    compile(path.read_bytes(), path, "exec", dont_inherit=True)


def module_name(path: Path) -> str:
    """`jobs/processors/csv_export.py` as `jobs.processors.csv_export`."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def write(report: TextIO, file: Path, line: int | None = None, error: str | None = None) -> None:
    """Report one line at once."""
    report.write(json.dumps([str(file), line, error]) + "\n")
    report.flush()


def where(error: BaseException, root: Path) -> tuple[Path, int | None] | None:
    """The last place in the deployment's own files that `error` passed."""
    places = [(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        places.append((error.filename or "", error.lineno))
    own = [
        (Path(file), line)
        for file, line in places
        if any(Path(file).is_relative_to(root / folder) for folder in (JOBS, FUNCTIONS))
    ]
    return own[-1] if own else None


if __name__ == "__main__":
    main()
