# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a Placement in the background without Keystone: the token ``admin`` has all permissions.

python -m tests.integration.placement start <directory> [<compute node>...]
python -m tests.integration.placement stop <directory>

``start`` returns when Placement responds, and prints its URL, which is also in the file ``url`` of the directory.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import time
from pathlib import Path

from . import services


def start(directory: Path, nodes: list[str]) -> str:
    """Start a Placement with the roots of compute nodes, like nova-compute creates them; return its URL."""
    stop(directory)
    # Ansible ends the process groups of its workers (WorkerProcess._term), and so also a Placement that a task starts.
    service = services.placement(directory, detached=True)
    (directory / "placement.pid").write_text(f"{service.process.pid} {service.port}")
    (directory / "url").write_text(service.url)
    cloud = services.Cloud(service.url)
    for node in nodes:
        if not cloud.provider(node):
            cloud.make(node, traits=["COMPUTE_NODE", "OWNER_NOVA"])
    return service.url


def stop(directory: Path) -> None:
    """Stop the Placement if it runs."""
    file = directory / "placement.pid"
    if not file.exists():
        return
    pid, port = file.read_text().split()
    end = time.monotonic() + services.DEADLINE
    with contextlib.suppress(ProcessLookupError):
        while f"--port={port}" in _command_line(pid):
            os.kill(int(pid), signal.SIGTERM)
            if time.monotonic() > end:
                raise SystemExit(f"Placement (process {pid}) does not end")
            time.sleep(0.05)
    file.unlink()


def _command_line(pid: str) -> list[str]:
    """Return the command line of a process, because another process may have the number now."""
    try:
        return Path("/proc", pid, "cmdline").read_text().split("\0")
    except OSError:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(prog="placement", description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["start", "stop"])
    parser.add_argument("directory", type=Path)
    parser.add_argument("nodes", nargs="*", help="names of compute nodes to make")
    options = parser.parse_args()
    if options.command == "start":
        print(start(options.directory.absolute(), options.nodes))
    else:
        stop(options.directory.absolute())


if __name__ == "__main__":
    main()
