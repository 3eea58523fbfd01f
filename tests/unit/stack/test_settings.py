"""The settings are read as `.env.example` and the README list them."""

from __future__ import annotations

import re

import pytest

from stack.engines import UnknownEngineError, engine_named
from stack.paths import ROOT
from stack.settings import FUNCTION_PARAMETERS, Settings, SettingsError
from support.template import template

EXAMPLE = (ROOT / ".env.example").read_text()


def test_nothing_has_to_be_set() -> None:
    settings = Settings.read({})
    assert (settings.ports.api, settings.ports.engine) == (3000, 4566)
    assert settings.database_url is None


def test_an_empty_value_is_as_good_as_none() -> None:
    assert Settings.read({"API_PORT": "", "DATABASE_URL": "", "ENGINE": ""}) == Settings.read({})


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "3000.5", "²"])
def test_a_port_that_is_none_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match="API_PORT must be a port from 1 to 65535, not"):
        Settings.read({"API_PORT": value})


def test_an_engine_that_is_not_known_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownEngineError, match=r"one of ministack.*, not 'moto'"):
        engine_named("moto")


def test_what_is_set_for_the_functions_reaches_their_template() -> None:
    read = Settings.read(dict.fromkeys(FUNCTION_PARAMETERS, "7"))
    assert read.parameters == dict.fromkeys(FUNCTION_PARAMETERS.values(), "7")


def test_what_is_not_set_is_handed_on_as_the_template_has_it_or_the_example() -> None:
    """A parameter that is left out would keep the value of the deployment before."""
    declared = template()["Parameters"]
    templates = {name: str(declared[name].get("Default")) for name in FUNCTION_PARAMETERS.values()}
    ours = {"MailFrom": "sluice@example.com", "MailTls": "none", "ApiKeys": "off"}
    assert Settings.read({}).parameters == {**templates, **ours}


def test_the_example_lists_every_variable_that_is_read() -> None:
    listed = set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    source = (ROOT / "localstack" / "stack" / "settings.py").read_text()
    read = set(re.findall(r'"([A-Z][A-Z_]+)"', source))
    composed = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert listed == read | composed


def test_the_example_holds_the_defaults() -> None:
    example = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    settings = Settings.read(example)
    # Without a default, a command finds the engine that runs.
    assert settings.engine is None
    assert settings.ports == Settings().ports
    assert (settings.state, settings.output) == (Settings().state, Settings().output)
    assert settings.parameters["MailFrom"] == Settings.read({}).parameters["MailFrom"]
