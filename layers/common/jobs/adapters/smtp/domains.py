"""International domain names, as mail commands and headers carry them."""

from __future__ import annotations

import unicodedata

_ENCODED_LABEL = "xn--"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def to_ascii(domain: str) -> str:
    """`domain` in ASCII by UTS 46 (non-transitional), whose labels IDNA 2008 allows.

    Raises `ValueError` for one that has no such form. An ASCII domain without encoded labels is
    returned as it is: hyphens in places that IDNA keeps for itself are the name server's business.
    """
    if domain.isascii() and _ENCODED_LABEL not in domain.lower():
        return domain
    import idna  # noqa: PLC0415 - 500 KB of tables, for international domains alone

    found = idna.encode(domain, uts46=True, std3_rules=True).decode()
    if found.endswith("."):
        raise ValueError("it ends with a dot")
    _check_direction(idna.decode(found).split("."))
    return found


def _check_direction(labels: list[str]) -> None:
    """Beside a label that is written from right to left, the rules for those hold for every one."""
    import idna  # noqa: PLC0415 - see above

    if any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in "".join(labels)):
        for label in labels:
            idna.check_bidi(label, check_ltr=True)
