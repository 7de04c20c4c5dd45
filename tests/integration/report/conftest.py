# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.plugins.filter.fleet_report import fleet_report
from ansible_collections.vfio.devices.tests.unit import report_fleet

from . import browser

APT = Path(__file__).resolve().parents[2] / "apt"


@pytest.fixture(scope="session")
def chromium():
    """A running browser; it is installed where it is missing and the system has a way to do so."""
    if not browser.find():
        # Ubuntu has it as a snap only.
        if not shutil.which("apt-get") or platform.freedesktop_os_release()["ID"] == "ubuntu":
            pytest.skip("there is no Chromium here, and no package of this system brings it")
        if os.geteuid():
            pytest.fail("Chromium is missing: run sudo apt-get install -y chromium")
        subprocess.run([APT, "chromium"], check=True, capture_output=True)
    with browser.running(browser.find()) as pipe:
        yield pipe


@pytest.fixture(scope="session")
def kinds():
    return report_fleet.kinds()


@pytest.fixture(scope="session")
def written(kinds, tmp_path_factory):
    """Write the page of so many hosts, and return its path."""
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
    """Open the page of so many hosts in a tab of its own."""
    tabs = []

    def show(hosts, fragment="", **screen):
        tabs.append(browser.Page(chromium, **screen))
        tabs[-1].open(written(hosts).as_uri() + fragment)
        return tabs[-1]

    yield show
    for tab in tabs:
        assert not tab.problems
        tab.close()
