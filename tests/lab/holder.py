# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a VFIO device as a virtual machine does, and keeps it open: ``holder.py GROUP DEVICE [PATH...]``.

With paths it opens the device as soon as one of them is gone, and prints ``waits`` before. Prints ``held``, or the
errno by name, and ends with its standard input.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import time

SET_IOMMU, TYPE1 = 0x3B66, 1
GROUP_SET_CONTAINER = 0x3B68
GROUP_GET_DEVICE_FD = 0x3B6A


def hold(number: str, device: str) -> list[int]:
    """Container, group and device, opened in the order of the kernel's documentation of VFIO. Raises OSError."""
    opened: list[int] = []
    try:
        opened.append(os.open("/dev/vfio/vfio", os.O_RDWR))
        opened.append(os.open(f"/dev/vfio/{number}", os.O_RDWR))
        container, group = opened
        fcntl.ioctl(group, GROUP_SET_CONTAINER, container.to_bytes(4, sys.byteorder))
        fcntl.ioctl(container, SET_IOMMU, TYPE1)
        # Of a changeable buffer ioctl gives the kernel's answer, which is the descriptor, and not the buffer.
        opened.append(fcntl.ioctl(group, GROUP_GET_DEVICE_FD, bytearray(device.encode() + b"\0")))
    except OSError:
        release(opened)
        raise
    return opened


def release(opened: list[int]) -> None:
    """Close the device first: its group and container are not free before."""
    for descriptor in reversed(opened):
        os.close(descriptor)


def wait_for_end(paths: list[str]) -> None:
    """Wait until one of some paths is gone."""
    print("waits", flush=True)
    while all(map(os.path.exists, paths)):
        time.sleep(0.005)


if __name__ == "__main__":
    wanted, ends = sys.argv[1:3], sys.argv[3:]
    if ends:
        wait_for_end(ends)
    try:
        descriptors = hold(*wanted)
    except OSError as problem:
        print(errno.errorcode[problem.errno or 0], flush=True)
        sys.exit(1)
    print("held", flush=True)
    sys.stdin.read()
