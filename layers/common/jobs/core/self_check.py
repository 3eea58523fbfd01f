"""Say what would keep a function from its work, by the names of its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.errors import ConfigurationError, JobsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def find_problems(questions: Mapping[str, Callable[[], object]]) -> tuple[str, ...]:
    """Ask every question, and return what is wrong.

    Each question has the name of the setting that it depends on, and raises `JobsError` if that
    does not work. Each problem begins with the name of its setting.
    """
    problems: list[str] = []
    for setting, question in questions.items():
        try:
            question()
        except ConfigurationError as error:
            problems += error.problems
        except JobsError as error:
            problems.append(f"{setting}: {error}")
    return tuple(dict.fromkeys(problems))
