# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import gzip
import json
import threading
import time
import zlib
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import limits
from ansible_collections.vfio.devices.tests.unit.placement_server import CHILD, Answer, Server, refusal

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ZEROS = b"[" + b" " * (limits.MOST_BYTES + 2**20)


def dripping(server, start, drop):
    """Return an answer that starts well and then sends one byte at a time, forever."""

    def send(handler):
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.wfile.write(start)
            while not server.ended.wait(0.05):
                handler.wfile.write(drop)

    return lambda _answer: send


DRIPS = {
    "silent": (b"", b""),
    "status": (b"HTTP/1.1 2", b"0"),
    "header": (HEAD + b"X-Long: ", b"x"),
    "headers": (HEAD, b"X: y\r\n"),
    "body": (HEAD + b"Content-Length: 100000\r\n\r\n[", b" "),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "without end": (HEAD + b"Connection: close\r\n\r\n[", b" "),
}


@pytest.mark.parametrize("kind", DRIPS)
@pytest.mark.parametrize("pattern", ["GET .*in_tree", "PUT .*inventories"])
def test_an_answer_that_does_not_end(run, server, pattern, kind):
    server.rule(pattern, dripping(server, *DRIPS[kind]))
    # A busy machine needs up to 0.5 s for an answer that does end.
    result = run(api_timeout=1.5, tries=1)
    assert run.seconds < 10
    assert result["failed"]
    if pattern.startswith("GET"):
        assert result["msg"].startswith("Nothing was changed in Placement: cannot read the tree of the provider")
        assert "no answer from Placement" in result["msg"]
        assert server.writes() == []
    else:
        # The server executed the write, but its answer is missing: the run reads the state afterwards.
        assert result["changed"]
        for name, uuid in (("node_0", CHILD), ("node_1", result["providers"][2]["uuid"])):
            assert result["diff"]["after"][name]["inventories"] == server.providers[uuid]["inventories"]
        assert all("no answer from Placement" in failure for failure in result["failures"])


def test_the_time_of_the_whole_call(run, server):
    server.rule("GET ", dripping(server, *DRIPS["body"]))
    result = run(api_timeout=60, tries=100, timeout=0.5)
    assert run.seconds < 5
    assert "Nothing was changed in Placement: " in result["msg"]


def test_the_time_ends_between_two_writes(run, server):
    server.rule("PUT .*inventories", lambda _answer: refusal(503), before=True)
    result = run(tries=100, timeout=2, api_timeout=5)
    assert run.seconds < 10
    assert result["changed"]
    assert result["diff"]["after"]["node_1"]["inventories"] == {}
    assert sorted(result["diff"]["after"]["node_1"]["traits"]) == ["CUSTOM_OWNER_VFIO_DEVICES"]
    assert all("503" in one or "timeout" in one for one in result["failures"])


# Redirects


@pytest.fixture
def other():
    running = Server()
    yield running
    running.stop()


def moved(address, status=302):
    return lambda _answer: Answer({}, status, {"Location": address})


@pytest.mark.parametrize("status", limits.REDIRECTS)
@pytest.mark.parametrize("pattern", ["GET .*name=", "PUT .*inventories"])
def test_no_token_goes_to_another_server(run, server, other, pattern, status):
    server.rule(pattern, moved(f"{other.url}/resource_providers", status), before=True)
    result = run()
    assert other.requests == []
    assert f"the server at {server.url} redirects to {other.url}" in result["msg"]
    assert (
        "No token or password is sent to this address. Correct the address in auth_url, in endpoint or in the service "
        "catalog" in result["msg"]
    )
    assert result.get("changed", False) == pattern.startswith("PUT")


@pytest.mark.parametrize(
    "location",
    [
        "//example.org/",
        "https://127.0.0.1/",
        "http://127.0.0.1/",
        "http://localhost:1/",
        "http://[::1",
        "file:///etc",
        "ftp:x",
    ],
)
def test_redirects_that_are_refused(run, server, location):
    server.rule("GET .*name=", moved(location))
    result = run()
    assert "redirects to" in result["msg"]
    assert location in result["msg"]


def test_odd_characters_of_a_redirect(run, server):
    server.rule("GET .*name=", moved("http://\x1b[2J\xff.example.org/"))
    assert "redirects to http://\\x1b" in run()["msg"]


@pytest.mark.parametrize("prefix", ["", "URL"])
def test_a_redirect_on_the_same_server_is_followed(run, server, prefix):
    prefix = prefix and server.url
    server.rule("GET .*name=node$", moved(f"{prefix}/resource_providers?name=node&again=1", 301))
    assert run(check=True)["created"] == ["node_1"]


def test_redirects_in_a_circle(run, server):
    server.rule("GET .*name=", moved("/resource_providers?name=node"))
    assert "status 302" in run()["msg"]
    assert len(server.requests) < 100


# Sizes


def plain(data, **headers):
    return lambda _answer: Answer(data, 200, headers)


