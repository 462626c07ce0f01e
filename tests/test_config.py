"""Settings: where a value comes from, and how a wrong one is named."""

import tomllib
from pathlib import Path

import pytest

from workspace_server.config import Settings, load, table
from workspace_server.errors import InvalidArgument
from workspace_server.setting_values import spelled


def settings_file(root: Path, text: str) -> Path:
    path = root / ".workspace" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_without_anything_the_defaults_are_in_force(tmp_path: Path) -> None:
    assert load(tmp_path, env={}) == Settings()
    assert load(None, env={}).origin("port") == "default"


def test_the_last_of_file_environment_and_flags_counts(tmp_path: Path) -> None:
    settings_file(tmp_path, 'name = "lab"\nport = 1111\nidle_seconds = 5\n[webhooks]\nallow = ["a.example"]\n')
    settings = load(
        tmp_path, env={"WORKSPACE_SERVER_PORT": "2222", "WORKSPACE_SERVER_IDLE_SECONDS": "6"}, flags={"port": 3333}
    )
    assert (settings.name, settings.port, settings.idle_seconds) == ("lab", 3333, 6)
    assert settings.webhooks_allow == ("a.example",)
    assert [settings.origin(name) for name in ("name", "idle_seconds", "port", "host")] == [
        "file",
        "environment",
        "flag",
        "default",
    ]


def test_a_flag_that_was_not_given_changes_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, env={}, flags={"port": None}).port == 8765


def test_another_settings_file_is_read_instead(tmp_path: Path) -> None:
    settings_file(tmp_path, "port = 1111\n")
    other = tmp_path / "other.toml"
    other.write_text('tools = "core"\n')
    settings = load(tmp_path, file=other, env={})
    assert (settings.port, settings.tools) == (8765, "core")


def test_text_of_the_environment_is_parsed(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        env={
            "WORKSPACE_SERVER_WEBHOOKS_ALLOW": "a.example, 10.0.0.0/8:80",
            "WORKSPACE_SERVER_WEBHOOKS_ALLOW_LOOPBACK": "true",
            "WORKSPACE_SERVER_DELETION_SHARE_MAX": "0.25",
            "PATH": "/bin",
        },
    )
    assert settings.webhooks_allow == ("a.example", "10.0.0.0/8:80")
    assert settings.webhooks_allow_loopback
    assert settings.deletion_share_max == 0.25


@pytest.mark.parametrize(
    ("text", "named", "near"),
    [
        ("prot = 1\n", "prot", "port"),
        ("[webhooks]\nalow = []\n", "webhooks.alow", "webhooks.allow"),
        ("[webhok]\nallow = []\n", "webhok", None),
    ],
)
def test_an_unknown_key_is_named_with_its_nearest(tmp_path: Path, text: str, named: str, near: str | None) -> None:
    settings_file(tmp_path, text)
    with pytest.raises(InvalidArgument) as refusal:
        load(tmp_path, env={})
    assert refusal.value.facts["argument"] == named
    assert near is None or near in str(refusal.value.hint)


def test_an_unknown_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="WORKSPACE_SERVER_PROT"):
        load(tmp_path, env={"WORKSPACE_SERVER_PROT": "1"})


@pytest.mark.parametrize(
    "text",
    [
        'port = "many"\n',
        "port = true\n",
        "port = 70000\n",
        "name = 3\n",
        'tools = "few"\n',
        "guarded_files = 'x'\n",
        "guarded_files = [1]\n",
        "deletion_share_max = 'half'\n",
        "deletion_share_max = 2\n",
        "[webhooks]\nallow_loopback = 1\n",
        "webhooks = 1\n",
    ],
)
def test_a_value_of_another_type_or_out_of_bounds_is_refused(tmp_path: Path, text: str) -> None:
    settings_file(tmp_path, text)
    with pytest.raises(InvalidArgument):
        load(tmp_path, env={})


@pytest.mark.parametrize(("variable", "value"), [("PORT", "x"), ("WEBHOOKS_ALLOW_LOOPBACK", "perhaps")])
def test_text_that_cannot_be_parsed_is_refused(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        load(tmp_path, env={f"WORKSPACE_SERVER_{variable}": value})
    assert refusal.value.facts["argument"] == f"WORKSPACE_SERVER_{variable}"


def test_a_settings_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    settings_file(tmp_path, "port = \n")
    with pytest.raises(InvalidArgument, match="not TOML"):
        load(tmp_path, env={})


def test_a_settings_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="no settings file"):
        load(tmp_path, file=tmp_path / "none.toml", env={})


def test_every_setting_has_a_meaning_and_a_default_that_it_takes() -> None:
    for row in table():
        assert row.meaning.endswith(".")
        assert row.default is None or row.value(row.default, "file") == row.default


def test_named_tables_come_from_the_file_as_they_stand_there(tmp_path: Path) -> None:
    config = settings_file(tmp_path, '[commands.editor]\nargv = ["true"]\n[commands.editor.env]\nA = "b"\n')
    assert load(None, file=config, env={}).commands == {"editor": {"argv": ["true"], "env": {"A": "b"}}}
    for text in ("commands = 3\n", "[commands]\neditor = 3\n"):
        config.write_text(text)
        with pytest.raises(InvalidArgument) as caught:
            load(None, file=config, env={})
        assert caught.value.facts["argument"] == "commands"
    with pytest.raises(InvalidArgument) as caught:
        load(None, env={"WORKSPACE_SERVER_COMMANDS": "{}"})
    assert caught.value.facts["argument"] == "WORKSPACE_SERVER_COMMANDS"


@pytest.mark.parametrize(
    "value", ["plain", 'quo"ted\x7f\nline', 3, 2.5, True, ["a", 1], {"a b": {"c": [{"d": "e"}]}}, {}]
)
def test_a_value_is_spelled_as_toml_reads_it(value: object) -> None:
    assert tomllib.loads(f"value = {spelled(value)}") == {"value": value}


def test_a_secret_comes_from_the_environment_alone_and_is_never_shown(tmp_path: Path) -> None:
    settings = load(tmp_path, env={"WORKSPACE_SERVER_MODELS_API_KEY": "sk-hush"})
    assert settings.models_api_key == "sk-hush"
    assert "hush" not in repr(settings)

    settings_file(tmp_path, '[models]\napi_key = "sk-hush"\n')
    with pytest.raises(InvalidArgument) as refusal:
        load(tmp_path, env={})
    assert refusal.value.facts["argument"] == "models.api_key"
    assert "hush" not in f"{refusal.value} {refusal.value.hint}"
