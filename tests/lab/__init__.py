# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine with a real kernel, real mediated devices and real SR-IOV."""

from .image import Image, LabError
from .machine import Machine, running_machine

__all__ = ["Image", "LabError", "Machine", "running_machine"]
