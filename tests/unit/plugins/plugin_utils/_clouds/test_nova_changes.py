# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""tests/integration/nova has the real nova report such changes."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.filter.nova_config import FilterModule
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, ports, refusals, vendor_vgpus, whole

nova_config = FilterModule().filters()["nova_config"]

IN_PLACEMENT = {"report_in_placement": True}
USED = {"used_types": ["nvidia-35"]}
GOLD = {"resource_class": "CUSTOM_GOLD"}
VFS = {"used_functions": ["0000:84:10.1"]}


def text(card, **options):
    return nova_config(plan(card), 34, **options)


@pytest.mark.parametrize(
    ("before", "after", "classes"),
    [
        (mdevs(), mdevs(**GOLD), ("VGPU", "CUSTOM_GOLD")),
        (mdevs(**GOLD), mdevs(), ("CUSTOM_GOLD", "VGPU")),
    ],
)
def test_mediated_devices_in_use(before, after, classes):
    present = text(before)
    (sentence,) = refusals(nova_config, plan({**after, **USED}), 34, present=present)
    assert sentence == (
        "profile p, 0000:84:00.0: guests have devices of the type nvidia-35 with the resource class "
        f"{classes[0]}. nova-compute no longer reports the host if it becomes {classes[1]}. Set "
        f"placement.resource_class: {classes[0]} until these guests have left the host"
    )
    # Without guests, with guests of another type, and without a change.
    assert text(after, present=present)
    assert text({**after, "used_types": ["nvidia-36"]}, present=present)
    assert text({**before, **USED}, present=present) == present
    # The type is new, or nothing is known about the current settings.
    assert text({**after, **USED}, present=text(mdevs("nvidia-36")))
    assert text({**after, **USED})


def test_settings_of_the_operator_before_this_collection():
    others = [
        {"file": "/n", "section": "devices", "option": "enabled_mdev_types", "value": "nvidia-35", "later": False},
    ]
    assert refusals(nova_config, plan(mdevs(**GOLD, **USED)), 34, others=others)
    others.append({**others[0], "section": "mdev_nvidia-35", "option": "mdev_class", "value": "CUSTOM_GOLD"})
    assert text(mdevs(**GOLD, **USED), others=others)


@pytest.mark.parametrize(
    ("before", "after", "used"),
    [
        (ports(), ports(**GOLD), VFS),
        (ports(**GOLD), ports(), VFS),
        (whole(), whole(**GOLD), {"used_functions": ["0000:84:00.0"]}),
        (vendor_vgpus(), vendor_vgpus(**GOLD), {"used_functions": ["0000:84:00.4"]}),
    ],
)
def test_functions_in_use(before, after, used):
    present = text(before, **IN_PLACEMENT)
    (sentence,) = refusals(nova_config, plan({**after, **used}), 34, present=present, **IN_PLACEMENT)
    assert "no longer reports the host if it becomes" in sentence
    assert text(after, present=present, **IN_PLACEMENT)
    assert text({**before, **used}, present=present, **IN_PLACEMENT) == present
    # The report is new.
    assert text({**after, **used}, present=text(before), **IN_PLACEMENT)


@pytest.mark.parametrize(("name", "after"), [("gold", "CUSTOM_GOLD"), ("CUSTOM_GOLD", "CUSTOM_GOLD"), ("vgpu", "VGPU")])
def test_spellings_of_the_same_class(name, after):
    spec = f'{{"vendor_id": "8086", "product_id": "1889", "resource_class": "{name}"}}'
    present = f"[pci]\nreport_in_placement = yes\ndevice_spec = {spec}\n"
    assert text(ports(**VFS, resource_class=after), present=present, **IN_PLACEMENT)


def test_functions_that_nova_does_not_report():
    present = text(ports(nova={"physical_network": "a"}), **IN_PLACEMENT)
    assert text(ports(**VFS, **GOLD), present=present, **IN_PLACEMENT)
    assert text(
        ports(**VFS, nova={"physical_network": "a"}), present=text(ports(**GOLD), **IN_PLACEMENT), **IN_PLACEMENT
    )
    kept = ports(**VFS, **GOLD, host_functions=VFS["used_functions"])
    assert text(kept, present=text(ports(), **IN_PLACEMENT), **IN_PLACEMENT)
