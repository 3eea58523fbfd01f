"""Start the stack, post one job of each kind, show how each one ends; the stack stays up."""

from __future__ import annotations

import time
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from stack.bring_up import bring_up
from stack.client import Client
from stack.commands.up import api_url, mail_url
from stack.console import paint, say
from stack.drain_order import started
from stack.keys import lent
from stack.ports import LOOPBACK
from stack.servers.mail import Mail
from stack.waiting import NotReadyError, wait_until
from stack.web import call

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from stack.stack import Stack

MAX_WAIT_SECONDS = 90
QUEUES = ("high", "default")
PEOPLE = [
    {"id": 1, "name": "venkat", "email": "venkat@example.com"},
    {"id": 2, "name": "sai", "email": "sai@example.com"},
]
LETTER = {
    "to": "test@example.com",
    "subject": "Test Email",
    "body": "This is a test email from the job processing system.",
}


def arguments(options: argparse.ArgumentParser) -> None:
    """None."""


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Show each step as it happens; raises one of `bring_up.EXPECTED`."""
    del options
    began = time.monotonic()
    bring_up(stack)
    say(f"{paint('up', 'green')} after {time.monotonic() - began:.1f} s")
    with lent(stack, "demo", "submit,read,admin") as key:
        client = Client(api_url(stack), key)
        export(stack, client)
        letter(stack, client)
        priorities(stack, client)
        failure(client)
        later(client)
    where_to_look(stack)


def export(stack: Stack, client: Client) -> None:
    """Show a CSV export from the request to the file."""
    heading("an export: CSV_EXPORT, high priority")
    job = follow(client, client.submit("CSV_EXPORT", {"data": PEOPLE}, "high"))
    path = stack.settings.output / f"{job['id']}.csv"
    wait_until(path.exists, f"{path}, copied from the bucket", seconds=MAX_WAIT_SECONDS)
    step(f"{path}:")
    for line in path.read_text().splitlines():
        say(f"      {line}")


def letter(stack: Stack, client: Client) -> None:
    """Show a mail from the request to the mail catcher."""
    heading("a mail: EMAIL_SEND")
    job = follow(client, client.submit("EMAIL_SEND", LETTER))
    message_id = job["result"]["messageId"]
    mail = stack.services[2].server
    if isinstance(mail, Mail):
        arrived = [m for m in mail.messages() if m["Message-ID"] == message_id]
        for message in arrived:
            step(f"arrived: {message['Subject']!r} to {message['To']}, {message_id}")


def priorities(stack: Stack, client: Client) -> None:
    """Show that a high job starts before default jobs that were posted earlier."""
    heading("five default jobs, then a high one, while both queues are paused")
    since = time.time()
    with paused(client):
        names = {
            client.submit("CSV_EXPORT", {"data": [{"id": number}]}): f"default {number}"
            for number in range(1, 6)
        }
        names[client.submit("CSV_EXPORT", {"data": [{"id": 999}]}, "high")] = "high"
    order: list[str] = []
    logs, poller = stack.engine.client("logs"), stack.deployed().poller_function

    def all_started() -> bool:
        order[:] = started(logs, poller, names, since)
        return len(order) == len(names)

    wait_until(all_started, "the poller's log", seconds=MAX_WAIT_SECONDS, every=0.2)
    started_in_order = ", ".join(names[job_id] for job_id in order)
    step(f"started in this order: {started_in_order}")
    step("(a job that has started is not interrupted: only those that wait are overtaken)")


@contextmanager
def paused(client: Client) -> Iterator[None]:
    """Pause both queues during the block, so that jobs queue up; then resume them."""
    for queue in QUEUES:
        change(client, queue, "pause")
    try:
        yield
    finally:
        for queue in QUEUES:
            change(client, queue, "resume")


def change(client: Client, queue: str, how: str) -> None:
    """Pause or resume a queue; raises `NotReadyError` with the API's answer if that is not 200."""
    path = f"/queues/{queue}/{how}"
    status, answer = call(f"{client.url}{path}", method="POST", key=client.key)
    if status != HTTPStatus.OK:
        raise NotReadyError(f"POST {path}: {status} {answer}")


def failure(client: Client) -> None:
    """Show a job that cannot succeed: three attempts, 1 s and 2 s apart."""
    heading("a job that cannot succeed")
    follow(client, client.submit("CSV_EXPORT", {"data": "invalid"}))


def later(client: Client) -> None:
    """Show a scheduled job that is cancelled before its time."""
    heading("a job for in an hour, cancelled before")
    job_id = client.submit("CSV_EXPORT", {"data": PEOPLE}, delaySeconds=3600)
    waiting = client.job(job_id)["waiting"]
    step(f"posted {job_id}")
    step(f"{waiting['reason']} until {waiting['until']}")
    step(paint(client.cancel(job_id)["status"], "yellow"))


def follow(client: Client, job_id: str) -> dict[str, Any]:
    """Print every change of one job; returns the job when it has ended."""
    began = time.monotonic()
    job: dict[str, Any] = {}
    step(f"posted {job_id}")
    for job in client.watch(job_id, seconds=MAX_WAIT_SECONDS):
        colour = {"completed": "green", "failed": "red"}.get(job["status"], "yellow")
        line = f"{time.monotonic() - began:5.2f} s  {paint(job['status'], colour)}"
        if job["attempts"]:
            line += f", attempt {job['attempts']}"
        if job["error"]:
            line += f": {job['error']}"
        step(line)
    return job


def where_to_look(stack: Stack) -> None:
    """Print where the user can look at the running stack."""
    heading("the stack stays up: try it yourself")
    for what, where in {
        "API": api_url(stack),
        "mail page": mail_url(stack),
        "exports": str(stack.settings.output),
        "AWS endpoint": stack.engine.endpoint(),
        "database": f"make psql         (on {LOOPBACK}:{stack.settings.ports.postgres})",
        "logs": "make logs         (make logs PART=poller)",
        "state of all": "make status",
        "stop": "make down",
    }.items():
        say(f"  {what:<13} {where}")


def heading(text: str) -> None:
    """Print the title of a step."""
    say(f"\n{paint('●', 'blue')} {text}")


def step(text: str) -> None:
    """Print one line of a step."""
    say(f"    {text}")
