# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a real libvirtd for the node devices of a simulated host, in separate mount and process namespaces.

    unshare --mount --pid --fork --mount-proc --propagation private /usr/bin/python3 node_devices.py TREE [XML...]

TREE contains the host's files; its ``sys`` and ``etc/mdevctl.d`` are bound over the real ones. Each XML is a mediated
device to define with autostart. Prints the XML of all node devices by name, and the defined devices, as JSON.
"""

from __future__ import annotations

import functools
import glob
import json
import os
import subprocess
import sys
import time

# Load only this driver, because the others serve hosts with guests.
DRIVER = "/usr/lib/*/libvirt/connection-driver/libvirt_driver_nodedev.so"
PRIVATE = ("/run", "/etc/libvirt", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt")
URI = "nodedev:///system"
SECONDS = 60


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def prepare(tree):
    """Bind the files of the tree over the real ones, and create empty directories for the files of the daemon."""
    mount("--bind", f"{tree}/sys", "/sys")
    os.makedirs("/etc/mdevctl.d", exist_ok=True)
    for directory in ("callouts", "notifiers"):
        # mdevctl 1.2 searches only here.
        os.makedirs(f"{tree}/etc/mdevctl.d/scripts.d/{directory}", exist_ok=True)
    mount("--bind", f"{tree}/etc/mdevctl.d", "/etc/mdevctl.d")
    for directory in PRIVATE:
        os.makedirs(directory, exist_ok=True)
        mount("-t", "tmpfs", "none", directory)
    # Without this file, libudev does not wait for udev.
    os.makedirs("/run/udev/data")
    with open("/run/udev/control", "w"):
        pass
    os.makedirs("/run/drivers")
    os.symlink(glob.glob(DRIVER)[0], "/run/drivers/libvirt_driver_nodedev.so")
    with open("/etc/libvirt/libvirtd.conf", "w") as file:
        file.write('auth_unix_rw = "none"\n')


def repeat(libvirt, daemon, ask):
    """Return what ``ask`` returns as soon as the daemon does not refuse it."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            return ask()
        except libvirt.libvirtError:
            if daemon.poll() is not None or time.monotonic() > end:
                raise
        time.sleep(0.02)


def start_at_boot(device):
    """Set autostart of a mediated device and return its XML."""
    device.setAutostart(True)
    return {"xml": device.XMLDesc(), "autostart": device.autostart(), "active": device.isActive()}


def main(tree, *definitions):
    prepare(tree)
    # The tree is not a kernel sysfs.
    environment = {**os.environ, "SYSTEMD_DEVICE_VERIFY_SYSFS": "0", "LIBVIRT_DRIVER_DIR": "/run/drivers"}
    with open("/var/log/libvirt/log", "w") as log:
        daemon = subprocess.Popen(["/usr/sbin/libvirtd"], stdout=log, stderr=log, env=environment)
    import libvirt

    libvirt.registerErrorHandler(lambda context, error: None, None)
    try:
        connection = repeat(libvirt, daemon, lambda: libvirt.open(URI))
        devices = {device.name(): device.XMLDesc() for device in connection.listAllDevices()}
        defined = []
        for xml in definitions:
            device = connection.nodeDeviceDefineXML(xml)
            # The daemon forgets the device for a moment if it has read the list of mdevctl just before.
            defined.append(repeat(libvirt, daemon, functools.partial(start_at_boot, device)))
        print(json.dumps({"devices": devices, "defined": defined}))
    except libvirt.libvirtError:
        with open("/var/log/libvirt/log") as log:
            sys.stderr.write(log.read()[-4000:])
        raise
    finally:
        daemon.terminate()
        daemon.wait()


main(*sys.argv[1:])
