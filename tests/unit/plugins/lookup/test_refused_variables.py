# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.display import Display
from ansible_collections.vfio.devices.plugins.lookup.refused_variables import LookupModule
from ansible_collections.vfio.devices.tests.unit.templates import template


@pytest.fixture
def look():
    """Return the messages for variables whose texts may be templates."""

    def look(*names, **variables):
        trusted = {name: template(one) if isinstance(one, str) else one for name, one in variables.items()}
        return LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), trusted)).run([*names], trusted)

    return look


def test_right_and_unknown_variables_are_no_problem(look):
    assert look(mdev_timeout=30, placement_publish="yes", somebody_elses={"a": 1}, vfio_profiles=5) == []
    assert LookupModule().run([]) == []


def test_all_is_told_at_once(look):
    assert look(placement_publish="maybe", mdev_timeout=0, iommu_kernel_arguments=["quiet\n", None]) == [
        "placement_publish must be true or false, and not 'maybe'",
        "iommu_kernel_arguments[0] must be one word of letters, digits and . _ , : / = @ % + -, such as 'iommu=pt', "
        "and not 'quiet\\n'",
        "iommu_kernel_arguments[1] must be one word of letters, digits and . _ , : / = @ % + -, such as 'iommu=pt', "
        "and not null",
        "mdev_timeout must be a number of seconds from 0.1 to 86400, and not 0",
    ]


def test_only_named_variables_are_validated(look):
    assert look("vfio_serial", vfio_serial=0, mdev_timeout=0) == [
        "vfio_serial must be a whole number from 1 to 100000, or a percentage such as 10%, and not 0"
    ]
    assert look("vfio_serial", mdev_timeout=0) == []


def test_templates(look):
    assert look(other=5, mdev_timeout="{{ other }}") == []
    assert len(look(other=0, mdev_timeout="{{ other }}")) == 1


def test_what_is_not_known_yet_is_left_out(look):
    assert look(placement_root="{{ ansible_facts.fqdn }}", mdev_timeout="{{ nothing }}") == []


def test_a_misspelled_name_causes_a_warning(look, monkeypatch):
    warned = []
    monkeypatch.setattr(Display, "warning", lambda self, sentence: warned.append(sentence))
    assert look(vfio_profile=[]) == look("vfio_serial", vfio_profile=[]) == []
    assert warned == ["vfio_profile is not a variable of the collection vfio.devices. Did you mean vfio_profiles?"]
