"""What can be wrong with a request as such; the docstrings are the titles that clients see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.errors import JobsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jobs.core.errors import Problem


class MalformedBody(JobsError):  # noqa: N818 - the names say what is wrong, as in the core
    """The body is not as expected."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


class BodyTooLarge(JobsError):  # noqa: N818
    """The body is too large."""


class UnsupportedMediaType(JobsError):  # noqa: N818
    """The media type of the body is not supported."""

    def __init__(self, message: str, taken: Mapping[str, str]) -> None:
        """`taken`: the header that says what would be (RFC 9110, 15.5.16)."""
        self.taken = taken
        super().__init__(message)


class InvalidHeader(JobsError):  # noqa: N818
    """A header has a value that is not valid."""


class InvalidQuery(JobsError):  # noqa: N818
    """The query string is not valid."""


class RouteNotFound(JobsError):  # noqa: N818
    """There is nothing at this address."""


class MethodNotAllowed(JobsError):  # noqa: N818
    """This address does not support this method."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(f"only {self.allowed} is taken here")


class NotAcceptable(JobsError):  # noqa: N818
    """The answer is not available in a media type that is accepted."""


class PartDown(JobsError):  # noqa: N818
    """A part of the system does not answer."""
