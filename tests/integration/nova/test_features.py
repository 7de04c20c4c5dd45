# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of features by release in the guide is what the releases themselves say."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release
from ansible_collections.vfio.devices.tests.integration.nova.test_hosts import VERSIONS

GUIDE = Path(__file__).resolve().parents[3] / "docs/docsite/rst/guide_nova.rst"
# What the filter takes for the first release that has a feature.
FIRST = {
    "several types": nova_release.SEVERAL_TYPES,
    "mdev_class": nova_release.MDEV_TYPES,
    "max_instances": nova_release.MAX_INSTANCES,
    "addresses of a single type": nova_release.MAX_INSTANCES,
    "virtual parents such as mtty": nova_release.VIRTUAL_PARENTS,
    "mediated devices of libvirt 7.7": nova_release.POINT_WITH_LONG_NAMES[0],
    "provider.yaml": nova_release.PROVIDER_CONFIG,
    "numa_policy socket": nova_release.SOCKET_POLICY,
    "report_in_placement": nova_release.REPORT_IN_PLACEMENT,
    "pci_in_placement": nova_release.PCI_IN_PLACEMENT,
    "managed": nova_release.MANAGED,
    "live_migratable": nova_release.MANAGED,
    "one_time_use": nova_release.ONE_TIME_USE,
}


def test_the_table(ask):
    found = {release: ask("nova", "features", version=version) for release, version in VERSIONS.items()}
    lines = ["   * - Feature", *(f"     - {release}" for release in found)]
    for feature, first in FIRST.items():
        has = {release: one[feature] for release, one in found.items()}
        assert has == {release: release >= first for release in found}, feature
        lines += [f"   * - {feature}", *(f"     - {'yes' if has[release] else 'no'}" for release in found)]
    table = "\n".join(lines) + "\n"
    assert table in GUIDE.read_text(encoding="utf-8"), table
