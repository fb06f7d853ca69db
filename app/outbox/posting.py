"""One request to a host outside: only to hosts that the operator listed, never inward, never further than it says.

The host is resolved once and the connection goes to the very address that was checked, so a name that answers
differently the second time leads nowhere else. Redirects are not followed. The whole exchange has `TIMEOUT`
seconds once it is connected, and as many to connect to each address.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

from app.outbox.channels import Undelivered

TIMEOUT = 5.0
_MOST_ADDRESSES = 4
MOST_BYTES = 1_000_000
"""Of an answer that is read."""
Address = IPv4Address | IPv6Address
# Behind such an IPv6 address stands an IPv4 address, which may be anything.
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("2002::/16"))
REFUSALS = {
    "malformed": "Expected https, a host and a path, without a user name and without #.",
    "host_not_listed": "The operator has not listed this host.",
    "private_address": "This address is private and the operator has not listed it.",
    "not_encrypted": "Expected https; http is for receivers on this computer alone.",
}


class Refused(ValueError):
    """An address to which we do not send; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check_url(url: str, hosts: Sequence[str]) -> SplitResult:
    """The parts of a URL that may be sent to. Plain HTTP is for receivers on this computer alone."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("malformed") from None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or parts.fragment or port == 0:
        raise Refused("malformed")
    literal = _literal(host)
    if not (host in hosts or (literal is not None and _named(literal, hosts))):
        raise Refused("host_not_listed")
    if parts.scheme == "http" and not (host == "localhost" or (literal is not None and literal.is_loopback)):
        raise Refused("not_encrypted")
    if literal is not None and not _may_connect(literal, hosts):
        raise Refused("private_address")
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str], hosts: Sequence[str]) -> int:
    """Send and give the status of the answer; raises Undelivered where there was none."""
    return ask("POST", url, body, headers, hosts)[0]


def ask(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], hosts: Sequence[str], *, most: int = 0
) -> tuple[int, bytes]:
    """The status of an answer, and its first `most` bytes; raises Undelivered where there was none."""
    try:
        parts = check_url(url, hosts)
        with _connected(parts, hosts) as channel:
            connection = HTTPConnection(parts.hostname or "")
            connection.sock = channel
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, path, body, {"Host": parts.netloc, "Connection": "close", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read(most) if most else b""
    except Refused as refused:
        raise Undelivered(refused.code) from None
    except TimeoutError:
        raise Undelivered("timeout") from None
    except ssl.SSLError:
        raise Undelivered("tls") from None
    except (OSError, HTTPException, ValueError):
        raise Undelivered("unreachable") from None


@contextmanager
def _connected(parts: SplitResult, hosts: Sequence[str]) -> Iterator[socket.socket]:
    """A connection to a checked address. A receiver that keeps us waiting is hung up on, however it does it."""
    host, secure, late = parts.hostname or "", parts.scheme == "https", Event()
    line = _connect(_resolve(host, hosts), parts.port or (443 if secure else 80))

    def hang_up() -> None:
        late.set()
        with suppress(OSError):
            socket.socket.shutdown(line, socket.SHUT_RDWR)

    # The limit of a socket is one of each read; this one is of the whole.
    watch = Timer(TIMEOUT, hang_up)
    watch.daemon = True
    watch.start()
    try:
        if secure:
            context = ssl.create_default_context()
            line = context.wrap_socket(line, server_hostname=host, do_handshake_on_connect=False)
            line.do_handshake()
        yield line
    except (OSError, HTTPException):
        if late.is_set():
            raise TimeoutError from None
        raise
    finally:
        watch.cancel()
        line.close()


def _resolve(host: str, hosts: Sequence[str]) -> list[str]:
    """The addresses of a host. One that is forbidden among several is enough to refuse it."""
    found = list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))
    if not found or not all(_may_connect(ip_address(one.partition("%")[0]), hosts) for one in found):
        raise Refused("private_address")
    return found[:_MOST_ADDRESSES]


def _connect(addresses: Sequence[str], port: int) -> socket.socket:
    """A connection to the first address that takes one: of a host with two kinds, one may not work from here."""
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, port), TIMEOUT)
    return socket.create_connection((addresses[-1], port), TIMEOUT)


def _may_connect(address: Address, hosts: Sequence[str]) -> bool:
    if _named(address, hosts):
        return True
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _may_connect(address.ipv4_mapped, hosts)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast


def _named(address: Address, hosts: Sequence[str]) -> bool:
    """Whether the setting lists this very address, or a network that it is in."""
    return any(address in network for network in map(_network, hosts) if network is not None)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(entry)
    except ValueError:
        return None
