# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converge one GPU to a layout, for the tests of this directory."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._mig import job, wanted

H200, OTHER, A100 = "0000:41:00.0", "0000:c1:00.0", "0000:e1:00.0"
RECORD = f"etc/vfio-devices/mig_layout/{H200}.json"


def converge(host, layout=None, pf=H200, enabled=True, compute=True, check=False, replace=False, **options):
    entry = {"pf": pf, "enabled": enabled, "layout": layout, "compute_instances": compute, "replace_vgpus": replace}
    return job.converge(host.root(), wanted.parse_gpus([{**entry, "label": None}]), job.Options(**options), check)


def layout(result, moment="after"):
    instances = result["gpus"][0][moment]["instances"]
    return sorted((one["profile"], one["start"], one["compute_instances"]) for one in instances)


def changes(host):
    """Return the calls of nvidia-smi that do not only read."""
    reading = ("--query", "-lgi", "-lci")
    return [call for call in host.tools.calls if not any(word in call for word in reading)]
