# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: ``python -m tests.simhost``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import mounting
from .profile import ProfileError, names


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 1 with one sentence on stderr if it fails."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (mounting.MountError, ProfileError) as problem:
        print(f"simhost: {problem}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simhost", description="Simulated KVM hosts behind a FUSE mount.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Any, text: str, *positional: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run, command=name)
        for argument in positional:
            command.add_argument(argument, metavar=argument.upper(), type=Path if argument == "directory" else str)
        return command

    command = add("mount", _mount, "mount hosts; returns when the mount answers", "directory")
    command.add_argument("hosts", metavar="PROFILE[=COUNT]", nargs="+", help=f"one of {', '.join(names())}, or a file")
    command.add_argument("--foreground", action="store_true", help="serve in this process")
    command = add("status", _status, "show hosts, holders and blocked calls", "directory")
    command.add_argument("--json", action="store_true", help="as JSON")
    command = add("hold", _ask_host, "open a device, as a VM does", "host", "device")
    command.add_argument("--pid", type=int, help="process id, by default a new one")
    command.add_argument("--command", dest="cmdline", metavar="TEXT", help="the process's command line")
    add("release", _ask_host, "close a device", "host", "device")
    command = add("fault", _ask_host, "let calls on a path (or glob) of the host fail", "host", "path", "errno")
    command.add_argument("--times", type=int, help="only so many times")
    command.add_argument("--operation", choices=("read", "write", "list"), help="only this kind of call")
    command = add("slow", _ask_host, "let calls on a path (or glob) of the host take their time", "host", "path")
    command.add_argument("seconds", metavar="SECONDS", type=float)
    command.add_argument("--operation", choices=("read", "write", "list"), default="write", help="which kind of call")
    add("clear-faults", _ask_host, "remove all faults of a host", "host")
    command = add("interface", _ask_host, "set a network interface up or down", "host", "interface")
    command.add_argument("state", choices=("up", "down"))
    command = add("reboot", _ask_host, "boot a host again", "host")
    text = "let a driver, PCI address, ADDRESS/vfs or parent come so late"
    command.add_argument("--late", action="append", default=[], metavar="NAME=SECONDS", help=text)
    add("unmount", _unmount, "unmount and end the daemon", "directory")
    return parser


def _mount(options: argparse.Namespace) -> None:
    directory = options.directory.absolute()
    if options.foreground:
        mounting.serve(directory, options.hosts)
        # libfuse may cancel a thread that holds the lock of stderr, for which a normal exit waits without end.
        os._exit(0)
    else:
        mounting.mount(directory, options.hosts)


def _unmount(options: argparse.Namespace) -> None:
    mounting.unmount(options.directory.absolute())


def _ask_host(options: argparse.Namespace) -> None:
    host = Path(options.host).absolute()
    fields = {key: value for key, value in vars(options).items() if key not in ("run", "host")}
    result = mounting.request(host.parent, **{**fields, "host": host.name})
    if result is not None:
        print(result)


def _status(options: argparse.Namespace) -> None:
    status = mounting.request(options.directory.absolute(), command="status")
    if options.json:
        print(json.dumps(status, indent=2))
        return
    print(f"daemon {status['pid']}")
    for name, host in status["hosts"].items():
        if "kernel" not in host:
            print(f"{name}: profile {host['profile']}, not looked into yet")
            continue
        print(f"{name}: profile {host['profile']}, kernel {host['kernel']}, {host['mdevs']} mdevs")
        for holder in host["holders"]:
            print(f"  {holder['device']} held by {holder['pid']} ({holder['comm']})")
        for call in host["pending"]:
            print(f"  blocked: {call['call']}: {call['reason']}")


if __name__ == "__main__":
    sys.exit(main())
