# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: ``python -m tests.lab``."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence

from . import image, machine


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 1 with one sentence on stderr if it fails."""
    parser = argparse.ArgumentParser(prog="lab", description="A virtual machine with real mediated devices and SR-IOV.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run, text in (
        (build, "build the image, unless it is there"),
        (start, "start the machine, and wait until it has booted"),
        (shell, "open a shell in the running machine, or in a new one that ends with the shell"),
        (running, "succeed if the machine is running"),
        (fault, "say why the machine itself is to blame for what went wrong on it, if it is, and succeed"),
        (soak, "switch cards and make devices many times in the running machine, and look for what is left"),
        (peers, "compare with mdevctl, libvirt and plain writes in the running machine"),
        (stop, "stop the machine"),
    ):
        commands.add_parser(run.__name__, help=text, description=text).set_defaults(run=run)
    try:
        return int(parser.parse_args(arguments).run() or 0)
    except image.LabError as problem:
        print(f"lab: {problem}", file=sys.stderr)
        return 1


def build() -> None:
    """Build the image."""
    image.get()


def start() -> None:
    """Start the machine and print how to reach it."""
    lab = machine.Machine(image.get())
    begin = time.monotonic()
    lab.start()
    print(f"The lab is up after {time.monotonic() - begin:.0f} s: ssh -F {lab.ssh_config} lab")


def running() -> None:
    """Fail unless the machine is running."""
    machine.running_machine()


def fault() -> int:
    """Print the fault of the machine; return 1 if it has none."""
    reason = "QEMU has ended" if machine.running() is None else machine.running_machine().fault()
    print(reason or "The machine is as it should be.")
    return int(reason is None)


def stop() -> None:
    """Stop the machine."""
    machine.stop()


def soak() -> int:
    """Run the soak test."""
    return _run("soak")


def peers() -> int:
    """Run the comparison with other tools."""
    return _run("peers")


def _run(name: str) -> int:
    lab = machine.running_machine()
    lab.install()
    return subprocess.run(lab.program(name), stdin=subprocess.DEVNULL, check=False).returncode


def shell() -> int:
    """Open a shell; stop the machine afterwards if it was not running before."""
    was_running = machine.running() is not None
    if not was_running:
        start()
    try:
        return subprocess.run(["ssh", "-F", str(machine.running_machine().ssh_config), "lab"], check=False).returncode
    finally:
        if not was_running:
            machine.stop()


if __name__ == "__main__":
    sys.exit(main())
