# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: ``python -m tests.lab``."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from . import image, machine


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 1 with one sentence on stderr if it fails."""
    parser = argparse.ArgumentParser(prog="lab", description="A virtual machine with real mediated devices and SR-IOV.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    texts: tuple[tuple[Callable[..., int | None], str], ...] = (
        (build, "build the image, unless it is there"),
        (start, "start the machine, and wait until it has booted"),
        (shell, "open a shell in the running machine, or in a new one that ends with the shell"),
        (running, "succeed if the machine is running"),
        (fault, "say why the machine itself is to blame for what went wrong on it, if it is, and succeed"),
        (soak, "switch cards and make devices many times in the running machine, and look for what is left"),
        (peers, "compare with mdevctl, libvirt and plain writes in the running machine"),
        (kills, "kill runs and fill disks in the running machine, and look whether the next run is whole"),
        (stop, "stop the machine"),
    )
    for run, text in texts:
        command = commands.add_parser(run.__name__, help=text, description=text)
        command.set_defaults(run=run)
        if run is kills:
            command.add_argument("--kills", type=int, default=45, metavar="N", help="how many kills (default 45)")
            command.add_argument("--seed", type=int, default=1, metavar="N", help="another seed has other instants")
            command.add_argument("--full", action="store_true", help="fill disks as well")
    options = vars(parser.parse_args(arguments))
    try:
        return int(options.pop("run")(**options) or 0)
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


def kills(kills: int, seed: int, full: bool) -> int:
    """Run the kills, and the tests of full disks if ``full`` is set."""
    return _run("kills", f"--kills={kills}", f"--seed={seed}", *(["--full"] if full else []))


def _run(name: str, *options: str) -> int:
    lab = machine.running_machine()
    lab.install()
    return subprocess.run([*lab.program(name), *options], stdin=subprocess.DEVNULL, check=False).returncode


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
