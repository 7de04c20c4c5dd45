# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many hosts behind one mount, each built when it is first looked into."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from .clock import RealClock
from .host import SimHost
from .profile import ProfileError, load

# A recorded host, by its file in a folder that has its name.
RECORDING = "recording.txt"


def host_names(words: Iterable[str]) -> dict[str, str]:
    """Host name to profile, from words ``PROFILE`` or ``PROFILE=COUNT``; a profile may be a YAML file or a recording.

    One host is named after its profile, several ``<profile>-1`` and so on. Raises ProfileError.
    """
    hosts: dict[str, str] = {}
    for word in words:
        profile, dummy, count = word.partition("=")
        if not profile.endswith(RECORDING):
            load(profile)
        if count and not (count.isdecimal() and int(count)):
            raise ProfileError(f"{word!r}: the count must be a positive number")
        stem = Path(profile).parent.name if profile.endswith(RECORDING) else Path(profile).stem
        names = [f"{stem}-{number}" for number in range(1, int(count) + 1)] if count else [stem]
        for name in names:
            if name in hosts:
                raise ProfileError(f"two hosts would be named {name!r}")
            hosts[name] = profile
    return hosts


def build(profile: str, name: str) -> SimHost:
    """A host of a profile or a recording, with the real clock. Raises ProfileError, OSError, ValueError."""
    if profile.endswith(RECORDING):
        # The simulator stands by itself; what was recorded is played back beside it.
        from ..recordings.replay import load as load_recording

        return load_recording(profile, RealClock())
    return SimHost(profile, name=name, clock=RealClock())


class Fleet:
    """The hosts of one mount by name."""

    def __init__(self, profiles: dict[str, str]) -> None:
        self.profiles = profiles
        self.built: dict[str, SimHost] = {}
        self.stopped = False
        self._building = threading.Lock()

    def host(self, name: str) -> SimHost | None:
        """A host, built now if nobody asked for it before; None if there is none of that name."""
        if name in self.profiles and name not in self.built:
            with self._building:
                if name not in self.built:
                    self.built[name] = build(self.profiles[name], name)
        return self.built.get(name)

    def stop(self) -> None:
        """End every blocked call with ENODEV, also those to come."""
        self.stopped = True
        for host in list(self.built.values()):
            host.operations.abort()
