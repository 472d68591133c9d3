"""A sealed secret tells nothing, and only the installation's keys open it."""

import pytest
from click.testing import CliRunner

from service.cli import cli
from service.config import Settings, SettingsRefused
from service.sealing import NoKey, NotOurs, new_key, seal, unseal


def test_a_secret_comes_back_with_any_of_the_keys_and_with_no_other() -> None:
    old, new = new_key(), new_key()
    sealed = seal("correct horse", [old])
    assert "horse" not in sealed and sealed != seal("correct horse", [old])
    assert unseal(sealed, [new, old]) == "correct horse"
    for keys in ([new], []):
        with pytest.raises(NotOurs):
            unseal(sealed, keys)
    with pytest.raises(NotOurs):
        unseal("garbage", [old])


def test_a_command_makes_keys() -> None:
    made = [CliRunner().invoke(cli, ["secret-key"]).output.strip() for _ in range(2)]
    assert made[0] != made[1] and Settings(secret_keys=tuple(made))


def test_nothing_is_sealed_without_a_key() -> None:
    with pytest.raises(NoKey):
        seal("correct horse", [])


def test_a_key_that_is_none_is_refused_at_the_start_and_never_shown() -> None:
    key = new_key()
    assert key not in repr(Settings(secret_keys=(key,)))
    with pytest.raises(SettingsRefused) as refused:
        Settings(secret_keys=(key, "hunter2"))
    assert "hunter2" not in str(refused.value)
