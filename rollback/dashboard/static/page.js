"use strict";
// Keeps the page as the server would show it now: when something is new it is fetched again, and the parts that changed
// are put in place of the old ones. Without this script the page is the same, as of when it was loaded.
const connection = document.getElementById("connection");
let busy = false;
let again = false;

async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { redirect: "error" });
    if (answer.ok) { show(new DOMParser().parseFromString(await answer.text(), "text/html")); }
  } catch { /* the server is gone: the connection says so */ }
  busy = false;
  if (again) { again = false; refresh(); }
}

function show(fresh) {
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const old = document.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
    if (old && old.innerHTML !== part.innerHTML) { replace(old, part); }
  }
}

// What a person has opened, scrolled or focused stays so.
function replace(old, part) {
  for (const one of part.querySelectorAll("details[id]")) {
    const was = document.getElementById(one.id);
    if (was) { one.open = was.open; }
  }
  const href = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const scrolled = [...old.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
  old.replaceChildren(...document.adoptNode(part).childNodes);
  old.querySelectorAll(".scroll").forEach((one, at) => { one.scrollLeft = scrolled[at] || 0; });
  if (href) { old.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true }); }
}

// Where a plot is wider than the screen, its newest end is what one wants to see.
for (const one of document.querySelectorAll(".plot .scroll")) { one.scrollLeft = one.scrollWidth; }

const news = new EventSource("/live");
news.addEventListener("open", () => { connection.textContent = ""; });
news.addEventListener("message", refresh);
news.addEventListener("error", () => { connection.textContent = "not connected: is the dashboard still running?"; });
