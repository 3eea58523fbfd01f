"""The settings: read once, every mistake named at once, no secret shown."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from jobs.config import (
    ApiSettings,
    CallbackSettings,
    EventSettings,
    MailSettings,
    PollerSettings,
    Settings,
)
from jobs.core.errors import ConfigurationError

GOOD = {
    "DATABASE_URL": "postgresql://user:secret@db:5432/jobs_db",
    "REDIS_URL": "redis://:secret@redis:6379",
    "POLLER_FUNCTION": "poller",
}
POLLER = {
    **GOOD,
    "BUCKET": "exports",
}
MAIL = {"MAIL_HOST": "mail", "MAIL_FROM": "jobs@example.com"}
Kind = type[Settings | MailSettings | CallbackSettings | EventSettings]


def complaint(kind: Kind, environment: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        kind.read(environment)
    assert "secret" not in str(caught.value)
    return str(caught.value)


def test_what_must_be_set_is_read_and_the_rest_has_defaults() -> None:
    settings = PollerSettings.read(POLLER | {"SOMETHING_ELSE": "is no concern of ours"})
    assert settings.database_url == POLLER["DATABASE_URL"]
    assert settings.bucket == "exports"
    assert (settings.max_pollers, settings.concurrency, settings.lease_seconds) == (4, 8, 10.0)
    mail = MailSettings.read(MAIL)
    assert (mail.mail_port, mail.mail_tls, mail.mail_user) == (25, "none", "")
    assert (settings.log_level, settings.faults) == ("INFO", "")
    assert CallbackSettings.read({}) == CallbackSettings.read({"CALLBACK_ALLOW": ""})
    assert CallbackSettings.read({}).callback_allow == ()


def test_the_api_needs_nothing_of_the_pollers() -> None:
    settings = ApiSettings.read(GOOD)
    assert (settings.poller_function, settings.idempotency_hours) == ("poller", 24.0)
    assert ApiSettings.read(GOOD | {"IDEMPOTENCY_HOURS": "1.5"}).idempotency_hours == 1.5


def test_what_is_set_is_read_in_its_own_type() -> None:
    more = {"MAX_POLLERS": "16", "LEASE_SECONDS": "2.5"}
    settings = PollerSettings.read(POLLER | more)
    assert (settings.max_pollers, settings.lease_seconds) == (16, 2.5)
    mail = MailSettings.read(MAIL | {"MAIL_TLS": "starttls", "MAIL_PORT": "587"})
    assert (mail.mail_tls, mail.mail_port) == ("starttls", 587)


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings.read(GOOD).database_url = "postgresql://elsewhere"  # type: ignore[misc]


def test_everything_that_is_missing_is_named_at_once() -> None:
    text = complaint(PollerSettings, {})
    required = {*POLLER}
    assert {name for name in required if f"{name} is not set" in text} == required
    assert text.count("is not set") == len(required)


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert complaint(Settings, GOOD | {"REDIS_URL": ""}) == "REDIS_URL is not set"
    assert Settings.read(GOOD | {"MAX_POLLERS": ""}).max_pollers == 4


WRONG = {
    "DATABASE_URL": ("mysql://user:secret@db/jobs", "postgresql:// or postgres://"),
    "REDIS_URL": ("secret@redis:6379", "redis:// or rediss://"),
    "MAX_POLLERS": ("0", "a whole number from 1 to 1000, not '0'"),
    "LOG_LEVEL": ("debug", "one of DEBUG, INFO, WARNING, ERROR, not 'debug'"),
    "LEASE_SECONDS": ("nan", "a number from 1 to 300, not 'nan'"),
    "CONCURRENCY": ("eight", "a whole number from 1 to 64, not 'eight'"),
}
WRONG_OF_PARTS = {
    "MAIL_PORT": ("70000", "a whole number from 1 to 65535, not '70000'"),
    "MAIL_TLS": ("yes", "one of none, starttls, implicit, not 'yes'"),
    "CALLBACK_SECRET": ("too short, a secret", "whsec_ and base64"),
    "CALLBACK_ALLOW": ("localhost", "a list of networks"),
    "EVENT_BUS": ("arn:aws:x", "the name of an event bus"),
}


def test_everything_that_is_wrong_is_named_at_once_with_what_would_be_right() -> None:
    wrong = {name: text for name, (text, _) in WRONG.items()}
    found = complaint(PollerSettings, wrong)
    for name, (_, right) in WRONG.items():
        assert f"{name} must be " in found
        assert right in found
    assert "BUCKET is not set" in found


@pytest.mark.parametrize("name", WRONG_OF_PARTS)
def test_what_is_wrong_with_a_part_is_no_concern_of_the_others(name: str) -> None:
    text, right = WRONG_OF_PARTS[name]
    environment = POLLER | MAIL | {name: text}
    PollerSettings.read(environment)
    ApiSettings.read(environment)
    refused = []
    kinds: tuple[Kind, ...] = (MailSettings, CallbackSettings, EventSettings)
    for kind in kinds:
        try:
            kind.read(environment)
        except ConfigurationError as error:
            refused.append(error)
    [refusal] = refused
    assert (refusal.settings, right in str(refusal)) == ((name,), True)


def test_an_error_has_the_names_of_its_settings_and_each_problem() -> None:
    with pytest.raises(ConfigurationError) as caught:
        MailSettings.read({"MAIL_PORT": "x"})
    assert caught.value.settings == ("MAIL_HOST", "MAIL_PORT", "MAIL_FROM")
    assert str(caught.value) == "; ".join(caught.value.problems)


@pytest.mark.parametrize(
    "url",
    [
        "secret",
        "://secret@db/",
        "postgresql:/secret",
        "http://user:secret@[::1/",
        "http://user:[secret]@db/",
        "http://user:secret\u2100@db/",
        "postgres secret",
    ],
)
def test_a_url_is_never_repeated_however_odd_it_is(url: str) -> None:
    text = complaint(Settings, GOOD | {"DATABASE_URL": url})
    assert text == "DATABASE_URL must be a URL that starts with postgresql:// or postgres://"


@pytest.mark.parametrize("name", ["", "default", "jobs/of.my-own_1", "x" * 256])
def test_the_name_of_a_bus_is_read(name: str) -> None:
    assert EventSettings.read({"EVENT_BUS": name}).event_bus == name


@pytest.mark.parametrize("name", ["a b", "büs", "x" * 257, "a\n", " a", "arn:aws:events"])
def test_what_is_no_name_of_a_bus_is_refused(name: str) -> None:
    assert "EVENT_BUS must be the name of an event bus" in complaint(
        EventSettings, {"EVENT_BUS": name}
    )


@pytest.mark.parametrize("number", ["1e1", "-1", "4.0", " 4", "٤", "0x4", "99999"])
def test_a_whole_number_is_digits_and_nothing_else(number: str) -> None:
    assert "MAX_POLLERS must be" in complaint(Settings, GOOD | {"MAX_POLLERS": number})


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        ("", set()),
        ("*", {"*"}),
        ("https://example.com", {"https://example.com"}),
        (
            "https://a.example, http://localhost:8080,http://[::1]:3",
            {"https://a.example", "http://localhost:8080", "http://[::1]:3"},
        ),
    ],
)
def test_origins_are_read(given: str, origins: set[str]) -> None:
    assert ApiSettings.read(GOOD | {"CORS_ORIGINS": given}).cors_origins == origins


@pytest.mark.parametrize(
    "given",
    ["example.com", "https://example.com/", "https://*.com", "null", "https://a,", "ftp://a"],
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    assert "CORS_ORIGINS must be * or a list of origins" in complaint(
        ApiSettings, GOOD | {"CORS_ORIGINS": given}
    )
