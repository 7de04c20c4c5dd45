# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.module_utils._site.services import NOVA, SERVICES
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.service_settings import differing, task_options

ROLES = Path(__file__).resolve().parents[5] / "roles"

FILE = "/etc/nova/nova.conf.d/50-vfio-devices.conf"
CARD = {"owner": "nova", "type": None, "next_type": None, "parents": []}
PLAN = {"cards": [CARD]}
STARTED = {"reads": True, "problems": [], "later": [], "unusable": []}


class Known(dict):
    def flag(self, name):
        return self[name]

    def add(self, **more):
        self.update(more)


def known(**more):
    return Known(
        {
            "inventory_hostname": "compute7",
            "cyborg_config_path": "",
            "cyborg_config_check_service": True,
            "nova_config_release": 34,
            "nova_config_host": "",
            "nova_config_check_service": True,
            "nova_config_path": FILE,
            "nova_config_text": "[devices]\nenabled_mdev_types = a\n",
            "nova_config_provider_path": "/traits",
            "nova_config_provider_text": "",
            "_nova_config_provider_refusals": [],
            **more,
        }
    )


def seen(text="", started=None, owed=(), **files):
    return {
        "settings": {FILE: text, "/traits": "", **files},
        "services": {"nova-compute": started or STARTED},
        "restarts_owed": list(owed),
    }


def test_the_texts_are_compared():
    given = known()
    found = differing(given, PLAN, seen(given["nova_config_text"]))
    assert (found.texts, found.roles) == ({"nova": [], "cyborg": []}, [])
    assert differing(known(), PLAN, seen("other")).texts["nova"] == ["the nova configuration differs"]
    both = known(nova_config_provider_text="traits", cyborg_config_path="/cyborg", cyborg_config_text="new")
    found = differing(both, PLAN, seen("other", **{"/traits": "old", "/cyborg": "old"}))
    assert len(found.texts["nova"]) == 2
    assert found.texts["cyborg"] == ["the Cyborg configuration differs"]
    assert given["_nova_config_service"] == STARTED
    # nova-compute would still read an earlier file.
    earlier = differing(known(), PLAN, seen(known()["nova_config_text"], **{"/traits": "old"}))
    assert earlier.texts["nova"] == ["the provider configuration of nova differs"]


def test_a_file_that_differs_and_cannot_be_written_is_for_the_roles():
    given = known(nova_config_provider_text="traits", cyborg_config_path="/cyborg", cyborg_config_text="new")
    same = seen(given["nova_config_text"], **{"/traits": "traits", "/cyborg": "new"})
    other = seen("old", **{"/traits": "old", "/cyborg": "old"})
    obstacles = {FILE: "no nova", "/traits": "no traits", "/cyborg": "no cyborg"}
    assert differing(given, PLAN, {**same, "obstacles": obstacles}).roles == []
    assert differing(given, PLAN, {**other, "obstacles": obstacles}).roles == ["no nova", "no traits", "no cyborg"]
    assert differing(given, PLAN, {**other, "obstacles": {}}).roles == []


@pytest.mark.parametrize(
    ("variables", "started", "words"),
    [
        ({"nova_config_host": "deploy"}, STARTED, "on another host"),
        ({}, {**STARTED, "reads": False, "problems": ["it is not read"]}, "it is not read"),
        ({}, {**STARTED, "reports": True}, "may no longer report its PCI devices"),
        ({}, {**STARTED, "unusable": ["nova-compute cannot parse it"]}, "nova-compute cannot parse it"),
        ({"_nova_config_provider_refusals": ["two files list it"]}, STARTED, "two files list it"),
        (
            {},
            {
                **STARTED,
                "later": [
                    {"section": "devices", "option": "enabled_mdev_types", "file": "/etc/nova.conf", "value": "b"}
                ],
            },
            "/etc/nova.conf sets enabled_mdev_types of [devices] too",
        ),
    ],
)
def test_what_only_the_role_reports(variables, started, words):
    (sentence,) = differing(known(**variables), PLAN, seen(started=started)).roles
    assert words in sentence


@pytest.mark.parametrize(
    ("started", "words"),
    [
        ({**STARTED, "reads": False, "problems": ["it is not read"]}, "it is not read"),
        ({**STARTED, "unusable": ["cyborg-agent cannot parse it"]}, "cyborg-agent cannot parse it"),
        (
            {
                **STARTED,
                "later": [{"section": "agent", "option": "enabled_drivers", "file": "/etc/cyborg.conf", "value": ""}],
            },
            "/etc/cyborg.conf sets enabled_drivers of [agent] too, and cyborg-agent reads it later than /cyborg.",
        ),
    ],
)
def test_what_only_the_role_of_cyborg_reports(started, words):
    text = "[agent]\nenabled_drivers = nvidia_gpu_driver\n"
    given = known(cyborg_config_path="/cyborg", cyborg_config_text=text)
    del given["nova_config_release"]
    plan = {"cards": [{**CARD, "owner": "cyborg"}]}
    host = {**seen(**{"/cyborg": text}), "services": {"cyborg-agent": started}}
    assert words in differing(given, plan, host).roles[0]
    assert given["_cyborg_config_service"] == started
    assert differing(given, PLAN, host).roles == []
    assert differing(Known(given, cyborg_config_check_service=False), plan, host).roles == []


def test_types_that_guests_still_have_are_left_to_the_role():
    plan = {"cards": [{**CARD, "type": {"id": "a"}, "parents": [{"type": "b"}]}]}
    assert differing(known(), plan, seen()).roles == ["guests have devices of an undeclared type"]


def test_problems_of_the_service_need_a_card_of_nova():
    unread = {"reads": False, "problems": ["it is not read"]}
    assert differing(known(), {"cards": [{**CARD, "owner": "none"}]}, seen(started=unread)).roles == []
    assert differing(known(), {"cards": []}, {**seen(), "services": {}}).roles == []


def test_without_nova_and_cyborg_there_is_nothing():
    given = known()
    del given["nova_config_release"]
    assert differing(given, PLAN, seen(owed=["nova-compute"])).texts == {"nova": [], "cyborg": []}


def test_services_with_their_former_configuration():
    given = known(cyborg_config_path="/cyborg", cyborg_config_text="new")
    owed = ["cyborg-agent", "nova-compute"]
    found = differing(given, PLAN, seen(given["nova_config_text"], owed=owed, **{"/cyborg": "new"}))
    assert found.texts == {
        "nova": ["nova-compute still has its former configuration"],
        "cyborg": ["cyborg-agent still has its former configuration"],
    }
    assert len(differing(known(), PLAN, seen("other", owed=owed)).texts["nova"]) == 1


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_options_are_those_of_the_task_of_the_role(service):
    """Without the same options, the task would write the files again."""
    (task, *_others) = yaml.safe_load((ROLES / f"{service.role}/tasks/configure.yml").read_text(encoding="utf-8"))
    of_role = task["vfio.devices.managed_files"]
    given = known(vfio_host_root="/host", cyborg_config_path="/cyborg", cyborg_config_text="new")
    found = task_options(given, service)
    assert found.keys() == of_role.keys()
    assert found["host_root"] == "/host"
    assert "vfio_host_root" in of_role["host_root"]
    assert found["program"] in of_role["program"]
    assert of_role["files"] == f"{{{{ query('vfio.devices.planned_files', '{service.role}') }}}}"
    assert [file["path"] for file in found["files"]] == ([FILE, "/traits"] if service is NOVA else ["/cyborg"])
