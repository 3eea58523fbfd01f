"""International domain names in ASCII, by the test data of the standard (UTS 46)."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from idna import IDNAError

from jobs.adapters.smtp.domains import to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = Path(__file__).with_name("idna_test_v2.txt")

IN_DOMAINS = ("Ll", "Lo", "Lm", "Mn", "Mc", "Nd", "Cf")
"""Letters, marks, digits and joiners. UTS 46 maps symbols too, but lets an implementation refuse
what no registry of IDNA 2008 may register."""


def cases() -> Iterator[tuple[str, str]]:
    """Each domain of the table, and its form in ASCII (empty: it has none)."""
    for line in TABLE.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            source, wanted = line.split(";")
            yield re.sub(r"\\x\{(\w+)\}", lambda m: chr(int(m[1], 16)), source), wanted.strip()


def made_of(domain: str) -> str | UnicodeError:
    try:
        return to_ascii(domain)
    except UnicodeError as error:
        return error


def is_symbol(found: str | UnicodeError) -> bool:
    return (
        isinstance(found, IDNAError)
        and found.code == "disallowed_codepoint"
        and unicodedata.category(chr(found.codepoint or 0)) not in IN_DOMAINS
    )


def test_the_standards_own_cases() -> None:
    table = [case for case in cases() if not case[1].endswith(".")]
    wrong = {}
    for domain, wanted in table:
        found = made_of(domain)
        if (found if isinstance(found, str) else "") != wanted and not is_symbol(found):
            wrong[ascii(domain)] = (found, wanted)

    assert wrong == {}
    assert sum(bool(wanted) for _, wanted in table) > 300
    assert len(table) > 6000


def test_a_domain_that_ends_with_a_dot_is_refused() -> None:
    dotted = [domain for domain, wanted in cases() if wanted.endswith(".")]

    assert dotted
    for domain in [*dotted, "b\u00fccher.example\u3002"]:
        with pytest.raises(ValueError, match=r"ends with a dot|not allowed"):
            to_ascii(domain)


@pytest.mark.parametrize(
    ("domain", "wanted"),
    [
        ("stra\u00dfe.example", "xn--strae-oqa.example"),
        ("STRA\u1e9eE.example", "xn--strae-oqa.example"),
        ("\u03b2\u03cc\u03bb\u03bf\u03c2.example", "xn--nxasmm1c.example"),
        ("\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example", "xn--mgba3gch31f060k.example"),
        ("\u0dc1\u0dca\u200d\u0dbb\u0dd3.example", "xn--10cl1a0b660p.example"),
        ("B\u00fccher.Example", "xn--bcher-kva.example"),
        ("Bu\u0308cher.example", "xn--bcher-kva.example"),
        ("\u4f8b\u3048\u3002\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah"),
        ("\uff41\uff0e\u00fc\uff61example", "a.xn--tda.example"),
        ("ab--cd.example", "ab--cd.example"),
        ("Example.COM", "Example.COM"),
    ],
    ids=ascii,
)
def test_one_form_for_one_domain(domain: str, wanted: str) -> None:
    assert to_ascii(domain) == wanted
