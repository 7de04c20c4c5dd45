# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import platform
import shutil

import pytest
from ansible_collections.vfio.devices.plugins.filter.fleet_report import fleet_report
from ansible_collections.vfio.devices.tests.unit import report_fleet

from . import browser


@pytest.fixture(scope="session")
def chromium():
    """Start a browser; skip the tests if it is missing and the system has no package."""
    if not browser.find():
        # Ubuntu has it only as a snap.
        if not shutil.which("apt-get") or platform.freedesktop_os_release()["ID"] == "ubuntu":
            pytest.skip("there is no Chromium here, and no package of this system brings it")
        pytest.fail("Chromium is missing: run tests/setup packages services")
    with browser.running(browser.find()) as pipe:
        yield pipe


@pytest.fixture(scope="session")
def kinds():
    return report_fleet.kinds()


@pytest.fixture(scope="session")
def written(kinds, tmp_path_factory):
    """Return a function that writes the page for a number of hosts and returns its path."""
    directory = tmp_path_factory.mktemp("pages")
    paths = {}

    def write(hosts):
        if hosts not in paths:
            paths[hosts] = directory / f"{hosts}.html"
            paths[hosts].write_text(fleet_report(**report_fleet.fleet(hosts, kinds)), encoding="utf-8")
        return paths[hosts]

    return write


@pytest.fixture
def shown(chromium, written):
    """Return a function that opens the page for a number of hosts in its own tab."""
    tabs = []

    def show(hosts, fragment="", **screen):
        tabs.append(browser.Page(chromium, **screen))
        tabs[-1].open(written(hosts).as_uri() + fragment)
        return tabs[-1]

    yield show
    for tab in tabs:
        assert not tab.problems
        tab.close()
