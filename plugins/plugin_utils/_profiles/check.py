# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The declaration ``vfio_profiles``, checked without a look at a host."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._core import grammar, numbers
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import printable
from ansible_collections.vfio.devices.plugins.module_utils._instances.wanted import MOST, parse_instances
from ansible_collections.vfio.devices.plugins.module_utils._modes.wanted import LIMITS, SETTINGS, parse_functions
from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.every import BY_OWNER, CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import expression, selection, standard

OWNERS = tuple(BY_OWNER)
MODES = ("pf", "vf")
# The options of sriov_pf_mode that a profile may have.
FUNCTION_OPTIONS = (
    "mode",
    "num_vfs",
    "driver",
    "vf_driver",
    "drivers_autoprobe",
    "reconfigurable",
    "vfs",
    "eswitch",
)
VIRTUAL_FUNCTION_OPTIONS = ("index", "driver", *SETTINGS)

LONGEST = 60
LIST_OF_TEXTS = "a list of texts"
A_NAME = "text of 1 to 255 printable characters without a slash, and without blanks at the ends"
A_COUNT = f"a whole number from 1 to {MOST}"
KINDS = {
    "text": lambda value: isinstance(value, str),
    A_NAME: lambda value: (
        isinstance(value, str)
        and value.isprintable()
        and value == value.strip()
        and 0 < len(value) <= 255
        and "/" not in value
    ),
    "true or false": lambda value: isinstance(value, bool),
    A_COUNT: lambda value: numbers.is_whole(value) and not isinstance(value, str) and 0 < value <= MOST,
    "a number or max": lambda value: value == "max" or numbers.is_whole(value),
    "a dictionary": lambda value: isinstance(value, dict),
    LIST_OF_TEXTS: lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "text or a list of texts": lambda value: isinstance(value, str) or (value and KINDS[LIST_OF_TEXTS](value)),
    "a list of dictionaries": lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
}
PROFILE = {
    "name": A_NAME,
    "select": "text or a list of texts",
    "required": "true or false",
    "owner": OWNERS,
    "mode": MODES,
    "num_vfs": "a number or max",
    "driver": "text",
    "vf_driver": "text",
    "drivers_autoprobe": "true or false",
    "reconfigurable": "true or false",
    "vfs": "a list of dictionaries",
    "eswitch": ("legacy", "switchdev"),
    "vgpu": "a dictionary",
    "placement": "a dictionary",
    "nova": "a dictionary",
}
VGPU = {
    "type": "text or a list of texts",
    "count": "a number or max",
    "attributes": "a list of dictionaries",
    "autostart": "true or false",
}
PLACEMENT = {"resource_class": "text", "traits": LIST_OF_TEXTS}
NOVA = {
    "alias": A_NAME,
    "numa_policy": ("required", "preferred", "legacy", "socket"),
    "physical_network": A_NAME,
    "trusted": "true or false",
    "live_migratable": "true or false",
    "one_time_use": "true or false",
    "max_instances": A_COUNT,
}
PARTS = {"vgpu": VGPU, "placement": PLACEMENT, "nova": NOVA}
# For those who wrote something of another kind.
SAMPLES = {
    "select": '"product_id == \'1eb8\'" or ["0000:3b:00.0"]',
    "vfs": "[{index: 0, vlan: 100}]",
    "vgpu": "{type: GRID T4-2B}",
    "vgpu.attributes": "[{assign_adapter: 5}]",
    "placement": "{resource_class: CUSTOM_NIC_VF}",
    "placement.traits": "[CUSTOM_TIER_GOLD]",
    "nova": "{alias: nic}",
}
PROFILES_SAMPLE = "[{name: desktops, select: \"product_id == '1eb8'\", vgpu: {type: GRID T4-2B}}]"


