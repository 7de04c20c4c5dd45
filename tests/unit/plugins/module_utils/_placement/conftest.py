# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ssl
import time
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import retry
from ansible_collections.vfio.devices.plugins.modules import placement_inventory
from ansible_collections.vfio.devices.tests.unit import placement_server


class Run:
    """One run of placement_inventory against a server: its result, its duration, and the requests to the server."""

    def __init__(self, run_module, server):
        self.run_module, self.server, self.seconds = run_module, server, 0.0

    def options(self, **options):
        auth = {"endpoint": self.server.url, "token": placement_server.TOKEN}
        return {"auth_type": "admin_token", "auth": auth, "tries": 2, "api_timeout": 10, **options}

    def __call__(self, check=False, **options):
        begin = time.monotonic()
        options = {"providers": placement_server.WANTED, **self.options(), **options}
        result = self.run_module(placement_inventory, options, check_mode=check)
        self.seconds = time.monotonic() - begin
        assert placement_server.TOKEN not in repr(result)
        assert result.get("msg", "").isprintable()
        assert check or bool(self.server.writes()) >= bool(result.get("changed"))
        return result


@pytest.fixture
def server(monkeypatch):
    # The SDK keeps settings for the next connection of the same process.
    monkeypatch.setattr("openstack.config.defaults._defaults", None)
    monkeypatch.setattr(retry, "FIRST", 0.001)
    running = placement_server.Server()
    yield running
    running.stop()


@pytest.fixture
def run(run_module, server):
    return Run(run_module, server)


@pytest.fixture
def log_in(run, server, monkeypatch, tmp_path, caplog):
    """Log in with a password and run; check that neither password nor token is in the result or a log."""
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))

    def log_in(check=True, password=placement_server.PASSWORD, **options):
        auth = {
            "auth_url": f"{server.url}/v3",
            "username": "admin",
            "password": password,
            "project_name": "admin",
            "user_domain_id": "default",
            "project_domain_id": "default",
        }
        result = run(check=check, **{"auth_type": "password", "auth": auth, **options})
        for secret in (placement_server.PASSWORD, placement_server.TOKEN):
            assert secret not in repr(result)
            assert secret not in caplog.text
        return result

    return log_in


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return the paths of a self-signed certificate for 127.0.0.1 and of its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "wrong.example.org")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("wrong.example.org")]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    directory = tmp_path_factory.mktemp("tls")
    (directory / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    for file, lock in (
        ("key.pem", serialization.NoEncryption()),
        ("locked.pem", serialization.BestAvailableEncryption(b"secret-of-the-key")),
    ):
        (directory / file).write_bytes(key.private_bytes(serialization.Encoding.PEM, form, lock))
    return directory


@pytest.fixture
def secure(server, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    server.listener.socket = context.wrap_socket(
        server.listener.socket, server_side=True, do_handshake_on_connect=False
    )
    server.url = server.url.replace("http:", "https:")
    return server
