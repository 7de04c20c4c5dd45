# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import builtins
import json
import socket
import sys

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import client as _placement_client
from ansible_collections.vfio.devices.plugins.module_utils._placement import retry as _backoff
from ansible_collections.vfio.devices.plugins.module_utils._placement.api import PlacementError, Reply


class Broken(Exception):
    pass


class Response:
    def __init__(self, status_code, text=""):
        self.status_code, self.text, self.content = status_code, text, text.encode()

    def json(self):
        return json.loads(self.text)


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
    monkeypatch.setattr(_backoff.time, "sleep", lambda seconds: None)


def transport(*answers, tries=3):
    adapter = Adapter(list(answers))
    return _placement_client.SdkTransport(lambda: adapter, Broken, tries), adapter


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
    with pytest.raises(PlacementError, match=rf"too old: its newest API version is {newest}, and 1\.26 is needed"):
        one.send("GET", "/")


@pytest.mark.parametrize("answer", [Response(406, "<html>"), Response(406, "{}"), older("x")])
def test_no_version_at_all(answer):
    one, _adapter = transport(answer)
    with pytest.raises(PlacementError, match="cannot agree with Placement on an API version"):
        one.send("GET", "/")


def test_a_missing_library_is_named(monkeypatch):
    original = builtins.__import__

    def missing(name, *args, **options):
        if name == "openstack":
            raise ImportError("No module named 'openstack'")
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(PlacementError, match="openstacksdk is not installed for") as error:
        _placement_client.connect({})
    assert f"Run there: {sys.executable} -m pip install openstacksdk" in str(error.value)


def test_a_dictionary_has_everything_itself():
    with pytest.raises(PlacementError, match="leave out auth, region_name"):
        _placement_client.connect({"cloud": {"auth": {}}, "auth": {"a": 1}, "region_name": "x", "interface": "public"})


def test_a_cloud_that_is_not_there():
    with pytest.raises(PlacementError, match="nowhere"):
        _placement_client.connect({"cloud": "nowhere"})


@pytest.mark.parametrize(("default", "given"), [(0.2, {}), (60, {"api_timeout": 1})])
def test_a_server_that_never_answers(monkeypatch, default, given):
    monkeypatch.setattr(_placement_client, "ANSWER", default)
    # The SDK keeps settings for the next connection of the same process.
    monkeypatch.setattr("openstack.config.defaults._defaults", None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        auth = {"endpoint": f"http://127.0.0.1:{server.getsockname()[1]}", "token": "admin"}
        placement = _placement_client.connect({"auth_type": "admin_token", "auth": auth, "tries": 1, **given})
        with pytest.raises(PlacementError, match="no answer from Placement .*timed out"):
            placement.find("node")
