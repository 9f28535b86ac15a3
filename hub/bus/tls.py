"""TLS to Kafka: who must use it, what is trusted, and why a connection is not made."""

import ipaddress
import socket
import ssl
import time
from pathlib import Path

from hub.bus.errors import BusError

_PATIENCE = 5.0
"""Longest wait for one handshake, in seconds."""


def addresses(bootstrap_servers: str) -> list[tuple[str, int]]:
    """Host and port of each. Raises `BusError` bus-address."""
    found = []
    for server in bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not (port.isascii() and port.isdecimal()):
            raise BusError("bus-address", f"bootstrap_servers: {server.strip() or '(none)'} is not HOST:PORT")
        found.append((host.strip("[]"), int(port)))
    return found


def is_loopback(host: str) -> bool:
    """Whether what is sent to `host` stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """A client's context that trusts the authorities in `ca_file` and nobody else, and checks names.

    Several may stand in it, as when one takes over from another. Raises `BusError`: ca-missing, ca-wrong, ca-expired.
    """
    if ca_file is None:
        raise BusError("ca-missing", "SASL_SSL needs ca_file, the certificate of the authority that Kafka's own is signed by")
    try:
        context = ssl.create_default_context(cafile=str(ca_file))
    except ssl.SSLError as error:
        raise BusError("ca-wrong", f"{ca_file} holds no certificate in PEM") from error
    except OSError as error:
        raise BusError("ca-missing", f"{ca_file} cannot be read ({error.strerror}); ca_file names Kafka's authority") from error
    ends = [ssl.cert_time_to_seconds(str(authority["notAfter"])) for authority in context.get_ca_certs()]
    if not ends:
        raise BusError("ca-wrong", f"{ca_file} holds no certificate of an authority: Kafka's own certificate is none")
    if max(ends) < time.time():
        expired = time.strftime("%Y-%m-%d", time.gmtime(max(ends)))
        raise BusError("ca-expired", f"{ca_file} expired on {expired}; get the authority's new certificate")
    return context


def handshake(bootstrap_servers: str, context: ssl.SSLContext) -> None:
    """Say what is wrong with Kafka's certificates: its clients only try again. Blocking.

    A server that cannot be reached says nothing. Raises `BusError` bus-not-trusted where all that can be reached fail.
    """
    faults = []
    for host, port in addresses(bootstrap_servers):
        try:
            with (
                socket.create_connection((host, port), _PATIENCE) as plain,
                context.wrap_socket(plain, server_hostname=host),
            ):
                return
        except ssl.SSLCertVerificationError as error:
            faults.append(f"{host}:{port} shows a certificate that ca_file does not vouch for: {error.verify_message}")
        except ssl.SSLError as error:
            faults.append(f"{host}:{port} does not speak TLS as we do: {error.reason}")
        except OSError:
            continue
    if faults:
        raise BusError("bus-not-trusted", "; ".join(faults))
