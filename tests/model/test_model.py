"""The protocol holds in every order of events, and each mistake in it is found by the search.

What the names of the properties mean:

I1  at most one live lease for a job          I5  success within a live lease is never dropped
I2  completed and failed are final            I6  attempts never above the limit
I3  a live lease is ended by its holder only  I7  an attempt begins only when it is due
I4  completed: that very attempt had its effect
P1  nothing of a paused queue is begun
L1  every stored job comes to its end, whatever dies, is lost or is slow
W1  and does so without the schedule, by wakes alone
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from model.spin import liveness, safety

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.faults

FAULTS = ("KILLS=1", "CRASHES=1")


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(FAULTS, id="a poller and the API die"),
        pytest.param(("FLUSHES=1", "CRASHES=1"), id="Redis loses its memory, the API dies"),
        pytest.param(("RELEASES=1", "KILLS=1"), id="a claim is given back, a poller dies"),
        pytest.param(("MAX_ATTEMPTS=1", "KILLS=1"), id="the only attempt is lost"),
    ],
)
def test_no_step_breaks_a_promise(tmp_path: Path, faults: tuple[str, ...]) -> None:
    search = safety(tmp_path, *faults)
    assert not search.broken
    assert search.states > 50_000


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(FAULTS, id="a poller and the API die"),
        pytest.param(("FLUSHES=1", "CRASHES=1"), id="Redis loses its memory, the API dies"),
    ],
)
def test_every_job_comes_to_its_end(tmp_path: Path, faults: tuple[str, ...]) -> None:
    assert not liveness(tmp_path, *faults).broken


def test_no_wake_is_lost(tmp_path: Path) -> None:
    assert not safety(tmp_path, "WAKES", "JOBS=2").broken


def test_a_single_job_is_done_by_wakes_alone(tmp_path: Path) -> None:
    assert not liveness(tmp_path, "WAKES", "KILLS=1").broken


@pytest.mark.parametrize(
    ("mistake", "broken"),
    [
        ("NO_FENCE", {"I2", "I3"}),
        ("FENCE_ON_STATUS", {"I3", "I5"}),
        ("NO_CAS", {"I1", "I2", "I5", "I6", "I7"}),
        ("NO_DUE_GUARD", {"I7"}),
        ("REPORT_FIRST", {"I4"}),
    ],
)
def test_each_mistake_breaks_its_promises(tmp_path: Path, mistake: str, broken: set[str]) -> None:
    assert safety(tmp_path, mistake).broken == broken


def test_an_attempt_must_count_before_it_runs(tmp_path: Path) -> None:
    # Attempts without end: nothing bounds the search but its first find.
    assert safety(tmp_path, "NOT_COUNTED_AT_CLAIM", first=True).broken == {"I6"}


@pytest.mark.parametrize(
    ("mistake", "fault"),
    [("NO_RECONCILE", "CRASHES=1"), ("TIMER_IN_REDIS_ONLY", "FLUSHES=1")],
)
def test_what_only_redis_knows_is_lost_with_it(tmp_path: Path, mistake: str, fault: str) -> None:
    assert liveness(tmp_path, mistake, fault).broken == {"L1"}


def test_a_poller_that_leaves_without_a_look_loses_a_wake(tmp_path: Path) -> None:
    assert safety(tmp_path, "WAKES", "JOBS=2", "LEAVE_WITHOUT_LOOK").broken == {"W1"}


HEIRS = ("WAKES", "JOBS=2", "KILLS=1", "NO_FAILURES")


def test_no_wake_is_lost_on_a_dead_poller(tmp_path: Path) -> None:
    assert not safety(tmp_path, *HEIRS).broken


def test_an_heir_that_leaves_too_soon_loses_a_wake(tmp_path: Path) -> None:
    assert safety(tmp_path, *HEIRS, "LEAVE_BEFORE_BELIEF_ENDS", first=True).broken == {"W1"}


@pytest.mark.parametrize("one", ["RENEW_ENDED", "LOSS_UNCHECKED"])
def test_an_ended_lease_is_guarded_twice(tmp_path: Path, one: str) -> None:
    assert not safety(tmp_path, one).broken


def test_without_either_guard_a_renewed_lease_is_taken_for_lost(tmp_path: Path) -> None:
    assert safety(tmp_path, "RENEW_ENDED", "LOSS_UNCHECKED").broken == {"I3"}


# Queues that are paused, and resumed whenever that may be


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(("KILLS=1",), id="a poller dies"),
        pytest.param(("FLUSHES=1",), id="Redis loses its memory"),
        pytest.param(("DESERTERS=1",), id="who pauses or resumes dies"),
    ],
)
def test_nothing_of_a_paused_queue_is_begun(tmp_path: Path, faults: tuple[str, ...]) -> None:
    search = safety(tmp_path, "PAUSES=1", "NO_FAILURES", *faults)
    assert not search.broken
    assert search.states > 1_000_000


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(("DESERTERS=1", "NO_FAILURES"), id="who pauses or resumes dies"),
        pytest.param(("DESERTERS=1", "KILLS=1", "ONE_POLLER"), id="and so does a poller"),
    ],
)
def test_every_job_of_a_queue_that_was_resumed_comes_to_its_end(
    tmp_path: Path, faults: tuple[str, ...]
) -> None:
    assert not liveness(tmp_path, "PAUSES=1", *faults).broken


@pytest.mark.parametrize("pauses", [("PAUSES=1",), ("PAUSES=2", "NO_FAILURES")])
def test_no_wake_is_lost_on_a_queue_that_was_paused(
    tmp_path: Path, pauses: tuple[str, ...]
) -> None:
    """However slow the poller is whose claim was refused, and whoever pauses or resumes."""
    assert not safety(tmp_path, "WAKES", *pauses).broken


def test_what_was_resumed_is_done_by_wakes_alone(tmp_path: Path) -> None:
    assert not liveness(tmp_path, "WAKES", "PAUSES=1").broken


@pytest.mark.parametrize("mistake", ["NO_PAUSE_GUARD", "NO_HOLD"])
def test_a_claim_must_hold_on_to_its_queue(tmp_path: Path, mistake: str) -> None:
    assert safety(tmp_path, "PAUSES=1", "NO_FAILURES", mistake, first=True).broken == {"P1"}


def test_a_resume_that_dies_is_made_good_by_the_schedule_alone(tmp_path: Path) -> None:
    unmended = ("PAUSES=1", "ONE_POLLER", "NO_RECONCILE")
    assert not liveness(tmp_path, *unmended).broken
    assert liveness(tmp_path, *unmended, "DESERTERS=1").broken == {"L1"}


@pytest.mark.parametrize(
    "mistake",
    ["WITHDRAWN_FOR_GOOD", "PUT_BY_FOR_GOOD", "RESUMED_IN_SILENCE", "WOKEN_FOR_READY_ONLY"],
)
def test_each_mistake_about_the_entries_forgets_a_job(tmp_path: Path, mistake: str) -> None:
    assert safety(tmp_path, "WAKES", "PAUSES=1", mistake, first=True).broken == {"W1"}
