# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import builtins
import contextlib
import copy
import json
import logging
import re
import socket
import sys
import threading
from types import SimpleNamespace

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import client, retry
from ansible_collections.vfio.devices.plugins.module_utils._placement.errors import PlacementError, Reply
from ansible_collections.vfio.devices.tests.unit.placement_server import PASSWORD, TOKEN, Answer, Server

OPTIONS = {"tries": 1, "timeout": 60}


class Broken(Exception):
    pass


class Response:
    def __init__(self, status_code, text="", token="admin", **headers):
        self.status_code, self.content, self.headers = status_code, text.encode(), headers
        self.request = SimpleNamespace(headers={"X-Auth-Token": token})


class Adapter:
    def __init__(self, answers):
        self.answers, self.asked = answers, []

    def request(self, path, method, **options):
        self.asked.append((method, path, options["microversion"]))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retry.time, "sleep", lambda seconds: None)


def transport(*answers, tries=3):
    adapter = Adapter(list(answers))
    return client.SdkTransport(lambda: adapter, Broken, tries, retry.Clock(), 60), adapter


def test_reads_are_asked_again():
    one, adapter = transport(Broken("reset"), Response(503, "busy"), Response(200, '{"a": 1}'))
    assert one.send("GET", "/") == Reply(200, {"a": 1})
    assert one.calls == 3
    assert adapter.asked[0] == ("GET", "/", "1.39")


def test_writes_are_not():
    one, _adapter = transport(Broken("reset"))
    assert one.send("PUT", "/", {}) == Reply(None, "reset")


def test_reads_are_given_up():
    one, _adapter = transport(*(Response(500, "<html>") for _number in range(3)))
    assert one.send("GET", "/") == Reply(500, "<html>")


def test_other_refusals_are_answers():
    one, _adapter = transport(Response(404, '{"errors": []}'))
    assert one.send("GET", "/").status == 404


def older(newest):
    return Response(406, json.dumps({"errors": [{"max_version": newest, "title": "Not Acceptable"}]}))


def test_the_version_is_negotiated_once():
    one, adapter = transport(older("1.30"), Response(200, "{}"), Response(204))
    assert one.send("GET", "/").status == 200
    assert one.send("DELETE", "/") == Reply(204, None)
    assert [version for _method, _path, version in adapter.asked] == ["1.39", "1.30", "1.30"]


@pytest.mark.parametrize("newest", ["1.25", "1.0"])
def test_too_old(newest):
    one, _adapter = transport(older(newest))
    with pytest.raises(PlacementError, match=rf"too old: its newest API version is {newest}, but 1\.26 is required"):
        one.send("GET", "/")


@pytest.mark.parametrize("answer", [Response(406, "<html>"), Response(406, "{}"), older("x")])
def test_no_version_at_all(answer):
    one, _adapter = transport(answer)
    with pytest.raises(PlacementError, match="cannot negotiate an API version with Placement"):
        one.send("GET", "/")


def test_a_missing_library_is_named(monkeypatch):
    original = builtins.__import__

    def missing(name, *args, **options):
        if name == "openstack":
            raise ImportError("No module named 'openstack'")
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(PlacementError, match="openstacksdk is not installed for") as error:
        client.connect(OPTIONS)
    assert f"Run there: {sys.executable} -m pip install openstacksdk" in str(error.value)


def test_a_dictionary_has_everything_itself():
    with pytest.raises(PlacementError, match="Remove auth, region_name"):
        client.connect({**OPTIONS, "cloud": {"auth": {}}, "auth": {"a": 1}, "region_name": "x", "interface": "public"})