BOMBS = {
    "plain": lambda: plain(ZEROS),
    "gzip": lambda: plain(gzip.compress(ZEROS, 1), **{"Content-Encoding": "gzip"}),
    "deflate": lambda: plain(zlib.compress(ZEROS, 1), **{"Content-Encoding": "deflate"}),
    "told": lambda: lambda _answer: lambda handler: handler.wfile.write(HEAD + b"Content-Length: 99999999999\r\n\r\n"),
    "told oddly": lambda: (
        lambda _answer: lambda handler: handler.wfile.write(HEAD + b"Content-Length: " + b"9" * 50 + b"\r\n\r\n")
    ),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_an_answer_that_is_too_large(run, server, kind):
    server.rule("GET .*name=", BOMBS[kind]())
    result = run()
    assert (
        result["msg"]
        == "Nothing was changed in Placement: GET /resource_providers?name=node: the response has more than 64 MiB"
    )
    assert len(server.requests) == 1


def test_a_write_with_an_answer_that_is_too_large(run, server):
    server.rule("PUT .*inventories", BOMBS["told"]())
    result = run(tries=1)
    assert result["changed"]
    after = result["diff"]["after"]
    assert after["node_0"]["inventories"] == server.providers[CHILD]["inventories"]


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip,gzip", "x\x1b"])
def test_encodings_that_nobody_asked_for(run, server, encoding):
    server.rule("GET .*name=", plain(b"[]", **{"Content-Encoding": encoding}))
    assert "has the Content-Encoding" in run()["msg"]


def test_an_answer_that_is_compressed(run, server):
    server.rule(
        "GET .*name=",
        lambda answer: Answer(gzip.compress(json.dumps(answer.body).encode()), 200, {"Content-Encoding": "gzip"}),
    )
    assert run(check=True)["created"] == ["node_1"]


# Pauses


@pytest.fixture
def slept(monkeypatch):
    from ansible_collections.vfio.devices.plugins.module_utils._placement import retry

    pauses = []
    monkeypatch.setattr(retry.time, "sleep", pauses.append)
    return pauses


def busy(text, date=None):
    headers = {"Retry-After": text, **({"Date": date} if date else {})}
    return lambda _answer: refusal(503, headers=headers)


@pytest.mark.parametrize("pattern", ["GET .*in_tree", "PUT .*inventories", "PUT /traits", "POST "])
def test_the_server_gets_the_pause_that_it_asks_for(run, server, slept, pattern):
    server.rule(pattern, busy("17"), times=1, before=True)
    assert "failed" not in run(tries=3)
    assert 17 in slept


def test_a_date_by_the_clock_of_the_server(run, server, slept):
    now = datetime(2001, 1, 1, tzinfo=timezone.utc)
    dates = [format_datetime(one, usegmt=True) for one in (now + timedelta(seconds=23), now)]
    assert limits.retry_after(dict(zip(("Retry-After", "Date"), dates))) == 23
    soon = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=60), usegmt=True)
    server.rule("GET .*name=", busy(soon), times=1)
    assert "failed" not in run(tries=3)
    assert 55 <= max(slept) <= 61


@pytest.mark.parametrize("pattern", ["GET .*in_tree", "PUT .*inventories"])
def test_no_pause_beyond_the_time_of_the_call(run, server, slept, pattern):
    server.rule(pattern, busy("3000"), before=True)
    result = run(tries=9, timeout=100)
    assert "It requests a pause of 3000 seconds before the next request" in result["msg"]
    assert all(pause < 1 for pause in slept)
    assert result.get("changed", False) == pattern.startswith("PUT")


@pytest.mark.parametrize(
    "text", ["", "-5", "soon", "1e3", "\u0661", "9" * 99, "nan", "Mon, 99 Foo 2026 99:99:99 GMT", "0"]
)
def test_pauses_that_are_none(text):
    assert limits.retry_after({"Retry-After": text}) == 0


# TLS


@pytest.mark.parametrize("trusted", [False, True])
def test_a_certificate_that_is_wrong_is_told_at_once(run, secure, certificate, trusted, slept):
    result = run(tries=10, **({"ca_cert": str(certificate / "certificate.pem")} if trusted else {}))
    assert result["msg"].startswith("Nothing was changed in Placement: the certificate of Placement is not trusted: ")
    assert slept == []


def test_a_certificate_may_be_left_unchecked(run, secure):
    assert run(check=True, validate_certs=False)["created"] == ["node_1"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ca_cert": "/nowhere/ca.pem"}, "ca_cert /nowhere/ca.pem cannot be used: [Errno 2] No such file or directory"),
        ({"ca_cert": "{key}"}, "cannot be used: "),
        (
            {"client_cert": "/nowhere/c.pem", "client_key": "{key}"},
            "client_cert /nowhere/c.pem with client_key cannot be used",
        ),
        ({"client_cert": "{certificate}", "client_key": "{locked}"}, "with client_key cannot be used"),
    ],
)
def test_files_that_cannot_be_used_are_told_before_anything_is_asked(run, server, certificate, options, sentence):
    paths = {one: str(certificate / f"{one}.pem") for one in ("key", "certificate", "locked")}
    result = run(**{name: value.format(**paths) for name, value in options.items()})
    assert sentence in result["msg"]
    assert server.requests == []


def test_a_bundle_of_the_environment_that_is_missing(run, secure, monkeypatch, slept):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    assert "/nowhere/bundle.pem" in run()["msg"]
    assert slept == []


# Deadlines


def test_work_in_time():
    assert limits.within(5, lambda: 7) == 7
    with pytest.raises(KeyError, match="x"):
        limits.within(5, lambda: {}["x"])
    ended = threading.Event()
    begin = time.monotonic()
    with pytest.raises(limits.DeadlineExceeded, match=r"timed out after 0\.1 seconds"):
        limits.within(0.1, ended.wait)
    ended.set()
    assert time.monotonic() - begin < 5
