"""Values that fit a JSON Schema, for tests that try many of them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from jobs.core.schema import MAX_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import SearchStrategy

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
"""Those that a database can hold."""

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))

TIMES = st.datetimes(
    datetime.fromisoformat("1000-01-01"),
    datetime.fromisoformat(f"{MAX_YEAR}-12-30"),
    timezones=OFFSETS,
).map(datetime.isoformat)

URLS = st.from_regex(r"https?://[a-z]{1,20}\.example/[!-~]{0,50}", fullmatch=True)


def values_of(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    """JSON values that fit `schema`. Raises `TypeError` for a schema that it cannot read."""
    match schema:
        case {"enum": words}:
            return st.sampled_from([str(word) for word in words])
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "integer" | "number"}:
            return _numbers(schema)
        case {"type": "string"}:
            return _texts(schema)
        case {"type": "array", "items": items}:
            most, distinct = schema.get("maxItems"), schema.get("uniqueItems", False)
            return st.lists(values_of(items), max_size=most, unique=distinct)
        case {"type": "object", "properties": members}:
            optional = {name: values_of(each) for name, each in members.items()}
            return st.fixed_dictionaries({}, optional=optional)
    message = f"no values for the JSON Schema {schema}"
    raise TypeError(message)


def _numbers(schema: Mapping[str, Any]) -> SearchStrategy[float]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if schema["type"] == "integer":
        return st.integers(least, most)
    return st.floats(least, most, allow_nan=False, allow_infinity=False)


def _texts(schema: Mapping[str, Any]) -> SearchStrategy[str]:
    match schema:
        case {"format": "date-time"}:
            return TIMES
        case {"format": "uri"}:
            return URLS
    pattern = re.compile(
        schema.get("pattern", "").removesuffix("$") + (r"\Z" if "pattern" in schema else "")
    )
    texts = st.text(CHARACTERS, min_size=schema.get("minLength", 0), max_size=schema["maxLength"])
    return texts.filter(lambda text: pattern.search(text) is not None)