def test_a_cloud_that_is_not_there():
    with pytest.raises(PlacementError, match="nowhere"):
        client.connect({**OPTIONS, "cloud": "nowhere"})


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(("default", "given"), [(0.2, {}), (60, {"api_timeout": 0.2})])
def test_a_server_that_never_answers(monkeypatch, default, given, scheme):
    monkeypatch.setattr(client, "ANSWER", default)
    # The SDK keeps settings for the next connection of the same process.
    monkeypatch.setattr("openstack.config.defaults._defaults", None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        auth = {"endpoint": f"{scheme}://127.0.0.1:{server.getsockname()[1]}", "token": "admin"}
        placement = client.connect({**OPTIONS, "auth_type": "admin_token", "auth": auth, **given})
        with pytest.raises(PlacementError, match="no answer from Placement .*timed out"):
            placement.find("node")


# At a Keystone with unusual answers


def test_nobody_listens(monkeypatch):
    monkeypatch.setattr("openstack.config.defaults._defaults", None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        auth = {"endpoint": f"http://127.0.0.1:{server.getsockname()[1]}", "token": "admin"}
    placement = client.connect({**OPTIONS, "auth_type": "admin_token", "auth": auth})
    with pytest.raises(PlacementError, match="no answer from Placement .*Connection refused.*[)]. Check the endpoint"):
        placement.find("node")


def test_a_name_that_is_looked_up_for_ever(monkeypatch):
    monkeypatch.setattr("openstack.config.defaults._defaults", None)
    ended = threading.Event()
    monkeypatch.setattr("urllib3.util.connection.socket.getaddrinfo", lambda *_given, **_options: ended.wait(9) and [])
    auth = {"endpoint": "http://placement.invalid", "token": "admin"}
    placement = client.connect({**OPTIONS, "auth_type": "admin_token", "auth": auth, "api_timeout": 0.2})
    with pytest.raises(PlacementError, match=r"timed out after 0\.2 seconds"):
        placement.find("node")
    ended.set()


def test_login(log_in, server, caplog):
    caplog.set_level(logging.DEBUG)
    assert log_in()["created"] == ["node_1"]
    assert server.tokens[-1] == TOKEN
    assert server.requests[:2] == ["GET /v3", "POST /v3/auth/tokens"]


LOGIN = [
    ("GET /v3", path)
    for path in [("version",), ("version", "id"), ("version", "links"), ("version", "links", 0), ("version", "status")]
] + [
    ("POST /v3", path)
    for path in [
        ("token",),
        ("token", "catalog"),
        ("token", "catalog", 0),
        ("token", "catalog", 0, "endpoints"),
        ("token", "catalog", 0, "endpoints", 0),
        ("token", "catalog", 0, "endpoints", 0, "url"),
        ("token", "catalog", 0, "type"),
        ("token", "expires_at"),
        ("token", "project"),
    ]
]


@pytest.mark.parametrize(("pattern", "path"), LOGIN)
@pytest.mark.parametrize("value", [None, [], {}, 5, "\x1b[2J", [[5]], PASSWORD])
def test_an_answer_of_keystone_of_another_shape(log_in, server, pattern, path, value):
    def change(answer):
        body = copy.deepcopy(answer.body)
        inner = body
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = value
        return Answer(body, answer.status, answer.headers)

    server.rule(pattern, change)
    result = log_in()
    if result.get("failed"):
        assert result["msg"].startswith("Nothing was changed in Placement: ")


@pytest.mark.parametrize("pattern", ["GET /v3", "POST /v3"])
@pytest.mark.parametrize("body", [None, [], 5, "words", b"<html>", b"[" * 99999, b"\xff", b"1" * 9999])
def test_an_answer_of_keystone_that_is_none(log_in, server, pattern, body):
    server.rule(pattern, lambda answer: Answer(body, answer.status, answer.headers))
    result = log_in()
    if pattern == "POST /v3":
        assert result["failed"]
        assert result["msg"].startswith("Nothing was changed in Placement: cannot ")


@pytest.mark.parametrize(
    "options",
    [
        {"auth_type": "token"},
        {"auth": {"auth_url": "http://127.0.0.1:1", "user": "u", "password": PASSWORD}},
    ],
)
def test_a_configuration_that_the_library_cannot_use_is_named(log_in, options):
    said = log_in(**options)["msg"]
    assert re.search(
        r"[^.]\. There is no clouds\.yaml in [^ ]*, .*\. Set placement_cloud to an entry of clouds\.yaml", said
    )


def test_a_file_that_is_no_yaml_is_named(log_in, monkeypatch, tmp_path):
    path = tmp_path / "clouds.yaml"
    path.write_text("clouds:\n  mine: {auth: {}\n  other: 1\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    said = log_in(auth=None, auth_type=None, cloud="mine")["msg"]
    assert f"Cloud mine was not found. {path} is not valid YAML (line 3). Set placement_cloud" in said


def test_a_login_without_a_token(log_in, server):
    server.rule("POST /v3", lambda answer: Answer(answer.body, 201))
    assert "cannot read the responses of Keystone: KeyError: 'x-subject-token'" in log_in()["msg"]


def test_no_password_goes_to_another_server(log_in, server):
    other = Server()
    try:
        for pattern in ("GET /v3", "POST /v3"):
            server.rules.clear()
            server.rule(pattern, lambda _answer: Answer({}, 307, {"Location": f"{other.url}/v3/auth/tokens"}))
            assert f"the server at {server.url} redirects to {other.url}/v3" in log_in()["msg"]
        assert other.requests == []
    finally:
        other.stop()


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/v3/", "http://example.invalid/v3/", "https://example.invalid/v3"]
)
def test_no_password_goes_where_a_list_of_versions_says(log_in, secure, address):
    """keystoneauth takes only the version from the list."""

    def change(answer):
        links = [{"rel": "self", "href": address}]
        return Answer({"version": {**answer.body["version"], "links": links}})

    secure.rule("GET /v3", change)
    assert log_in(validate_certs=False)["created"] == ["node_1"]
    assert secure.requests[:2] == ["GET /v3", "POST /v3/auth/tokens"]


@pytest.mark.parametrize("pattern", ["GET /v3", "POST /v3"])
def test_a_login_that_does_not_end(log_in, run, server, pattern):
    def drip(handler):
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not server.ended.wait(0.05):
                handler.wfile.write(b"x")

    server.rule(pattern, lambda _answer: drip)
    result = log_in(api_timeout=1)
    assert run.seconds < 10
    assert pattern == "GET /v3" or "timed out after 1 seconds" in result["msg"]


def test_an_answer_of_keystone_that_is_too_large(log_in, server):
    server.rule("POST /v3", lambda answer: Answer(b" ", 201, {"Content-Encoding": "br"}))
    assert "has the Content-Encoding br" in log_in()["msg"]


@pytest.mark.parametrize("pattern", ["GET /v3", "POST /v3", "GET .*name=", "PUT .*inventories"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
def test_secrets_that_a_server_repeats(log_in, server, pattern, status, monkeypatch):
    """This includes secrets from the environment, which Ansible does not know."""
    said = f"you sent {PASSWORD} to http://admin:{PASSWORD}@127.0.0.1"
    if "v3" not in pattern:
        said += f" with {TOKEN}"
    errors = {"errors": [{"title": said, "detail": said, "code": said}], "error": {"message": said, "title": said}}

    def repeat(_answer):
        return Answer(
            {**errors, "resource_providers": said, "inventories": said, "token": said, "version": said}, status
        )

    server.rule(pattern, repeat, before=True)
    for name, value in {"auth_url": f"{server.url}/v3", "username": "admin", "password": PASSWORD}.items():
        monkeypatch.setenv(f"OS_{name.upper()}", value)
    for name, value in {"project_name": "admin", "user_domain_id": "d", "project_domain_id": "d"}.items():
        monkeypatch.setenv(f"OS_{name.upper()}", value)
    # keystoneauth itself waits if Keystone requires a login for its versions (401).
    log_in(check=False, auth_type=None, auth=None, tries=1, api_timeout=1)


@pytest.mark.parametrize("seconds", [0, -1, 1e20, "nan", "soon", True])
def test_a_time_that_is_none_in_the_settings_of_the_cloud(log_in, seconds):
    auth = {"auth_url": "http://127.0.0.1:1", "username": "u", "password": PASSWORD}
    result = log_in(auth=None, auth_type=None, api_timeout=None, cloud={"auth": auth, "api_timeout": seconds})
    assert "the configuration of the cloud: api_timeout must be a number of seconds" in result["msg"]


# Addresses that no service can have


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://u:hush@127.0.0.1:1", "127.0.0.1:8778", "http://a b"])
@pytest.mark.parametrize("place", ["auth", "cloud.auth"])
def test_no_request_goes_to_such_an_address(run, server, address, place):
    auth = {"endpoint": address, "token": TOKEN}
    options = {"auth": auth} if place == "auth" else {"auth": None, "auth_type": None, "cloud": {"auth": auth}}
    said = run(**options)
    assert said["msg"].startswith(f"Nothing was changed in Placement: {place}.endpoint must be an address such as ")
    assert "hush" not in said["msg"]
    assert server.requests == []


@pytest.mark.parametrize("option", ["auth", "placement_endpoint_override"])
def test_clouds_yaml_has_such_an_address(log_in, server, monkeypatch, tmp_path, option):
    auth = {"auth_url": f"{server.url}/v3", "username": "u", "password": PASSWORD, "project_name": "p"}
    cloud = {"auth": {**auth, "auth_url": "file:///x"}} if option == "auth" else {"auth": auth, option: "file:///x"}
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": {"mine": cloud}}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    said = log_in(auth=None, auth_type=None, cloud="mine")["msg"]
    assert "the configuration of the cloud: " in said
    assert "must be an address such as https://controller:" in said
    assert "'file:///x'" in said
    assert server.requests == []


@pytest.mark.parametrize("address", ["file://h/etc/passwd", "http://u:hush@127.0.0.1:1", "ftp://h", "http://a b"])
def test_the_catalog_has_such_an_address(log_in, server, address):
    def change(answer):
        body = copy.deepcopy(answer.body)
        for one in body["token"]["catalog"]:
            for endpoint in one["endpoints"]:
                endpoint["url"] = address
        return Answer(body, answer.status, answer.headers)

    server.rule("POST .*/auth/tokens", change)
    said = log_in()["msg"]
    assert "the endpoint of Placement in the cloud must be an address such as https://controller:8778" in said
    assert "hush" not in said
    assert [line for line in server.requests if "resource_providers" in line] == []
