# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a VFIO device like a virtual machine, and keep it open: ``holder.py GROUP DEVICE [PATH...]``.

With paths, it prints ``waits`` and opens the device as soon as one of the paths disappears. It prints ``held`` or the
errno name, and ends when its standard input closes.
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
    """Open container, group and device in the order of the kernel's VFIO documentation. Raises OSError."""
    opened: list[int] = []
    try:
        opened.append(os.open("/dev/vfio/vfio", os.O_RDWR))
        opened.append(os.open(f"/dev/vfio/{number}", os.O_RDWR))
        container, group = opened
        fcntl.ioctl(group, GROUP_SET_CONTAINER, container.to_bytes(4, sys.byteorder))
        fcntl.ioctl(container, SET_IOMMU, TYPE1)
        # With a mutable buffer, ioctl returns the result of the kernel, which is the descriptor.
        opened.append(fcntl.ioctl(group, GROUP_GET_DEVICE_FD, bytearray(device.encode() + b"\0")))
    except OSError:
        release(opened)
        raise
    return opened


def release(opened: list[int]) -> None:
    """Close the device first, because it keeps its group and container busy."""
    for descriptor in reversed(opened):
        os.close(descriptor)


def wait_for_end(paths: list[str]) -> None:
    """Wait until one of the paths disappears."""
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
