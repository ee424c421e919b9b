"""The rule on addresses: what must never be dialled, however it is written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.addresses import allowed, literal, parse

FORBIDDEN = """
127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255
192.168.0.1 192.168.255.255 169.254.0.1 169.254.169.254 169.254.170.2 100.64.0.1 100.100.100.200
100.127.255.255
0.0.0.0 0.1.2.3 192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.10 192.0.0.170 192.0.2.1 198.51.100.7 203.0.113.9
198.18.0.1 198.19.255.255 192.88.99.1 224.0.0.1 224.0.0.251 239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::2 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
::ffff:192.168.1.1 ::ffff:0.0.0.0 ::ffff:100.64.0.1 ::ffff:224.0.0.1 ::ffff:7f00:1 ::ffff:192.0.0.9
64:ff9b::7f00:1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::8.8.8.8 64:ff9b::a9fe:a9fe 64:ff9b:1::1
64:ff9b:1:7f00:0:1:: 2002:7f00:1:: 2002:a00:1:: 2002:808:808:: 2002:c0a8:101::1 2001::1 2001:0:7f00:1::
2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:1::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1 5f00::1
100::1 fc00::1 fd00::1 fd00:ec2::254 fdff:ffff::1 fe80::1 fe80::1%eth0 fe80::1%1 febf::1 fec0::1 feff::1
ff00::1 ff01::1 ff02::1 ff02::fb ff05::2 ff0e::1 2606:4700::1111%eth0
"""

PUBLIC = """
1.1.1.1 8.8.8.8 9.9.9.9 93.184.216.34 11.0.0.1 172.15.255.255 172.32.0.1 192.167.255.255 192.169.0.1
169.253.255.255 169.255.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 198.17.255.255 198.20.0.1
192.88.98.1 223.255.255.255 2606:4700::1111 2001:4860:4860::8888 2a00:1450:4001::1 2620:fe::fe
2400:cb00::1 ::ffff:8.8.8.8 ::ffff:93.184.216.34 2001:200::1 2003::1
"""

DISGUISED = """
2130706433 0x7f000001 0x7F.1 0x7f.1 0x7f.0.0.1 017700000001 0177.0.0.1 127.1 127.0.1 0 0x0 00000000 1
127.0.0.0x1 0x 1.2.3.4.5 256.256.256.256 1.2.3 010.8.8.8 8.8.8.010 3232235777 4294967295 99999999999
1.2.3.4%25eth0 fe80::1%eth0 fe80::1%25eth0 [fe80::1%1] 127.0.0.1%2e 127%2e0%2e0%2e1 2130706433. 127.1.
example.1 foo.0x7f a.b.0 1::2::3 [::1 1:2 ::ffff:1.2.3 １２７.1 0ⅹ7f.1
"""

NAMES = """
example.org example.org. localhost sub.example.co.uk xn--bcher-kva.example bücher.example 1and1.com
0x7f.example
a.b.c 127.0.0.1.nip.io 4chan.org face.b00c dead-beef.org x metadata.google.internal 0xdeadbeef.com
"""

LITERALS = {
    "127.0.0.1": "127.0.0.1",
    "127.0.0.1.": "127.0.0.1",
    "[::1]": "::1",
    "::1": "::1",
    "[::FFFF:127.0.0.1]": "::ffff:127.0.0.1",
    "1.1.1.1": "1.1.1.1",
    "１２７.０.０.１": "127.0.0.1",
    "127。0。0。1": "127.0.0.1",
    "①②⑦.0.0.①": "127.0.0.1",
    "[2606:4700::1111]": "2606:4700::1111",
}


@pytest.mark.parametrize("text", FORBIDDEN.split())
def test_what_is_not_public_is_forbidden(text: str) -> None:
    assert not allowed(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC.split())
def test_what_is_public_is_allowed(text: str) -> None:
    assert allowed(ip_address(text))


@pytest.mark.parametrize("host", DISGUISED.split())
def test_an_address_in_disguise_is_no_host(host: str) -> None:
    with pytest.raises(ValueError):
        literal(host)


@pytest.mark.parametrize("host", NAMES.split())
def test_a_name_is_no_literal(host: str) -> None:
    assert literal(host) is None


@pytest.mark.parametrize(("host", "address"), LITERALS.items())
def test_a_literal_is_read_as_it_will_be_dialled(host: str, address: str) -> None:
    assert literal(host) == ip_address(address)


@given(st.ip_addresses(v=4))
def test_mapping_into_ipv6_changes_nothing(address: IPv4Address) -> None:
    assert allowed(IPv6Address(f"::ffff:{address}")) == allowed(address)


@given(st.ip_addresses(v=4))
def test_no_tunnel_or_translator_leads_to_any_ipv4_address(address: IPv4Address) -> None:
    number = int(address)
    for prefix, shift in (("64:ff9b::", 0), ("2002::", 80), ("::", 0)):
        assert not allowed(IPv6Address(int(IPv6Address(prefix)) | number << shift))


@given(st.ip_addresses())
def test_an_address_is_read_back_as_itself(address: IPv4Address | IPv6Address) -> None:
    assert parse(str(address)) == address
    assert literal(str(address)) == address


@given(st.text(max_size=60))
def test_any_text_is_a_literal_a_name_or_refused(host: str) -> None:
    try:
        address = literal(host)
    except ValueError:
        return
    assert address is None or allowed(address) in (True, False)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{}", "0x{:x}", "0{:o}"]))
def test_no_number_passes_as_a_host(number: int, form: str) -> None:
    with pytest.raises(ValueError):
        literal(form.format(number))
