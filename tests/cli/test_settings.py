"""What is safe on this machine only stays on it, whichever server is used and however the address is written."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.config import Settings, SettingsRefused
from tests.cli.commands import environment, program


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


@pytest.mark.parametrize("host", ["db.example", "user:secret@10.0.0.5:5432", "127.0.0.1.db.example"])
def test_a_database_elsewhere_needs_a_word_about_encryption(
    tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    with pytest.raises(SettingsRefused, match="sslmode"):
        Settings(home=tmp_path, database_url=f"postgresql://{host}/plateia")
    for word in ("verify-full", "disable"):
        assert Settings(home=tmp_path, database_url=f"postgresql://{host}/plateia?sslmode={word}")


@pytest.mark.parametrize(
    "url", ["postgresql:///plateia", "postgresql:///plateia?host=/run/postgresql", "postgresql://u:p@localhost/plateia"]
)
def test_a_database_on_this_machine_needs_none(tmp_path: Path, url: str) -> None:
    assert Settings(home=tmp_path, database_url=url).database_url == url


def test_settings_that_are_printed_show_no_password(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        database_url="postgresql://plateia:secret-1@localhost/plateia",
        limits_url="redis://:secret-2@localhost",
        smtp_url="smtp://plateia:secret-3@localhost",
        secret_key="secret-4 that is long enough to be taken",
    )
    assert "secret" not in repr(settings).replace("secret_", "")


@pytest.mark.slow
def test_what_the_service_writes_only_its_owner_reads(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert program("migrate", home=home).returncode == 0
    settings = {"PLATEIA_HOME": str(home), "PLATEIA_SECRET_KEY": "", "PYTHONPATH": "."}
    made = "import service.wsgi as w; w.app.config['STORE'].keep('here/photo.jpg', b'a photo')"
    subprocess.run([sys.executable, "-c", made], env=environment(**settings), check=True, capture_output=True)
    found = [home, *home.rglob("*")]
    assert {"plateia.sqlite", "photo.jpg", "secret-key"} <= {path.name for path in found}
    assert [(path.name, oct(path.stat().st_mode)) for path in found if path.stat().st_mode & 0o077] == []


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
