// SPDX-License-Identifier: GPL-3.0-or-later
(function () {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const hosts = all(".host");
  const filter = byId("filter");
  const only = byId("only");
  const group = byId("group");
  const sort = byId("sort");
  const FEW = 3; // number of matching hosts up to which the filter opens them
  let texts = null;

  const text = (element) => element.textContent.toLowerCase();

  // Reading the whole page takes time, so it is read at the first use of the filter.
  function index() {
    texts = hosts.map((host) => {
      const cards = all(".card", host).map((card) => ({ element: card, text: text(card) }));
      const rest = all(".body > .findings, .body > .node:not(:has(.card))", host).map(text).join(" ");
      return { host, cards, head: text(host.querySelector("summary")) + " " + rest };
    });
  }

  // A host must match all words, a card only the words that are not in the line of its host.
  function fits(entry, words) {
    const open = words.filter((word) => !entry.head.includes(word));
    const fitting = entry.cards.filter((card) => open.every((word) => card.text.includes(word)));
    const fit = open.length === 0 || fitting.length > 0;
    entry.cards.forEach((card) => { card.element.hidden = fit && open.length > 0 && !fitting.includes(card); });
    all(".node", entry.host).forEach((node) => {
      node.hidden = all(".card", node).length > 0 && all(".card:not([hidden])", node).length === 0;
    });
    return fit;
  }

  function apply() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !texts) { index(); }
    const shown = hosts.filter((host, number) => {
      const own = (host.dataset.groups || "").split(" ");
      const fit = (!group || !group.value || own.includes(group.value)) && (!only.checked || host.matches(".problem, .drift")) && (!texts || fits(texts[number], words));
      host.hidden = !fit;
      return fit;
    });
    const lines = all("#warnings .findings > li");
    lines.forEach((line) => { line.hidden = !words.every((word) => text(line).includes(word)); });
    byId("warnings").hidden = words.length > 0 && lines.every((line) => line.hidden);
    byId("capacity").hidden = words.length > 0;
    if (words.length) {
      all("#warnings > .more").forEach((more) => { more.open = all("li:not([hidden])", more).length > 0; });
      if (shown.length <= FEW) { shown.forEach((host) => { host.open = true; }); }
    }
    byId("shown").textContent = shown.length + " of " + hosts.length + (hosts.length === 1 ? " host" : " hosts");
    byId("nothing").hidden = shown.length > 0;
  }

  // The address keeps the filter, so the view can be shared.
  function remember() {
    const part = filter.value ? "#filter=" + encodeURIComponent(filter.value) : location.pathname;
    try { history.replaceState(null, "", part); } catch (error) { /* not in every frame */ }
  }

  function follow() {
    const part = location.hash.slice(1);
    if (part.startsWith("filter=")) {
      try { filter.value = decodeURIComponent(part.slice(7)); } catch (error) { return; }
      apply();
      return;
    }
    const host = part && byId(part);
    if (host && host.matches(".host")) {
      if (host.hidden) { filter.value = ""; only.checked = false; if (group) { group.value = ""; } apply(); }
      host.open = true;
      host.scrollIntoView();
      host.querySelector("summary").focus({ preventScroll: true });
    }
  }

  const LEVELS = ["problem", "drift", "note", "ok"];
  const level = (host) => LEVELS.findIndex((name) => host.classList.contains(name));
  const sum = (host, place) => Number(host.dataset.sum.split(" ")[place]);
  const ORDERS = {
    name: () => 0,
    level: (one, two) => level(one) - level(two),
    used: (one, two) => sum(two, 0) - sum(one, 0),
    free: (one, two) => sum(two, 1) - sum(one, 1),
  };

  // The page is ordered by name, and sorting is stable.
  function arrange() {
    byId("nothing").before(...hosts.slice().sort(ORDERS[sort.value]));
  }

  let waiting = null;
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { apply(); remember(); }, 120);
  });
  only.addEventListener("change", apply);
  if (group) { group.addEventListener("change", apply); }
  sort.addEventListener("change", arrange);
  byId("open").addEventListener("click", () => hosts.forEach((host) => { host.open = !host.hidden || host.open; }));
  byId("close").addEventListener("click", () => hosts.forEach((host) => { host.open = false; }));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.target.matches("input")) {
      event.preventDefault();
      filter.focus();
    } else if (event.key === "Escape" && event.target === filter) {
      filter.value = "";
      apply();
      remember();
    }
  });
  addEventListener("hashchange", follow);
  byId("filter").closest(".tools").hidden = false;
  apply();
  follow();
})();
