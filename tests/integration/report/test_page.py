# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the report as users see and use it, in a real browser."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.vfio.devices.plugins.filter.fleet_report import fleet_report

from . import browser

SCREENS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 780, "phone": True}}
GUEST = "desktop-0-3"  # on the first host of its kind
LARGEST = 650_000  # in bytes
PAINTED = 1000  # in milliseconds

OPEN_ALL = "document.getElementById('open').click()"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
VISIBLE_HOSTS = "Array.from(document.querySelectorAll('.host:not([hidden])'), (host) => host.id)"
# Returns texts whose contrast is below that of WCAG 2 level AA, with their contrast.
UNREADABLE = """(() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => 0.2126 * channel(rgb[0]) + 0.7152 * channel(rgb[1]) + 0.0722 * channel(rgb[2]);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) { return color; }
    }
    return [255, 255, 255];
  };
  const found = new Set();
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) { continue; }
    seen += 1;
    const pair = [parse(getComputedStyle(element).color), ground(element)].map(light).sort((one, two) => two - one);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < 4.5) { found.add(`${element.className || element.tagName} ${contrast.toFixed(2)}`); }
  }
  return [seen, Array.from(found)];
})()"""
FIRST_PAINT = """new Promise((done) => new PerformanceObserver((list) => {
  list.getEntriesByName("first-contentful-paint").forEach((entry) => done(entry.startTime));
}).observe({type: "paint", buffered: true}))"""


@pytest.mark.parametrize(("screen", "scheme"), list(itertools.product(SCREENS, ("light", "dark"))))
def test_it_fits_and_can_be_read(shown, written, screen, scheme):
    page = shown(10, scheme=scheme, **SCREENS[screen])
    assert page.requests == [written(10).as_uri()]
    assert page.run(OVERFLOW) == 0
    closed, unreadable = page.run(UNREADABLE)
    assert not unreadable
    page.run(OPEN_ALL)
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.run(OVERFLOW) == 0
    opened, unreadable = page.run(UNREADABLE)
    assert not unreadable
    assert opened > 3 * closed
    assert page.run("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")


def test_a_host_is_opened_with_the_keyboard(shown):
    page = shown(10)
    card = "document.querySelector('#host-1 .card').checkVisibility()"
    assert not page.run(card)
    page.run("document.querySelector('#host-1 summary').focus()")
    page.press("Enter", 13, "\r")
    page.until(card)
    page.press("Enter", 13, "\r")
    page.until(f"!{card}")


@pytest.mark.parametrize("screen", SCREENS)
def test_the_filter_finds_a_guest(shown, screen):
    page = shown(200, **SCREENS[screen])
    page.run("document.body.focus()")
    page.press("/", 191, "/")
    page.type(GUEST)
    page.until("document.getElementById('shown').textContent === '1 of 200 hosts'")
    (host,) = page.run(VISIBLE_HOSTS)
    cards = (
        f"Array.from(document.querySelectorAll('#{host} .card'), (card) => [card.textContent, card.checkVisibility()])"
    )
    assert [GUEST in text for text, visible in page.run(cards) if visible] == [True]
    assert len(page.run(cards)) == 3
    assert not page.run("Array.from(document.querySelectorAll('#warnings li')).some((line) => line.checkVisibility())")
    page.press("Escape", 27)
    assert len(page.run(VISIBLE_HOSTS)) == 200


@pytest.mark.parametrize(
    ("words", "kind", "number"),
    [
        ("gpu001.example.com", "gpu", 1),
        ("GPU001 t4-2b", "gpu", 1),
        ("0000:c4:00.0", "ai", 2),
        ("12 virtual functions instead", "nfv", 1),
        ("nothing has this", None, 0),
    ],
)
def test_the_address_keeps_the_filter(shown, words, kind, number):
    page = shown(10, fragment=f"#filter={words.replace(' ', '%20')}")
    names = page.run("Array.from(document.querySelectorAll('.host:not([hidden]) .name'), (name) => name.textContent)")
    assert len(names) == number
    assert all(name.startswith(kind) for name in names)
    assert page.run("document.getElementById('nothing').checkVisibility()") == (number == 0)


def test_only_hosts_with_warnings(shown):
    page = shown(200)
    page.run("document.getElementById('only').click()")
    number = len(page.run(VISIBLE_HOSTS))
    assert 0 < number < 50
    assert page.run("document.querySelectorAll('.host.problem, .host.drift').length") == number


def test_a_warning_leads_to_its_host(shown):
    page = shown(10)
    page.run("document.querySelector('#warnings a').click()")
    page.until("document.querySelector(location.hash).open")
    assert page.run("document.activeElement.closest('.host').id === location.hash.slice(1)")


def test_without_scripts_all_is_there(chromium, written):
    page = browser.Page(chromium, scripts=False)
    page.open(written(10).as_uri())
    assert not page.run("document.querySelector('.tools').checkVisibility()")
    assert page.run("document.querySelectorAll('.host').length") == 10
    page.close()


def test_on_paper_what_matters_is_open(shown):
    page = shown(10)
    visible = "Array.from(document.querySelectorAll('.host'), (host) => [host.className, %s])"
    card = visible % "Array.from(host.querySelectorAll('.card')).some((card) => card.checkVisibility())"
    assert not any(open for kind, open in page.run(card))
    page.media("dark", "print")
    assert dict(page.run(card)) == {"host ok": False, "host drift": True}
    assert not page.run("document.querySelector('.tools').checkVisibility()")
    assert not page.run(UNREADABLE)[1]
    assert page.pdf().startswith(b"%PDF")


def test_200_hosts(shown, written):
    assert written(200).stat().st_size < LARGEST
    page = shown(200)
    times = [page.run(FIRST_PAINT)]
    for _again in range(2):
        page.open(written(200).as_uri())
        times.append(page.run(FIRST_PAINT))
    # Use the minimum, because the machine may be busy.
    assert min(times) < PAINTED
    assert page.pdf().startswith(b"%PDF")


def test_names_of_hosts_are_no_markup(chromium, kinds, tmp_path):
    facts = kinds["gpu"][0]
    evil = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'</style></script>"
    facts = {**facts, "warnings": [evil], "devices": [{**one, "type_name": evil} for one in facts["devices"]]}
    path = tmp_path / "evil.html"
    path.write_text(fleet_report({evil: facts}, title=evil), encoding="utf-8")
    page = browser.Page(chromium)
    page.open(path.as_uri())
    assert page.run("[document.scripts.length, document.images.length, document.title]") == [1, 0, evil]
    assert page.run("document.querySelector('.host .name').textContent") == evil
    assert page.requests == [path.as_uri()]
    assert not page.problems
    page.close()
