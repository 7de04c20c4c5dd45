# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read libvirt domains from files, independent of the daemon and of libvirt-python.

A containerized daemon stores them in its own file system or in a volume, a session daemon in the home of its user.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from . import container_engines, home_directories
from .referenced_devices import Reference

if TYPE_CHECKING:
    from .domain_xml import Domain

# Status files of running domains come before the definitions.
STATUS = "run/libvirt/qemu"
DEFINITIONS = "etc/libvirt/qemu"
SYSTEM = (STATUS, DEFINITIONS, "var/lib/libvirt/qemu")
# Directories of LXC, Xen and Cloud Hypervisor domains, which the QEMU daemon does not know.
OTHER_DRIVERS = tuple(f"{above}/libvirt/{driver}" for driver in ("lxc", "libxl", "ch") for above in ("run", "etc"))
SESSIONS, OF_SESSION = "run/user", ("libvirt/qemu/run", "libvirt/qemu")
OF_HOME = ".config/libvirt/qemu"
VOLUMES = ("var/lib/docker/volumes", "var/lib/containers/storage/volumes")
# Files and settings in which container engines configure another place for volumes.
STORES = (
    (container_engines.DOCKER_SETTINGS, container_engines.DATA_ROOT),
    (container_engines.PODMAN_SETTINGS, container_engines.GRAPHROOT),
)
SNAPS = "var/snap"
OF_SNAP = "common/etc/libvirt/qemu"
IN_VOLUMES = ("_data", "_data/qemu", "_data/libvirt/qemu")
NETWORKS = "networks"
POOLS = "etc/libvirt/storage"
NETWORK, POOL = "network", "pool"
# libvirt accepts each name that a file can have (src/conf/network_conf.c), also with blanks.
FILE_NAME = lazy_pattern(r"(?!\.{1,2}\Z)[^/\x00\n]{1,250}\Z")


class Found(NamedTuple):
    """A domain, and where it was found."""

    domain: Domain
    path: str
    running: bool
    session: bool  # of a session daemon

    @property
    def is_of_other_driver(self) -> bool:
        """Return whether the domain belongs to another driver than QEMU."""
        return self.path.rpartition("/")[0].endswith(OTHER_DRIVERS)


class Files(NamedTuple):
    """The domains of all files, and the unreadable files."""

    found: list[Found]
    unreadable: list[str]


def read(host: HostRoot, daemons: Iterable[int], host_too: bool) -> Files:
    """Return the domains of containerized daemons, volumes and users; with ``host_too``, also those of the host."""
    files = Files([], [])
    for prefix in ("", *own_views(host, daemons)):
        for directory in (*(SYSTEM if prefix or host_too else ()), *OTHER_DRIVERS):
            _add(host, files, prefix, _texts(host, f"{prefix}{directory}"))
    for directory in _volumes(host):
        _add(host, files, "", _texts(host, directory))
    with home_directories.reading(host, "libvirt session domains"):
        places = [f"{SESSIONS}/{user}/{directory}" for directory in OF_SESSION for user in host.names(SESSIONS)]
        for directory in (*places, *(f"{home}/{OF_HOME}" for home in home_directories.homes(host))):
            _add(host, files, "", _texts(host, directory), session=True)
    return files


def own_views(host: HostRoot, daemons: Iterable[int]) -> list[str]:
    """Return the path prefix of each daemon that has other mounts than the host."""
    mounts = host.link("proc/1/ns/mnt")
    return [
        f"proc/{process}/root/"
        for process in daemons
        if mounts is None or host.link(f"proc/{process}/ns/mnt") != mounts
    ]


def network(host: HostRoot, daemons: Iterable[int], name: str, unreadable: list[str]) -> list[Reference]:
    """Return the devices that a network gives to its guests, wherever it is defined; add ``unreadable`` files."""
    directories = [*(f"{prefix}{DEFINITIONS}" for prefix in ("", *own_views(host, daemons))), *_volumes(host)]
    return _of_definition(host, NETWORK, [f"{directory}/{NETWORKS}" for directory in directories], name, unreadable)


def pool(host: HostRoot, daemons: Iterable[int], name: str, unreadable: list[str]) -> list[Reference]:
    """Return the disks and SCSI hosts of a storage pool; add ``unreadable`` files."""
    directories = [f"{prefix}{POOLS}" for prefix in ("", *own_views(host, daemons))]
    return _of_definition(host, POOL, directories, name, unreadable)


def _of_definition(
    host: HostRoot, kind: str, directories: list[str], name: str, unreadable: list[str]
) -> list[Reference]:
    found: list[Reference] = []
    for path in [f"{directory}/{name}.xml" for directory in directories] if FILE_NAME.match(name) else ():
        text = host.read(path, optional=True)
        if text is None:
            unreadable += [path] if host.exists(path) else []
            continue
        from . import domain_xml

        try:
            found += domain_xml.pool(text) if kind == POOL else domain_xml.network(text)
        except ValueError:
            unreadable.append(path)
    return found


def _volumes(host: HostRoot) -> list[str]:
    """Return the libvirt directories in volumes, such as nova_libvirt_qemu and libvirtd of kolla, and in snaps."""
    moved = [store[1] for file, key in STORES for store in key.finditer(host.read(file, optional=True) or "")]
    found = [
        f"{volumes}/{name}/{directory}"
        for volumes in (*VOLUMES, *(f"{store}/volumes" for store in moved))
        for name in host.names(volumes)
        if "libvirt" in name
        for directory in IN_VOLUMES
    ]
    return [*found, *(f"{SNAPS}/{name}/{OF_SNAP}" for name in host.names(SNAPS))]


def _texts(host: HostRoot, directory: str) -> Iterator[tuple[str, str | None]]:
    for name in host.names(directory):
        if name.endswith(".xml"):
            yield f"{directory}/{name}", host.read(f"{directory}/{name}", optional=True)


def _add(
    host: HostRoot, files: Files, prefix: str, texts: Iterable[tuple[str, str | None]], session: bool = False
) -> None:
    for path, text in texts:
        from . import domain_xml

        domain = None
        readable = text is not None
        try:
            domain = domain_xml.parse(text or "") if readable else None
        except ValueError:
            readable = False
        if not readable:
            # The domain may have been undefined meanwhile, and unreadable files of session daemons are not reported.
            if host.exists(path) and not session:
                files.unreadable.append(path)
        elif domain:
            # A status file may remain after a crash of the host.
            running = domain.active and (domain.process is None or host.exists(f"{prefix}proc/{domain.process}"))
            files.found.append(Found(domain, path, running, session))
