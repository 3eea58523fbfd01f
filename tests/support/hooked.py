"""A port with something happening between its steps, for exact interleavings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Hooked:
    """Stands in for `port`; calls `before[name]` and `after[name]` around its method `name`.

    `before` gets the arguments, and `after` the answer. A hook may raise: the caller then sees
    a step that did not happen, or one whose answer was lost.
    """

    def __init__(
        self,
        port: object,
        *,
        before: Mapping[str, Callable[..., object]] | None = None,
        after: Mapping[str, Callable[[Any], object]] | None = None,
    ) -> None:
        self._port = port
        self._before = before or {}
        self._after = after or {}
        for name in (*self._before, *self._after):
            assert hasattr(port, name), f"{port} has no step {name}"

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: object, **more: object) -> Any:
            if name in self._before:
                self._before[name](*args, **more)
            answer = method(*args, **more)
            if name in self._after:
                self._after[name](answer)
            return answer

        return call


class Away:
    """A port whose every step raises `error`."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(*_: object, **__: object) -> Any:
            raise self._error

        return call


class Once:
    """Calls `what` the first time that it is called and `when` says so, and never again."""

    def __init__(
        self, what: Callable[[], object], when: Callable[..., bool] = lambda *_, **__: True
    ) -> None:
        self._what = what
        self._when = when
        self.called = False

    def __call__(self, *args: object, **more: object) -> None:
        if not self.called and self._when(*args, **more):
            self.called = True
            self._what()
