# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulated hosts behind FUSE, for as long as they are measured."""

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
    """The mounted fleet: hosts as the command line of tests.simhost names them, or one called HOST, by its profile."""
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
    """One mounted host. Its daemon runs on the processor of those who call it: on another one, each call takes up to
    three times as long, by chance.
    """
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(processors)])
    try:
        with fleet(profile) as place:
            yield place / HOST
    finally:
        os.sched_setaffinity(0, processors)
