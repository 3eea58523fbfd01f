"""What would keep a function from its work is named by the setting."""

from __future__ import annotations

from jobs.core.errors import ConfigurationError, QueueUnavailable
from jobs.core.health import find_problems


def fail(error: Exception) -> None:
    raise error


def test_nothing_is_wrong_where_every_question_is_answered() -> None:
    assert find_problems({"DATABASE_URL": lambda: 1, "REDIS_URL": lambda: None}) == ()


def test_every_problem_begins_with_its_setting() -> None:
    unreadable = ConfigurationError("DATABASE_URL cannot be read", "BUCKET is not set")
    problems = find_problems(
        {
            "DATABASE_URL": lambda: fail(unreadable),
            "REDIS_URL": lambda: fail(QueueUnavailable("the queue does not answer: TimeoutError")),
            "MAIL_HOST": lambda: None,
        }
    )
    assert problems == (
        "DATABASE_URL cannot be read",
        "BUCKET is not set",
        "REDIS_URL: the queue does not answer: TimeoutError",
    )
