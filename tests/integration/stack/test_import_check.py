"""A job type that cannot be imported is named by file and line, and nothing is deployed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from stack.deploy_target import DeployTarget
from stack.import_check import ImportCheck
from stack.sam import DeployError
from stack.waiting import wait_until
from support.local_stack import LocalStack
from support.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
FILE = "layers/common/jobs/processors/broken.py"
SECONDS = 60.0
HANG_SECONDS = 3.0


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the packages that job types can import, shared by all tests."""
    return tmp_path_factory.mktemp("import_check")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.copied(tmp_path)


@pytest.fixture
def problems(repository: Repository, libraries: Path) -> Callable[..., list[str]]:
    """Checks the repository; returns the lines that name the errors."""

    def check(max_seconds: float = SECONDS) -> list[str]:
        check = ImportCheck(sys.executable, VERSION, libraries, repository.folder, max_seconds)
        with pytest.raises(DeployError) as refused:
            check.run()
        first, *lines = str(refused.value).splitlines()
        assert first.startswith("nothing is deployed: ")
        return lines

    return check


@pytest.fixture
def chosen(repository: Repository, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables of a stack that nothing starts, or that goes down if something did."""
    variables = {**LocalStack.on_free_ports(tmp_path / "stack").chosen, "ENGINE": "ministack"}
    yield variables
    repository.run("stack", "down", also=variables)


def test_the_job_types_of_the_repository_can_be_imported(libraries: Path) -> None:
    ImportCheck(sys.executable, VERSION, libraries).run()


@pytest.mark.parametrize(
    ("code", "line", "error"),
    [
        ("import re\ndef run(:\n    pass\n", 2, "SyntaxError: invalid syntax"),
        ("def run():\nreturn 1\n", 2, "IndentationError: expected an indented block"),
        ("\nimport no_such_library\n", 2, "ModuleNotFoundError: No module named 'no_such_library'"),
        ("from jobs.core.errors import Nothing", 1, "ImportError: cannot import name 'Nothing'"),
        ("SECONDS = 60\n\n\nLIMIT = SECOND * 2\n", 4, "NameError: name 'SECOND' is not defined"),
        ("def limit():\n    return 1 / 0\n\nlimit()", 2, "ZeroDivisionError: division by zero"),
        ("raise ValueError('two\\nlines')", 1, "ValueError: two lines"),
        ("import json\njson.loads('{')", 2, "json.decoder.JSONDecodeError: Expecting property"),
        ("import sys\nsys.exit('enough')", 2, "SystemExit: enough"),
        # The local stack's environment has it, a function's does not.
        ("import psutil", 1, "ModuleNotFoundError: No module named 'psutil'"),
    ],
)
def test_error_is_named_by_file_and_line(
    repository: Repository, problems: Callable[..., list[str]], code: str, line: int, error: str
) -> None:
    repository.processor("broken").write_text(code)
    [problem] = problems()
    assert problem.startswith(f"{FILE}:{line}: {error}")


def test_error_in_a_helper_is_named_where_it_is_and_once(
    repository: Repository, problems: Callable[..., list[str]]
) -> None:
    repository.processor("_helper").write_text("def half(n):\n    return n / 0\n")
    for name in ("one", "other"):
        repository.processor(name).write_text("from jobs.processors._helper import half\nhalf(2)\n")
    assert problems() == [
        "layers/common/jobs/processors/_helper.py:2: ZeroDivisionError: division by zero"
    ]


def test_every_error_is_named(repository: Repository, problems: Callable[..., list[str]]) -> None:
    repository.processor("broken").write_text("import nothing_like_it\n")
    (repository.folder / "functions" / "poller" / "handler.py").write_text("def\n")
    adapter = repository.folder / "layers" / "common" / "jobs" / "adapters" / "log.py"
    adapter.write_text("x = = 1\n")
    assert [problem.rpartition(":")[0].split(": ")[0] for problem in problems()] == [
        "layers/common/jobs/adapters/log.py:1",
        "functions/poller/handler.py:1",
        f"{FILE}:1",
    ]


@pytest.mark.parametrize("code", [b"x = 1\0\n", b"x = '\xff'\n"])
def test_file_that_is_no_text_is_named(
    repository: Repository, problems: Callable[..., list[str]], code: bytes
) -> None:
    repository.processor("broken").write_bytes(code)
    assert [problem.startswith(FILE) for problem in problems()] == [True]


def test_job_type_that_the_table_names_in_vain_is_named(
    repository: Repository, problems: Callable[..., list[str]]
) -> None:
    table = repository.processor("__init__")
    text = table.read_text()
    assert '"CSV_EXPORT": "csv_export"' in text
    table.write_text(text.replace('"CSV_EXPORT": "csv_export"', '"CSV_EXPORT": "cvs_export"'))
    [problem] = problems()
    assert problem.startswith("layers/common/jobs/processors/__init__.py: LookupError: ")
    assert "No module named 'jobs.processors.cvs_export'" in problem


def test_import_that_does_not_end_is_named(
    repository: Repository, problems: Callable[..., list[str]]
) -> None:
    repository.processor("broken").write_text("while True:\n    pass\n")
    assert problems(HANG_SECONDS) == [f"{FILE}: its import takes more than 3 s"]


def test_import_that_ends_the_process_is_named(
    repository: Repository, problems: Callable[..., list[str]]
) -> None:
    repository.processor("broken").write_text("import os\nos._exit(3)\n")
    assert problems()[0].startswith(f"{FILE}: its import ends the process (status 3)")


def test_what_works_in_a_function_is_let_through(repository: Repository, libraries: Path) -> None:
    repository.processor("fine").write_text(
        "import os, threading, boto3, jinja2\n"
        "print('imported', flush=True)\n"
        "os.write(1, b'no JSON')\n"
        "client = boto3.client('s3')\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
    )
    ImportCheck(sys.executable, VERSION, libraries, repository.folder).run()


def test_up_and_deploy_refuse_and_start_nothing(
    repository: Repository, chosen: dict[str, str], tmp_path: Path
) -> None:
    repository.processor("broken").write_text("def run(:\n")
    for words in (("up",), ("deploy", "--env", "dev"), ("deploy", "--env", "prod")):
        status, printed = repository.run("stack", *words, also=chosen)
        assert status == 1
        assert printed.count(f"\n{FILE}:1: SyntaxError: invalid syntax\n") == 1, printed
        assert "sam " not in printed
    assert not list((tmp_path / "stack" / "state").glob("*.pid"))
    assert not (repository.folder / ".aws-sam").exists()


def test_target_whose_python_is_not_here_is_checked_with_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    DeployTarget.named("dev").check(tmp_path, "3.99")
    said = capsys.readouterr().out
    assert f"no Python 3.99 on this machine: checking the job types with {VERSION}" in said


def test_dev_names_the_error_and_goes_on_watching(
    repository: Repository, chosen: dict[str, str], tmp_path: Path
) -> None:
    repository.processor("broken").write_text("def run(:\n")
    with repository.running("stack", "dev", also=chosen) as printed:
        wait_until(lambda: f"{FILE}:1: SyntaxError" in printed(), "the error", seconds=SECONDS)
        wait_until(lambda: "watching" in printed(), "the watch", seconds=SECONDS)
        repository.processor("broken").write_text("\n\nimport nothing_like_it\n")
        wait_until(lambda: f"{FILE}:3: Module" in printed(), "the next error", seconds=SECONDS)
    assert not list((tmp_path / "stack" / "state").glob("*.pid"))
