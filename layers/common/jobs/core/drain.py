"""Empty the queues: take, claim, run, settle, until nothing is ready or time is nearly up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from jobs.core.clock import tell_of_long_leases
from jobs.core.desk import Desk
from jobs.core.endings import Endings
from jobs.core.errors import StoreUnavailable
from jobs.core.faults import point
from jobs.core.hand import Hand, Held
from jobs.core.hints import Hints
from jobs.core.model import Claim, Priority
from jobs.core.outcome import Lost, TryAgain, Unknown
from jobs.core.pace import Pace
from jobs.core.ports import BELIEVED, Move
from jobs.core.suspects import Suspects
from jobs.core.work import MARGIN, Drained

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jobs.core.model import Claimed, Hint
    from jobs.core.ports import Taken
    from jobs.core.work import Invocation, Work

LOOK = 0.01
"""Seconds between two looks for a high job while default ones wait in hand."""

IDLE_LOOK = 0.02
"""Seconds between two looks of a poller that has room, or waits for what is due soon."""

FULL_LOOK = 0.25
"""Seconds after which a poller that has no room says so, and that it is still there."""

HORIZON = 65.0
"""Seconds a poller waits for what is due soon: by then the schedule has sent the next one."""

MOST_HOPS = 10
"""Pollers that may wake each other in a row; AWS ends such a chain at about sixteen."""

REPORT_EVERY = 1.0
"""Seconds between two writings of how far attempts have come."""

PATIENCE = 15.0
"""Seconds a poller keeps asking a database that does not answer."""

GRACE = 1.5
"""Seconds that running attempts are given when the environment is to stop."""


def drain(work: Work, invocation: Invocation) -> Drained:
    """Run jobs until none is ready, or due soon, or until the time is nearly up.

    Raises nothing on account of a job, the queue or the store.
    """
    return _Drain(work, invocation).run()


def succeed(work: Work, hop: int) -> bool:
    """Wake a poller in place of one that died, to wait for its leases; whether that was done.

    A poller that dies whenever it is called would be replaced for ever: the chain ends as any
    other does, and the schedule begins the next.
    """
    return hop <= MOST_HOPS and work.waker.wake(hop=hop, patient=True)


class _Drain:
    def __init__(self, work: Work, call: Invocation) -> None:
        self._work = work
        self._call = call
        self._result = Drained()
        self._hints = Hints(work.queue, work.store, call.request_id, work.log)
        self._endings = Endings(work.store, self._hints, work.log, self._result.counts)
        self._desk = Desk(work.types, work.tools, work.log)
        self._hand = Hand(self._desk.run, work.slots)
        self._pace = Pace(work.slots, work.most)
        self._whole = call.remaining()
        self._began = time.monotonic()
        self._suspects = Suspects()
        self._unreleased: list[Held] = []
        self._void: list[Held] = []
        self._alone = self._closing = self._given_up = False
        self._left = self._settled_since = False
        self._stopped_at: float | None = None
        self._looked = self._asked = self._took = self._renewed = self._reported = 0.0
        self._trouble_since: float | None = None

    def run(self) -> Drained:
        if self._call.scheduled:
            self._try(self._hints.reconcile)
            work = self._work
            self._try(lambda: tell_of_long_leases(work.store, work.lease, work.log))
        try:
            while self._step():
                pass
        finally:
            self._await_void()
            self._hand.close(wait=not self._result.tainted)
        return self._result

    def _step(self) -> bool:
        """One round: settle what has ended, keep what is held, begin what is next."""
        self._call.alive()
        self._try(self._settle)
        self._try(self._renew)
        self._try(self._report)
        if self._must_close():
            return self._close()
        self._try(self._give_way)
        took = self._try(self._fill)
        if self._hand:
            self._hand.work(LOOK if self._hand.waiting else IDLE_LOOK)
            return True
        return took or bool(self._suspects or self._owes) or self._stay()

    @property
    def _owes(self) -> bool:
        """Something has yet to be told to a database that does not answer."""
        return bool(self._endings or self._unreleased)

    def _try(self, step: Callable[[], object]) -> bool:
        """Take one step; a database that does not answer is asked again for a while."""
        self._call.alive()
        try:
            done = bool(step())
        except StoreUnavailable as error:
            now = time.monotonic()
            self._trouble_since = self._trouble_since or now
            self._given_up |= now - self._trouble_since > PATIENCE
            self._closing |= self._given_up
            self._work.log("store.away", error=str(error))
            time.sleep(0.2)
            return True
        return done

    # Ending, and keeping

    def _settle(self) -> None:
        ended = self._hand.ended()
        # After a freeze of this environment they may be somebody else's, or still be given back.
        self._unreleased += [held for held in ended if held.started is None]
        for held in ended:
            if held.started is None:
                continue
            seconds = held.ended - held.started
            self._pace.note(seconds * self._work.slots if held.quick else seconds)
            self._endings.add(held.claim, held.outcome, seconds)
        for held in self._hand.overdue():
            self._closing = self._result.tainted = True
            text = f"ran longer than the {held.budget:g} s that it may take"
            self._endings.add(held.claim, TryAgain(text), held.budget)
        if not self._hand:
            self._alone = False
        if self._endings:
            self._endings.settle()
            self._settled_since = True
            self._trouble_since = None
        self._release([])

    def _renew(self) -> None:
        """Renew what is in hand, in the thread that will settle it: no owner, no renewal."""
        held = self._hand.held
        now = time.monotonic()
        if not held:
            self._renewed = now
        if now - self._renewed < self._work.lease / 3:
            return
        lease = self._lease()
        until = now + lease
        kept = self._work.store.renew([each.claim for each in held], lease=lease)
        self._renewed = now
        self._trouble_since = None
        point("renew.after_row")
        self._hints.settle(
            [Move(h.claim.id, h.claim.priority, lease) for h in held if h.claim.id in kept]
        )
        # What has ended meanwhile is settled like any other, unless somebody else has the job.
        for each in held:
            if each.claim.id in kept:
                each.until = until
        lost = [each for each in held if each.claim.id not in kept and not each.ended]
        self._void += [each for each in lost if each.started]
        self._hand.drop(lost)
        self._desk.cancel(each.claim for each in lost)

    def _await_void(self) -> None:
        """What runs and is of no use to anybody must not outlive this invocation.

        It was told so, and is given a moment to stop: that spares the process.
        """
        until = time.monotonic() + min(GRACE, self._call.remaining() - MARGIN / 2)
        while self._void_running and time.monotonic() < until:
            self._call.alive()
            time.sleep(LOOK)
        self._result.tainted |= self._void_running > 0

    @property
    def _void_running(self) -> int:
        """Attempts that are of no use to anybody, and have a thread each all the same."""
        return sum(not held.ended for held in self._void)

    def _report(self) -> None:
        """Write what attempts have told of their progress."""
        now = time.monotonic()
        if now - self._reported < REPORT_EVERY:
            return
        if news := self._desk.told():
            self._reported = now
            self._work.store.report(news)

    def _lease(self) -> float:
        return max(0.1, min(self._work.lease, self._call.remaining() + MARGIN))

    # Beginning

    def _take(self, room: int, priorities: Sequence[Priority] = tuple(Priority)) -> Taken:
        """Take hints, and pass it on if another poller is needed. A `room` of 0 says so."""
        taken = self._hints.take(room, self._lease(), priorities)
        if len(priorities) == len(Priority):
            self._asked = time.monotonic()
        self._wake_if(needed=taken.wake)
        return taken

    def _give_way(self) -> None:
        """Before a default job is started, a high one that has become ready goes first."""
        now = time.monotonic()
        waiting = any(h.claim.priority is not Priority.HIGH for h in self._hand.waiting)
        if self._alone or not waiting or now - self._looked < LOOK:
            return
        self._looked = now
        taken = self._take(self._work.slots, (Priority.HIGH,))
        if taken.hints:
            self._claim(self._put_first(taken.hints))

    def _put_first(self, hints: Sequence[Hint]) -> Sequence[Hint]:
        """Let high jobs pass the default ones that wait in hand; return what is to be claimed.

        The default ones go back, and so do those that were taken with the high ones: they are
        taken again in their order.
        """
        high = [hint for hint in hints if hint.priority is Priority.HIGH]
        passed = self._hand.unstarted(Priority.DEFAULT) if high else []
        if not passed:
            return hints
        self._try(lambda: self._release(passed))
        self._give_back([hint for hint in hints if hint.priority is not Priority.HIGH])
        return high

    def _give_back(self, hints: Sequence[Hint]) -> None:
        """Put entries that were taken and not claimed back in their places."""
        self._hints.settle([Move(h.id, h.priority, score=h.score) for h in hints])

    def _fill(self) -> bool:
        """Take and claim as much as there is room for; say whether anything came of it."""
        took = self._take_more([] if self._alone else self._suspects.beside())
        if not took and not self._hand and self._suspects:
            if self._void_running:
                # What nobody wants any more may kill the worker all the same.
                time.sleep(IDLE_LOOK)
                return True
            self._claim([self._suspects.pop()], alone=True)
            return True
        return took

    def _take_more(self, priorities: Sequence[Priority]) -> bool:
        waiting = len(self._hand.waiting)
        running = len(self._hand) - waiting + self._void_running
        room = self._pace.room(running=running, waiting=waiting)
        now = time.monotonic()
        full = not room or len(priorities) < len(Priority)
        if full and self._hand and now - self._asked > FULL_LOOK:
            self._take(0)
        if not room or not priorities or room * 2 < waiting:
            return False
        if self._hand and now - self._took < IDLE_LOOK:
            return False
        taken = self._take(room, priorities)
        if len(taken.hints) < room:
            self._took = now
        if taken.hints:
            point("take.after")
            self._claim(self._put_first(taken.hints))
        return bool(taken.hints)

    def _claim(self, hints: Sequence[Hint], *, alone: bool = False) -> None:
        token, lease = uuid4(), self._lease()
        until = time.monotonic() + lease
        try:
            claimed = self._work.store.claim(
                hints,
                token,
                lease=lease,
                request_id=self._call.request_id,
                alone=alone,
            )
        except StoreUnavailable:
            # It may have been done all the same: what is claimed by now and never runs would
            # cost an attempt each, and look as if it had killed its worker.
            self._unreleased += [_unanswered(hint, token) for hint in hints]
            self._give_back(hints)
            raise
        point("claim.after")
        self._trouble_since = None
        if not alone:
            self._suspects.others_went()
        self._alone = alone and bool(claimed.claims)
        self._begin(claimed, {hint.id: hint for hint in hints}, until)

    def _begin(self, claimed: Claimed, hints: Mapping[UUID, Hint], until: float) -> None:
        self._suspects.add(hints[job_id] for job_id in claimed.suspects)
        self._hints.settle(
            [Move(r.id, r.priority, r.delay, sooner=r.held) for r in claimed.refused]
        )
        for claim in claimed.lost:
            if not self._is_ours(claim):
                self._endings.add(claim, Lost())
        for claim in claimed.claims:
            self._start(claim, hints[claim.id], until)
        self._release([])
        self._hints.put_by([hints[job_id] for job_id in claimed.paused])

    def _is_ours(self, claim: Claim) -> bool:
        """Its lease ended while the store could not be told; what comes of it counts still."""
        known = [each.claim for each in (*self._hand.held, *self._unreleased)]
        same = (each.id == claim.id and each.token == claim.token for each in known)
        return self._endings.holds(claim) or any(same)

    def _start(self, claim: Claim, hint: Hint, until: float) -> None:
        job_type = self._work.types.get(claim.type)
        budget = job_type.budget if job_type else 0.0
        budget = min(budget, claim.timeout or budget)
        quick = job_type is None or job_type.quick
        held = Held(claim, hint, budget, quick, until)
        if budget + MARGIN > self._whole:
            text = f"{claim.type} may take {budget:g} s, more than a poller's {self._whole:.0f} s"
            self._endings.add(claim, TryAgain(text))
        elif budget + MARGIN > self._call.remaining():
            self._closing = True
            self._unreleased.append(held)
        else:
            self._hand.start(held)

    def _release(self, unstarted: Sequence[Held]) -> None:
        """Give back what was claimed and not started: as it was, the attempt not counted.

        What could not be given back is kept, and asked for again.
        """
        self._unreleased += unstarted
        if not self._unreleased:
            return
        released = self._work.store.release([held.claim for held in self._unreleased])
        point("release.after_row")
        self._result.counts["released"] += len(released)
        self._give_back([held.hint for held in self._unreleased if held.claim.id in released])
        self._unreleased.clear()

    # Closing: nothing more is begun, and another poller is asked to go on

    def _must_close(self) -> bool:
        if self._call.stopping() and self._stopped_at is None:
            self._stopped_at = time.monotonic()
            self._closing = True
        remaining = self._call.remaining()
        # One that still waits for a slot may have too little time left by now.
        self._closing |= any(held.budget + MARGIN > remaining for held in self._hand.waiting)
        self._closing |= remaining < MARGIN * 2
        # Nothing could be started: another poller can.
        self._closing |= self._void_running >= self._work.slots
        return self._closing

    def _close(self) -> bool:
        self._try(lambda: self._release(self._hand.unstarted()))
        self._give_back(self._suspects.clear())
        if not self._left:
            # At once: what is published from now on must not count on this poller.
            self._hand_over()
        if self._time_is_up():
            self._cut_off()
        elif self._hand or (self._owes and not self._given_up):
            self._hand.work(LOOK)
            return True
        if self._settled_since:
            self._hand_over()
        return False

    def _time_is_up(self) -> bool:
        """The environment stops, or the invocation has as good as ended."""
        stopped = self._stopped_at and time.monotonic() - self._stopped_at > GRACE
        return bool(stopped) or self._call.remaining() <= MARGIN / 2

    def _cut_off(self) -> None:
        """Give up what still runs."""
        for held in self._hand.running:
            self._result.tainted = True
            text = "cut off: the worker was stopped while the attempt ran"
            self._endings.add(held.claim, Unknown(text))
        self._hand.drop(self._hand.running)
        self._try(self._settle)

    def _hand_over(self) -> None:
        self._left, self._settled_since = True, False
        point("leave.before")
        try:
            answer = self._hints.leave(-1.0, patient=False)
        except StoreUnavailable:
            return
        soon = answer.next_in is not None and answer.next_in < HORIZON
        self._wake_if(needed=soon and not self._trouble_since)

    def _stay(self) -> bool:
        """Leave if nothing is to be waited for; if something is, wait for a moment."""
        if self._call.patient and time.monotonic() - self._began < BELIEVED:
            # The dead one is still believed to be there: what is published now wakes nobody.
            time.sleep(IDLE_LOOK)
            return True
        point("leave.before")
        horizon = max(0.0, min(HORIZON, self._call.remaining() - MARGIN * 2))
        try:
            answer = self._hints.leave(horizon, patient=self._call.patient)
        except StoreUnavailable:
            return False
        if answer.left:
            # A poller with more time left would have waited for what is due soon.
            most = min(HORIZON, self._whole - MARGIN * 2)
            due = answer.next_in
            self._wake_if(needed=due is not None and horizon < due <= most)
        elif answer.next_in and answer.next_in > 0:
            time.sleep(min(answer.next_in, IDLE_LOOK))
        return not answer.left

    def _wake_if(self, *, needed: bool) -> None:
        if needed and self._call.hop < MOST_HOPS:
            self._work.waker.wake(hop=self._call.hop + 1)


def _unanswered(hint: Hint, token: UUID) -> Held:
    """A claim of which nobody knows whether it was made: as much of it as giving it back takes."""
    return Held(Claim(hint.id, "", hint.priority, {}, 0, 0, token), hint, budget=0.0, quick=True)
