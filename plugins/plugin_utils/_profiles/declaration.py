# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate the declaration ``vfio_profiles`` without facts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable, cast

from ansible_collections.vfio.devices.plugins.module_utils._core import grammar
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._mig.wanted import parse_gpus
from ansible_collections.vfio.devices.plugins.module_utils._modes.wanted import ONLY_VF, parse_functions
from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.base import Cloud
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import BY_OWNER, CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._plan import value_types
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Layout, Placement, Profile, Share
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import (
    check,
    expression,
    scheduler,
    schema,
    selection,
    standard_names,
    vgpus,
)

# Matches the place of an entry in a message of the module.
VIRTUAL_FUNCTION = re.compile(r"vfs\[(\d+)\]: ")
# Matches texts with the form of a PCI address.
ADDRESS = re.compile(r"([0-9a-fA-F]{1,8}:)?[0-9a-fA-F]{1,2}:[0-9a-fA-F]{1,2}\.[0-9a-fA-F]\Z")
# A profile or a part of it as it is declared.
Declared = Mapping[str, Any]

AS_JSON = """The option -e NAME=VALUE makes a text. Write -e '{"vfio_profiles": [...]}', or -e @FILE"""


def _no_list(value: Any) -> str:
    if value is None:
        return f"vfio_profiles is empty. Write a list such as {schema.SAMPLE}, or [] for a host without profiles"
    remedy = ""
    if isinstance(value, str) and value.lstrip().startswith("["):
        remedy = f". {AS_JSON}"
    elif isinstance(value, dict):
        remedy = (
            ". Begin each profile with a dash, as in `- name: desktops`, and indent its other keys by two more blanks"
        )
    return f"vfio_profiles must be a list such as {schema.SAMPLE}, and not {check.shown(value)}{remedy}"


def parse(profiles: Any) -> tuple[list[Profile], list[str]]:
    """Return the profiles in one form, and a sentence for each problem."""
    if not isinstance(profiles, list):
        return [], [_no_list(profiles)]
    problems: list[str] = []
    parsed: list[Profile] = []
    places: dict[str, int] = {}
    for place, profile in enumerate(profiles):
        if not isinstance(profile, dict):
            problems.append(
                f"vfio_profiles[{place}] must be a dictionary, as in {schema.SAMPLE}, and not {check.shown(profile)}"
            )
            continue
        name = profile.get("name")
        label = f"profile {name}" if value_types.fits(name, schema.PROFILE["name"]) else f"vfio_profiles[{place}]"
        wrong = check.wrong(profile, schema.PROFILE)
        found = [*wrong.values(), *check.missing(profile, wrong, schema.PROFILE, "")]
        if isinstance(name, str) and places.setdefault(name, place) != place:
            found.append(f"vfio_profiles[{places[name]}] has the same name. Use a different name for each profile")
        complete = not found
        readable = all(key not in wrong and profile.get(key) for key in ("name", "select"))
        # The valid parts are still checked, so all errors are reported together.
        one = _profile({key: value for key, value in profile.items() if key not in wrong}, set(wrong), found)
        if readable and places[str(name)] == place:
            parsed.append({**one, "complete": complete, "valid": not found})
        problems += [f"{label}: {sentence}" for sentence in found]
    return parsed, problems


def _profile(profile: Declared, wrong: set[str], found: list[str]) -> Profile:
    """Return the profile without its ``wrong`` keys in one form; add other problems to ``found``."""
    values = {key: profile.get(key, option.get("default")) for key, option in schema.PROFILE.items()}
    owner = None if "owner" in wrong else values["owner"]
    values.update(
        **_select(profile, found),
        function=_function(profile, wrong, found),
        mig=_mig(profile, found),
        shares=vgpus.parse(profile.get("vgpu"), values["owner"], found),
        vgpu_scheduler=scheduler.parse(profile, found),
        placement=_placement(profile, "placement", found),
        **{cloud.OWNER: _part_of(cloud, profile, owner, found) for cloud in CLOUDS if cloud.PROFILE_PART},
    )
    shares = [_complete(share, values, owner, found) for share in values["shares"]]
    parsed = cast("Profile", {**values, "shares": shares, "vgpu": shares[0] if shares else None})
    cloud = BY_OWNER[parsed["owner"]]
    has_work = bool(wrong) or cloud.TAKES_UNTOUCHED_CARDS or any(key in profile for key in ("vgpu", *schema.FUNCTION))
    _check_together(parsed, has_work, found)
    found += dict.fromkeys(sentence for view in _views(parsed) for sentence in cloud.check(view))
    return parsed


