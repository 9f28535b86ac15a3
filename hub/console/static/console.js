// Keeps a page live: /events says which version the hub is at; a page of another version is fetched again and its live
// part swapped in. Without scripts the page works, and is as old as its last load.
"use strict";

const link = document.getElementById("link");
const live = () => document.getElementById("live");
const PAUSE = 500; // ms between two fetches, however fast versions follow each other
let busy = false;
let again = false;

function show(connected) {
  const text = connected ? link.dataset.live : link.dataset.lost;
  link.classList.toggle("lost", !connected);
  if (link.textContent !== text) link.textContent = text; // it is a status region: it speaks only of changes
}

function swap(fresh) {
  const old = live();
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const mark = focused && (focused.getAttribute("href") || focused.getAttribute("aria-labelledby"));
  const scrolled = [...old.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
  old.replaceWith(fresh);
  fresh.querySelectorAll(".scroll").forEach((box, n) => { box.scrollLeft = scrolled[n] || 0; });
  if (mark) {
    const name = CSS.escape(mark);
    fresh.querySelector(`[href="${name}"], [aria-labelledby="${name}"]`)?.focus({ preventScroll: true });
  }
}

async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    const selecting = !document.getSelection().isCollapsed; // somebody is copying: leave the page as it is
    if (answer.ok && fresh && !selecting) swap(document.adoptNode(fresh));
  } catch {
    show(false);
  }
  setTimeout(() => { busy = false; if (again) { again = false; refresh(); } }, PAUSE);
}

function listen() {
  const events = new EventSource("/events");
  events.addEventListener("open", () => show(true));
  events.addEventListener("error", () => show(false));
  events.addEventListener("change", (event) => { if (event.data !== live().dataset.version) refresh(); });
  events.addEventListener("tick", (event) => {
    const ticking = live().querySelector("[data-ticking]") && !document.hidden;
    if (ticking || event.data !== live().dataset.version) refresh();
  });
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

if (live().dataset.version) listen(); // an error page has none: nothing on it can change
