# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine of the lab: start, wait, connect with ssh, and stop.

The disk is the image with a temporary layer that exists as long as QEMU. It survives a reboot of the guest and leaves
no files.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .hardware import devices, forgetful_drive
from .image import LAB, Image, LabError, built

ROOT = LAB.parents[1]
COLLECTION = "ansible_collections/vfio/devices"
PARTS = ("plugins/module_utils", "tests/lab")
RUN = LAB / "run"
START_SECONDS = 300.0
STOP_SECONDS = 20.0
COMMAND_SECONDS = 300.0
CONNECT_SECONDS = 45.0
ANSWER_SECONDS = 60.0
TRIES = 3
PRIORITY = -10
# An emulated CPU may miss a timer. If it was the only one, the CPU sleeps forever; a periodic timer wakes it.
# On a busy host the emulated timer fails the test that the kernel makes at boot, and the kernel panics
# (arch/x86/kernel/apic/io_apic.c, timer_irq_works). Hypervisors with their own clock skip this test too.
TIMERS = "nohz=off highres=off no_timer_check"
# The guest kernel prints this if it has happened nevertheless (Documentation/RCU/stallwarn.rst).
LOST_TIMER = "rcu_preempt kthread starved"
KERNEL_ARGUMENTS = (
    f"root=/dev/vda rw console=ttyS0 intel_iommu=on iommu=pt mitigations=off apparmor=0 audit=0 {TIMERS} quiet"
)


