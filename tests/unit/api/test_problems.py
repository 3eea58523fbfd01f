"""Errors as clients see them: problem documents, without internals where the error is ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from api.problems import PROBLEM_TYPES, UNEXPECTED
from jobs import bootstrap
from jobs.core.errors import ConfigurationError, SchemaMissing, StoreUnavailable
from support.gateway import assert_problem, get, health, post

if TYPE_CHECKING:
    from support.world import World

EXPORT: dict[str, Any] = {"type": "CSV_EXPORT", "priority": "high", "payload": {"data": [{"n": 1}]}}
SECRET = "postgresql://user:hunter2@db"


@pytest.mark.parametrize(
    ("fault", "status", "name"),
    [
        (StoreUnavailable(SECRET), 503, "database-unavailable"),
        (SchemaMissing(SECRET), 503, "schema-missing"),
        (RuntimeError(SECRET), 500, "internal-error"),
        (RecursionError(SECRET), 500, "internal-error"),
    ],
)
def test_our_own_faults_are_told_without_internals_and_logged_with_them(
    world: World,
    capsys: pytest.CaptureFixture[str],
    fault: Exception,
    status: int,
    name: str,
) -> None:
    world.store.fault = fault
    for answer in (post(EXPORT), get(uuid4())):
        assert_problem(answer, status, name)
        assert "hunter2" not in answer.text
        assert answer.headers.get("retry-after") == ("1" if status == 503 else None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    failures = [line for line in lines if line["event"] == "request.failed"]
    assert [(line["level"], line["kind"], line["error"]) for line in failures] == [
        ("ERROR", name, SECRET)
    ] * 2
    assert all(bool(line["trace"]) == (status == 500) for line in failures)


def test_a_configuration_that_is_not_valid_is_an_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> bootstrap.Api:
        raise ConfigurationError("DATABASE_URL is not set")

    monkeypatch.setattr(bootstrap, "api", broken)
    for answer in (post(EXPORT), get(uuid4()), health()):
        assert_problem(answer, 500, "not-configured")
    assert "DATABASE_URL is not set" in capsys.readouterr().out


def test_every_error_that_clients_can_tell_apart_has_a_name_and_a_title_of_its_own() -> None:
    names = [each.name for each in (*PROBLEM_TYPES.values(), UNEXPECTED)]
    titles = [(each.__doc__ or "").partition("\n")[0] for each in PROBLEM_TYPES]

    assert len(names) == len(set(names))
    assert len(titles) == len(set(titles))
    assert all(titles)
