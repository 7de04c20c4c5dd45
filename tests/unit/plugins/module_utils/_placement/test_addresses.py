# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import addresses
from hypothesis import given
from hypothesis import strategies as st

SAMPLE = "https://controller:8778"
GOOD = [
    *("http://127.0.0.1:8778", "https://controller:5000/v3", "https://cloud.example.org/placement/", "HTTPS://h"),
    *("http://[::1]:5000/v3", "http://[fe80::1%25eth0]/", "http://my_host", "http://h:65535", "http://h.example.org./"),
]
BAD = {
    "file:///etc/passwd": "It must begin with http:// or https://",
    "ftp://h/x": "It must begin with http:// or https://",
    "controller:5000/v3": "It must begin with http:// or https://",
    "/placement": "It must begin with http:// or https://",
    "http://": "Its host or port is invalid",
    "http:///v3": "Its host or port is invalid",
    "http://h:99999": "Its host or port is invalid",
    "http://h:x": "Its host or port is invalid",
    "http://h:0": "Its host or port is invalid",
    "http://[::1": "Its host or port is invalid",
    "http://[::g]/": "Its host or port is invalid",
    "http://..": "Its host or port is invalid",
    "http://-": "Its host or port is invalid",
    "http://a b/": "characters that an address cannot have",
    "https://h\\x": "characters that an address cannot have",
    "http://h/\n": "characters that an address cannot have",
    "http://h/\x1b[31m": "characters that an address cannot have",
    "http://ex\u00e1mple": "characters that an address cannot have",
    "http://" + "h" * 3000: "characters that an address cannot have",
    "http://h/?x=1": "Remove ? and #",
    "http://h/#x": "Remove ? and #",
}


@pytest.mark.parametrize("address", GOOD)
def test_right(address):
    assert addresses.problem_of(address, SAMPLE) is None


@pytest.mark.parametrize("address", BAD)
def test_wrong(address):
    problem = addresses.problem_of(address, SAMPLE)
    assert problem.startswith("must be an address such as https://controller:8778, and not ")
    assert BAD[address] in problem
    assert problem.isprintable()
    assert len(problem) < 300


@pytest.mark.parametrize("address", [5, True, ["http://h"], {"a": 1}, 1.5])
def test_what_is_no_text(address):
    assert addresses.problem_of(address, SAMPLE).startswith("must be an address such as")


@pytest.mark.parametrize(
    "address", ["http://u:hush@h/", "http://hush@h", "http://u:hu@sh@h:x/", "u:hush@h", "http://u:hush @h"]
)
def test_a_password_in_an_address_is_not_shown(address):
    problem = addresses.problem_of(address, SAMPLE)
    assert "hush" not in problem
    assert "and not one with a user or password. " in problem


def test_an_address_that_is_used_as_it_is_may_have_a_query():
    auth = {"auth_url": "https://h?x=1", "access_token_endpoint": "https://login.example.org/token?p=b2c_1"}
    assert [one.split(" ")[0] for one in addresses.problems(auth, "auth")] == ["auth.auth_url"]


def test_each_address_is_named():
    auth = {"auth_url": "file:///x", "endpoint": "h", "username": "file:///x", "discovery_endpoint": "", "url": None}
    found = list(addresses.problems(auth, "placement_auth"))
    assert [one.split(" ")[0] for one in found] == ["placement_auth.auth_url", "placement_auth.endpoint"]
    assert list(addresses.problems(None, "auth")) == list(addresses.problems("text", "auth")) == []


@given(text=st.text(alphabet=st.one_of(st.sampled_from("htps:/@[]?#.%\\ 0"), st.characters())))
def test_any_text_is_judged(text):
    problem = addresses.problem_of(text, SAMPLE)
    assert problem is None or problem.isprintable()
