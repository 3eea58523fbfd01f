"""A mail catcher on loopback: SMTP in, a web page and an IMAP mailbox out (`mail-devel`)."""

from __future__ import annotations

import email
import imaplib
import sys
from email.message import EmailMessage
from email.policy import default
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from stack.ports import LOOPBACK, listens
from stack.process import Command
from stack.servers.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

USER, PASSWORD = "test@example.org", "password"

PAGE_CHANGES = {
    "main.js": {
        # It waits between asking for accounts, mailboxes and mails, until it has seen all of them.
        b"setTimeout(() => {self.idle();}, 2000);": (
            b"setTimeout(() => {self.idle();}, this.mailbox_name ? 2000 : 50);"
        ),
        # The arguments are the wrong way round: it would never connect again.
        b"setTimeout(1000, this.connect_socket.bind(this));": (
            b"setTimeout(this.connect_socket.bind(this), 1000);"
        ),
    },
}


class Mail(Server):
    """Accepts every mail, delivers none, and loses all of them when it stops.

    `port` accepts mail (SMTP), `page_port` shows it (HTTP), and programs read it at `mailbox_port`
    (IMAP, as `USER`).
    """

    name = "mail"

    def __init__(self, folder: Path, port: int, page_port: int, mailbox_port: int) -> None:
        super().__init__(folder, port)
        self.page_port = page_port
        self.mailbox_port = mailbox_port

    def ports(self) -> tuple[int, ...]:
        """SMTP, HTTP, IMAP."""
        return self.port, self.page_port, self.mailbox_port

    def url(self) -> str:
        """The URL of the page."""
        return f"http://{LOOPBACK}:{self.page_port}"

    def prepare(self) -> Command:
        """Make the page; the mail is kept in memory."""
        page = make_page(self.folder / "mail_page")
        return Command(
            [
                *(sys.executable, "-m", "mail_devel"),
                *("--host", LOOPBACK),
                *("--user", USER, "--password", PASSWORD),
                *("--smtp-port", str(self.port)),
                *("--http-port", str(self.page_port)),
                *("--devel", str(page)),
                *("--imap-port", str(self.mailbox_port)),
            ]
        )

    def healthy(self) -> bool:
        """Whether all three ports are open."""
        return all(map(listens, self.ports()))

    def version(self) -> str:
        """The version of the package."""
        return f"mail-devel {version('mail-devel')}"

    def messages(self) -> list[EmailMessage]:
        """All mails, in the order of their arrival."""
        with self._mailbox() as mailbox:
            return list(_fetch_all(mailbox))

    def clear(self) -> None:
        """Delete all mails."""
        with self._mailbox() as mailbox:
            for number in _numbers(mailbox):
                mailbox.store(number, "+FLAGS", r"\Deleted")
            mailbox.expunge()

    def _mailbox(self) -> AbstractContextManager[imaplib.IMAP4]:
        mailbox = imaplib.IMAP4(LOOPBACK, self.mailbox_port, timeout=10)
        mailbox.login(USER, PASSWORD)
        mailbox.select("INBOX")
        return mailbox


def installed_page() -> Path:
    """The folder of the package's page; the package itself is not imported here."""
    spec = find_spec("mail_devel")
    if spec is None or spec.origin is None:
        raise RuntimeError("mail-devel is not installed: run `uv sync --frozen`")
    return Path(spec.origin).parent / "resources"


def make_page(folder: Path) -> Path:
    """Make the page in `folder`: the package's own, which shows the mails without its waits."""
    folder.mkdir(parents=True, exist_ok=True)
    for resource in installed_page().iterdir():
        if not resource.is_file():
            continue
        content = resource.read_bytes()
        for original, ours in PAGE_CHANGES.get(resource.name, {}).items():
            content = content.replace(original, ours)
        (folder / resource.name).write_bytes(content)
    return folder


def _numbers(mailbox: imaplib.IMAP4) -> list[str]:
    _, found = mailbox.search(None, "ALL")
    return [number.decode() for number in found[0].split()]


def _fetch_all(mailbox: imaplib.IMAP4) -> Iterator[EmailMessage]:
    for number in _numbers(mailbox):
        _, parts = mailbox.fetch(number, "(RFC822)")
        for part in parts:
            if isinstance(part, tuple):
                message = email.message_from_bytes(part[1], policy=default)
                assert isinstance(message, EmailMessage)  # noqa: S101
                yield message
