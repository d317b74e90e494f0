// Pages are whole without this. It looks again at what is running, and at a page that came out of a cache.
"use strict";
(() => {
  const FIRST = 1000;
  const LONGEST = 10000;
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
  // Each look is an event in the trail, so it is looked less often the longer something takes.
  const again = async (part, pause) => {
    try {
      const answer = await fetch(part.dataset.again, { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok || answer.redirected) return window.location.reload();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
      if (!fresh) return;
      if (!fresh.dataset.again) return window.location.reload();
      part.replaceChildren(...fresh.childNodes);
    } catch {
      // The network is away; it is tried once more.
    }
    window.setTimeout(() => again(part, Math.min(pause * 1.4, LONGEST)), pause);
  };
  for (const part of document.querySelectorAll("[data-again]")) {
    window.setTimeout(() => again(part, FIRST), FIRST);
  }
})();
