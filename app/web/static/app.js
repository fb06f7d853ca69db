"use strict";
/* Everything works without this file. It saves a press, keeps a draft, and leaves no page behind on the way out. */

const DRAFT = "bednight-draft";

function forget() {
  try { sessionStorage.removeItem(DRAFT); } catch (error) { /* storage is off: there is nothing to forget */ }
}

/* Leave at once: this page does not stay in the history. */
for (const link of document.querySelectorAll("[data-exit]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    forget();
    location.replace(link.href);
  });
}

/* A page that waits for an answer looks again by itself, unless somebody is choosing something on it. */
const waits = document.querySelector("[data-refresh]");
if (waits) {
  setInterval(async () => {
    if (document.hidden || document.activeElement.closest("form")) return;
    try {
      /* Says that no person asked, so that it keeps nobody signed in. */
      const answer = await fetch(location.href, { headers: { "X-Live": "1", "Accept": "text/html" } });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      if (fresh && !document.activeElement.closest("form")) document.querySelector("main").replaceWith(fresh);
    } catch (error) { /* no connection: it looks again */ }
  }, 1000 * Number(waits.dataset.refresh));
}

/* Says two minutes before that nobody has pressed anything, here or in another tab; at the end, nothing stays on screen. */
const idle = document.querySelector("[data-idle]");
if (idle) {
  const look = async () => {
    let left = 30;
    try {
      const answer = await fetch("/session", { headers: { "X-Live": "1" } });
      left = answer.ok ? (await answer.json()).seconds : answer.status === 401 ? 0 : left;
    } catch (error) { /* no connection: ask again soon */ }
    if (left <= 0) return void location.replace(idle.dataset.then);
    idle.hidden = left > 120;
    setTimeout(look, 1000 * Math.max(1, left > 120 ? left - 120 : Math.min(left, 30)));
  };
  idle.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    idle.hidden = true;
    await fetch("/stay", { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  });
  setTimeout(look, 1000 * Number(idle.dataset.idle));
}

/* The summary of problems is read first. */
const problems = document.querySelector("[data-focus]");
if (problems) problems.focus();

/* A draft lives in this tab alone, from the last field left until any other page of ours is seen, or the page exited. */
const form = document.querySelector("form[data-draft]");
if (form) {
  const kept = () => {
    const pairs = [...new FormData(form)].filter(([name]) => name !== "form_token" && name !== "version");
    try { sessionStorage.setItem(DRAFT, JSON.stringify({ at: form.action, pairs })); } catch (error) { /* no draft */ }
  };
  const restore = ({ pairs }) => {
    const values = new Map();
    for (const [name, value] of pairs) values.set(name, [...(values.get(name) || []), value]);
    for (const field of form.elements) {
      if (!field.name || field.type === "hidden" || field.type === "submit") continue;
      const found = values.get(field.name) || [];
      if (field.type === "radio" || field.type === "checkbox") field.checked = found.includes(field.value);
      else field.value = found[0] || "";
    }
  };
  try {
    const draft = JSON.parse(sessionStorage.getItem(DRAFT) || "null");
    if (draft && draft.at === form.action && !problems) restore(draft);
  } catch (error) { forget(); }
  form.addEventListener("change", kept);
  form.addEventListener("submit", kept);
} else {
  forget();
}

/* Everything is open on paper. */
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