def _select(profile: Declared, found: list[str]) -> Declared:
    """Return the keys that stand for ``select``."""
    if not profile.get("select"):
        # Another message reports the missing key.
        return {"expression": None, "names": [], "required": False}
    if not isinstance(profile.get("select"), str):
        return {"expression": None, "names": [_name(name, profile, found) for name in profile.get("select", [])]}
    try:
        return {"expression": expression.compiled(profile["select"], selection.FIELDS), "names": []}
    except ValueError as error:
        found.append(f"select cannot be used. {error}")
        # It is unknown which cards the expression would select.
        return {"expression": None, "names": [], "required": False}


def _complete(share: Share, profile: Declared, owner: str | None, found: list[str]) -> Share:
    """Return an entry of ``vgpu`` with all Placement and cloud keys; missing ones are those of the profile."""
    label, declared = share["label"], share["placement"] or {}
    own = _placement(share, f"{label}.placement", found)
    placement = {key: value if key in declared else profile["placement"][key] for key, value in own.items()}
    of_clouds = {
        cloud.OWNER: {**profile[cloud.OWNER], **_part_of(cloud, share, owner, found, f"{label}.")}
        for cloud in CLOUDS
        if cloud.PROFILE_PART
    }
    return cast("Share", {**share, "placement": placement, **of_clouds})


def _views(parsed: Profile) -> list[Profile]:
    """Return the profile once per type, with the values of that type."""
    parts = ("placement", *(cloud.OWNER for cloud in CLOUDS if cloud.PROFILE_PART))
    shares: Sequence[Declared] = parsed["shares"]
    views = [{**parsed, "vgpu": share, **{part: share[part] for part in parts}} for share in shares]
    return cast("list[Profile]", views) or [parsed]


def _name(name: str, profile: Declared, found: list[str]) -> str:
    if grammar.PCI_ADDRESS.match(name):
        return name
    if grammar.PCI_ADDRESS.match(name.lower()):
        found.append(f"write the address {name} in lower case, because nova and Cyborg only find this spelling")
    elif grammar.PCI_ADDRESS.match(f"0000:{name}"):
        found.append(f"write the address {name} with its domain, 0000:{name}")
    elif ADDRESS.match(name):
        found.append(
            f"select {name[:80]!r} is not a PCI address such as 0000:3b:00.0, because devices have the numbers "
            "00 to 1f and functions the numbers 0 to 7"
        )
    elif not grammar.KERNEL_NAME.match(name):
        found.append(f"select {name[:80]!r} is not a PCI address, an interface or a parent")
    return name


def _function(profile: Declared, wrong: set[str], found: list[str]) -> Declared | None:
    """Return the entry for sriov_pf_mode without the address, or None."""
    declared = {option: profile[option] for option in schema.FUNCTION if option in profile}
    has_mode = "mode" in declared
    if not has_mode and "mode" not in wrong:
        found += _without_mode(list(declared))
    if "num_vfs" in declared:
        declared["num_vfs"] = str(declared["num_vfs"])
    # Without a valid mode, only the options of virtual functions are checked.
    checked = declared if has_mode else {option: declared[option] for option in ONLY_VF if option in declared}
    complete = {**dict.fromkeys(schema.FUNCTION), "mode": "vf", "reconfigurable": True, **checked, "pf": "0000:00:00.0"}
    entries = check.parts(checked.get("vfs") or [], "vfs")
    virtual = [_virtual_function(one, label, found) for label, one in entries]
    complete["vfs"] = [one for one in virtual if "index" in one] if "vfs" in checked else None
    labels = [f"{label}: " for (label, _one), parsed in zip(entries, virtual) if "index" in parsed]
    found += [_at_place(sentence, labels) for sentence in parse_functions([complete])[0].problems]
    return declared if has_mode else None


def _without_mode(options: list[str]) -> list[str]:
    """Return a sentence about options of a profile without ``mode``."""
    if not options:
        return []
    modes = "mode: vf" if any(option in ONLY_VF for option in options) else "mode: pf or mode: vf"
    modes = "mode: pf" if options == ["driver"] else modes
    if len(options) == 1:
        return [f"{options[0]} requires mode. Set {modes}"]
    return [f"{', '.join(options[:-1])} and {options[-1]} require mode. Set {modes}"]


def _at_place(sentence: str, labels: list[str]) -> str:
    """Return a sentence about an entry of the option ``vfs`` with the label of the entry in the profile."""
    place = VIRTUAL_FUNCTION.match(sentence)
    return f"{labels[int(place[1])]}{sentence[place.end() :]}" if place else sentence


