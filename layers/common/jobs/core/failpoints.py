"""Named points at which tests can interrupt the protocol.

Inert unless armed: a point then costs one look into an empty dictionary.
"""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING

from jobs.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POINTS = frozenset(
    {
        "submit.before_store",
        "submit.after_commit",
        "submit.after_publish",
        "take.after",
        "claim.after",
        "attempt.before",
        "export.after_put",
        "mail.after_accepted",
        "attempt.after",
        "settle.before",
        "settle.after_row",
        "settle.after_entry",
        "release.after_row",
        "renew.after_row",
        "leave.before",
        "reconcile.before_publish",
        "reconcile.after_publish",
    }
)


class Interrupted(Exception):  # noqa: N818
    """A test armed this failpoint."""


def _raise() -> None:
    raise Interrupted


ACTIONS: Mapping[str, Callable[[], None]] = {
    "exit": lambda: os._exit(137),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "raise": _raise,
}

_armed: dict[str, tuple[Callable[[], None], float]] = {}


def failpoint(name: str) -> None:
    """Run the action that is armed for `name`, if any."""
    if name in _armed:
        action, probability = _armed[name]
        if random.random() < probability:  # noqa: S311 - nothing here is secret
            action()


def arm(settings: str) -> None:
    """Arm points: `name:action:probability`, several separated by commas; '' disarms all.

    Actions: `exit` (die at once), `stop` (SIGSTOP), `raise`.
    """
    armed = dict(_read(setting) for setting in settings.split(",") if setting)
    _armed.clear()
    _armed.update(armed)


def _read(setting: str) -> tuple[str, tuple[Callable[[], None], float]]:
    name, _, rest = setting.partition(":")
    action, _, text = rest.partition(":")
    try:
        probability = float(text or 1)
    except ValueError:
        probability = -1.0
    if name not in POINTS or action not in ACTIONS or not 0 <= probability <= 1:
        message = (
            f"FAULTS: {setting!r} is not a known point, one of {', '.join(ACTIONS)}, "
            "and a probability from 0 to 1"
        )
        raise ConfigurationError(message)
    return name, (ACTIONS[action], probability)
