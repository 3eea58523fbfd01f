"""The stack starts twice in hostile surroundings, and its parts get nothing of them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from stack.paths import ROOT
from stack.ports import free_port
from stack.surroundings import for_download, for_part
from stack.waiting import wait_until
from support.local_stack import LocalStack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import psutil

SECONDS = 90
MAIL = {"to": "test@example.com", "subject": "Hello", "body": "Hello"}


@pytest.fixture
def private(tmp_path: Path) -> Iterator[LocalStack]:
    """A stack below a folder that only its owner may enter, for the umask 077."""
    tmp_path.chmod(0o700)
    before = os.umask(0o077)
    stack = LocalStack.on_free_ports(tmp_path)
    yield stack
    stack.command("clean")
    os.umask(before)


@pytest.fixture
def hostile(tmp_path: Path) -> Mapping[str, str]:
    """Variables and files of a user that break programs which heed them."""
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text("[default]\nregion = mars-1\nendpoint_url = http://x\n")
    (home / "sitecustomize.py").write_text("raise SystemExit('PYTHONPATH was heeded')\n")
    nowhere = f"http://127.0.0.1:{free_port()}"
    return {
        "HOME": str(home),
        "HTTP_PROXY": nowhere,
        "http_proxy": nowhere,
        "PYTHONPATH": str(home),
        "PYTHONOPTIMIZE": "2",
        "PYTHONWARNINGS": "error",
        "PGOPTIONS": "-c default_transaction_read_only=on",
        "PGSSLMODE": "require",
        "PGHOSTADDR": "192.0.2.1",
        "PGSERVICE": "of-somebody",
        "AWS_PROFILE": "of-nobody",
        "AWS_REGION": "mars-1",
        "AWS_ENDPOINT_URL_S3": "http://192.0.2.1",
        "LC_ALL": "tr_TR.ISO-8859-9",
        "SECRET_OF_ANOTHER_PROGRAM": "hush",
    }


def make(stack: LocalStack, target: str, surroundings: Mapping[str, str]) -> str:
    """Run `make TARGET` in these surroundings; returns what it printed."""
    done = subprocess.run(
        ["make", "-s", target],
        cwd=ROOT,
        # Where uv keeps what it has downloaded is no part of the test.
        env={"UV_CACHE_DIR": uv_cache(), **stack.environment, **surroundings},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def uv_cache() -> str:
    done = subprocess.run(
        [os.environ["UV"], "cache", "dir"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def work(stack: LocalStack) -> None:
    """Let the stack do one job of each kind."""
    export = stack.api.submit("CSV_EXPORT", {"data": [{"id": 1, "name": "Jürgen"}]})
    letter = stack.api.submit("EMAIL_SEND", MAIL)
    for job_id in (export, letter):
        assert stack.api.finished(job_id, seconds=SECONDS)["status"] == "completed"
    path = stack.output / f"{export}.csv"
    wait_until(path.exists, str(path), seconds=SECONDS)


def processes(stack: LocalStack) -> Iterator[psutil.Process]:
    """All processes of the stack, functions too."""
    parts = stack.parts
    for part in (*parts.parts, parts.supervisor):
        leader = part.process.find()
        assert leader is not None, part.name
        yield from (leader, *leader.children(recursive=True))


def test_stack_starts_twice_and_works_in_hostile_surroundings(
    private: LocalStack, hostile: Mapping[str, str]
) -> None:
    for _ in range(2):
        make(private, "up", hostile)
        work(private)
        assert "does not answer" not in make(private, "status", hostile)
        for process in processes(private):
            leaked = set(process.environ().items()) & set(hostile.items())
            assert {name for name, _ in leaked} <= {"HOME", "HTTP_PROXY", "http_proxy"}, process
        make(private, "down", hostile)


def test_part_gets_what_it_needs_and_nothing_else(hostile: Mapping[str, str]) -> None:
    assert set(for_part(hostile)) == {"HOME", "LANG", "PYTHONUTF8"}
    tool = for_download({**hostile, "UV_PYTHON": "3.9", "UV_INDEX_URL": "http://x"})
    assert set(tool) == {
        *("HOME", "LANG", "PYTHONUTF8", "UV_INDEX_URL"),
        *("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"),
    }
    assert tool["NO_PROXY"] == "localhost,127.0.0.1,::1"
