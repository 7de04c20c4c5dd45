# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log in to a real Keystone, with a Placement that uses it."""

from __future__ import annotations

import json
import logging

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.modules import placement_inventory, placement_inventory_info
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.integration.placement import stack as stacks

SECRETS = (stacks.PASSWORD, "secret-member", "secret-application", "secret-wrong")


@pytest.fixture
def read(run_module, stack, monkeypatch, tmp_path, caplog):
    """Read a tree with some settings; neither the result nor a log may contain secrets."""
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)

    def read(**options):
        result = run_module(placement_inventory_info, {"roots": ["n1"], "tries": 1, **options})
        for secret in SECRETS:
            assert secret not in json.dumps(result)
            assert secret not in caplog.text
        return result

    return read


def test_password(read, stack):
    assert read(auth=stacks.password(stack))["missing"] == ["n1"]


def test_write(run_module, stack):
    result = run_module(
        placement_inventory,
        {
            "auth": stacks.password(stack),
            "providers": [
                {"name": "n2"},
                {"name": "n2_vf", "parent": "n2", "inventories": {"CUSTOM_VF": {"total": 1}}},
            ],
            "create_roots": True,
        },
    )
    assert result["created"] == ["n2", "n2_vf"]


def test_environment(read, stack, monkeypatch):
    for name, value in stacks.password(stack).items():
        monkeypatch.setenv(f"OS_{name.upper()}", value)
    assert read()["missing"] == ["n1"]


def test_clouds_yaml(read, stack, tmp_path, monkeypatch):
    clouds = {"clouds": {"mine": {"auth": stacks.password(stack), "region_name": "RegionOne"}}}
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump(clouds))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    assert read(cloud="mine")["missing"] == ["n1"]
    assert read(cloud="mine", interface="internal")["missing"] == ["n1"]
    assert (
        "admin endpoint for placement service in RegionOne region not found"
        in read(cloud="mine", interface="admin")["msg"]
    )
    assert "Elsewhere" in read(cloud="mine", region_name="Elsewhere")["msg"]
    assert "yours" in read(cloud="yours")["msg"]


def test_cloud_as_a_dictionary(read, stack):
    assert read(cloud={"auth": stacks.password(stack)})["missing"] == ["n1"]
    result = read(cloud={"auth": stacks.password(stack)}, auth=stacks.password(stack))
    assert "Remove auth" in result["msg"]


def test_application_credential(read, stack):
    body = {"application_credential": {"name": "vfio", "secret": "secret-application", "roles": [{"name": "admin"}]}}
    stack.log_in("admin", stacks.PASSWORD, "admin")
    made = stack.identity("POST", f"/users/{stack.user_id}/application_credentials", body)["application_credential"]
    auth = {
        "auth_url": stack.url,
        "application_credential_id": made["id"],
        "application_credential_secret": "secret-application",
    }
    assert read(auth_type="v3applicationcredential", auth=auth)["missing"] == ["n1"]
    auth["application_credential_secret"] = "secret-wrong"
    assert "cannot log in" in read(auth_type="v3applicationcredential", auth=auth)["msg"]


def test_wrong_password(read, stack):
    message = read(auth=stacks.password(stack, password="secret-wrong"))["msg"]
    assert message.startswith("cannot log in to the cloud and find Placement:")
    assert "401" in message


def test_member(read, stack):
    message = read(auth=stacks.password(stack, username="member", password="secret-member"))["msg"]
    assert "Placement says 403" in message
    assert "needs the role admin or service, with a token for a project" in message


def test_scope_of_the_system(read, stack):
    stack.log_in("admin", stacks.PASSWORD, "admin")
    auth = stacks.password(stack, project_name=None, project_domain_id=None, system_scope="all")
    message = read(auth=auth)["msg"]
    assert "not for the system" in message


def test_nothing_at_all(read, monkeypatch):
    assert "cannot" in read()["msg"]


def test_nobody_answers(read, stack):
    url = f"http://127.0.0.1:{services.free_port()}/v3"
    message = read(auth=stacks.password(stack, auth_url=url))["msg"]
    assert message.startswith("cannot log in to the cloud and find Placement:")
    assert url in message
