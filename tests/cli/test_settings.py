"""What is safe on this machine only stays on it, whichever server is used and however the address is written."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.config import Settings, SettingsRefused
from tests.cli.commands import environment


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.com/x//127.0.0.1:1",
        "http://evil.com",
        "http://127.0.0.1@evil.com:1",
        "http://127.0.0.1:1@evil.com",
        "http://evil.com\\@127.0.0.1:1",
        "http://localhost.evil.com:1",
        "http://[::1",
        "127.0.0.1:1",
    ],
)
def test_the_stand_in_of_fcm_is_on_this_machine(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsRefused, match="loopback"):
        Settings(home=tmp_path, fcm_base_url=url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "http://127.0.0.1:1/x"])
def test_every_way_to_write_this_machine_will_do(tmp_path: Path, url: str) -> None:
    assert Settings(home=tmp_path, fcm_base_url=url).fcm_base_url == url


@pytest.mark.slow
@pytest.mark.parametrize("setting", [("PLATEIA_SAMPLES", "1"), ("PLATEIA_FCM_BASE_URL", "http://127.0.0.1:9")])
def test_gunicorn_gets_no_application_with_accounts_that_everybody_knows(
    tmp_path: Path, setting: tuple[str, str]
) -> None:
    name, value = setting
    settings = {"PLATEIA_HOME": str(tmp_path), "PYTHONPATH": "."} | {name: value}
    started = subprocess.run(
        [sys.executable, "-c", "import service.wsgi"], env=environment(**settings), capture_output=True, text=True
    )
    assert started.returncode != 0
    assert "SettingsRefused" in started.stderr and "gunicorn may listen anywhere" in started.stderr