def parse(profiles):
    """The profiles in one form, and a sentence for each thing that is wrong with them.

    Each profile gets all keys of ``PROFILE``; ``expression`` is the question of ``select``, or None if it is a list of
    ``names``. ``vgpu`` has ``types`` and ``count`` (a number, ``max``, or None if the owner makes the devices).
    A profile that is not ``complete`` lacks what is wrong with it, and says only which cards it means.
    """
    if not isinstance(profiles, list):
        return [], [f"vfio_profiles must be a list such as {PROFILES_SAMPLE}, and not {_shown(profiles)}"]
    problems = []
    parsed = []
    places = {}
    for place, profile in enumerate(profiles):
        if not isinstance(profile, dict):
            problems.append(
                f"vfio_profiles[{place}] must be a dictionary, as in {PROFILES_SAMPLE}, and not {_shown(profile)}"
            )
            continue
        name = profile.get("name")
        label = f"profile {name}" if KINDS[A_NAME](name) else f"vfio_profiles[{place}]"
        wrong = _wrong(profile, PROFILE)
        found = list(wrong.values())
        found += [f"it has no {key}" for key in ("name", "select") if key not in wrong and not profile.get(key)]
        if isinstance(name, str) and places.setdefault(name, place) != place:
            found.append(f"vfio_profiles[{places[name]}] has this name too; give each a name of its own")
        complete = not found
        readable = all(key not in wrong and profile.get(key) for key in ("name", "select"))
        # What is right about it is looked at all the same, so that all is told at once.
        one = _profile({key: value for key, value in profile.items() if key not in wrong}, set(wrong), found)
        if readable and places[name] == place:
            parsed.append({**one, "complete": complete})
        problems += [f"{label}: {sentence}" for sentence in found]
    return parsed, problems


def _wrong(values, kinds, prefix=""):
    """By key a sentence for each that does not exist, or whose value is of another kind."""
    wrong = {}
    for key, value in values.items():
        kind = kinds.get(key)
        if kind is None:
            part = next((part for part, keys in PARTS.items() if not prefix and key in keys), None)
            wrong[key] = f"there is no key {prefix}{_key(key)}, only {', '.join(kinds)}"
            if part:
                wrong[key] = f"the key {key} belongs in {part}"
        elif isinstance(kind, tuple):
            if value not in kind:
                wrong[key] = f"{prefix}{key} must be {' or '.join(kind)}, and not {_shown(value)}"
        elif not KINDS[kind](value):
            example = SAMPLES.get(f"{prefix}{key}")
            such = f" such as {example}" if example else ""
            wrong[key] = f"{prefix}{key} must be {kind}{such}, and not {_shown(value)}"
    return wrong


def _shape(values, kinds, prefix=""):
    return list(_wrong(values, kinds, prefix).values())


def _key(key):
    return printable(key, numbers.shown(key))


