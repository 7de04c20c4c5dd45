# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check whether a service will read a settings file, and which files it reads after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from . import cyborg, installed, kolla, node_name, nova_names, oslo, other_options, provider_files, started
from .files import Files, of_service, order_of, sources_of
from .other_options import Option

# Processes of libvirt that list the devices of a host.
DAEMONS = ("libvirtd", "virtnodedevd", "virtqemud")
LIBRARY = lazy_pattern(r"libvirt\.so\.0\.(\d+)\.(\d+)\Z")
DRIVER = ("DEFAULT", "compute_driver")
# Part of the name of the only driver with these settings, and of those derived from it.
LIBVIRT = "libvirt"
REPORT = ("pci", "report_in_placement")
SPEC = ("pci", "device_spec")
POST_COPY = ("libvirt", "live_migration_permit_post_copy")
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib/s390x-linux-gnu", "usr/lib64", "usr/lib")


def observe(
    host: HostRoot, project: str, program: str, unit: str, path: str, content: str, present: str = ""
) -> dict[str, Any]:
    """Return how ``program`` treats a file at ``path`` with ``content``.

    ``reads`` is None if it is unknown how the service is started. ``later`` lists the options of later files, and
    ``overridden`` those of them that the file also sets. ``present`` is the current text of a file on another host,
    from which a tool creates the files of the container.
    """
    found, files, sources, order, texts = _service(host, project, program, unit, path)
    reads = _reads(found, sources, path)
    before_and_after = order if reads else []
    later = other_options.later_options(before_and_after, texts, path, found, program)
    problems = not_effective(later, content, program, path)
    others = other_options.of_files(before_and_after, texts, path)
    if found.container:
        others = other_options.of_container(order, texts, files, content, present, found.kolla)
    others += other_options.of_environment(found, program)
    providers = provider_files.observe(files, order, texts)
    reports = _reports(order, texts)
    return {
        **_about(found, files, project),
        "files": [one.path for one in sources if not one.is_directory] if _is_known(found) else [],
        "directories": [one.path for one in sources if one.is_directory] if _is_known(found) else [],
        "reads": reads,
        "later": later,
        "overridden": overridden(later, content),
        "others": others,
        "provider_directory": providers.directory,
        "providers": providers.files,
        # The names of options of other projects are not known.
        "unknown": nova_names.unknown(texts.items()) if project == "nova" else [],
        **node_name.observe(host),
        "post_copy": _permits_post_copy(order, texts),
        **(cyborg.agent_of(host) if project == "nova" else cyborg.NO_AGENT),
        "drivers": cyborg.drivers(order, texts, path) if project == "cyborg" else [],
        "reports": reports,
        "unusable": [
            *_unusable(project, program, order, texts, files),
            *(_ends_report(order, texts, program, path, content) if reports else ()),
        ],
        "undeployed": _undeployed(host, project, program, content) if found.kolla else [],
        "problems": [_not_read(found, sources, project, program, path)] if reads is False else problems,
        "libvirt": libvirt_version(files if found.pid is None or not found.container else _of_libvirt(host, files)),
    }


def _about(found: started.Started, files: Files, project: str) -> dict[str, object]:
    return {
        "source": found.source,
        "version": installed.version(files, found, project),
        "pid": found.pid,
        "container": found.container,
        "kolla": found.kolla,
    }


class _Service(NamedTuple):
    """A service with its files in reading order; ``texts`` are those of ``order``."""

    found: started.Started
    files: Files
    sources: oslo.Sources
    order: list[str]
    # Several checks need these texts, so each file is read once.
    texts: dict[str, str]


def _service(host: HostRoot, project: str, program: str, unit: str, path: str) -> _Service:
    """Return the service of the devices: a host may have another nova-compute, for example for ironic."""
    first = None
    for found in started.each(host, program, unit):
        files = of_service(host, found, program)
        sources = sources_of(files, project, found, program, path)
        order = order_of(files, sources, path) if _is_readable(found) else []
        service = _Service(found, files, sources, order, {file: files.text(file) for file in order})
        if _is_of_devices(order, service.texts):
            return service
        first = first or service
    return cast("_Service", first)


def _last(order: Sequence[str], texts: Mapping[str, str], option: tuple[str, str]) -> tuple[str, str] | None:
    """Return the file that decides about an option, with the value; None without one."""
    values = [(file, entry[2]) for file in order for entry in oslo.entries(texts[file]) if entry[:2] == option]
    return values[-1] if values else None


def _is_of_devices(order: Sequence[str], texts: Mapping[str, str]) -> bool:
    driver = _last(order, texts, DRIVER)
    if driver is None or not driver[1]:
        return True
    value = oslo.substituted(driver[1], oslo.common(texts[file] for file in order))
    # A reference to an option with a default is unknown.
    return LIBVIRT in value.lower() or "$" in value


def _unusable(project: str, program: str, order: Sequence[str], texts: Mapping[str, str], files: Files) -> list[str]:
    """Return a sentence for each reason why the service uses no settings of devices, wherever they are."""
    errors = [(file, oslo.error(texts[file])) for file in order]
    found = [
        f"{files.shown(file)}: {program} cannot parse {error}. Correct the line, otherwise {program} does not start."
        for file, error in errors
        if error
    ]
    if project == "nova":
        found += nova_names.no_json({files.shown(file): texts[file] for file in order}, program)
    if project == "nova" and not _is_of_devices(order, texts):
        file, driver = cast("tuple[str, str]", _last(order, texts, DRIVER))
        found.append(
            f"{files.shown(file)} sets compute_driver = {driver}, which assigns no devices of this host. Set "
            "compute_driver = libvirt.LibvirtDriver, or owner: none in the profiles."
        )
    return found


