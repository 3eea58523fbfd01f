"""The test of services that are up: jobs, commands, logs, and a stop under load."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from stack.containers.progress import must, step
from stack.paths import ROOT
from stack.waiting import wait_until
from stack.web import call

if TYPE_CHECKING:
    from stack.client import Client
    from stack.containers.docker import Containers

DEPLOY = "/etc/localstack/init/ready.d/deploy.sh"


def smoke_test(containers: Containers, api: Client) -> list[str]:
    """Run the commands that the documentation promises; returns the ids of the jobs posted."""
    must("GET /health", call(f"{api.url}/health")[0] == 200)  # noqa: PLR2004
    rows = [{"id": 1, "name": "venkat"}, {"id": 2, "name": "sai"}]
    export = api.submit("CSV_EXPORT", {"data": rows}, "high")
    mail = api.submit("EMAIL_SEND", {"to": "test@example.com", "subject": "Test", "body": "Hi"})
    bad = api.submit("CSV_EXPORT", {"data": "invalid"})
    must("CSV_EXPORT is completed", api.finished(export, seconds=60)["status"] == "completed")
    must("EMAIL_SEND is completed", api.finished(mail, seconds=60)["status"] == "completed")
    failed = api.finished(bad, seconds=60)
    must(
        "a bad export fails in 3 attempts", (failed["status"], failed["attempts"]) == ("failed", 3)
    )
    path = containers.output / f"{export}.csv"
    wait_until(path.exists, str(path), seconds=30)
    must("its file is in the output folder", path.read_text().splitlines()[1] == "1,venkat")
    inside = ("exec", "-T")
    psql = (*inside, "db", "psql", "-U", "user", "-d", "jobs_db", "-Atc")
    must("psql", export in containers.compose(*psql, "SELECT id FROM jobs"))
    must("redis-cli", "{jobs}" in containers.compose(*inside, "redis", "redis-cli", "KEYS", "*"))
    check_log_follow(containers, api)
    again = containers.compose(*inside, "localstack", DEPLOY)
    must("the init script changes nothing the second time", "sluice is deployed" in again)
    for what in ("lambda list-functions", "events list-rules", "s3 ls", "sqs list-queues"):
        must(
            f"awslocal {what}",
            "sluice" in containers.compose(*inside, "localstack", "awslocal", *what.split()),
        )
    return [export, mail, bad]


def check_log_follow(containers: Containers, api: Client) -> None:
    """Check that `docker-compose logs -f poller` shows a job that is posted meanwhile."""
    shown = containers.folder / "followed.log"
    with shown.open("w") as file:
        following = subprocess.Popen(  # noqa: S603
            [containers.program, "logs", "--no-color", "-f", "poller"],
            env=containers.environment,
            cwd=ROOT,
            stdout=file,
        )
    try:
        wait_until(lambda: "attempt" in shown.read_text(), "earlier lines", seconds=60)
        job = api.submit("CSV_EXPORT", {"data": [{"id": 3}]})
        wait_until(lambda: job in shown.read_text(), "the job in the poller's log", seconds=60)
        must("logs -f poller follows", following.poll() is None)
    finally:
        following.terminate()
        following.wait(30)


def stop_under_load(containers: Containers, api: Client) -> list[str]:
    """Post jobs while `down` runs; returns the ids of those that were accepted.

    Each of them must be done after the next start.
    """
    down = subprocess.Popen([containers.program, "down"], env=containers.environment, cwd=ROOT)  # noqa: S603
    posted: list[str] = []
    try:
        while True:
            posted.append(api.submit("CSV_EXPORT", {"data": [{"id": len(posted)}]}))
    except Exception as error:  # noqa: BLE001 - any error may come while the services stop
        step(f"accepted {len(posted)} jobs until the API was gone ({type(error).__name__})")
    must("docker-compose down", down.wait(180) == 0)
    return posted
