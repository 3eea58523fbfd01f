"""Code that cannot be imported is refused, and what is deployed goes on working."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack.waiting import wait_until
from support.repository import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from support.local_stack import LocalStack

SECONDS = 120
FILE = "layers/common/jobs/processors/broken.py"


def test_broken_code_is_refused_until_it_is_mended(stack: LocalStack, tmp_path: Path) -> None:
    repository = Repository.copied(tmp_path)
    status, printed = repository.run("stack.engines", stack.chosen["ENGINE"], also={})
    assert status == 0, printed
    broken = repository.processor("broken")

    broken.write_text("def run(:\n")
    status, printed = repository.run("stack", "deploy", also=stack.chosen)
    assert status == 1
    assert f"\n{FILE}:1: SyntaxError: invalid syntax\n" in printed
    job_id = stack.api.submit("CSV_EXPORT", {"data": [{"id": 1}]})
    assert stack.api.finished(job_id, seconds=SECONDS)["status"] == "completed"

    with repository.running("stack", "dev", also=stack.chosen) as said:
        wait_until(lambda: f"{FILE}:1: SyntaxError" in said(), "the error", seconds=SECONDS)
        wait_until(lambda: "watching" in said(), "the watch", seconds=SECONDS)
        broken.unlink()
        wait_until(lambda: "deployed" in said(), "the deployment", seconds=SECONDS)
        broken.write_text("\nimport nothing_like_it\n")
        wait_until(lambda: f"{FILE}:2: Module" in said(), "the next error", seconds=SECONDS)
    assert stack.command("status").returncode == 0