def _ends_report(
    order: Sequence[str], texts: Mapping[str, str], program: str, path: str, content: str
) -> Iterator[str]:
    """Yield a sentence if ``content`` ends the current report of PCI devices, which nova does not support."""
    after = _last(order, {**texts, path: content}, REPORT)
    if content and path in order and not _is_true(after):
        yield (
            f"{program} does not start without report_in_placement in [pci], because it has reported PCI devices to "
            "Placement. Set nova_config_report_in_placement: true."
        )


def _reports(order: Sequence[str], texts: Mapping[str, str]) -> bool:
    """Return whether nova reports PCI devices to Placement."""
    has_devices = any(nova_names.current(*option) == SPEC for text in texts.values() for option in oslo.options(text))
    return has_devices and _is_true(_last(order, texts, REPORT))


def _is_true(found: tuple[str, str] | None) -> bool:
    return found is not None and found[1].lower() in oslo.TRUE


def _is_known(found: started.Started) -> bool:
    """Return whether the files are known: without process and unit, the service may start in an unknown way."""
    return found.arguments is not None


def _is_readable(found: started.Started) -> bool:
    return _is_known(found) and (not found.container or found.pid is not None or found.kolla)


def _reads(found: started.Started, sources: oslo.Sources, path: str) -> bool | None:
    if found.container:
        return False
    return oslo.reads(sources, path) if _is_known(found) else None


def _not_read(found: started.Started, sources: oslo.Sources, project: str, program: str, path: str) -> str:
    # Only the role of nova writes its file on another host.
    has_host = project == "nova"
    if found.kolla:
        variables = f"Set {project}_config_host and {project}_config_path." if has_host else _by_filter(project)
        return (
            f"{path} is not read by {program}, which runs in a container of kolla-ansible. Write the file "
            f"/etc/kolla/config/{project}/<name of this host>/{project}.conf on the deployment host instead, and run "
            f"kolla-ansible reconfigure -t {project}. {variables}"
        )
    if found.container:
        variables = f"Set {project}_config_host and {project}_config_path to where its settings come from."
        return (
            f"{path} is not read by {program}, which runs in a container with files of its own. "
            f"{variables if has_host else _by_filter(project)}"
        )
    return (
        f"{path} is not read by {program}, which reads {', '.join(one.path for one in sources)}. Add "
        f"--config-dir {path.rpartition('/')[0]} to its command, or set {project}_config_path to a file that it reads."
    )


def _by_filter(project: str) -> str:
    return (
        f"Set {project}_config_path: '', and write the text of the filter vfio.devices.{project}_config to where its "
        "settings come from."
    )


def _of_libvirt(host: HostRoot, files: Files) -> Files:
    """Return the files of libvirt's daemon, which has its own container in most deployments."""
    for pid in host.names("proc"):
        if pid.isdigit() and host.read_line(f"proc/{pid}/comm", optional=True) in DAEMONS:
            return Files(host, f"proc/{pid}/root/")
    return files


def libvirt_version(files: Files) -> str | None:
    """Return the libvirt version, which is part of the library's file name: ``libvirt.so.0.11003.0`` is 11.3.0."""
    for directory in LIBRARIES:
        for name in files.names(directory):
            match = LIBRARY.match(name)
            if match:
                major, minor = divmod(int(match[1]), 1000)
                return f"{major}.{minor}.{match[2]}"
    return None


def overridden(later: Sequence[Option], content: str) -> list[Option]:
    """Return the options of ``later`` that a file with ``content`` also sets."""
    mine = {nova_names.current(*entry[:2]): entry[2] for entry in oslo.entries(content)}
    found = []
    for one in later:
        option = nova_names.current(one["section"], one["option"])
        # The values of several files add up, but not those of the environment.
        adds_up = option in oslo.SEVERAL and one["file"].startswith("/")
        if option in mine and not adds_up and not oslo.is_same(one["value"], mine[option]):
            found.append(one)
    return found


def not_effective(later: Sequence[Option], content: str, program: str, path: str) -> list[str]:
    """Return a sentence for each option of a file with ``content`` that a later file overrides."""
    return [
        f"{one['file']} sets {one['option']} of [{one['section']}] too, and {program} reads it later than {path}. "
        f"Remove the option from {one['file']}."
        for one in overridden(later, content)
    ]


def _permits_post_copy(order: Sequence[str], texts: Mapping[str, str]) -> bool:
    """Return whether post-copy is permitted for the service, which prevents live migration of PCI devices."""
    return _is_true(_last(order, texts, POST_COPY))


def _undeployed(host: HostRoot, project: str, program: str, content: str) -> list[str]:
    """Return options of ``content``, such as ``[pci]alias``, that kolla-ansible has not deployed to the container."""
    merged = host.read(f"{kolla.DIRECTORY}/{program}/{project}.conf", optional=True) or ""
    deployed = set(oslo.entries(merged))
    lacking = [entry[:2] for entry in oslo.entries(content) if entry not in deployed]
    return [f"[{section}]{name}" for section, name in dict.fromkeys(lacking)]
