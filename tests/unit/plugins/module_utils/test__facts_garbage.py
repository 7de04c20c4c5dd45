# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collect the facts of a broken host: they never raise, never hang, and report each unreadable path."""

from __future__ import annotations

import errno
import json

from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.tests.simhost import Accessor, SimHost
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PROFILES = ("t4", "a40", "l40s", "mtty", "s390", "nics", "mixed")
FILES = (
    *("modalias", "numa_node", "driver_override", "sriov_totalvfs", "sriov_drivers_autoprobe"),
    *("name", "description", "device_api", "available_instances", "current_vgpu_type", "creatable_vgpu_types"),
    *("comm", "cmdline"),
)
DIRECTORIES = (
    *("sys/bus/pci/devices", "sys/bus/pci/devices/*", "sys/class/mdev_bus", "sys/bus/mdev/devices"),
    *("sys/class/mdev_bus/*/mdev_supported_types", "sys/kernel/iommu_groups", "sys/class/iommu"),
    *("proc", "proc/*/fd", "etc/mdevctl.d"),
)
NAMES = ("readable", "\udcff", "x" * 100_000, "virtfn0", "virtfn99999", "net", "nvidia", "physfn", "iommu_group", "..")
NUMBERS = (errno.EIO, errno.EINVAL, errno.ENODEV, errno.ENOENT, errno.EACCES, errno.ELOOP, errno.EOPNOTSUPP)


class BrokenFiles(Accessor):
    """A simulated host whose directories list unusable names, and whose links are wrong."""

    def __init__(self, kernel, added, targets):
        super().__init__(kernel)
        self.added, self.targets = added, targets

    def list(self, path):
        return super().list(path) + [name for pattern, name in self.added if path.startswith(pattern)]

    def link(self, path):
        target = super().link(path)
        return self.targets.get(path.rpartition("/")[2], target)


damage = st.one_of(
    st.tuples(st.just("content"), st.sampled_from(FILES), st.binary(max_size=300)),
    st.tuples(st.just("content"), st.sampled_from(FILES), st.just(b"9" * 100_000)),
    st.tuples(st.just("fail"), st.sampled_from(FILES), st.sampled_from(NUMBERS)),
    st.tuples(st.just("vanish"), st.sampled_from(FILES), st.none()),
    st.tuples(st.just("fail_directory"), st.sampled_from(DIRECTORIES), st.sampled_from(NUMBERS)),
)
lies = st.dictionaries(
    st.sampled_from(["physfn", "virtfn0", "driver", "iommu_group", "mdev_type", "subsystem"]),
    st.one_of(st.text(max_size=50), st.sampled_from(["", "/", "..", "../..", "\udcff", "x" * 5000])),
    max_size=3,
)


def break_host(kernel, kind, where, what):
    if kind == "content":
        kernel.faults.content(f"*/{where}", what)
    elif kind == "vanish":
        kernel.faults.vanish(f"*/{where}")
    elif kind == "fail":
        kernel.faults.fail(f"*/{where}", what)
    else:
        kernel.faults.fail(where, what, operations=("list",))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    profile=st.sampled_from(PROFILES),
    damages=st.lists(damage, min_size=1, max_size=4),
    added=st.lists(
        st.tuples(st.sampled_from(["sys/", "sys/bus/pci/devices/", "proc", "etc/"]), st.sampled_from(NAMES))
    ),
    targets=lies,
)
def test_any_damage(profile, damages, added, targets):
    kernel = SimHost(profile)
    for kind, where, what in damages:
        break_host(kernel, kind, where, what)
    facts = run_facts.observe(HostRoot("/", files=BrokenFiles(kernel, added, targets)), run_facts.PARTS)
    assert set(facts) == {*run_facts.PARTS, "versions", "warnings"} - {"users", "mig", "models", "serial_numbers"}
    json.dumps(facts).encode()
    assert all(isinstance(warning, str) and len(warning) < 150_000 for warning in facts["warnings"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(profile=st.sampled_from(PROFILES), pattern=st.sampled_from(FILES), number=st.sampled_from(NUMBERS[:3]))
def test_every_file_that_failed_is_named(profile, pattern, number):
    kernel = SimHost(profile)
    kernel.faults.fail(f"*/{pattern}", number)
    files = Accessor(kernel)
    facts = run_facts.observe(HostRoot("/", files=files), run_facts.PARTS)
    kernel.faults.clear()
    failed = {path for path in files.reads if path.endswith(f"/{pattern}") and files.exists(path)}
    named = {path for path in failed if any(f"cannot read /{path}: " in warning for warning in facts["warnings"])}
    assert named == failed


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=400), uuid=st.uuids())
def test_any_definition(content, uuid):
    files = Accessor(SimHost("mtty"))
    files.replace(f"etc/mdevctl.d/mtty/{uuid}", content)
    facts = run_facts.observe(HostRoot("/", files=files))
    assert len(facts["devices"]) + len(facts["warnings"]) == 1
