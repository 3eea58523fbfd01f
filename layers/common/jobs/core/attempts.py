"""Attempts that run, and the way between each and its drain: progress out, cancellation in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jobs.core.execute import execute
from jobs.core.model import Progress
from jobs.core.storable import storable_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from jobs.core.job_type import JobType, Tools
    from jobs.core.model import Claim
    from jobs.core.outcome import Outcome
    from jobs.core.ports.log import Log

LONGEST_MESSAGE = 200
"""Characters of a message about progress that are kept."""


@dataclass(slots=True)
class _Attempt:
    claim: Claim
    cancelled: bool = False
    reported: Progress | None = None

    def is_cancelled(self) -> bool:
        return self.cancelled

    def report(self, percent: float, message: str | None = None) -> None:
        text = None if message is None else storable_text(message, LONGEST_MESSAGE)
        self.reported = Progress(min(100.0, max(0.0, float(percent))), text)


@dataclass(slots=True)
class Attempts:
    """Runs attempts, each with its tools.

    `run` is called by worker threads, everything else by the drain's own: what they share are
    single assignments, which need no lock.
    """

    types: Mapping[str, JobType]
    tools: Tools
    log: Log
    _attempts: dict[tuple[UUID, UUID], _Attempt] = field(default_factory=dict)

    def run(self, claim: Claim) -> Outcome:
        """Run the attempt that `claim` is for."""
        attempt = _Attempt(claim)
        # Two of one job may run here, after the lease of the first has ended.
        self._attempts[claim.id, claim.token] = attempt
        tools = replace(self.tools, progress=attempt.report, cancelled=attempt.is_cancelled)
        try:
            return execute(claim, self.types, tools, self.log)
        finally:
            self._attempts.pop((claim.id, claim.token), None)

    def cancel(self, claims: Iterable[Claim]) -> None:
        """Tell these attempts, if they run, that they may as well stop."""
        for claim in claims:
            if attempt := self._attempts.get((claim.id, claim.token)):
                attempt.cancelled = True

    def reported(self) -> list[tuple[Claim, Progress]]:
        """The progress that attempts have reported since this was last asked for."""
        news = []
        for attempt in [*self._attempts.values()]:
            if progress := attempt.reported:
                attempt.reported = None
                news.append((attempt.claim, progress))
        return news
