"use strict";
/* Shows what has changed without a press; without this file, or without a connection, the page is reloaded by hand. */

const shown = document.querySelector("main[data-live]");
if (shown && "EventSource" in window) {
  let due = 0;
  let source = null;
  let stale = false;

  /* Nobody's typing is overwritten, and no button moves from under a finger. */
  const busy = () => shown !== document.activeElement && shown.contains(document.activeElement);

  const load = async () => {
    due = 0;
    stale = busy();
    if (stale) return;
    try {
      /* Says that no person asked, so that it keeps nobody signed in. */
      const answer = await fetch(location.href, { headers: { "X-Live": "1", "Accept": "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      if (fresh && !busy()) shown.replaceChildren(...fresh.childNodes);
    } catch (error) { stale = true; }
  };
  const soon = () => { if (!due) due = setTimeout(load, 300); };

  /* A page that nobody sees holds no connection: a browser has few of them for one site. */
  const follow = () => {
    if (document.hidden) {
      if (source) source.close();
      source = null;
    } else if (!source) {
      source = new EventSource("/events");
      source.addEventListener("changed", soon);
      /* Opened again after a broken line: what was missed meanwhile is not told. */
      let before = false;
      source.addEventListener("open", () => { if (before) soon(); before = true; });
    }
  };

  follow();
  document.addEventListener("visibilitychange", () => { follow(); if (!document.hidden) soon(); });
  shown.addEventListener("focusout", () => { if (stale) soon(); });
  addEventListener("pagehide", () => { if (source) source.close(); });
}
