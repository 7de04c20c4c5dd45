# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.integration.placement import services

from . import scenes
from .reader import Reader


@pytest.fixture(scope="session")
def placement(tmp_path_factory):
    """Start a Placement with the compute nodes of all scenes."""
    running = services.placement(tmp_path_factory.mktemp("placement"))
    yield running
    running.stop()


@pytest.fixture
def follow(request, tmp_path):
    """Return a function that follows a section in its own directory and on its own hosts."""

    def follow(place):
        scene, url = scenes.SCENES[place], ""
        if scene.placement:
            url = request.getfixturevalue("placement").url
            cloud = services.Cloud(url)
            for host in scene.hosts.split():
                _remove_tree(cloud, host)
                cloud.make(host, traits=["COMPUTE_NODE", "OWNER_NOVA"])
        reader = Reader(tmp_path, scene.hosts.split(), url)
        try:
            scenes.follow(reader, scene, scenes.sections()[place])
        finally:
            reader.close()

    return follow


def _remove_tree(cloud, host):
    """Remove providers that another scene has published for a host with the same name."""
    root = cloud.provider(host)
    if root:
        tree = cloud("GET", f"/resource_providers?in_tree={root['uuid']}")["resource_providers"]
        for provider in sorted(tree, key=lambda one: one["uuid"] == root["uuid"]):
            cloud("DELETE", f"/resource_providers/{provider['uuid']}")
