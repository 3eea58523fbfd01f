"""Which key opens which route, and to which jobs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from api.app import app
from fakes.api_keys import FakeKeys
from jobs import bootstrap
from jobs.core.api_keys import ApiKeys, new_key
from jobs.core.errors import InvalidApiKey, SchemaMissing, ScopeMissing
from jobs.core.ports.api_keys import Scope
from support.gateway import Answer, event, health, send

if TYPE_CHECKING:
    from support.world import World

BODY = '{"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}'


@dataclass
class Gate:
    """The API behind keys."""

    world: World
    keys: FakeKeys = field(default_factory=FakeKeys)

    def key(self, owner: str, *scopes: Scope) -> str:
        key, text = new_key(owner, frozenset(scopes))
        self.keys.add(key)
        return text


@pytest.fixture
def gate(world: World, monkeypatch: pytest.MonkeyPatch) -> Gate:
    made = Gate(world)
    made.keys.owners = lambda job_id: world.store.rows[job_id].job.owner
    api = replace(world.api(), api_keys=ApiKeys(made.keys))
    monkeypatch.setattr(bootstrap, "api", lambda: api)
    return made


def post(key: str | None, path: str = "/jobs", body: str = BODY) -> Answer:
    headers = {"Content-Type": "application/json"} | bearer(key)
    return send(event("POST", path, body=body, headers=headers))


def get(key: str | None, job_id: object) -> Answer:
    return send(event("GET", "/jobs/{id}", headers=bearer(key), id=str(job_id)))


def listed(key: str) -> set[str]:
    answer = send(event("GET", "/jobs", headers=bearer(key)))
    return {job["id"] for job in answer.json["jobs"]}


def bearer(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def test_where_no_keys_are_asked_for_everybody_may_do_everything(world: World) -> None:
    assert world.api().api_keys is None
    assert post(None).status == 201
    assert send(event("GET", "/stats")).status == 200


def test_a_key_lets_its_holder_do_what_it_is_for(gate: Gate) -> None:
    both = gate.key("ann", Scope.SUBMIT, Scope.READ)
    job_id = post(both).json["jobId"]
    assert get(both, job_id).status == 200
    assert gate.world.store.rows.popitem()[1].job.owner == "ann"


def test_a_key_is_taken_in_either_header_and_the_scheme_in_any_case(gate: Gate) -> None:
    key = gate.key("ann", Scope.READ)
    for headers in (
        {"X-Api-Key": key},
        {"x-api-key": key},
        {"authorization": f"bearer {key}"},
        {"AUTHORIZATION": f"BEARER  {key} "},
    ):
        assert send(event("GET", "/jobs", headers=headers)).status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        "x",
        "sluice_0000000000000000_" + "A" * 43,
        "sluice_" + "é" * 60,
        "\x00",
        "x" * 100_000,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_without_a_valid_key_nothing_is_done_and_nothing_is_told(
    gate: Gate, wrong: str | None
) -> None:
    for answer in (
        post(wrong),
        post(wrong, body="{"),
        post(wrong, "/jobs/batch"),
        get(wrong, uuid4()),
        get(wrong, "no-id"),
        send(event("GET", "/jobs", headers=bearer(wrong))),
    ):
        assert (answer.status, answer.json["type"]) == (401, "urn:problem-type:sluice:key-refused")
        assert answer.headers["www-authenticate"] == 'Bearer realm="sluice"'
    assert gate.world.store.rows == {}


def test_a_key_with_another_secret_is_refused_and_compared_in_constant_time(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("jobs.core.api_keys.hmac.compare_digest", compare)
    key = gate.key("ann", Scope.READ)
    other = key[:-1] + ("A" if key[-1] != "A" else "B")
    unknown = "sluice_0000000000000000_" + "A" * 43
    assert [get(each, uuid4()).status for each in (other, unknown)] == [401, 401]
    assert len(compared) == 2


def test_a_revoked_key_is_refused(gate: Gate) -> None:
    key = gate.key("ann", Scope.ADMIN)
    gate.keys.revoke(key.split("_")[1])
    assert post(key).status == 401


@pytest.mark.parametrize(
    ("scopes", "submits", "reads", "administers"),
    [
        ((Scope.SUBMIT,), 201, 403, 403),
        ((Scope.READ,), 403, 200, 403),
        ((Scope.SUBMIT, Scope.READ), 201, 200, 403),
        ((Scope.ADMIN,), 201, 200, 200),
    ],
)
def test_a_scope_is_for_what_it_says(
    gate: Gate, scopes: tuple[Scope, ...], submits: int, reads: int, administers: int
) -> None:
    key = gate.key("ann", *scopes)
    refused = post(key)
    assert refused.status == submits
    if submits == 403:
        assert refused.json["type"] == "urn:problem-type:sluice:scope-missing"
        assert "submit is needed" in refused.json["detail"]
    assert send(event("GET", "/jobs", headers=bearer(key))).status == reads
    if administers == 200:
        assert ApiKeys(gate.keys)(key, Scope.ADMIN).sees is None
    else:
        with pytest.raises(ScopeMissing, match="admin is needed"):
            ApiKeys(gate.keys)(key, Scope.ADMIN)


def test_a_key_sees_the_jobs_of_its_owner_alone(gate: Gate) -> None:
    ann, bob = (gate.key(name, Scope.SUBMIT, Scope.READ) for name in ("ann", "bob"))
    second = gate.key("ann", Scope.READ)
    job_id = post(ann).json["jobId"]
    other = post(bob).json["jobId"]
    assert get(second, job_id).status == 200
    hidden, missing = get(bob, job_id), get(bob, uuid4())
    assert (hidden.status, hidden.text) == (404, missing.text)
    assert (listed(ann), listed(bob)) == ({job_id}, {other})


def test_an_admin_sees_everybodys_jobs_and_those_of_nobody(gate: Gate) -> None:
    admin, ann = gate.key("root", Scope.ADMIN), gate.key("ann", Scope.SUBMIT, Scope.READ)
    mine = post(ann).json["jobId"]
    key = next(iter(gate.world.store.rows))
    row = gate.world.store.rows[key]
    assert get(admin, mine).status == 200
    row.job = replace(row.job, owner=None)
    assert (get(admin, mine).status, get(ann, mine).status) == (200, 404)


def test_a_batch_belongs_to_its_sender(gate: Gate) -> None:
    key = gate.key("ann", Scope.SUBMIT)
    assert post(key, "/jobs/batch", f'{{"jobs": [{BODY}, {BODY}]}}').status == 201
    assert {row.job.owner for row in gate.world.store.rows.values()} == {"ann"}


def test_an_open_route_needs_no_key(gate: Gate) -> None:
    del gate
    assert health().status == 200
    for path in ("/health/live", "/docs", "/openapi.json"):
        assert send(event("GET", path)).status == 200
    assert send(event("OPTIONS", "/jobs")).status == 204


@pytest.mark.parametrize(
    ("method", "path"), [key for key, route in app.declared.items() if route.scope]
)
def test_every_other_route_asks_for_its_scope(gate: Gate, method: str, path: str) -> None:
    needed = app.declared[method, path].scope
    scopes = {Scope.SUBMIT, Scope.READ} - {needed}
    headers = bearer(gate.key("ann", *scopes))
    answer = send(event(method, path, headers=headers, id=str(uuid4()), name="high"))
    assert (answer.status, answer.json["type"]) == (403, "urn:problem-type:sluice:scope-missing")
    assert f"{needed} is needed" in answer.json["detail"]


@pytest.mark.parametrize("what", ["pause", "resume"])
def test_queues_are_for_admins(gate: Gate, what: str) -> None:
    def asked(key: str | None) -> int:
        address = f"/queues/{{name}}/{what}"
        return send(event("POST", address, headers=bearer(key), name="high")).status

    both = gate.key("ann", Scope.SUBMIT, Scope.READ)
    assert [asked(None), asked(both)] == [401, 403]
    assert not gate.world.store.paused
    assert asked(gate.key("root", Scope.ADMIN)) == 200


def test_who_sends_it_cannot_be_made_up(gate: Gate) -> None:
    key = gate.key("ann", Scope.SUBMIT)
    made_up = event("POST", "/jobs", body=BODY, headers=bearer(key))
    made_up["requestContext"]["authorizer"] = {"owner": "bob", "sees": None}
    assert send(made_up).status == 201
    assert gate.world.store.rows.popitem()[1].job.owner == "ann"


def test_keys_are_looked_for_in_a_schema_that_may_not_be_there_yet(gate: Gate) -> None:
    gate.keys.fault = SchemaMissing()
    answer = post("sluice_0000000000000000_" + "A" * 43)
    assert answer.status == 503
    with pytest.raises(InvalidApiKey):
        ApiKeys(gate.keys)("x", Scope.READ)
