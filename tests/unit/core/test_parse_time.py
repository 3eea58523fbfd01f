"""One parser of times, held to the grammar of RFC 3339, section 5.6."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.core.schema import MAX_YEAR, parse_time


@dataclass(frozen=True)
class Parts:
    """A date-time of the grammar, by its rules; `offset`: minutes, None for Z."""

    day: datetime
    hour: int
    minute: int
    second: int
    fraction: str
    offset: int | None
    separator: str
    zone: str

    def text(self, **other: Any) -> str:
        """As the grammar writes it, with some parts as `other` says."""
        shown: dict[str, Any] = {
            "date": f"{self.day:%Y-%m-%d}".rjust(10, "0"),
            "hour": f"{self.hour:02}",
            "minute": f"{self.minute:02}",
            "second": f"{self.second:02}",
            "fraction": self.fraction and f".{self.fraction}",
            "offset": self.zone if self.offset is None else offset(self.offset),
            **other,
        }
        clock = "{hour}:{minute}:{second}{fraction}{offset}".format(**shown)
        return f"{shown['date']}{self.separator}{clock}"

    def time(self) -> datetime:
        """What it means."""
        micros = int(self.fraction[:6].ljust(6, "0"))
        since = timedelta(
            hours=self.hour, minutes=self.minute, seconds=self.second, microseconds=micros
        )
        return self.day + since - timedelta(minutes=self.offset or 0)


def offset(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


days = st.dates(date(1, 1, 3), date(MAX_YEAR, 12, 29)).map(
    lambda day: datetime(day.year, day.month, day.day, tzinfo=UTC)
)
parts = st.builds(
    Parts,
    day=days,
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    second=st.integers(0, 59),
    fraction=st.text("0123456789", max_size=30),
    offset=st.none() | st.integers(-1439, 1439),
    separator=st.sampled_from("Tt "),
    zone=st.sampled_from("Zz"),
)


@given(parts)
def test_whatever_the_grammar_makes_is_read(one: Parts) -> None:
    assert parse_time(one.text()) == one.time()


@given(parts)
def test_a_leap_second_is_the_second_after_it_wherever_the_clock_stands(one: Parts) -> None:
    local = 23 * 60 + 59 + (one.offset or 0)
    leap = replace(
        one,
        day=one.day + timedelta(days=local // 1440),
        hour=local % 1440 // 60,
        minute=local % 60,
        second=60,
    )
    found = parse_time(leap.text())
    assert found == leap.time()
    assert (found.hour, found.minute, found.second) == (0, 0, 0)


@given(parts)
def test_a_sixtieth_second_anywhere_else_is_no_time(one: Parts) -> None:
    at = replace(one, second=59).time()
    leaps = (at.hour, at.minute) == (23, 59)
    assert (parse_time(replace(one, second=60).text()) is not None) is leaps


WRONG = {
    "hour": ["24", "8", "008", "-1"],
    "minute": ["60", "99", "5", ""],
    "second": ["61", "99", "5", ""],
    "fraction": [".", ",5", ".5.5", ".1e3", ".٣"],
    "offset": ["", "+0530", "+05", "+05:60", "+05:99", "+24:00", "Z+01:00", "+5:30", "+05:30:00"],
    "date": ["2027-02-29", "2027-13-01", "2027-00-01", "2027-01-00", "20270131", "0000-01-01"],
}


@pytest.mark.parametrize(("part", "wrong"), [(k, each) for k, v in WRONG.items() for each in v])
@settings(max_examples=10)
@given(parts)
def test_what_the_grammar_does_not_make_is_no_time(part: str, wrong: str, one: Parts) -> None:
    assert parse_time(one.text(**{part: wrong})) is None


@pytest.mark.parametrize("around", [" {}", "{} ", "{}\n", "\ufeff{}", "'{}'"])
def test_nothing_may_stand_around_a_time(around: str) -> None:
    assert parse_time(around.format("2027-01-31T08:00:00Z")) is None


def test_a_leap_second_at_the_end_of_the_last_year_is_beyond_it() -> None:
    assert parse_time(f"{MAX_YEAR}-12-31T23:59:60Z") is None
    assert parse_time("2016-12-31T23:59:60.25Z") == datetime(2017, 1, 1, 0, 0, 0, 250_000, UTC)
