"""What runs is replaced while jobs come in; each that was accepted is done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Event
from typing import TYPE_CHECKING
from zipfile import ZipFile

from stack.client import FINAL
from stack.engines.differences import MINISTACK
from stack.waiting import NotReadyError, wait_until
from support import differs

if TYPE_CHECKING:
    from support.local_stack import LocalStack

SECONDS = 120
PAUSE = 0.1
"""Seconds between two jobs: a stream of them, not a flood that a deployment cannot get through."""
ROWS = [{"id": number, "name": "n" * 100} for number in range(200)]


def post(stack: LocalStack, enough: Event) -> tuple[list[str], list[str]]:
    """Post jobs until there are enough: the ids of those accepted, and why others were not."""
    accepted, refused = [], []
    while not enough.is_set():
        try:
            accepted.append(stack.api.submit("CSV_EXPORT", {"data": ROWS}))
            enough.wait(PAUSE)
        except (NotReadyError, OSError, ValueError) as error:
            refused.append(str(error))
    return accepted, refused


def renew(stack: LocalStack, function: str, built: str) -> None:
    """Give a function code of another digest, without anything else of a deployment."""
    folder = stack.parts.state / "sam" / "build" / built
    archive = BytesIO()
    with ZipFile(archive, "w") as code:
        for path in folder.rglob("*"):
            code.write(path, path.relative_to(folder))
        code.writestr("renewed.txt", function)
    client = stack.aws("lambda")
    client.update_function_code(FunctionName=function, ZipFile=archive.getvalue())
    client.get_waiter("function_updated_v2").wait(
        FunctionName=function, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )


def statuses(stack: LocalStack, ids: list[str]) -> set[str]:
    """Those of the jobs with these ids, all of which are there."""
    found = stack.rows("SELECT status FROM jobs WHERE id = ANY(%s::uuid[])", ids)
    assert len(found) == len(ids)
    return {row["status"] for row in found}


def test_no_job_is_lost_while_what_runs_is_replaced(stack: LocalStack) -> None:
    enough = Event()
    with ThreadPoolExecutor() as pool:
        posting = pool.submit(post, stack, enough)
        try:
            assert "deployed" in stack.command("deploy", also={"CONCURRENCY": "4"}).stdout
            renew(stack, stack.outputs.poller_function, "PollerFunction")
            renew(stack, stack.outputs.api_function, "ApiFunction")
            assert "deployed" in stack.command("deploy").stdout
        finally:
            enough.set()
    accepted, refused = posting.result()
    wait_until(lambda: statuses(stack, accepted) <= FINAL, "all jobs", seconds=SECONDS, every=0.5)
    assert statuses(stack, accepted) == {"completed"}
    if refused and stack.parts.engine.title == MINISTACK:
        differs.note(MINISTACK, "call that outlives an update")
        refused = [why for why in refused if "The request was not answered" not in why]
    assert refused == []
