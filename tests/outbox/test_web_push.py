"""Messages to browsers: encrypted for one browser alone, signed for one push service, and each answer has its outcome."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from service.config import Settings, SettingsRefused
from service.db.clock import now
from service.fetching.fetching import Fetcher
from service.outbox.channels import Message, build, configured, web_push
from service.outbox.channels.resting import MOST, Resting
from service.outbox.channels.web_push import SUBSCRIPTION, WebPush, is_subscription, new_key, public_key, value_of
from service.outbox.outcomes import BackOff, Outcome
from service.outbox.pace import AT_FIRST, RAMP, Pace
from tests.fetching.server import Answered, serving
from tests.outbox.browser import Browser, claims_in, octets

KEY = new_key()
INSIDE = Fetcher(("127.0.0.1",))


def message(browser: Browser, uncertain: int = 0, **content: object) -> Message:
    keys = browser.subscription["keys"]
    target = value_of(browser.endpoint, keys["p256dh"], keys["auth"])
    about = {"title": "Διακοπή νερού", "body": "Έως τις 14:00.", "data": {"notice": "7"}} | content
    end = now() + timedelta(hours=1)
    return Message(
        "u", SUBSCRIPTION, target, "notice.7", "e", "notice_sent", "notice:7", 2, about, end, uncertain=uncertain
    )


def channel(fetcher: Fetcher = INSIDE) -> WebPush:
    return WebPush(KEY, "mailto:office@here.example", fetcher)


def test_only_the_browser_reads_it_and_the_push_service_knows_who_sent_it() -> None:
    with serving(Answered(status=201, headers={"Location": "/message/7"})) as service:
        browser = Browser(f"{service.url}/push/abc")
        sent = channel().send(message(browser, urgent=True))
        assert (sent.outcome, sent.message_id) == (Outcome.SENT, "/message/7")
        asked = service.asked[0]
    said = browser.opened(asked.body)
    assert (said["title"], said["tag"], said["data"]["notice"], said["data"]["version"]) == (
        *("Διακοπή νερού", "notice.7", "7", "2"),
    )
    with pytest.raises(InvalidTag):
        Browser(browser.endpoint).opened(asked.body)
    claims = claims_in(asked.headers["Authorization"], public_key(KEY))
    assert claims["aud"] == service.url and claims["sub"] == "mailto:office@here.example"
    assert time.time() < claims["exp"] < time.time() + 24 * 3600
    assert 3500 < int(asked.headers["TTL"]) <= 3600
    assert (asked.headers["Urgency"], asked.headers["Content-Encoding"]) == ("high", "aes128gcm")
    assert len(asked.headers["Topic"]) == 32


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((404, "dead target"), (410, "dead target"), (400, "bad message"), (413, "bad message")),
        *((401, "retry"), (403, "retry"), (503, "retry"), (302, "retry")),
    ],
)
def test_each_answer_of_a_push_service_has_its_outcome(status: int, outcome: str) -> None:
    with serving(Answered(status=status, headers={"Location": "http://127.0.0.1:1/"})) as service:
        assert channel().send(message(Browser(service.url))).outcome == outcome


def test_a_busy_push_service_is_asked_again_when_it_says() -> None:
    with serving(Answered(status=429, headers={"Retry-After": "30"})) as service:
        result = channel().send(message(Browser(service.url)))
    assert (result.outcome, result.retry_after) == (Outcome.RETRY, 30.0)
    assert channel().send(message(Browser(service.url))).outcome == Outcome.RETRY, "nobody is there any more"
    with serving(Answered(write=lambda _: None, headers={"Content-Length": "10"})) as cut:
        assert channel().send(message(Browser(cut.url))).outcome == Outcome.UNCERTAIN


def test_an_endpoint_inside_our_network_is_never_asked_and_broken_ones_are_dead() -> None:
    with serving(Answered(status=201)) as service:
        assert channel(Fetcher()).send(message(Browser(service.url))).outcome == Outcome.DEAD_TARGET
        assert service.asked == []
    for endpoint in ("ftp://push.example/", "http://push.example/", "https://user:word@push.example/"):
        assert channel().send(message(Browser(endpoint))).outcome == Outcome.DEAD_TARGET
    browser = Browser("https://push.example/")
    assert channel().send(message(browser, body="ω" * 3000)).outcome == Outcome.BAD_MESSAGE
    keys = browser.subscription["keys"]
    assert is_subscription(keys["p256dh"], keys["auth"])
    assert not is_subscription("AAAA", keys["auth"]) and not is_subscription(keys["p256dh"], "AAAA")


def test_an_endpoint_that_is_always_too_slow_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_push, "BOUNDS", replace(web_push.BOUNDS, seconds=0.2))
    with serving(Answered(write=lambda _: time.sleep(0.4), headers={"Content-Length": "10"})) as service:
        found = [channel().send(message(Browser(service.url), uncertain)).outcome for uncertain in (0, 9)]
    assert found == [Outcome.UNCERTAIN, Outcome.DEAD_TARGET]


def test_a_push_service_that_ails_is_left_alone_and_the_others_go_on() -> None:
    moment = [0.0]
    ours = channel()
    ours.resting = Resting(BackOff(first=10, cap=10), clock=lambda: moment[0])
    with serving(Answered(status=500)) as bad, serving(Answered(status=201)) as good:
        slow, quick = message(Browser(bad.url)), message(Browser(good.url))
        assert [ours.send(slow).outcome for _ in range(5)] == [Outcome.RETRY] * 3 + [Outcome.PUT_OFF] * 2
        assert len(bad.asked) == 3 and ours.send(quick).outcome == Outcome.SENT
        assert ours.send(slow).retry_after == 10.0
        moment[0] = 11.0
        assert ours.send(slow).outcome == Outcome.RETRY and ours.send(slow).outcome == Outcome.PUT_OFF
    with serving(Answered(status=429, headers={"Retry-After": "30"})) as busy:
        assert ours.send(message(Browser(busy.url))).outcome == Outcome.RETRY
        put_off = ours.send(message(Browser(busy.url)))
        assert (put_off.outcome, put_off.retry_after, len(busy.asked)) == (Outcome.PUT_OFF, 30.0, 1)
    for number in range(MOST + 10):
        ours.resting.failed(f"https://{number}.example:443", None)
    assert len(ours.resting.ailing) == MOST
    ours.resting.answered("https://9.example:443")


def test_the_channel_needs_a_key_and_says_who_we_are(tmp_path: object) -> None:
    with_key = Settings(vapid_key=KEY, vapid_contact="mailto:office@here.example")
    assert configured(with_key)["web"] and not configured(Settings())["web"]
    (made,) = build(with_key)
    assert made.prepare() is None and made.name == "web"
    made.close()
    for settings in (Settings(vapid_key="short", vapid_contact="mailto:a@b.example"), Settings(vapid_key=KEY)):
        with pytest.raises(SettingsRefused):
            build(settings)


def test_a_channel_with_a_pace_begins_slowly_and_again_after_a_rest() -> None:
    moment = [100.0]
    pace = Pace(60_000, clock=lambda: moment[0])
    assert pace.take(5000) == 1000 * AT_FIRST, "a tenth of a thousand a second"
    assert pace.take(10) == 0
    pace.give_back(10)
    assert pace.take(10) == 10
    given = 0
    for _ in range(int(RAMP * 10)):
        moment[0] += 0.1
        given += pace.take(5000)
    assert given == pytest.approx(1000 * RAMP * (1 + AT_FIRST) / 2, rel=0.02)
    moment[0] += 0.5
    assert pace.take(5000) == pytest.approx(500, abs=1), "full speed"
    pace.begin_anew()
    assert pace.take(5000) == 100
    moment[0] += RAMP + 1
    assert pace.take(5000) == 100, "it had rested"
    assert Pace(None).take(64) == 64


def test_the_browser_of_these_tests_opens_the_example_of_the_standard() -> None:
    """RFC 8291, section 5."""
    secret = int.from_bytes(octets("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
    browser = Browser("", ec.derive_private_key(secret, ec.SECP256R1()), octets("BTBZMqHH6r4Tts7J_aSIgg"))
    body = (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert browser.plain(octets(body)) == b"When I grow up, I want to be a watermelon"
