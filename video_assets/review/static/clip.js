"use strict";
// A clip's page: the player, and where each of its measurements stands among all clips.
(() => {
  const box = document.getElementById("player");
  window.player = new Player(box, JSON.parse(box.dataset.player), { controls: true });
  window.player.play();
  box.focus({ preventScroll: true });
  const measures = document.getElementById("measures");
  review.get(`/api/places/${measures.dataset.clip}`).then((places) => {
    for (const row of measures.tBodies[0].rows) {
      const place = places[row.dataset.name];
      if (place === undefined) continue;
      const cell = row.querySelector(".place");
      const bar = document.createElement("span");
      bar.className = "bar";
      bar.style.width = `${Math.round(60 * place)}px`;
      cell.append(bar, `${Math.round(100 * place)} %`);
    }
  }).catch(() => {});
})();
