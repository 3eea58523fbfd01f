"""A small client of the jobs API, for the demonstration and the tests."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from stack.waiting import NotReadyError
from stack.web import call

if TYPE_CHECKING:
    from collections.abc import Iterator

FINAL = {"completed", "failed", "cancelled"}
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Client:
    """`url` is the API's, without a slash at the end; `key` is an API key, if the API needs one."""

    url: str
    key: str | None = None

    def submit(
        self, job_type: str, payload: object, priority: str = "default", **more: object
    ) -> str:
        """Post a job with further options `more`; returns its id.

        Raises `NotReadyError` with the API's answer if that is not 201.
        """
        body = {"type": job_type, "priority": priority, "payload": payload, **more}
        status, answer = call(f"{self.url}/jobs", body, key=self.key)
        if status != HTTPStatus.CREATED:
            raise NotReadyError(f"POST /jobs: {status} {answer}")
        return str(answer["jobId"])

    def job(self, job_id: str) -> dict[str, Any]:
        """The job with its attempts; raises `NotReadyError` if the API does not answer 200."""
        status, answer = call(f"{self.url}/jobs/{job_id}?include=attempts", key=self.key)
        if status != HTTPStatus.OK:
            raise NotReadyError(f"GET /jobs/{job_id}: {status} {answer}")
        return dict(answer)

    def cancel(self, job_id: str) -> dict[str, Any]:
        """Cancel a job; returns the job. Raises `NotReadyError` if it has ended already."""
        status, answer = call(f"{self.url}/jobs/{job_id}", method="DELETE", key=self.key)
        if status != HTTPStatus.OK:
            raise NotReadyError(f"DELETE /jobs/{job_id}: {status} {answer}")
        return dict(answer)

    def watch(self, job_id: str, *, seconds: float) -> Iterator[dict[str, Any]]:
        """Yield the job whenever its status or attempts changed, until it has ended.

        Raises `NotReadyError` if that takes more than `seconds`.
        """
        end = time.monotonic() + seconds
        shown = None
        while time.monotonic() < end:
            job = self.job(job_id)
            if shown != (shown := (job["status"], job["attempts"])):
                yield job
            if job["status"] in FINAL:
                return
            time.sleep(POLL_SECONDS)
        raise NotReadyError(f"job {job_id} is not done after {seconds:g} s")

    def finished(self, job_id: str, *, seconds: float) -> dict[str, Any]:
        """Wait until the job has ended; returns it. Raises `NotReadyError` after `seconds`."""
        return list(self.watch(job_id, seconds=seconds))[-1]
