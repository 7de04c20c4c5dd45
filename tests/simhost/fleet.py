# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many hosts behind one mount; each is built at the first access."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from .clock import RealClock
from .host import SimHost
from .profile import ProfileError, load

# The file name of a recorded host, whose directory has the name of the host.
RECORDING = "recording.txt"


def host_names(words: Iterable[str]) -> dict[str, str]:
    """Map host names to profiles from words ``PROFILE`` or ``PROFILE=COUNT``; YAML files and recordings are profiles
    too.

    A single host is named after its profile, several are ``<profile>-1`` and so on. Raises ProfileError.
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
    """Return a host of a profile or recording with the real clock. Raises ProfileError, OSError, ValueError."""
    if profile.endswith(RECORDING):
        # The simulator does not depend on recordings, so import them only here.
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
        """Return a host, building it at the first access; None for an unknown name."""
        if name in self.profiles and name not in self.built:
            with self._building:
                if name not in self.built:
                    self.built[name] = build(self.profiles[name], name)
        return self.built.get(name)

    def stop(self) -> None:
        """End all current and future blocked calls with ENODEV."""
        self.stopped = True
        for host in list(self.built.values()):
            host.operations.abort()
