"""Mail templates: `<name>.subject.j2`, `<name>.txt.j2` and `<name>.html.j2` in one folder.

The context is data and never a template: what looks like template source in it is shown as it
is. In the HTML part it is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jobs.core.errors import AttemptFailed, PermanentFailure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jinja2.sandbox import ImmutableSandboxedEnvironment

_SHOWN = 60
"""Characters of a name that its message shows."""

_SUBJECT, _TEXT, _HTML = ".subject.j2", ".txt.j2", ".html.j2"


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says."""

    subject: str
    text: str
    html: str | None = None


class MailTemplates:
    """The templates in `folder`. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def render(self, name: str, context: Mapping[str, Any]) -> Content:
        """The mail that template `name` makes of `context`.

        Raises `PermanentFailure` for a template that is missing or broken, `AttemptFailed` for
        a context that does not fit it.
        """
        import jinja2  # noqa: PLC0415 - 150 ms, for those mails alone that have a template

        if name not in self._names:
            known = ", ".join(self._names) or "none"
            shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
            raise PermanentFailure(f"mail template {shown!r}: there is none; there are: {known}")
        try:
            subject, text, html = (
                self._environment.get_template(f"{name}{part}").render(context)
                for part in (_SUBJECT, _TEXT, _HTML)
            )
        except jinja2.UndefinedError as error:
            raise AttemptFailed(f"mail template {name!r}: payload.context: {error}") from error
        except jinja2.TemplateNotFound as error:
            raise PermanentFailure(f"mail template {name!r}: {error.name} is missing") from error
        except jinja2.TemplateError as error:
            raise PermanentFailure(f"mail template {name!r} is broken: {error}") from error
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise AttemptFailed(
                f"mail template {name!r}: payload.context does not fit: {error}"
            ) from error
        return Content(subject.strip(), text, html)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(
            sorted(path.name.removesuffix(_TEXT) for path in self._folder.glob(f"*{_TEXT}"))
        )

    @cached_property
    def _environment(self) -> ImmutableSandboxedEnvironment:
        from jinja2 import FileSystemLoader, StrictUndefined  # noqa: PLC0415 - see above
        from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

        return ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(self._folder),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(_HTML),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
