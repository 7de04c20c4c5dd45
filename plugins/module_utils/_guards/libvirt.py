# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of libvirt domains, running or only defined.

If libvirt-python is installed and the daemon has a socket, the daemon is the best source. Otherwise libvirt's files are
read, whether the daemon runs or not. If neither source is readable, the domains count as unknown, not as absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Optional

from .._host.root import HostRoot
from .._model.uses import Holder, Unseen, Use
from . import libvirt_files
from .base import Scene
from .referenced_devices import subjects

if TYPE_CHECKING:
    from .domain_xml import Domain

NAME = "libvirt"
ADVICE = "shut it down, or detach the device"

DAEMONS = ("virtqemud", "libvirtd")
# Daemons of other libvirt drivers; their domains are read only from files.
OTHER_DAEMONS = ("virtlxcd", "virtxend", "virtchd")
# Sockets of the modular daemon, and of the older monolithic one.
SOCKETS = tuple(f"run/libvirt/{name}-sock{kind}" for kind in ("-ro", "") for name in ("virtqemud", "libvirt"))
# systemd creates the sockets, but only a running daemon creates these.
RUNNING = ("run/virtqemud.pid", "run/libvirtd.pid")
PROGRAMS = ("usr/sbin/virtqemud", "usr/sbin/libvirtd")
MISSING = "libvirt-python is not installed"

# The flag VIR_DOMAIN_XML_INACTIVE.
INACTIVE = 2
# Name, whether it is running, and XML of a domain.
Asked = tuple[str, bool, str]


def observe(host: HostRoot, scene: Scene) -> Iterator[Use | Unseen]:
    """Yield a use for each device of each domain. Processes of running domains are left to other guards."""
    if not scene.configured:
        return
    daemons = [process for process in scene.processes.named(*DAEMONS) if _of_the_system(host, process)]
    runs = bool(daemons) or any(host.exists(path) for path in RUNNING)
    if not (runs or host.may_start_daemons):
        return
    asked, problem = _answer(host)
    unreadable: list[str] = []
    for name, running, xml in asked or ():
        # Most hosts have no domain, and each import takes time in every run.
        from . import domain_xml

        try:
            domain = domain_xml.parse(xml)
        except ValueError as error:
            yield Unseen(NAME, f"the devices of the libvirt domain {name} are unknown: its XML is invalid ({error})")
            continue
        if domain:
            yield from _uses(host, scene, domain._replace(name=name), running, daemons, ADVICE, unreadable)
    all_daemons = [*daemons, *scene.processes.named(*OTHER_DAEMONS)]
    files = libvirt_files.read(host, all_daemons, host_too=asked is None)
    for one in files.found:
        advice = ADVICE if one.running else f"detach the device from the guest, which /{one.path} defines"
        yield from _uses(host, scene, one.domain, one.running, daemons, advice, unreadable)
    if asked is None:
        if (runs or problem) and not _is_known(host, daemons, files):
            yield Unseen(NAME, f"libvirt is installed, but its domains are unknown: {problem or 'it has no socket'}")
        elif problem and MISSING not in problem:
            host.warn(f"the libvirt domains were read from files: {problem}")
    for what, paths in (("domains", files.unreadable), ("networks and storage pools", unreadable)):
        if paths:
            first, *others = dict.fromkeys(paths)
            more = f" and {len(others)} more" if others else ""
            yield Unseen(NAME, f"libvirt {what} are unknown: /{first}{more} cannot be read, or is not XML")


def _uses(
    host: HostRoot,
    scene: Scene,
    domain: Domain,
    running: bool,
    daemons: list[int],
    advice: str,
    unreadable: list[str],
) -> Iterator[Use]:
    references = [*domain.references]
    if not running:
        # The domain may get any of these devices when it starts.
        for network in domain.networks:
            references += libvirt_files.network(host, daemons, network, unreadable)
        for pool in domain.pools:
            references += libvirt_files.pool(host, daemons, pool, unreadable)
    for subject, effects in subjects(host, scene.functions, references).items():
        yield Use(subject, NAME, effects, advice, Holder(None, None, domain.name, running))


def _of_the_system(host: HostRoot, process: int) -> bool:
    """Return whether a daemon runs as root, and not as a session daemon of a user."""
    for line in (host.read(f"proc/{process}/status", optional=True) or "").splitlines():
        if line.startswith("Uid:"):
            return line.split()[1] == "0"
    return True


def _is_known(host: HostRoot, daemons: Iterable[int], files: libvirt_files.Files) -> bool:
    """Return whether the definitions of a daemon that did not answer were read, or certainly do not exist."""
    if any(not (one.session or one.is_of_other_driver) for one in files.found):
        return True
    views = [*libvirt_files.own_views(host, daemons)]
    if not views and any(host.exists(path) for path in PROGRAMS):
        views = [""]
    # libvirt always creates subdirectories here, so an empty listing means unreadable.
    return bool(views) and all(host.names(f"{view}{libvirt_files.DEFINITIONS}") for view in views)


def _answer(host: HostRoot) -> tuple[Optional[list[Asked]], Optional[str]]:
    """Return the domains, or the reason why libvirt gives none; both are None without a socket."""
    try:
        return query_daemon(host), None
    except TimeoutError:
        return None, f"libvirt did not answer within {host.timeout:g} s. Restart its daemon"
    except RuntimeError as error:
        if MISSING in str(error):
            return None, f"{MISSING}, and no XML of a domain was found. Install the package python3-libvirt"
        return None, f"libvirt-python failed with {error}"


def query_daemon(host: HostRoot) -> Optional[list[Asked]]:
    """Return the domains from the daemon, None without a socket; raise TimeoutError or RuntimeError."""
    socket = next((socket for socket in SOCKETS if host.exists(socket)), None)
    if socket is None:
        return None
    # A broken daemon may never answer, and a daemon that the socket starts first probes its QEMU binaries.
    return host.attempt(lambda: _ask(f"{host.root.rstrip('/')}/{socket}"), host.timeout)


def _ask(socket: str) -> list[Asked]:
    try:
        import libvirt  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise RuntimeError(MISSING) from None
    return domains(libvirt.openReadOnly(f"qemu:///system?socket={socket}"))


def domains(connection: Any) -> list[Asked]:
    """Return all domains. A running one also has the definition for its next start, which may have other devices."""
    domains = connection.listAllDomains(0)
    found = [(one.name(), bool(one.isActive()), one.XMLDesc(0)) for one in domains]
    return found + [
        (one.name(), False, one.XMLDesc(INACTIVE)) for one in domains if one.isActive() and one.isPersistent()
    ]