class Machine:
    """The only machine of this checkout."""

    def __init__(self, image: Image) -> None:
        self.image = image

    @property
    def ssh_config(self) -> Path:
        return RUN / "ssh_config"

    @property
    def inventory(self) -> Path:
        return RUN / "inventory.yml"

    @property
    def console(self) -> Path:
        return RUN / "console.log"

    def start(self, drive: Sequence[str] | None = None) -> None:
        """Start it and wait until it has booted. Raises LabError with the console output.

        ``drive`` are the QEMU arguments for another disk than the image.
        """
        stop()
        RUN.mkdir(parents=True, exist_ok=True)
        for _attempt in range(TRIES):
            # Another process may take the port before QEMU does.
            port = _free_port()
            process = self._launch(port, drive or forgetful_drive(self.image.disk))
            self._describe(port)
            if self._answers_or_ends(process):
                break
            if "Could not set up host forwarding" not in self._said():
                raise LabError(f"QEMU ended: {self._said()}")
        else:
            raise LabError(f"no port could be forwarded to the lab in {TRIES} tries: {self._said()}")
        self.wait_until_booted()

    def _launch(self, port: int, drive: Sequence[str]) -> subprocess.Popen[bytes]:
        command = [
            *self.image.tool("usr/bin/qemu-system-x86_64"),
            *("-L", str(self.image.directory / "tools/usr/share/qemu")),
            *("-L", str(self.image.directory / "tools/usr/share/seabios")),
            *("-kernel", str(self.image.kernel), "-initrd", str(self.image.initrd), "-append", KERNEL_ARGUMENTS),
            *("-pidfile", str(RUN / "pid"), "-serial", f"file:{self.console}", "-display", "none", "-monitor", "none"),
            *devices(drive, port, kvm=bool(os.environ.get("LAB_KVM"))),
        ]
        environment = {
            **os.environ,
            "QEMU_MODULE_DIR": str(self.image.directory / "tools/usr/lib/x86_64-linux-gnu/qemu"),
            "TMPDIR": str(RUN),
        }
        with open(RUN / "qemu.log", "wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        _prefer(process.pid)
        return process

    def _said(self) -> str:
        return (RUN / "qemu.log").read_text(encoding="utf-8", errors="replace").strip()

    def _describe(self, port: int) -> None:
        """Write the settings with which ssh and Ansible reach the machine."""
        self.ssh_config.write_text(
            f"Host lab 127.0.0.1\n  HostName 127.0.0.1\n  Port {port}\n  User root\n  HostKeyAlias lab\n"
            f'  IdentityFile "{self.image.key}"\n  IdentitiesOnly yes\n'
            f'  UserKnownHostsFile "{self.image.known_hosts}"\n  StrictHostKeyChecking yes\n'
            # An emulated machine may pause while other processes need the CPU.
            f"  ConnectTimeout 30\n  ServerAliveInterval 10\n  ServerAliveCountMax 12\n  LogLevel ERROR\n",
            encoding="utf-8",
        )
        # Ansible reuses connections to the same host and port, which must not belong to the lab of another checkout.
        self.inventory.write_text(
            f"---\nall:\n  hosts:\n    lab:\n      ansible_host: 127.0.0.1\n      ansible_port: {port}\n"
            f"      ansible_ssh_common_args: -F '{self.ssh_config}'\n"
            "      ansible_pipelining: true\n      ansible_python_interpreter: /usr/bin/python3\n",
            encoding="utf-8",
        )

    def _answers_or_ends(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until ssh responds; return False if QEMU has ended before."""
        if not wait(lambda: self._reachable() or process.poll() is not None, START_SECONDS):
            raise LabError(f"the lab does not answer ssh within {START_SECONDS:.0f} s; its console: {self.console}")
        return process.poll() is None

    def _reachable(self) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.ssh("true", check=False, seconds=CONNECT_SECONDS).returncode == 0
        return False

    def wait_until_booted(self) -> None:
        """Wait until the boot has finished. Raises LabError with the failed units."""
        state = self.ssh("systemctl is-system-running --wait", check=False, seconds=START_SECONDS).stdout.strip()
        if state != "running":
            failed = self.ssh("systemctl --failed --no-legend --plain", check=False).stdout.strip()
            raise LabError(f"the lab's boot ended {state!r}: {failed}")

    def reboot(self) -> None:
        """Reboot the guest and wait until it has booted successfully. Raises LabError."""
        before = self._boot_id()
        self.ssh("systemctl reboot", check=False)
        if not wait(lambda: self._boot_id() not in ("", before), START_SECONDS):
            raise LabError(f"the lab did not reboot within {START_SECONDS:.0f} s; its console: {self.console}")
        self.wait_until_booted()

    def _boot_id(self) -> str:
        """Return an identifier of the boot, or an empty text while ssh does not respond."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.ssh("cat /proc/sys/kernel/random/boot_id", check=False, seconds=CONNECT_SECONDS).stdout
        return ""

    def fault(self) -> str | None:
        """Return the fault of the machine that may cause other failures, or None."""
        if LOST_TIMER in self.console.read_text(encoding="utf-8", errors="replace"):
            return "an emulated processor stood still for 21 s or more"
        return None if wait(self._reachable, ANSWER_SECONDS) else "the machine no longer answers"

    def ssh(
        self, command: str | Sequence[str], *, check: bool = True, seconds: float = COMMAND_SECONDS, data: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the guest. If ``check`` is set, raise LabError with the output of a failed command."""
        text = command if isinstance(command, str) else shlex.join(command)
        done = subprocess.run(
            ["ssh", "-F", str(self.ssh_config), "lab", text],
            input=data,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode:
            raise LabError(f"{text!r} failed in the lab with status {done.returncode}: {done.stderr or done.stdout}")
        return done

    def install(self) -> None:
        """Copy the engine and the programs of the lab to the guest, as parts of the collection."""
        archive = ["tar", "--create", "--exclude=__pycache__", f"--directory={ROOT}", *PARTS]
        unpack = f"mkdir -p /run/{COLLECTION} && tar --extract --directory=/run/{COLLECTION}"
        with subprocess.Popen(archive, stdout=subprocess.PIPE) as files:
            subprocess.run(["ssh", "-F", str(self.ssh_config), "lab", unpack], stdin=files.stdout, check=True)

    def program(self, name: str) -> list[str]:
        """Return the command that runs one of these programs in the guest."""
        module = f"{COLLECTION}/tests/lab/{name}".replace("/", ".")
        return ["ssh", "-F", str(self.ssh_config), "lab", f"cd /run && exec python3 -m {module}"]


def stop() -> None:
    """Stop the machine of this checkout if it is running, and remove its files. Raises LabError."""
    pid = running()
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        if not wait(lambda: running() is None, STOP_SECONDS):
            os.kill(pid, signal.SIGKILL)
            if not wait(lambda: running() is None, STOP_SECONDS):
                raise LabError(f"QEMU, process {pid}, does not end")
    for name in ("pid", "ssh_config", "inventory.yml"):
        (RUN / name).unlink(missing_ok=True)


def running() -> int | None:
    """Return the process id of this checkout's QEMU."""
    try:
        pid = int((RUN / "pid").read_text(encoding="utf-8"))
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    # The process id may belong to another process now.
    return pid if os.fsencode(RUN / "pid") in arguments and not _is_zombie(pid) else None


def _prefer(pid: int) -> None:
    """Raise the priority, which needs root: an emulated CPU that waits for a real one misses its timers."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, PRIORITY)
        # This priority applies between sessions (sched(7), autogroup).
        Path(f"/proc/{pid}/autogroup").write_text(f"{PRIORITY}", encoding="ascii")


def _is_zombie(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return False


def wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for the condition; return whether it became true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def running_machine() -> Machine:
    """Return the machine that ``start`` left running. Raises LabError if there is none."""
    if running() is None:
        raise LabError("the lab is not running: start it with python -m tests.lab start")
    return Machine(built())
