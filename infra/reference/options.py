"""The table of options in the page on the API, made of the options of a job."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.core.job_request import OPTIONS
from jobs.core.schema import value_words
from jobs.processors import JOB_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "api.md"

_GENERATED = re.compile(
    r"(?<=<!-- Generated from the options of a job by `make reference`\. -->\n).*?"
    r"(?=<!-- End of what is generated\. -->\n)",
    re.DOTALL,
)


def with_options(text: str) -> str:
    """`text` of the page with the options as the code has them now.

    Raises `ValueError` if the comments around the table are missing.
    """
    if not _GENERATED.search(text):
        message = f"{PAGE}: the comments around the table of options are missing"
        raise ValueError(message)
    return _GENERATED.sub(lambda _: _table(), text)


def _table() -> str:
    types = ", ".join(f"`{name}`" for name in JOB_TYPES)
    rows = [
        ("member", "value", "default", ""),
        ("---", "---", "---", "---"),
        ("`type`", f"{types}, or a [type of your own](job-types.md)", "required", ""),
        ("`payload`", "an object", "required", "The type says what belongs in it."),
        *(
            (f"`{each.name}`", _values(each.schema), _default(each.schema), _said(each.schema))
            for each in OPTIONS.values()
        ),
    ]
    return "".join(f"| {' | '.join(row)} |\n".replace("  ", " ") for row in rows)


def _values(schema: Mapping[str, Any]) -> str:
    """What a value must be; of an object, each member of it."""
    words = value_words(schema)
    if members := schema.get("properties"):
        words += " of " + ", ".join(
            f"`{name}` ({value_words(each)})" for name, each in members.items()
        )
    return words


def _default(schema: Mapping[str, Any]) -> str:
    return f"`{schema['default']}`" if "default" in schema else ""


def _said(schema: Mapping[str, Any]) -> str:
    members = schema.get("properties", {}).items()
    parts = (f"`{name}`: {each['description']}" for name, each in members)
    return " ".join([schema["description"], *parts])
