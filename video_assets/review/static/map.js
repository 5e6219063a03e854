"use strict";
// The clip to which the pointer points, as a picture beside the map.
(() => {
  const map = document.getElementById("map");
  const seen = document.getElementById("seen");
  if (!map) return;
  map.addEventListener("pointerover", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    const { clip } = link.dataset;
    seen.hidden = false;
    seen.querySelector("figcaption").textContent = link.getAttribute("aria-label");
    seen.querySelector("img").hidden = !clip;
    if (clip) seen.querySelector("img").src = `/picture/${clip}/2`;
  });
})();
