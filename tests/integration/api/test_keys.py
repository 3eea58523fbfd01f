"""Keys from the command that makes them to the rows that their holders see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from jobs import api_keys, bootstrap
from support.gateway import Answer, event, send

if TYPE_CHECKING:
    from integration.api.conftest import Live

BODY = '{"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}'


@pytest.fixture(autouse=True)
def _required(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    del live
    monkeypatch.setenv("API_KEYS", "required")
    bootstrap.api.cache_clear()


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert api_keys.main(words) == 0
    return capsys.readouterr().out.strip()


def secret(text: str) -> str:
    """The part of a key that nobody keeps; it may hold underscores itself."""
    return text.split("_", 2)[2]


def sent(method: str, path: str, holder: str | None, job_id: str = "") -> Answer:
    headers = {"Authorization": f"Bearer {holder}"} if holder else {}
    body = BODY if method == "POST" else None
    return send(event(method, path, headers=headers, body=body, id=job_id))


def test_a_key_works_from_its_making_to_its_end(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    ann = run(capsys, "create", "ann")
    bob = run(capsys, "create", "bob", "--scopes", "read,submit")
    admin = run(capsys, "create", "root", "--scopes", "admin")
    job_id = sent("POST", "/jobs", ann).json["jobId"]
    assert live.sql("SELECT owner FROM jobs") == [("ann",)]
    seen = [sent("GET", "/jobs/{id}", holder, job_id).status for holder in (ann, bob, admin)]
    assert seen == [200, 404, 200]
    lists = [sent("GET", "/jobs", holder).json["jobs"] for holder in (ann, bob, admin)]
    assert [[job["id"] for job in jobs] for jobs in lists] == [[job_id], [], [job_id]]
    assert sent("GET", "/jobs", None).status == 401
    assert sent("GET", "/health", None).status == 200

    table = run(capsys, "list")
    assert [line.split()[1] for line in table.splitlines()[1:]] == ["ann", "bob", "root"]
    assert "read,submit" in table
    for text in (ann, bob, admin):
        assert secret(text) not in table
    kept = str(live.sql("SELECT * FROM api_keys"))
    assert secret(ann) not in kept

    key_id = ann.split("_")[1]
    assert run(capsys, "revoke", key_id) == f"{key_id} is revoked"
    assert sent("GET", "/jobs/{id}", ann, job_id).status == 401
    assert re.search(rf"{key_id} .*20\d\d-.*20\d\d-", run(capsys, "list"))


@pytest.mark.usefixtures("live")
def test_the_list_can_be_read_whatever_owners_are_called(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(capsys, "create", "o" * 63, "--scopes", "submit,read,admin")

    head, line = run(capsys, "list").splitlines()
    assert line.split()[1:3] == ["o" * 63, "admin,read,submit"]
    assert head.index("scopes") == line.index("admin")


def test_what_cannot_be_done_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert api_keys.main(["revoke", "nothing"]) == 1
    assert "there is no key 'nothing'" in capsys.readouterr().err
    for words in (["create", "No Name"], ["create", "ann", "--scopes", "all"], ["create"]):
        with pytest.raises(SystemExit) as ended:
            api_keys.main(words)
        assert ended.value.code == 2


def test_a_database_that_refuses_is_quoted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:password@127.0.0.1:1/jobs_db")
    assert api_keys.main(["list"]) == 1
    said = capsys.readouterr().err
    assert "Connection refused" in said
    assert "password" not in said
    assert said.count("\n") == 1


def test_a_database_that_is_not_named_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    assert api_keys.main(["list"]) == 1
    assert "DATABASE_URL is not set" in capsys.readouterr().err
