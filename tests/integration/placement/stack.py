# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keystone with a Placement in its catalog."""

from __future__ import annotations

from . import services

PASSWORD = "secret-admin"
DOMAINS = {"user_domain_id": "default", "project_domain_id": "default"}


class Stack:
    """Keystone and a Placement in its catalog; ``identity`` is Keystone's API as admin."""

    def __init__(self, directory):
        self.keystone = services.keystone(directory / "keystone")
        self.url = f"{self.keystone.url}/v3"
        self.token = self.log_in("admin", PASSWORD, "admin")
        port = services.free_port()
        service = self.identity("POST", "/services", {"service": {"type": "placement", "name": "placement"}})
        for interface in ("public", "internal"):
            self.identity(
                "POST",
                "/endpoints",
                {
                    "endpoint": {
                        "interface": interface,
                        "region_id": "RegionOne",
                        "service_id": service["service"]["id"],
                        "url": f"http://127.0.0.1:{port}",
                    }
                },
            )
        self.make_user("member", "member")
        settings = f"""
            [keystone_authtoken]
            auth_url = {self.url}
            www_authenticate_uri = {self.url}
            auth_type = password
            user_domain_id = default
            project_domain_id = default
            project_name = admin
            username = admin
            password = {PASSWORD}
        """
        text = "\n".join(line.strip() for line in settings.splitlines())
        self.placement = services.placement(directory / "placement", port, text)

    def log_in(self, user, password, project):
        domain = {"id": "default"}
        identity = {"password": {"user": {"name": user, "domain": domain, "password": password}}}
        auth = {
            "auth": {
                "identity": {"methods": ["password"], **identity},
                "scope": {"project": {"name": project, "domain": domain}},
            }
        }
        status, answer, headers = services.request("POST", f"{self.url}/auth/tokens", auth)
        assert status == 201, answer
        self.user_id = answer["token"]["user"]["id"]
        self.project_id = answer["token"]["project"]["id"]
        return headers["X-Subject-Token"]

    def identity(self, method, path, body=None):
        status, answer, _headers = services.request(method, self.url + path, body, {"X-Auth-Token": self.token})
        assert status < 400, answer
        return answer

    def make_user(self, name, role):
        user = {"name": name, "password": f"secret-{name}", "domain_id": "default"}
        made = self.identity("POST", "/users", {"user": user})["user"]["id"]
        roles = self.identity("GET", f"/roles?name={role}")["roles"]
        self.identity("PUT", f"/projects/{self.project_id}/users/{made}/roles/{roles[0]['id']}")

    def stop(self):
        self.placement.stop()
        self.keystone.stop()


def password(stack, **changes):
    auth = {"auth_url": stack.url, "username": "admin", "password": PASSWORD, "project_name": "admin", **DOMAINS}
    return {key: value for key, value in {**auth, **changes}.items() if value is not None}
