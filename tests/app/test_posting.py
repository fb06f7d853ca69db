"""Posting outside: only where the operator said, never inward, never further, never for long."""

import socket
import ssl
from threading import Thread
from typing import Any

import pytest

from app.outbox import posting
from app.outbox.channels import Undelivered
from app.outbox.posting import Refused, check_url, post
from tests.receiver import receiving

LOOPBACK = ("127.0.0.1",)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://hooks.example.org/x?y=1", ("hooks.example.org",)),
        ("https://HOOKS.example.org:8443/x", ("other.example.org", "hooks.example.org")),
        ("http://127.0.0.1:9000/x", ("127.0.0.1",)),
        ("http://127.0.0.1:9000/x", ("127.0.0.0/8",)),
        ("http://[::1]:9000/x", ("::1",)),
        ("http://localhost:9000/x", ("localhost",)),
        ("https://10.1.2.3/x", ("10.1.2.0/24",)),
        ("https://93.184.215.14/x", ("93.184.215.14",)),
    ],
)
def test_listed_hosts_may_be_sent_to(url: str, hosts: tuple[str, ...]) -> None:
    assert check_url(url, hosts).scheme in url


@pytest.mark.parametrize(
    ("url", "hosts", "code"),
    [
        ("https://hooks.example.org/x", (), "host_not_listed"),
        ("https://hooks.example.org.evil.example/x", ("hooks.example.org",), "host_not_listed"),
        ("https://evil.example/hooks.example.org", ("hooks.example.org",), "host_not_listed"),
        ("https://a.hooks.example.org/x", ("hooks.example.org",), "host_not_listed"),
        ("https://hooks.example.org./x", ("hooks.example.org",), "host_not_listed"),
        ("https://10.1.3.3/x", ("10.1.2.0/24",), "host_not_listed"),
        ("http://hooks.example.org/x", ("hooks.example.org",), "not_encrypted"),
        ("http://10.1.2.3/x", ("10.1.2.3",), "not_encrypted"),
        ("https://hooks.example.org@evil.example/x", ("hooks.example.org",), "malformed"),
        ("https://me:secret@hooks.example.org/x", ("hooks.example.org",), "malformed"),
        ("https://hooks.example.org/x#y", ("hooks.example.org",), "malformed"),
        ("https://hooks.example.org:70000/x", ("hooks.example.org",), "malformed"),
        ("https://hooks.example.org:0/x", ("hooks.example.org",), "malformed"),
        ("https://[::1/x", ("::1",), "malformed"),
        ("ftp://hooks.example.org/x", ("hooks.example.org",), "malformed"),
        ("https:///x", ("",), "malformed"),
    ],
)
def test_others_are_refused(url: str, hosts: tuple[str, ...], code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_url(url, hosts)
    assert refused.value.code == code


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[Any]:
    """Let any name lead to these addresses, the first answer first; where was connected to."""
    pending, connected = list(answers), []

    def lookup(host: str, port: object, **_: object) -> list[Any]:
        found = pending.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket, "create_connection", connect)
    return connected


@pytest.mark.parametrize(
    "inward",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::",
    ],
)
def test_a_listed_name_never_leads_inward(monkeypatch: pytest.MonkeyPatch, inward: str) -> None:
    for answer in ([inward], ["93.184.215.14", inward]):
        connected = resolves(monkeypatch, answer)
        with pytest.raises(Undelivered) as refused:
            post("https://hooks.example.org/x", b"{}", {}, ("hooks.example.org", "192.0.2.0/24"))
        assert (refused.value.code, connected) == ("private_address", [])


def test_a_name_that_leads_inward_is_taken_where_its_network_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = resolves(monkeypatch, ["10.1.2.3"])
    with pytest.raises(Undelivered) as refused:
        post("https://hooks.internal/x", b"{}", {}, ("hooks.internal", "10.1.2.0/24"))
    assert (refused.value.code, connected) == ("unreachable", [("10.1.2.3", 443)])


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = resolves(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    with pytest.raises(Undelivered):
        post("https://hooks.example.org:8443/x", b"{}", {}, ("hooks.example.org",))
    assert connected == [("93.184.215.14", 8443)]


def test_each_address_of_a_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        connected = resolves(monkeypatch, ["::1", "127.0.0.1"])

        def second(address: tuple[str, int], timeout: float) -> socket.socket:
            connected.append(address)
            if address[0] == "::1":
                raise ConnectionRefusedError
            line = socket.socket()
            line.connect(address)
            return line

        monkeypatch.setattr(socket, "create_connection", second)
        assert post(receiver.url.replace("127.0.0.1", "localhost"), b"{}", {}, ("localhost", "127.0.0.1", "::1")) == 204
    assert [address for address, _ in connected] == ["::1", "127.0.0.1"]


def test_a_name_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(Undelivered) as refused:
        post("https://hooks.example.org/x", b"{}", {}, ("hooks.example.org",))
    assert refused.value.code == "unreachable"


def test_what_is_posted_arrives_as_it_is() -> None:
    with receiving() as receiver:
        assert post(receiver.url, b'{"a":"\xc3\xa9"}', {"X-One": "1"}, LOOPBACK) == 204
    (got,) = receiver.got
    assert (got.path, got.body, got.headers["x-one"]) == ("/hook?from=bednight", b'{"a":"\xc3\xa9"}', "1")
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with receiving() as receiver:
        receiver.statuses.append(status)
        assert post(receiver.url, b"{}", {}, LOOPBACK) == status
    assert len(receiver.got) == 1


@pytest.mark.parametrize("drip", [b"", b"H"], ids=["silent", "a letter now and then"])
def test_whoever_keeps_us_waiting_is_hung_up_on(monkeypatch: pytest.MonkeyPatch, drip: bytes) -> None:
    monkeypatch.setattr(posting, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def keep_waiting() -> None:
            line, _ = server.accept()
            line.settimeout(0.05)
            with line:
                while True:
                    try:
                        if not line.recv(65536):
                            return
                    except TimeoutError:
                        line.sendall(drip)
                    except OSError:
                        return

        thread = Thread(target=keep_waiting)
        thread.start()
        with pytest.raises(Undelivered) as refused:
            post(f"http://127.0.0.1:{server.getsockname()[1]}/x", b"{}", {}, LOOPBACK)
        thread.join()
    assert refused.value.code == "timeout"


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_an_answer_that_is_none(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(said)

        thread = Thread(target=answer)
        thread.start()
        with pytest.raises(Undelivered) as refused:
            post(f"http://127.0.0.1:{server.getsockname()[1]}/x", b"{}", {}, LOOPBACK)
        thread.join()
    assert refused.value.code == "unreachable"


def test_a_receiver_without_a_certificate_we_trust_gets_nothing() -> None:
    with receiving() as receiver, pytest.raises(Undelivered) as refused:
        post(f"https://127.0.0.1:{receiver.port}/x", b"{}", {}, LOOPBACK)
    assert (refused.value.code, receiver.got) == ("tls", [])


def test_the_certificate_is_checked_against_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped: list[tuple[Any, ...]] = []

    def wrap(context: ssl.SSLContext, line: socket.socket, **how: Any) -> ssl.SSLSocket:
        wrapped.append((context.check_hostname, context.verify_mode, how["server_hostname"]))
        raise ssl.SSLError("no further")

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    with receiving() as receiver, pytest.raises(Undelivered):
        post(f"https://localhost:{receiver.port}/x", b"{}", {}, ("localhost", "127.0.0.1", "::1"))
    assert wrapped == [(True, ssl.CERT_REQUIRED, "localhost")]