def _shown(value):
    """A value of the user in a sentence; of a large one the beginning."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):
        return numbers.shown(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _profile(profile, wrong, found):
    """The profile without its ``wrong`` keys in one form; what else is against it goes to ``found``."""
    parsed = {"required": False, "owner": CLOUDS[0].OWNER, **dict.fromkeys(FUNCTION_OPTIONS), **profile}
    parsed.update(expression=None, names=[])
    if isinstance(profile.get("select"), str):
        try:
            parsed["expression"] = expression.compiled(profile["select"], selection.FIELDS)
        except ValueError as error:
            found.append(f"select cannot be used: {error}")
            # Nobody knows whether it would select something.
            parsed["required"] = False
    else:
        parsed["names"] = [_name(name, profile, found) for name in profile.get("select", [])]
    parsed["function"] = _function(profile, wrong, found)
    parsed["vgpu"] = _vgpu(profile, parsed["owner"], found)
    parsed["placement"] = _placement(profile, parsed, found)
    parsed["nova"] = _nova(profile, parsed, found)
    cloud = BY_OWNER[parsed["owner"]]
    _check_together(parsed, bool(wrong) or "vgpu" in profile or cloud.TAKES_UNTOUCHED_CARDS, found)
    found += cloud.check(parsed)
    return parsed


def _name(name, profile, found):
    if grammar.PCI_ADDRESS.match(name):
        return name
    if grammar.PCI_ADDRESS.match(name.lower()):
        found.append(f"write the address {name} in small letters, the only ones that nova and Cyborg find")
    elif grammar.PCI_ADDRESS.match(f"0000:{name}"):
        found.append(f"write the address {name} with its domain, 0000:{name}")
    elif profile.get("mode") == "pf":
        found.append(f"select {name!r} must be a PCI address, since an interface goes away with the card's driver")
    elif not grammar.KERNEL_NAME.match(name):
        found.append(f"select {name[:80]!r} is neither a PCI address nor the name of an interface or a parent")
    return name


def _function(profile, wrong, found):
    """The entry for sriov_pf_mode without the address, or None."""
    given = {option: profile[option] for option in FUNCTION_OPTIONS if option in profile}
    if "mode" in wrong:
        return None
    if "mode" not in given:
        found += [f"{option} has no meaning without mode" for option in given]
        return None
    before = len(found)
    if "num_vfs" in given:
        given["num_vfs"] = str(given["num_vfs"])
    complete = {**dict.fromkeys(FUNCTION_OPTIONS), "reconfigurable": True, **given, "pf": "0000:00:00.0"}
    if given.get("vfs"):
        complete["vfs"] = []
        for place, virtual in enumerate(given["vfs"]):
            unknown = [key for key in virtual if key not in VIRTUAL_FUNCTION_OPTIONS]
            found += [f"there is no key vfs[{place}].{_key(key)}" for key in unknown]
            if "index" not in virtual:
                found.append(f"vfs[{place}] has no index")
            entry = {**dict.fromkeys(VIRTUAL_FUNCTION_OPTIONS), **virtual, "index": str(virtual.get("index", 0))}
            found += _virtual_function_shape(entry, place)
            complete["vfs"].append(entry)
    if len(found) == before:
        found += parse_functions([complete])[0].problems
    return given


def _virtual_function_shape(entry, place):
    kinds = {
        **dict.fromkeys(("index", "driver", "mac"), "text"),
        **dict.fromkeys(("spoofchk", "trust"), "true or false"),
        "link_state": ("auto", "enable", "disable"),
    }
    known = {key: value for key, value in entry.items() if value is not None and key in kinds}
    found = _shape(known, kinds, f"vfs[{place}].")
    for key in LIMITS:
        if entry[key] is not None and (isinstance(entry[key], str) or not numbers.is_whole(entry[key])):
            found.append(f"vfs[{place}].{key} must be a number, and not {_shown(entry[key])}")
    return found


def _vgpu(profile, owner, found):
    vgpu = profile.get("vgpu")
    if vgpu is None:
        return None
    wrong = _shape(vgpu, VGPU, "vgpu.")
    if not vgpu.get("type"):
        wrong.append("vgpu has no type")
    found += wrong
    if wrong:
        return None
    types = [vgpu["type"]] if isinstance(vgpu["type"], str) else vgpu["type"]
    count = str(vgpu.get("count", BY_OWNER[owner].DEFAULT_COUNT))
    entry = dict.fromkeys(("uuid", "parent", "numa_node", "autostart"))
    entry.update(type=types, count=None if count == "0" else count, attributes=vgpu.get("attributes"))
    try:
        parse_instances([entry], "present", False)
    except Refused as refused:
        found += ["vgpu: " + problem.partition(": ")[2] for problem in refused.problems]
    if count == "0":
        count = None
    return {
        "types": types,
        "count": int(count) if count and count != "max" else count,
        "attributes": vgpu.get("attributes") or [],
        "autostart": vgpu.get("autostart"),
    }


def _placement(profile, parsed, found):
    placement = profile.get("placement") or {}
    wrong = _shape(placement, PLACEMENT, "placement.")
    found += wrong
    if wrong:
        return {"resource_class": None, "traits": []}
    resource_class = placement.get("resource_class")
    traits = placement.get("traits") or []
    resource_class = _collect(standard.resource_class, resource_class, "placement.resource_class", found)
    right = [trait for trait in traits if _collect(standard.trait, trait, "placement.traits", found)]
    found += [f"trait {trait} is for nova-compute alone to set" for trait in right if trait in names.NEVER_SET]
    return {"resource_class": resource_class, "traits": list(dict.fromkeys(right))}


def _collect(check, text, option, found):
    sentences = []
    right = grammar.collect(check, text, sentences)
    found += [f"{option}: {sentence}" for sentence in sentences]
    return right


def _nova(profile, parsed, found):
    nova = profile.get("nova") or {}
    found += _shape(nova, NOVA, "nova.")
    if nova and parsed["owner"] != "nova":
        found.append(f"nova has no meaning with owner {parsed['owner']}")
    return nova


def _check_together(parsed, has_work, found):
    mode, vgpu = parsed["mode"], parsed["vgpu"]
    if vgpu and mode == "pf":
        found.append("a card of mode pf goes to a guest as a whole and makes no vGPUs; leave out vgpu or mode")
    if vgpu and mode == "vf":
        if str(parsed["num_vfs"]) == "0":
            found.append("with num_vfs 0 there are no virtual functions for vgpu")
        if parsed["vf_driver"] not in (None, "default"):
            found.append("leave vf_driver out, because vGPUs need the card's own driver on its virtual functions")
    if not mode and not vgpu and not has_work:
        found.append("it says neither mode nor vgpu, so that there is nothing to do")
