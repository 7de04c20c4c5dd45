# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a real libvirtd for the node devices of a simulated host, in mount and process namespaces of its own.

    unshare --mount --pid --fork --mount-proc --propagation private /usr/bin/python3 node_devices.py TREE [XML...]

TREE has the host's files; its ``sys`` and ``etc/mdevctl.d`` are bound over the real ones. Each XML is a mediated device
to define and to start at boot. Prints, as JSON, the XML of all node devices by name, and what libvirt defined.
"""

from __future__ import annotations

import glob
import json
import os
import subprocess
import sys
import time

# Only this driver, of which the others are none of a host without guests.
DRIVER = "/usr/lib/*/libvirt/connection-driver/libvirt_driver_nodedev.so"
PRIVATE = ("/run", "/etc/libvirt", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt")
URI = "nodedev:///system"
SECONDS = 60


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def prepare(tree):
    """The tree's files over the real ones, and empty folders for what the daemon writes."""
    mount("--bind", f"{tree}/sys", "/sys")
    os.makedirs("/etc/mdevctl.d", exist_ok=True)
    for directory in ("callouts", "notifiers"):
        # mdevctl 1.2 looks for them nowhere else.
        os.makedirs(f"{tree}/etc/mdevctl.d/scripts.d/{directory}", exist_ok=True)
    mount("--bind", f"{tree}/etc/mdevctl.d", "/etc/mdevctl.d")
    for directory in PRIVATE:
        os.makedirs(directory, exist_ok=True)
        mount("-t", "tmpfs", "none", directory)
    # Without it libudev waits for nobody.
    os.makedirs("/run/udev/data")
    with open("/run/udev/control", "w"):
        pass
    os.makedirs("/run/drivers")
    os.symlink(glob.glob(DRIVER)[0], "/run/drivers/libvirt_driver_nodedev.so")
    with open("/etc/libvirt/libvirtd.conf", "w") as file:
        file.write('auth_unix_rw = "none"\n')


def connect(libvirt, daemon):
    """A connection, as soon as the daemon answers."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            return libvirt.open(URI)
        except libvirt.libvirtError:
            if daemon.poll() is not None or time.monotonic() > end:
                raise
        time.sleep(0.02)


def define(connection, xml):
    """The XML of a defined mediated device that starts by itself."""
    device = connection.nodeDeviceDefineXML(xml)
    device.setAutostart(True)
    return {"xml": device.XMLDesc(), "autostart": device.autostart(), "active": device.isActive()}


def main(tree, *definitions):
    prepare(tree)
    # The tree is no sysfs of the kernel.
    environment = {**os.environ, "SYSTEMD_DEVICE_VERIFY_SYSFS": "0", "LIBVIRT_DRIVER_DIR": "/run/drivers"}
    with open("/var/log/libvirt/log", "w") as log:
        daemon = subprocess.Popen(["/usr/sbin/libvirtd"], stdout=log, stderr=log, env=environment)
    import libvirt

    libvirt.registerErrorHandler(lambda context, error: None, None)
    try:
        connection = connect(libvirt, daemon)
        devices = {device.name(): device.XMLDesc() for device in connection.listAllDevices()}
        defined = [define(connection, xml) for xml in definitions]
        print(json.dumps({"devices": devices, "defined": defined}))
    except libvirt.libvirtError:
        with open("/var/log/libvirt/log") as log:
            sys.stderr.write(log.read()[-4000:])
        raise
    finally:
        daemon.terminate()
        daemon.wait()


main(*sys.argv[1:])
