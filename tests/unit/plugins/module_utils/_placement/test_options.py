# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

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
    assert options.secrets(given) == {"p", "t", "/key"}
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
    assert options.secrets({"auth": None, "cloud": cloud}) == {"p", "t"}


def test_nothing():
    assert options.secrets({"auth": None, "cloud": "mine"}) == options.harmless({"auth": None}) == set()


def test_values_that_ansible_hides_and_need_not():
    given = {"auth": {"username": "service", "password": "p"}, "cloud": {"auth": {"token": "t"}}}
    assert options.hidden(given, {"service", "p", "other"}) == {"p", "t", "other"}


def test_tries():
    assert options.problems({"tries": 1}) == []
    assert "at least 1" in options.problems({"tries": 0})[0]