def _virtual_function(virtual: Declared, label: str, found: list[str]) -> Declared:
    """Return the valid keys of an entry of ``vfs``; without ``index`` if it is invalid."""
    # As in the option of the module, null means omitted.
    declared = {key: str(value) if key == "index" else value for key, value in virtual.items() if value is not None}
    wrong = check.wrong(declared, schema.VIRTUAL_FUNCTION, f"{label}.")
    found += [*wrong.values(), *check.missing(declared, wrong, schema.VIRTUAL_FUNCTION, label)]
    valid = {key: value for key, value in declared.items() if key not in wrong}
    return {**dict.fromkeys(key for key in schema.VIRTUAL_FUNCTION if key != "index"), **valid}


def _mig(profile: Declared, found: list[str]) -> Layout | None:
    """Return whether MIG is enabled and the number of GPU instances by MIG profile; None if MIG is not managed."""
    if profile.get("mig") is None:
        return None
    layout = profile["mig"]
    gpu: Layout = {"enabled": layout is not False, "layout": layout or {}, "compute_instances": not profile.get("vgpu")}
    try:
        (wanted,) = parse_gpus([{**gpu, "pf": "0000:00:00.0", "label": "mig"}])
    except Refused as refused:
        found += [problem.replace("layout.", "mig.").removeprefix("mig: ") for problem in refused.problems]
        return None
    return {**gpu, "layout": dict(wanted.layout)}


def _placement(part: Declared, label: str, found: list[str]) -> Placement:
    placement = part.get("placement") or {}
    wrong = check.wrong(placement, schema.PLACEMENT, f"{label}.")
    found += wrong.values()
    if wrong:
        return {"resource_class": None, "traits": []}
    resource_class = placement.get("resource_class")
    traits = placement.get("traits") or []
    resource_class = _collect(standard_names.resource_class, resource_class, f"{label}.resource_class", found)
    right = [trait for trait in traits if _collect(standard_names.trait, trait, f"{label}.traits", found)]
    found += [f"trait {trait} is reserved for nova-compute. Remove it" for trait in right if trait in names.NEVER_SET]
    return {"resource_class": resource_class, "traits": list(dict.fromkeys(right))}


def _collect(rule: Callable[[str], str], text: str | None, option: str, found: list[str]) -> str | None:
    sentences: list[str] = []
    right = grammar.collect(rule, text, sentences)
    found += [f"{option}: {sentence}" for sentence in sentences]
    return right


def _part_of(cloud: Cloud, whole: Declared, owner: str | None, found: list[str], prefix: str = "") -> Declared:
    """Return the keys of a profile or entry for the cloud; ``owner`` is None if it is invalid."""
    part, name, own = whole.get(cloud.OWNER) or {}, f"{prefix}{cloud.OWNER}", cloud.PROFILE_PART
    wrong = check.wrong(part, own["options"], f"{name}.", own.get("elsewhere"))
    found += wrong.values()
    part = {key: value for key, value in part.items() if key not in wrong}
    for key, option in own["options"].items():
        entries = []
        for label, below in check.parts(part.get(key), f"{name}.{key}") if "options" in option else ():
            inner = check.wrong(below, option["options"], f"{label}.", own.get("elsewhere"))
            found += [*inner.values(), *check.missing(below, inner, option["options"], label)]
            # The valid keys of an entry are still checked.
            entries.append({other: value for other, value in below.items() if other not in inner})
        if entries:
            part = {**part, key: entries if isinstance(part[key], list) else entries[0]}
    if part and owner not in (None, cloud.OWNER):
        found.append(f"{name} requires owner {cloud.OWNER}, and the owner is {owner}. Remove {name}")
    return part


def _check_together(parsed: Profile, has_work: bool, found: list[str]) -> None:
    mode, vgpu, mig = parsed["mode"], parsed["vgpu"], parsed["mig"]
    if mig and mode == "pf" and parsed["driver"] != "native":
        found.append("a card with mode pf is passed through, and the guest configures MIG itself. Remove mig or mode")
    if mig and not vgpu and parsed["owner"] != "none":
        found.append(f"{parsed['owner']} does not assign GPU instances. Add vgpu, or set owner: none")
    if vgpu and mode == "pf":
        found.append("a card with mode pf has no vGPUs. Remove vgpu or mode")
    if vgpu and mode == "vf":
        if str(parsed["num_vfs"]) == "0":
            found.append("num_vfs 0 leaves no virtual functions for vgpu. Set num_vfs: max")
        if parsed["vf_driver"] not in (None, "default"):
            found.append("remove vf_driver, because vGPUs need the native driver on the virtual functions")
    if not mode and not vgpu and not mig and not has_work:
        found.append("mode and vgpu are missing, so the profile has no effect. Set mode or vgpu")
