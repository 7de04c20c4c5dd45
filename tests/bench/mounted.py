# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mount simulated hosts with FUSE while they are measured."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.simhost import mounting

HOST = "host"


@contextlib.contextmanager
def fleet(hosts: str | dict[str, Any]) -> Iterator[Path]:
    """Mount a fleet: hosts as on the command line of tests.simhost, or one named HOST by its profile."""
    with tempfile.TemporaryDirectory() as directory:
        if isinstance(hosts, dict):
            profile = Path(directory, f"{HOST}.yml")
            profile.write_text(json.dumps(hosts))
            hosts = str(profile)
        place = Path(directory, "fleet")
        mounting.mount(place, [hosts])
        try:
            yield place
        finally:
            mounting.unmount(place)


@contextlib.contextmanager
def host_on_one_processor(profile: dict[str, Any]) -> Iterator[Path]:
    """Mount one host whose daemon runs on the CPU of its callers.

    On another CPU, each call takes up to three times as long, at random.
    """
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(processors)])
    try:
        with fleet(profile) as place:
            yield place / HOST
    finally:
        os.sched_setaffinity(0, processors)
