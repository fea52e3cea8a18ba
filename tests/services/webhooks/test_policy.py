from ipaddress import ip_address

import pytest

from services.contract.errors import TargetRefused
from services.webhooks.policy import LOOPBACK, Endpoint, Policy, is_public, networks


def words(text: str) -> list[str]:
    return text.split()


PUBLIC = words("""
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15
168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.31.196.1 192.167.255.255
192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255
2606:4700:4700::1111 2001:4860:4860::8888 2001:200:: 2a00:1450:4001::1 2003:: 3ffe::1
""")

NOT_PUBLIC = words("""
0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.255
168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192
192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250
240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8
::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1::1 2001:2::1
2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254
fe80::1 fe80::1%eth0 2606:4700::1%eth0 fec0::1 ff02::1 ff0e::1
""")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_url_names_an_address_that_is_not_public(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(TargetRefused):
        Policy().check(f"https://{host}/")


@pytest.mark.parametrize(
    ("url", "endpoint", "authority"),
    [
        ("https://hooks.example", Endpoint("https", "hooks.example", 443, "/"), "hooks.example"),
        ("https://Hooks.Example.:443/", Endpoint("https", "hooks.example", 443, "/"), "hooks.example"),
        (
            "https://a_b.example:8443/x?y=/z?",
            Endpoint("https", "a_b.example", 8443, "/x?y=/z?"),
            "a_b.example:8443",
        ),
        ("https://hooks.example?a=%20", Endpoint("https", "hooks.example", 443, "/?a=%20"), "hooks.example"),
        ("https://8.8.8.8/", Endpoint("https", "8.8.8.8", 443, "/"), "8.8.8.8"),
        ("https://[2a00:1450::1]:8443/", Endpoint("https", "2a00:1450::1", 8443, "/"), "[2a00:1450::1]:8443"),
        (
            "https://xn--bcher-kva.example/",
            Endpoint("https", "xn--bcher-kva.example", 443, "/"),
            "xn--bcher-kva.example",
        ),
    ],
)
def test_the_parts_of_a_url(url: str, endpoint: Endpoint, authority: str) -> None:
    assert Policy().check(url) == endpoint
    assert endpoint.authority == authority


BAD = [
    "",
    "hooks.example",
    "//hooks.example/",
    "ftp://hooks.example/",
    "file:///etc/passwd",
    "gopher://hooks.example:6379/_FLUSHALL",
    "HTTPS://hooks.example/",
    "http://hooks.example/",
    "https://",
    "https:///path",
    "https://:443/",
    "https://user@hooks.example/",
    "https://user:password@hooks.example/",
    "https://hooks.example@127.0.0.1/",
    "https://hooks.example\\@127.0.0.1/",
    "https://hooks.example#fragment",
    "https://hooks.example/a b",
    "https://hooks.example/\r\nx-evil: 1",
    "https://hooks.example/\n",
    " https://hooks.example/",
    "https://hooks.example/\N{LATIN SMALL LETTER E WITH ACUTE}",
    "https://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example/",
    "https://hooks.example:0/",
    "https://hooks.example:22/",
    "https://hooks.example:6379/",
    "https://hooks.example:65536/",
    "https://hooks.example:443443/",
    "https://hooks.example:/",
    "https://hooks..example/",
    "https://.example/",
    "https://-hooks.example/",
    f"https://{'a' * 64}.example/",
    f"https://{'a.' * 127}example/",
    f"https://hooks.example/{'a' * 2048}",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://api.localhost/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.0.0.1./",
    "https://1.2.3.4.5/",
    "https://hooks.example.1/",
    "https://[127.0.0.1]/",
    "https://[::1/",
    "https://::1/",
    "https://[fe80::1%25eth0]/",
    "https://[1::2::3]/",
]


@pytest.mark.parametrize("url", BAD)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        Policy().check(url)


LOCAL = Policy(networks=LOOPBACK)
INSIDE = Policy(networks=networks("10.0.0.0/8,fd00::/8"), ports=())


@pytest.mark.parametrize(
    ("policy", "url"),
    [
        (LOCAL, "http://localhost:9000/hook"),
        (LOCAL, "http://127.0.0.1:9000/hook"),
        (LOCAL, "https://[::1]:9000/hook"),
        (LOCAL, "https://hooks.example/"),
        (INSIDE, "http://10.1.2.3/"),
        (INSIDE, "http://receiver.team.svc:8080/"),
        (INSIDE, "https://[fd00::1]/"),
        (Policy(ports=()), "https://hooks.example:22/"),
    ],
)
def test_what_the_operator_allows(policy: Policy, url: str) -> None:
    policy.check(url)


@pytest.mark.parametrize(
    ("policy", "url"),
    [
        (LOCAL, "http://hooks.example/"),
        (LOCAL, "http://8.8.8.8/"),
        (LOCAL, "http://10.0.0.1/"),
        (LOCAL, "http://[::ffff:127.0.0.1]/"),
        (LOCAL, "http://0.0.0.0/"),
        (INSIDE, "http://localhost/"),
        (INSIDE, "http://127.0.0.1/"),
        (INSIDE, "http://192.168.0.1/"),
        (INSIDE, "http://8.8.8.8/"),
    ],
)
def test_what_is_refused_all_the_same(policy: Policy, url: str) -> None:
    with pytest.raises(TargetRefused):
        policy.check(url)


def test_a_name_over_http_may_only_stand_for_an_address_of_the_operators() -> None:
    endpoint = INSIDE.check("http://receiver.example:8080/")
    INSIDE.admit(endpoint, ip_address("10.1.2.3"))
    for address in ("8.8.8.8", "192.168.0.1", "127.0.0.1"):
        with pytest.raises(TargetRefused):
            INSIDE.admit(endpoint, ip_address(address))


def test_networks_are_read_exactly() -> None:
    assert networks(" 10.0.0.0/8 ,::1/128,") == (*networks("10.0.0.0/8"), LOOPBACK[1])
    for wrong in ("10.0.0.1/8", "localhost", "10.0.0.0/33"):
        with pytest.raises(ValueError, match=wrong.split("/")[0]):
            networks(wrong)
