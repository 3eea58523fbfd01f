"""The protocol as a machine: workers that take, claim, settle, die and come back, in any order.

Every step is the real SQL or Lua. Beside it runs a model of a few lines that says what the step
must answer; after each step the rows are held to the model, and to what must never happen. Time
stands still but for the steps that let a lease or a wait end: both are hours long otherwise.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jobs.adapters.redis.keys import QUEUES
from jobs.core.claim import Candidate, Claim, Entry, Settlement
from jobs.core.job import NewJob, Priority, Status
from jobs.core.ports.queue import EntryUpdate
from jobs.core.reconcile import reconcile
from jobs.core.retry import Failed, Outcome, OutcomeUnknown, Retry, Succeeded, WorkerLost, decide
from support.hooked import Hooked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.core.claim import ClaimResult
    from support.engine import Engine, MakeEngine

HOURS = 3600.0
MAX_BATCH_JOBS = 4
PENDING, PROCESSING = Status.PENDING, Status.PROCESSING

priorities = st.sampled_from(list(Priority))
reports: st.SearchStrategy[Outcome] = st.sampled_from(
    [Succeeded({}), Retry("no"), OutcomeUnknown("who knows"), Failed("never")]
)
attempts = st.integers(1, 3)
asked_for = st.sampled_from([(Priority.HIGH,), tuple(Priority)])
choices = st.data()


@dataclass
class Known:
    """What the model knows of a job. `live`: its lease has not ended; `due`: its wait has."""

    priority: Priority
    most: int
    status: Status = PENDING
    attempts: int = 0
    losses: int = 0
    token: UUID | None = None
    live: bool = False
    due: bool = True
    alone: bool = False
    ends: dict[UUID, str] = field(default_factory=dict)


class Protocol(RuleBasedStateMachine):
    """Any number of workers: all that is known of them is what they hold, and may use for ever."""

    def __init__(self, engine: Engine, finisher: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.finisher = finisher
        self.jobs: dict[UUID, Known] = {}
        self.claims: list[Claim] = []
        self.lost: list[Claim] = []
        self.asked: list[tuple[list[Candidate], UUID, bool]] = []
        self.effects: set[UUID] = set()
        self.rows: dict[UUID, tuple[Any, ...]] = {}
        self.acting: set[UUID] = set()
        self.count = 0

    def new_id(self) -> UUID:
        self.count += 1
        return UUID(int=self.count)

    @initialize(first=st.lists(st.tuples(priorities, attempts), min_size=1, max_size=3))
    def begin(self, first: list[tuple[Priority, int]]) -> None:
        """Some jobs, all of them claimed together."""
        self.engine.sql("TRUNCATE jobs CASCADE")
        self.engine.redis.flushall()
        for priority, most in first:
            self._submit(priority, most, published=True)
        self.take_and_claim(len(first), tuple(Priority), alone=False)

    # Clients

    @precondition(lambda self: len(self.jobs) < MAX_BATCH_JOBS)
    @rule(priority=priorities, most=attempts, published=st.booleans())
    def submit(self, priority: Priority, most: int, *, published: bool) -> None:
        self._submit(priority, most, published=published)

    # Workers

    @rule(limit=st.integers(1, 4), wanted=asked_for, alone=st.booleans())
    def take_and_claim(self, limit: int, wanted: tuple[Priority, ...], *, alone: bool) -> None:
        ready = [found for each in wanted for found in self._ready(each)]
        taken = self.engine.queue.take("worker", limit=limit, lease=HOURS, priorities=wanted)
        found = [(hint.id, hint.priority) for hint in taken.candidates]
        assert found == ready[:limit]
        assert not {*found} & {still for each in Priority for still in self._ready(each)}
        if found:
            self._claim(taken.candidates, self.new_id(), alone=alone)

    @rule(choice=choices, alone=st.booleans())
    def claim(self, choice: st.DataObject, *, alone: bool) -> None:
        """With hints that are old, doubled, or from the wrong queue."""
        job_ids = choice.draw(st.lists(st.sampled_from([*self.jobs]), min_size=1, max_size=3))
        queues = choice.draw(st.sampled_from(["right", "any", "both"]))
        hints = [
            Candidate(each, priority, 0.0)
            for each in dict.fromkeys(job_ids)
            for priority in Priority
            if queues == "both"
            or (queues == "any" and choice.draw(st.booleans()))
            or (queues == "right" and priority is self.jobs[each].priority)
        ]
        token = self.new_id()
        self.asked.append((hints, token, alone))
        self._claim(hints, token, alone=alone)

    @precondition(lambda self: self.asked)
    @rule()
    def claim_again_as_before(self) -> None:
        """The answer was lost, and the same is asked with the same token."""
        hints, token, alone = self.asked.pop()
        self._claim(hints, token, alone=alone)

    @precondition(lambda self: self.claims)
    @rule(choice=choices, last=st.booleans())
    def settle(self, choice: st.DataObject, *, last: bool) -> None:
        """What was claimed last, or ever: a worker may come back at any time.

        Whatever has become of the claim: it may be held or lost, settled or not.
        """
        claims = self._some(choice, self.claims[-3:] if last else self.claims)
        self._settle([(claim, choice.draw(reports)) for claim in claims])

    @precondition(lambda self: self.claims)
    @rule(choice=choices, seen=st.booleans())
    def call_lost(self, choice: st.DataObject, *, seen: bool) -> None:
        """What was seen to be lost, now or ever; or what only looks like it."""
        claims = (self.lost if seen else self.claims) or self.claims
        self._settle([(claim, WorkerLost()) for claim in self._some(choice, claims)])

    @precondition(lambda self: self.claims)
    @rule(choice=choices)
    def have_an_effect(self, choice: st.DataObject) -> None:
        self.effects |= {claim.token for claim in self._some(choice, self.claims)}

    @precondition(lambda self: self.claims)
    @rule(choice=choices, renew=st.booleans())
    def keep_or_give_back(self, choice: st.DataObject, *, renew: bool) -> None:
        claims = self._some(choice, self.claims)
        held = [claim for claim in claims if self._holds(claim)]
        if renew:
            live = {claim.id for claim in held if self.jobs[claim.id].live}
            assert self.engine.store.renew(claims, lease=HOURS) == live
            return
        self.acting = {claim.token for claim in held}
        assert self.engine.store.release(claims) == {claim.id for claim in held}
        for claim in held:
            job = self.jobs[claim.id]
            job.status, job.token, job.attempts = PENDING, None, job.attempts - 1
        self.engine.queue.update_entries(
            [EntryUpdate(claim.id, claim.priority, score=1.0) for claim in held]
        )

    # Time, and misfortune

    @rule(choice=choices, everywhere=st.booleans())
    def let_leases_and_waits_end(self, choice: st.DataObject, *, everywhere: bool) -> None:
        some = [*self.jobs] if everywhere else [choice.draw(st.sampled_from([*self.jobs]))]
        self.engine.expire(*some)
        for job_id in some:
            self.jobs[job_id].live, self.jobs[job_id].due = False, True

    @rule(choice=choices, priority=priorities, what=st.sampled_from(["flush", "lose", "double"]))
    def spoil_the_queues(self, choice: st.DataObject, priority: Priority, what: str) -> None:
        job_id = choice.draw(st.sampled_from([*self.jobs]))
        match what:
            case "flush":
                self.engine.redis.flushall()
            case "lose":
                self.engine.redis.zrem(QUEUES[priority], str(job_id))
            case "double":
                self.engine.queue.publish([Entry(job_id, priority)])

    @rule()
    def reconcile(self) -> None:
        reconcile(self.engine.store, self.engine.queue)
        there = {member for entries in self.engine.queued().values() for member, _ in entries}
        assert {str(key) for key, job in self.jobs.items() if not job.status.is_final} <= there

    # What must hold after each step

    @invariant()
    def nothing_happened_that_must_not(self) -> None:
        rows = self._rows()
        for job_id, before in self.rows.items():
            status, attempts, most, _, token, live = before[:6]
            if status in ("completed", "failed"):
                assert rows[job_id] == before, "final states stay final"
            ended = (rows[job_id][0], rows[job_id][4]) != (status, token)
            if status == "processing" and live and ended:
                assert token in self.acting, "a live lease is ended by its holder only"
            assert attempts <= most, "attempts are never above the limit"
        self.rows, self.acting = rows, set()

    @invariant()
    def the_rows_are_as_the_model_says(self) -> None:
        for job_id, job in self.jobs.items():
            status, attempts, _, losses, token, live, due = self.rows[job_id]
            assert (status, attempts, losses, token) == (
                job.status,
                job.attempts,
                job.losses,
                job.token,
            )
            if job.status is PROCESSING:
                assert live == job.live
            if job.status is PENDING:
                assert due == job.due
            if job.status is Status.COMPLETED:
                assert token in self.effects, "what is completed has had its effect"

    @invariant()
    def the_history_is_of_each_attempt_that_ended_and_no_other(self) -> None:
        rows = self.engine.sql("SELECT job_id, token, outcome FROM job_attempts")
        assert {(UUID(job), UUID(token), outcome) for job, token, outcome in rows} == {
            (job_id, token, outcome)
            for job_id, job in self.jobs.items()
            for token, outcome in job.ends.items()
        }

    def teardown(self) -> None:
        """Whatever has happened: after a reconciliation and a drain every job is final."""
        self.engine.expire(*self.jobs)
        self.finisher.drain(scheduled=True)
        assert {*self.engine.statuses()} <= {"completed", "failed"}, "every job is final"
        assert not any(self.engine.queued().values()), "and no entry is left"

    # The model

    def _submit(self, priority: Priority, most: int, *, published: bool) -> None:
        job_id = self.new_id()
        self.engine.store.insert(NewJob(job_id, "NOOP", {}, priority=priority, max_attempts=most))
        self.jobs[job_id] = Known(priority, most)
        if published:
            self.engine.queue.publish([Entry(job_id, priority)])

    def _claim(self, hints: Sequence[Candidate], token: UUID, *, alone: bool) -> None:
        found = self.engine.store.claim(hints, token, lease=HOURS, request_id=None, alone=alone)
        findings = {(hint.id, hint.priority): self._finding(hint, token, alone) for hint in hints}
        assert _sorted(found) == {
            what: sorted(job_id for (job_id, _), each in findings.items() if each == what)
            for what in ("claimed", "lost", "quarantined")
        }
        for claim in found.claims:
            job = self.jobs[claim.id]
            if job.status is PENDING:
                job.status, job.attempts, job.alone = PROCESSING, job.attempts + 1, alone
                job.token, job.live, job.due = token, True, True
            assert (claim.attempt, claim.max_attempts) == (job.attempts, job.most)
            assert (claim.token, claim.alone, claim.losses) == (job.token, job.alone, job.losses)
        self.claims += found.claims
        self.lost += found.lost

    def _finding(self, hint: Candidate, token: UUID, alone: bool) -> str:  # noqa: FBT001
        job = self.jobs[hint.id]
        if job.status.is_final or job.priority is not hint.priority:
            return "refused"
        if job.status is PROCESSING and job.token == token:
            return "claimed"
        if job.status is PROCESSING:
            return "leased" if job.live else "lost"
        if not job.due:
            return "refused"
        return "quarantined" if job.losses and not alone else "claimed"

    def _settle(self, ended: list[tuple[Claim, Outcome]]) -> None:
        ends = [self._end(claim, outcome) for claim, outcome in ended]
        expected = {end.claim.id for end in ends if self._stands(end)}
        self.acting = {end.claim.token for end in ends if not end.lost}
        settled = self.engine.store.settle(ends).ids
        assert settled == frozenset(expected)
        self.engine.queue.update_entries(
            [
                EntryUpdate(end.claim.id, end.claim.priority, end.delay)
                for end in ends
                if end.claim.id in settled
            ]
        )

    def _end(self, claim: Claim, outcome: Outcome) -> Settlement:
        if isinstance(outcome, Succeeded) and claim.token not in self.effects:
            outcome = Retry("nothing was done yet")
        end = decide(claim, outcome)
        return replace(end, delay=None if end.delay is None else HOURS)

    def _stands(self, end: Settlement) -> bool:
        """Whether the model takes this ending, or took it before."""
        job = self.jobs[end.claim.id]
        if job.token != end.claim.token:
            return False
        if job.status is not PROCESSING:
            return (job.status, job.ends[end.claim.token]) == (end.status, end.outcome)
        if end.lost and job.live:
            return False
        job.status, job.due, job.live = end.status, False, False
        job.attempts -= end.uncounted
        job.losses += end.lost
        job.ends[end.claim.token] = end.outcome
        return True

    def _holds(self, claim: Claim) -> bool:
        job = self.jobs[claim.id]
        return job.status is PROCESSING and job.token == claim.token

    def _some(self, choice: st.DataObject, claims: list[Claim]) -> list[Claim]:
        """A batch: some claims, of each job one."""
        some = choice.draw(st.lists(st.sampled_from(claims), min_size=1, max_size=4))
        return [*{claim.id: claim for claim in some}.values()]

    # The rows and the queues as they are

    def _rows(self) -> dict[UUID, tuple[Any, ...]]:
        rows = self.engine.sql(
            """
            SELECT id, status, attempts, max_attempts, losses, token,
                   lease_until > now(), due_at <= now()
            FROM jobs
            """
        )
        return {
            UUID(job): (status, attempts, most, losses, token and UUID(token), live, due)
            for job, status, attempts, most, losses, token, live, due in rows
        }

    def _ready(self, priority: Priority) -> list[tuple[UUID, Priority]]:
        now = time.time() * 1000
        entries = self.engine.redis.zrangebyscore(QUEUES[priority], "-inf", now)
        return [(UUID(member.decode()), priority) for member in entries]


def _sorted(found: ClaimResult) -> dict[str, list[UUID]]:
    """The ids of a claim's answer by what was found; one that comes twice is there twice."""
    return {
        "claimed": sorted(claim.id for claim in found.claims),
        "lost": sorted(claim.id for claim in found.lost),
        "quarantined": sorted(found.quarantined),
    }


def test_the_protocol(make_engine: MakeEngine) -> None:
    # A crash of the database is not among the steps, and each one would wait for the disk.
    [(name,)] = make_engine().sql("SELECT current_database()")
    make_engine().sql(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    engine = make_engine()

    def pass_time(*_: object, **__: object) -> None:
        engine.sql("UPDATE jobs SET due_at = now() WHERE status = 'pending' AND due_at > now()")
        for key in QUEUES.values():
            engine.redis.zadd(key, dict.fromkeys(engine.redis.zrange(key, 0, -1), 1) or {"-": 1})
            engine.redis.zrem(key, "-")

    finisher = make_engine(queue=Hooked(engine.queue, before={"deregister": pass_time}))

    class OnThisEngine(Protocol):
        def __init__(self) -> None:
            super().__init__(engine, finisher)

    run_state_machine_as_test(
        OnThisEngine,
        settings=settings(
            max_examples=50,
            stateful_step_count=50,
            deadline=None,
            # The same steps each time; more examples, or other ones, by changing this.
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
