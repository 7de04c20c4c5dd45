# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import options


def test_secrets_and_what_is_none():
    given = {
        "auth": {
            "auth_url": "http://k",
            "username": "service",
            "password": "p",
            "project_name": "service",
            "totp": "t",
        },
        "client_key": "/key",
        "cloud": None,
    }
    assert options.secret_values(given) == {"p", "t", "/key"}
    assert options.harmless(given) == {"http://k", "service"}


def test_a_name_that_is_the_password_too_stays_secret():
    given = {"auth": {"username": "admin", "password": "admin"}}
    assert options.harmless(given) == set()


def test_a_dictionary_in_cloud():
    cloud = {
        "auth": {"password": "p", "username": "u"},
        "region_name": "r",
        "nested": {"api_token": "t"},
        "verify": True,
    }
    assert options.secret_values({"auth": None, "cloud": cloud}) == {"p", "t"}


def test_nothing():
    assert options.secret_values({"auth": None, "cloud": "mine"}) == options.harmless({"auth": None}) == set()


def test_values_that_ansible_hides_and_need_not():
    given = {"auth": {"username": "service", "password": "p"}, "cloud": {"auth": {"token": "t"}}}
    assert options.hidden_values(given, {"service", "p", "other"}) == {"p", "t", "other"}


@pytest.mark.parametrize(
    ("given", "checked"),
    [
        ({"tries": 1}, {"tries": 1, "api_timeout": None}),
        ({"tries": "100", "api_timeout": 1}, {"tries": 100, "api_timeout": 1.0}),
        ({"tries": 10, "api_timeout": "0.5"}, {"tries": 10, "api_timeout": 0.5}),
    ],
)
def test_numbers(given, checked):
    found = []
    given = {"timeout": "60", **given}
    options.check_options(given, found)
    assert (given, found) == ({"timeout": 60.0, **checked}, [])


@pytest.mark.parametrize("tries", [0, 101, 1000000000, True, 1.5, "1_0", None])
@pytest.mark.parametrize("timeout", [0, -1, 1e20, True, "nan", "\uff18"])
def test_numbers_that_are_none(tries, timeout):
    found = []
    options.check_options({"tries": tries, "api_timeout": timeout, "timeout": timeout}, found)
    assert [sentence.split(",")[0] for sentence in found] == [
        "tries must be a whole number from 1 to 100",
        "timeout must be a number of seconds from 0.1 to 86400",
        "api_timeout must be a number of seconds from 0.1 to 86400",
    ]
