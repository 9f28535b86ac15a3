"""Who must use TLS to Kafka, what is trusted, and what a person is told when it is wrong."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.kafka.certificates import Authority
from hub.bus.connection import BusError, Connection
from hub.bus.tls import handshake, is_loopback, trust
from hub.settings import ConfigError, read_settings


@contextmanager
def server(folder: Path, identity: bytes) -> Iterator[str]:
    """One that shows this certificate, and its address."""
    file = folder / "identity.pem"
    file.write_bytes(identity)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with serving(lambda connection: context.wrap_socket(connection, server_side=True).close()) as address:
        yield address


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    answer(connection)
                except OSError:  # the client hangs up on what it does not trust
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def ca(folder: Path, *authorities: Authority) -> Path:
    file = folder / "ca.pem"
    file.write_bytes(b"".join(authority.pem for authority in authorities))
    return file


def test_a_certificate_of_the_authority_is_trusted(tmp_path: Path) -> None:
    authority = Authority()
    with server(tmp_path, authority.issue()) as address:
        handshake(address, trust(ca(tmp_path, authority)))


def test_while_one_authority_takes_over_from_another_both_are_trusted(tmp_path: Path) -> None:
    old, new = Authority(), Authority()
    context = trust(ca(tmp_path, old, new))
    for authority in (old, new):
        with server(tmp_path, authority.issue()) as address:
            handshake(address, context)


def test_another_hosts_certificate_is_not_trusted(tmp_path: Path) -> None:
    authority = Authority()
    with (
        server(tmp_path, authority.issue("kafka.court.example", "192.0.2.1")) as address,
        pytest.raises(BusError, match=f"bus-not-trusted: {address} .*IP address mismatch"),
    ):
        handshake(address, trust(ca(tmp_path, authority)))


def test_another_authoritys_certificate_is_not_trusted(tmp_path: Path) -> None:
    with server(tmp_path, Authority().issue()) as address, pytest.raises(BusError, match="does not vouch for"):
        handshake(address, trust(ca(tmp_path, Authority())))


def test_a_port_without_tls_is_said_to_be_one(tmp_path: Path) -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"220 no TLS here\r\n")

    with serving(plain) as address, pytest.raises(BusError, match=f"bus-not-trusted: {address} does not speak TLS"):
        handshake(address, trust(ca(tmp_path, Authority())))


def test_who_cannot_be_reached_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    handshake(f"127.0.0.1:{closed}", trust(ca(tmp_path, Authority())))


def expired(folder: Path) -> Path:
    return ca(folder, Authority(now=datetime.now(UTC) - timedelta(days=100), validity=timedelta(days=90)))


def no_certificate(folder: Path) -> Path:
    file = folder / "text.pem"
    file.write_text("not a certificate")
    return file


def a_servers_own(folder: Path) -> Path:
    file = folder / "server.pem"
    file.write_bytes(Authority().issue())
    return file


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _: None, "ca-missing: SASL_SSL needs ca_file"),
        (lambda folder: folder / "absent.pem", r"ca-missing: .*absent\.pem cannot be read"),
        (no_certificate, "ca-wrong: .* holds no certificate in PEM"),
        (a_servers_own, "ca-wrong: .* holds no certificate of an authority"),
        (expired, r"ca-expired: .* expired on \d{4}-\d\d-\d\d"),
    ],
)
def test_a_useless_ca_file_is_named(tmp_path: Path, make: Callable[[Path], Path | None], says: str) -> None:
    connection = Connection("127.0.0.1:9092", "hub", "word", "SASL_SSL", ca_file=make(tmp_path))
    with pytest.raises(BusError, match=says):
        connection.options("test")
    with pytest.raises(BusError, match=says):
        connection.describe([])


def test_both_clients_check_the_name(tmp_path: Path) -> None:
    connection = Connection("kafka.court.example:9093", "hub", "word", "SASL_SSL", ca_file=ca(tmp_path, Authority()))
    context = connection.options("test")["ssl_context"]
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert connection.admin_settings()["ssl.endpoint.identification.algorithm"] == "https"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.0.9", "::1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["kafka.court.example", "192.0.2.1", "0.0.0.0", "localhost.example", "127.0.0.1.example", "fe80::1"])  # noqa: S104 - an address to be refused
def test_another_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
def test_nothing_leaves_the_machine_unencrypted_unless_told(tmp_path: Path, protocol: str) -> None:
    file = tmp_path / "hub.toml"
    table = f'[kafka]\nbootstrap_servers = "127.0.0.1:9092,192.0.2.1:9092"\nprotocol = "{protocol}"\n'
    file.write_text(table)
    with pytest.raises(ConfigError, match=r"bus-not-encrypted: 192\.0\.2\.1 is another machine"):
        read_settings(file)
    file.write_text(table + "allow_unencrypted = true\n")
    assert read_settings(file).kafka.connection().protocol == protocol


def test_settings_for_tls(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    table = '[kafka]\nbootstrap_servers = "kafka.court.example:9093"\nprotocol = "SASL_SSL"\n'
    file.write_text(table)
    with pytest.raises(ConfigError, match="SASL_SSL needs ca_file"):
        read_settings(file)
    file.write_text(table + 'ca_file = "ca.pem"\n')
    assert read_settings(file).kafka.connection().ca_file == Path("ca.pem")


@pytest.mark.parametrize("servers", ["", "kafka", "kafka:", ":9092", "a:1,,b:2", "a:９０９２"])
def test_an_address_that_is_none(servers: str) -> None:
    with pytest.raises(BusError, match="bus-address"):
        Connection(servers)
