# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that Ansible evaluates as templates."""

from __future__ import annotations

try:
    from ansible.template import trust_as_template as template
except ImportError:  # before ansible-core 2.19, which evaluates every text
    template = str

__all__ = ["template"]
