"""The stand-in of FCM answers as FCM does; the channel needs a service account, or the stand-in."""

import json
from pathlib import Path

import pytest
import requests

from service.config import Settings, SettingsRefused
from service.outbox.channels.push import Push, made_up_service_account
from service.outbox.loopback_fcm import running

MESSAGE = {"message": {"token": "phone", "data": {"n": "1"}}}


def test_the_stand_in_shows_what_it_accepted_and_refuses_what_fcm_would() -> None:
    with running() as server:
        base = f"http://127.0.0.1:{server.server_address[1]}"
        send = f"{base}/v1/projects/p/messages:send"
        assert requests.post(send, json=MESSAGE, timeout=5).status_code == 401
        assert requests.post(f"{base}/elsewhere", json=MESSAGE, timeout=5).status_code == 404
        assert requests.get(f"{base}/elsewhere", timeout=5).status_code == 404
        allowed = {"Authorization": "Bearer loopback-1"}
        assert requests.post(send, json=MESSAGE, headers=allowed, timeout=5).status_code == 200
        assert len(requests.get(f"{base}/messages", timeout=5).json()) == 1


def test_without_a_service_account_there_is_no_channel(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused):
        Push.from_settings(Settings(home=tmp_path))


def test_the_service_account_is_read_from_its_file(tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text(json.dumps(made_up_service_account("http://127.0.0.1:9")))
    Push.from_settings(Settings(home=tmp_path, fcm_credentials=str(key))).close()
