"""Only the public internet is asked, and what the operator allows; what lies inside is seen through every disguise."""

from ipaddress import ip_address

import pytest

from service.config import Settings, SettingsRefused
from service.fetching.addresses import AddressRefused, Allowed, ensure_askable, host_in, origin_of, read_url

PUBLIC = [
    "93.184.215.14",
    "8.8.8.8",
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
INSIDE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "127.255.0.9",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "fc00::1",
    "fec0::1",
    "2001:db8::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "::a00:1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::808:808",
    "100::1",
    "4000::1",
]
NEVER = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "fe80::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "ff02::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_asked(text: str) -> None:
    assert Allowed().may("gis.example", ip_address(text))


@pytest.mark.parametrize("text", [*INSIDE, *NEVER])
def test_what_lies_inside_may_not(text: str) -> None:
    assert not Allowed().may("gis.example", ip_address(text))


@pytest.mark.parametrize("text", INSIDE)
def test_the_operator_can_allow_what_lies_inside_by_name_or_by_network(text: str) -> None:
    assert Allowed(["gis.example"]).may("gis.example", ip_address(text))
    assert not Allowed(["gis.example"]).may("evil.example", ip_address(text))
    assert Allowed(["0.0.0.0/0", "::/0"]).may("any.example", ip_address(text))


@pytest.mark.parametrize("text", NEVER)
def test_what_tells_a_machine_its_secrets_is_never_allowed(text: str) -> None:
    assert not Allowed(["gis.example", "0.0.0.0/0", "::/0"]).may("gis.example", ip_address(text))


def test_a_network_opens_no_address_that_carries_another_one() -> None:
    assert not Allowed(["2002::/16"]).may("gis.example", ip_address("2002:a00:1::1"))
    assert Allowed(["2002::/16", "10.0.0.0/8"]).may("gis.example", ip_address("2002:a00:1::1"))


@pytest.mark.parametrize(
    "url, reason",
    [
        ("ftp://gis.example/a", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gis.example/a", "scheme"),
        ("//gis.example/a", "scheme"),
        ("http://user:secret@gis.example/", "credentials"),
        ("http:///a", "unreadable"),
        ("http://", "unreadable"),
        ("http://gis.example:0/", "unreadable"),
        ("http://gis.example:99999/", "unreadable"),
        ("http://gis.example\\@10.0.0.1/", "unreadable"),
        ("http://gis.example/a b", "unreadable"),
        ("http://gis.example/\r\nHost: evil", "unreadable"),
        ("http://[fe80::1%25eth0]/", "unreadable"),
        ("http://[::1", "unreadable"),
        (f"http://gis.example/{'a' * 2000}", "too_long"),
        ("http://127.0.0.1/", "inside"),
        ("http://[::1]/", "inside"),
        ("http://[::ffff:10.0.0.1]:8080/", "inside"),
    ],
)
def test_some_addresses_are_refused_before_anybody_is_asked(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        ensure_askable(url, Allowed())
    assert refused.value.details["reason"] == reason


def test_names_are_taken_as_the_connection_will_take_them() -> None:
    ensure_askable("https://gis.example/a?b=c", Allowed())
    assert host_in(read_url("HTTP://GIS.Example.:80/")) == "gis.example"
    assert origin_of("https://gis.example/a") == origin_of("https://GIS.example:443/b") == "https://gis.example:443"
    assert origin_of("http://gis.example/") != origin_of("https://gis.example/")


def test_settings_that_allow_nothing_that_there_could_be_are_refused() -> None:
    assert Settings(fetch_allowed=("gis.intern", "10.0.0.0/8", "::1")).fetch_allowed
    for text in ("http://gis.intern", "10.0.0.0/33", "gis.intern:8080", "*"):
        with pytest.raises(SettingsRefused):
            Settings(fetch_allowed=(text,))
