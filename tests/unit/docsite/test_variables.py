# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that the pages of the playbooks list the variables of the argument specs."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vfio.devices.tests.docsite import variables

PLAYBOOKS = sorted(path.stem for path in (variables.ROOT / "playbooks").glob("*.yml"))


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_page_has_the_current_variables(playbook: str) -> None:
    current = variables.page(playbook).read_text(encoding="utf-8")
    assert current == variables.written(playbook), "Run: python -m tests.docsite.variables"


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_page_has_all_roles_of_the_playbook(playbook: str) -> None:
    texts = variables.files_of(variables.ROOT / f"playbooks/{playbook}.yml")
    code = re.sub(r"^ *#.*$", "", "".join(texts), flags=re.MULTILINE)
    roles = {path.name for path in (variables.ROOT / "roles").iterdir()}
    named = roles & set(re.findall(r"(?:role|name): vfio\.devices\.([a-z_]+)", code))
    # Every playbook uses the role vfio to validate the variables. The task cards_apply does the work of the role boot.
    others = {"vfio", "boot"} if playbook == "reprofile" else {"vfio"}
    assert named - others == set(variables.ROLES[playbook]) - others


def test_markup_becomes_code() -> None:
    option = {
        "description": ["If V(none), see O(vfio.devices.vfio#role:main:vfio_host_root).", "Or C(x y)."],
        "choices": ["a", "b"],
    }
    expected = "If ``none``, see ``vfio_host_root``. Or ``x y``. Choices: ``a``, ``b``."
    assert variables._description(option) == expected


def test_defaults_are_yaml() -> None:
    assert [variables._default({"default": value}) for value in (False, [], "", 60, "/")] == [
        "``false``",
        "``[]``",
        "",
        "``60``",
        "``/``",
    ]
