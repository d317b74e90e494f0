// Pages are whole without this. It looks again at what is running, and at a page that came out of a cache.
"use strict";
(() => {
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
  const again = async (part) => {
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
    window.setTimeout(() => again(part), 1000);
  };
  for (const part of document.querySelectorAll("[data-again]")) window.setTimeout(() => again(part), 1000);
})();
