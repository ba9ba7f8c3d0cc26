"""Options of TLS, and contexts from files: what is refused says which file or option and why."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from rustydb_host.certificates import CertificateError, server_context
from rustydb_host.options import OptionError, load

from rustydb_proto.core.machine import Stop
from rustydb_proto.core.time import Now
from rustydb_proto.tls import ClientContext, HandshakeCompleted, ServerContext, TlsEvent, TlsFailed, TlsMachine
from rustydb_proto.tls_binding import end_point_hash
from tests.support.certificates import Authority, Files, client_context

AUTHORITY = Authority()
SERVER = AUTHORITY.issue("localhost", names=["localhost"])
NOW = Now(0, 0)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return SERVER.write(tmp_path)


def context(files: Files, *arguments: str) -> ServerContext:
    options = load("x", ["--tls-cert", files.certificate, "--tls-key", files.key, *arguments], {})
    made = server_context(options)
    assert made is not None
    return made


def shaken(server: ServerContext, client: ssl.SSLContext, name: str = "localhost") -> TlsEvent:
    """Return the first event of the server when a client comes."""
    here, there = TlsMachine(NOW, server), TlsMachine(NOW, ClientContext(client, name))
    there.next_event()
    while data := there.data_to_send():
        here.receive_data(NOW, data)
        event = here.next_event()
        if not isinstance(event, Stop):
            return event
        there.receive_data(NOW, here.data_to_send())
        there.next_event()
    raise AssertionError("nothing happened")


def test_no_certificate_no_tls() -> None:
    options = load("x", [], {})
    assert not options.tls and server_context(options) is None


def test_a_certificate_turns_tls_on_and_an_option_off(files: Files) -> None:
    arguments = ["--tls-cert", files.certificate, "--tls-key", files.key]
    assert load("x", arguments, {}).tls
    options = load("x", arguments, {"RUSTYDB_ENABLE_TLS": "false"})
    assert not options.tls and server_context(options) is None


def test_a_client_is_served_with_alpn_and_a_channel_binding(files: Files) -> None:
    event = shaken(context(files), client_context(AUTHORITY, alpn=["postgresql"]))
    assert isinstance(event, HandshakeCompleted)
    assert (event.version, event.alpn) == ("TLSv1.3", "postgresql")
    assert event.channel_binding == end_point_hash(SERVER.der)


def test_certificate_and_key_in_one_file(files: Files, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_text(Path(files.key).read_text() + Path(files.certificate).read_text())
    both.chmod(0o600)
    options = load("x", ["--tls-cert", str(both)], {})
    made = server_context(options)
    assert made is not None and made.channel_binding == end_point_hash(SERVER.der)


@pytest.mark.parametrize(
    "text",
    [
        "[security]\nenable_tls = true\ntls_cert_path = '{c}'\ntls_key_path = '{k}'\nca_cert_path = '{a}'\n"
        "require_client_cert = true\nmin_tls_version = '1.2'\n",
        "[security.tls]\nenabled = true\ncert_path = '{c}'\nkey_path = '{k}'\nca_cert_path = '{a}'\n"
        "client_auth = 'required'\nmin_version = '1.2'\n",
    ],
)
def test_both_forms_of_the_configuration_file(files: Files, tmp_path: Path, text: str) -> None:
    authority = AUTHORITY.write(tmp_path)
    path = tmp_path / "config.toml"
    path.write_text(text.format(c=files.certificate, k=files.key, a=authority))
    options = load("x", ["--config", str(path)], {})
    assert options.tls and options.tls_client_auth == "required"
    made = server_context(options)
    assert made is not None
    assert made.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert made.context.verify_mode is ssl.CERT_REQUIRED


def test_unknown_keys_of_the_inner_table_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[security.tls]\ncertificate = 'x'\n")
    with pytest.raises(OptionError, match=r"unknown key certificate in \[security.tls\]; known are .*cert_path"):
        load("x", ["--config", str(path)], {})
    path.write_text("[security.ssl]\ncert_path = 'x'\n")
    with pytest.raises(OptionError, match=r"unknown key ssl in \[security\]"):
        load("x", ["--config", str(path)], {})


def test_an_outside_address_is_allowed_with_tls_and_a_password(files: Files) -> None:
    tls = ["--listen", "0.0.0.0", "--tls-cert", files.certificate, "--tls-key", files.key]
    assert load("x", [*tls, "--admin-password", "x"], {}).listen == ("0.0.0.0",)
    with pytest.raises(OptionError, match="default one"):
        load("x", tls, {})
    with pytest.raises(OptionError, match="without TLS: give --tls-cert"):
        load("x", [*tls, "--admin-password", "x"], {"RUSTYDB_ENABLE_TLS": "0"})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--enable-tls"], "TLS is enabled without a certificate"),
        (["--tls-required"], "--tls-required without TLS"),
        (["--tls-cert", "x", "--tls-client-auth", "optional"], "--tls-client-auth optional without the authorities"),
        (["--tls-cert", "x", "--require-client-cert"], "--tls-client-auth required without the authorities"),
        (["--tls-cert", "x", "--tls-cert-login"], "--tls-cert-login without certificates of clients"),
        (["--tls-min-version", "1.1"], "1.1.*1.2, 1.3"),
    ],
)
def test_options_that_need_another_one_say_so(arguments: list[str], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        load("x", arguments, {})


def test_files_that_cannot_be_used_are_named(files: Files, tmp_path: Path) -> None:
    def refused(certificate: str, key: str, *arguments: str) -> str:
        with pytest.raises(CertificateError) as caught:
            context(Files(certificate, key), *arguments)
        return str(caught.value)

    missing, empty = str(tmp_path / "missing"), tmp_path / "empty"
    empty.write_text("nothing")
    empty.chmod(0o600)
    other = AUTHORITY.issue("other").write(tmp_path)
    assert refused(missing, files.key) == f"cannot read certificate {missing}: No such file or directory"
    assert refused(files.certificate, missing) == f"cannot read key {missing}: No such file or directory"
    assert refused(str(empty), files.key) == f"no certificate is in {empty}: it must be in PEM form"
    assert "key values mismatch" in refused(files.certificate, other.key)
    assert files.certificate in refused(files.certificate, str(empty))
    assert str(empty) in refused(files.certificate, files.key, "--tls-ca", str(empty))


def test_a_key_that_others_can_read_is_refused(files: Files) -> None:
    Path(files.key).chmod(0o644)
    with pytest.raises(CertificateError, match=r"can be read or written by others \(mode 0644\): chmod 600"):
        context(files)


def test_an_encrypted_key_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    files = SERVER.write(tmp_path, b"secret")
    with pytest.raises(CertificateError, match="is encrypted"):
        context(files)


def test_certificates_for_other_names(files: Files, tmp_path: Path) -> None:
    other = AUTHORITY.issue("other.example", names=["other.example"])
    single = other.write(tmp_path)
    both = tmp_path / "other.pem"
    both.write_text(Path(single.certificate).read_text() + Path(single.key).read_text())
    both.chmod(0o600)
    server = context(files, "--tls-name", f"Other.example={both}", "--tls-name", f"*.shop.example={both}")
    for asked, issued in [("localhost", SERVER), ("other.example", other), ("a.shop.example", other)]:
        client = client_context(AUTHORITY)
        client.check_hostname = False
        event = shaken(server, client, asked)
        assert isinstance(event, HandshakeCompleted) and event.channel_binding == end_point_hash(issued.der)
    with pytest.raises(OptionError, match="is not NAME=FILE"):
        context(files, "--tls-name", "other.example")


def test_tls_1_2_only_when_allowed(files: Files) -> None:
    old = client_context(AUTHORITY)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert isinstance(shaken(context(files), old), TlsFailed)
    event = shaken(context(files, "--tls-min-version", "1.2"), old)
    assert isinstance(event, HandshakeCompleted) and event.version == "TLSv1.2"


def test_ciphers_of_tls_1_3(files: Files) -> None:
    two = context(files, "--tls-ciphers", "TLS_AES_256_GCM_SHA384", "--tls-ciphers", "TLS_CHACHA20_POLY1305_SHA256")
    event = shaken(two, client_context(AUTHORITY))
    assert isinstance(event, HandshakeCompleted) and event.cipher == "TLS_AES_256_GCM_SHA384"
    old = client_context(AUTHORITY)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert isinstance(
        shaken(context(files, "--tls-min-version", "1.2", "--tls-ciphers", "TLS_AES_256_GCM_SHA384"), old), TlsFailed
    )


def test_ciphers_of_tls_1_2(files: Files) -> None:
    one = context(files, "--tls-min-version", "1.2", "--tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256")
    event = shaken(one, client_context(AUTHORITY))
    assert isinstance(event, HandshakeCompleted)
    assert (event.version, event.cipher) == ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")
    both = context(
        files, "--tls-min-version", "1.2", "--tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256",
        "--tls-ciphers", "TLS_AES_256_GCM_SHA384",
    )  # fmt: skip
    assert isinstance(shaken(both, client_context(AUTHORITY)), HandshakeCompleted)


def test_ciphers_that_cannot_be_used_are_named(files: Files) -> None:
    with pytest.raises(CertificateError, match=r"no cipher of TLS 1\.3 in ECDHE-ECDSA-AES128-GCM-SHA256"):
        context(files, "--tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256")
    with pytest.raises(CertificateError, match="cipher NO-SUCH-CIPHER is not known"):
        context(files, "--tls-min-version", "1.2", "--tls-ciphers", "NO-SUCH-CIPHER")
