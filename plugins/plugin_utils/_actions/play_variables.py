# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The variables of a play for an action plugin, each evaluated once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible import errors, template
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.merged_results import Result
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag

# Since ansible-core 2.19, only trusted text is a template.
HAS_TRUST = hasattr(template, "trust_as_template")
# Since ansible-core 2.19. Before, the value is a text.
OMITTED = getattr(errors, "AnsibleValueOmittedError", ())


def _no_template(value: Any) -> Any:
    """Mark a value so that Ansible does not evaluate it."""
    if HAS_TRUST:
        return value
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(value)


class Variables:
    """The variables of a play, each evaluated once. Values can be added."""

    def __init__(self, templar: Any, raw: Mapping[str, Any]) -> None:
        self._raw = dict(raw)
        self._templar = templar.copy_with_new_env(available_variables=self._raw)
        self._evaluated: Result = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._evaluated:
            self._evaluated[name] = self._templar.template(self._raw[name])
        return self._evaluated[name]

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def get(self, name: str, default: Any) -> Any:
        """Return a variable, or ``default`` if the play does not have it, or if its value is ``omit``."""
        if name not in self._raw:
            return default
        try:
            value = self[name]
        except OMITTED:
            return default
        return default if isinstance(value, str) and value == self._raw.get("omit") else value

    def flag(self, name: str) -> bool:
        return flag(self[name], name)

    def add(self, **more: Any) -> None:
        """Add values that are not evaluated as templates."""
        self._raw.update({name: _no_template(value) for name, value in more.items()})
        self._templar = self._templar.copy_with_new_env(available_variables=self._raw)
        # Other variables may depend on the new values.
        self._evaluated = {}
