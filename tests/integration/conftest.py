# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.integration.placement import stack as stacks
from xdist.scheduler import LoadFileScheduling

# Directories whose files share services of the session: several releases of nova and Cyborg, a Placement, a browser.
SHARING = ("docs", "nova", "placement", "report")

# The directories that take longest. They start first, so that no process is left alone with a long file at the end.
LONGEST = ("placement", "docs", "nova", "bench", "playbooks")


def pytest_collection_modifyitems(items):
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.parent.name, len(ranks)))


class ByServices(LoadFileScheduling):
    """Gives all files of a directory that share services to one worker of pytest, so that each service starts once."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        directory = file.rpartition("/")[0]
        return directory if directory.endswith(SHARING) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByServices(config, log)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Start Keystone and Placement."""
    running = stacks.Stack(tmp_path_factory.mktemp("stack"))
    yield running
    running.stop()
