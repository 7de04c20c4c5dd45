# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated KVM hosts: the kernel's sysfs behaviour for mdev, SR-IOV and VFIO, without hardware."""

from __future__ import annotations

from .accessor import Accessor
from .host import SimHost
from .operations import Blocked
from .profile import ProfileError

__all__ = ["Accessor", "Blocked", "ProfileError", "SimHost"]
