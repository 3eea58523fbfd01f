"""The settings are read as `.env.example` and the README list them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.engines import UnknownEngineError, engine_named
from stack.paths import ROOT
from stack.settings import FUNCTION_PARAMETERS, Settings, SettingsError, env_file
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


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(value=TEXT)
def test_value_in_an_env_file_is_read_as_it_was_written(
    value: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / ".env"
    escaped = value.replace("\\", r"\\").replace("'", r"\'")
    path.write_text(f"MAIL_FROM='{escaped}'\n", encoding="utf-8", newline="")
    assert env_file(path) == {"MAIL_FROM": value}
    assert Settings.read(env_file(path)).parameters["MailFrom"] == value


@pytest.mark.parametrize("line", ["A=${HOME}", 'A="${HOME}"', "A=$HOME", "A='$(id)'"])
def test_nothing_in_a_value_is_replaced(tmp_path: Path, line: str) -> None:
    path = tmp_path / ".env"
    path.write_text(line)
    assert env_file(path) == {"A": line[2:].strip("\"'")}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_env_file_in_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / ".env"
    path.write_text("MAIL_FROM=Jürgen <jobs@example.com>\n", encoding=encoding)
    with pytest.raises(SettingsError, match=r"^\.env is not UTF-8 text: save it as UTF-8$"):
        env_file(path)


def test_env_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("API_PORT=1\n", encoding="utf-8-sig")
    assert env_file(path) == {"API_PORT": "1"}


@pytest.mark.parametrize("line", ['MAIL_FROM="Jürgen', "MAIL_FROM='a'b", "=1"])
def test_line_of_an_env_file_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"# settings\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"^\.env: line 2 "):
        env_file(path)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("a\nb", "control character"),
        ("\x1b[31m", "control character"),
        ("a\x85", "control character"),
        ("Jürgen".encode("latin-1").decode(errors="surrogateescape"), "not UTF-8"),
        ("ü" * 2049, "4098 bytes"),
        ("{{resolve:ssm:/a}}", "dynamic reference"),
    ],
)
@pytest.mark.parametrize("name", [*FUNCTION_PARAMETERS, "DATABASE_URL", "MAIL_HOST", "OUTPUT_DIR"])
def test_value_that_would_not_arrive_is_refused_by_name(name: str, value: str, why: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} .*{why}") as caught:
        Settings.read({name: value})
    assert value not in str(caught.value)


def test_home_folder_is_found() -> None:
    read = Settings.read({"OUTPUT_DIR": "~/exports", "SLUICE_STATE": "~"})
    assert (read.output, read.state) == (Path.home() / "exports", Path.home())


def test_home_folder_of_nobody_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"^OUTPUT_DIR: "):
        Settings.read({"OUTPUT_DIR": "~no-such-user/exports"})
