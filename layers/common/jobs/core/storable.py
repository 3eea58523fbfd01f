"""What the row can keep of what a processor says: its result, and its words."""

from __future__ import annotations

import json
import re

from jobs.core.errors import PermanentFailure

LARGEST_RESULT = 256 * 1024
"""Bytes of a result, as JSON."""

DEEPEST_RESULT = 100
"""Levels of objects and lists in a result: whoever reads it has less of a stack, perhaps."""

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 as JSON escapes it; the same letters behind an escaped backslash are only text."""


def check_result(result: object) -> None:
    """Raise `PermanentFailure` for what is no result: not an object, not JSON, too large or too
    deep, or with characters that no database can hold."""
    if not isinstance(result, dict):
        message = f"the processor returned {type(result).__name__}, not an object"
        raise PermanentFailure(message)
    try:
        text = json.dumps(result, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"the processor's result is not JSON: {error}"
        raise PermanentFailure(message) from error
    if _NUL.search(text):
        message = "the processor's result holds the character U+0000"
        raise PermanentFailure(message)
    # Escaped it is never shorter than as it is stored.
    if "\\ud" in text or len(text) > LARGEST_RESULT:
        _check_bytes(json.dumps(result, ensure_ascii=False))
    if text.count("{") + text.count("[") > DEEPEST_RESULT and _is_deeper(result, DEEPEST_RESULT):
        message = f"the processor's result is nested more than {DEEPEST_RESULT} levels deep"
        raise PermanentFailure(message)


def storable_text(said: object, most: int) -> str:
    """What was said, as text without U+0000 and lone surrogates, of `most` characters at most."""
    text = str(said).replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return text[:most]


def _check_bytes(text: str) -> None:
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        message = "the processor's result holds characters that are not Unicode text"
        raise PermanentFailure(message) from error
    if size > LARGEST_RESULT:
        message = (
            f"the processor's result has {size:,} bytes of JSON, and {LARGEST_RESULT:,} are the "
            "most: put it into the bucket, and return the bucket and the key"
        )
        raise PermanentFailure(message)


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list | tuple):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)
