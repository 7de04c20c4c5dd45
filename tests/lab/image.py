# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of the lab: a Debian disk that is built from packages and cached by the hash of its sources.

QEMU and mke2fs come from the image too, so that every host uses the same versions and needs neither.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .locking import locked

HERE = Path(__file__).resolve().parent
GUEST = HERE / "guest"
LAB = HERE.parents[1] / ".build" / "lab"
UPLOADS = ("setup", "sitecustomize.py")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITE = "trixie"
DISK_SIZE = "4G"
DOCUMENTATION = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
TOOLS = ("usr/bin/qemu-system-x86_64", "usr/sbin/mke2fs", LIBRARIES, "usr/share/qemu", "usr/share/seabios")
HOST_KEY = "etc/ssh/ssh_host_ed25519_key.pub"


class LabError(RuntimeError):
    """The lab cannot be built, started or reached; the text contains the remedy."""


@dataclass
class Image:
    """A built image: ``disk``, ``kernel``, ``initrd``, the private ssh ``key`` and the guest's ``known_hosts``."""

    directory: Path

    @property
    def disk(self) -> Path:
        return self.directory / "disk.img"

    @property
    def kernel(self) -> Path:
        return self.directory / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.directory / "initrd"

    @property
    def key(self) -> Path:
        return self.directory / "key"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    def tool(self, program: str) -> list[str]:
        """Return the beginning of a command line that runs a program of the image on this host."""
        root = self.directory / "tools"
        libraries = root / LIBRARIES
        return [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries), str(root / program)]


def get() -> Image:
    """Return the image; build it if it is missing. Raises LabError."""
    directory = LAB / f"image-{fingerprint()}"
    LAB.mkdir(parents=True, exist_ok=True)
    with locked(LAB):
        if not directory.exists():
            _build(directory)
    return Image(directory)


def built() -> Image:
    """Return the existing image of this checkout. Raises LabError if it is missing."""
    image = Image(LAB / f"image-{fingerprint()}")
    if not image.directory.exists():
        raise LabError("the image of the lab was changed and has to be built: run make lab")
    return image


def fingerprint() -> str:
    """Return the hash of the image's sources: the files in ``guest``, and how they are used."""
    # The path of the checkout must not change the hash.
    how = repr((_mmdebstrap(Path("root"), "key"), DISK_SIZE, TOOLS)).replace(str(GUEST), "guest")
    digest = hashlib.sha256(how.encode())
    for path in sorted(path for path in GUEST.iterdir() if path.is_file()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def packages() -> tuple[list[str], list[str]]:
    """Return the packages of the image, and those that only its build needs."""
    lines = (GUEST / "packages").read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    kept = [name for name in names if not name.startswith("- ")]
    return kept, [name[2:] for name in names if name.startswith("- ")]


def _build(directory: Path) -> None:
    for old in LAB.glob("image-*"):
        shutil.rmtree(old)
    work = directory.with_name(f"{directory.name}.new")
    work.mkdir()
    image = Image(work)
    log = LAB / "build.log"
    print(f"Building the image of the lab (some minutes; its log is {log}).", flush=True)
    with open(log, "wb") as stream:
        _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(image.key)], stream)
        root = work / "root.tar"
        _run(_mmdebstrap(root, image.key.with_suffix(".pub").read_text(encoding="utf-8").strip()), stream)
        _unpack(root, image, stream)
        make = [*image.tool("usr/sbin/mke2fs"), "-q", "-t", "ext4", "-d", str(root), str(image.disk), DISK_SIZE]
        _run(make, stream)
        root.unlink()
    work.rename(directory)


def _mmdebstrap(root: Path, key: str) -> list[str]:
    kept, temporary = packages()
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--architectures=amd64",
        "--format=tar",
        f"--keyring={KEYRING}",
        f"--include={','.join(kept + temporary)}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in DOCUMENTATION),
        *(f"--customize-hook=upload '{GUEST / name}' /{name}" for name in UPLOADS),
        f"""--customize-hook=chroot "$1" sh /setup '{key}' {" ".join(temporary)}""",
        *(f'--customize-hook=rm "$1/{name}"' for name in UPLOADS),
        SUITE,
        str(root),
    ]


def _run(command: Sequence[str], log: IO[bytes]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise LabError(f"{Path(command[0]).name} failed with status {done.returncode}: read {LAB / 'build.log'}")


def _unpack(root: Path, image: Image, log: IO[bytes]) -> None:
    """Extract kernel, initrd, the guest's ssh key and the tools from the archive."""
    tools = image.directory / "tools"
    tools.mkdir()
    members = [f"./{name}" for name in (*TOOLS, HOST_KEY, "boot")]
    _run(["tar", "--extract", f"--file={root}", f"--directory={tools}", "--no-same-owner", *members], log)
    next(tools.glob("boot/vmlinuz-*")).rename(image.kernel)
    next(tools.glob("boot/initrd.img-*")).rename(image.initrd)
    image.known_hosts.write_text(f"lab {(tools / HOST_KEY).read_text(encoding='utf-8')}", encoding="utf-8")
