"use strict";
// The grid: pictures follow the pointer, a clip that is looked at for a moment plays, and a histogram says what a cut would do.
(() => {
  const list = document.querySelector(".grid");
  const pictures = Number(list.dataset.pictures);
  const count = document.getElementById("count");
  const loaded = new Set();
  let playing = null;

  review.get(`/api/count?${count.dataset.query}`)
    .then(({ clips, hours }) => { count.textContent = `${review.number(clips)} clips, ${review.number(hours)} h`; })
    .catch((error) => { count.textContent = error.message; });

  const picture = (card) => card.querySelector("img");
  const show = (card, number) => {
    const image = picture(card);
    const address = image.getAttribute("src").replace(/\d+$/, String(number));
    if (image.getAttribute("src") !== address) image.src = address;
  };

  const stop = () => {
    if (!playing) return;
    clearTimeout(playing.timer);
    playing.player?.remove();
    show(playing.card, 2);
    playing = null;
  };

  const begin = (card) => {
    if (playing?.card === card) return;
    stop();
    const clip = JSON.parse(card.dataset.player);
    if (!loaded.has(card)) {
      loaded.add(card);
      for (let n = 0; n < pictures; n += 1) new Image().src = picture(card).getAttribute("src").replace(/\d+$/, String(n));
    }
    playing = { card, timer: setTimeout(() => {
      if (!playing || playing.card !== card || !clip.own) return;
      playing.player = new Player(card.querySelector(".shot"), clip);
      playing.player.play();
    }, 450) };
  };

  list.addEventListener("pointerover", (event) => {
    const card = event.target.closest(".card");
    if (card) begin(card);
  });
  list.addEventListener("pointermove", (event) => {
    const card = event.target.closest(".card");
    if (!card || playing?.player) return;
    const box = picture(card).getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    if (share >= 0 && share < 1) show(card, Math.floor(share * pictures));
  });
  list.addEventListener("pointerleave", stop);
  list.addEventListener("focusin", (event) => {
    const card = event.target.closest(".card");
    if (card) begin(card);
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const links = [...list.querySelectorAll(".card > a")];
    const at = links.indexOf(document.activeElement);
    const row = links.findIndex((link, n) => n > 0 && link.getBoundingClientRect().top > links[0].getBoundingClientRect().top + 4);
    const wide = row > 0 ? row : links.length;
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide }[event.key];
    if (by && links.length) {
      event.preventDefault();
      links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + by))].focus();
    } else if (event.key === "n") document.querySelector(".onward a")?.click();
  });

  // The form leaves out what is empty, so that addresses stay short.
  document.getElementById("chosen").addEventListener("submit", (event) => {
    for (const field of event.target.elements) {
      if (field.name && (field.value === "" || (field.name === "sort" && field.value === "clip_id") || (field.name === "order" && field.value === "asc"))) field.disabled = true;
    }
  });
  addEventListener("pageshow", () => { for (const field of document.getElementById("chosen").elements) field.disabled = false; });

  // The histogram and its cut.
  const filtering = document.getElementById("filtering");
  const figure = document.getElementById("histogram");
  const svg = figure.querySelector("svg");
  const slider = figure.querySelector("input");
  const output = figure.querySelector("output");
  const caption = figure.querySelector("figcaption");
  const table = document.getElementById("moved");
  const { rules: listed, tier } = document.getElementById("rules").dataset;
  const rules = JSON.parse(listed);
  let shape = null;
  let rule = null;

  const bar = (name, values) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
    return made;
  };
  const cutAt = () => shape.least + (Number(slider.value) / 1000) * (shape.most - shape.least);

  const draw = () => {
    const most = Math.max(1, ...shape.bins.map((b) => b.clips));
    const wide = 300 / shape.bins.length;
    const cut = cutAt();
    svg.replaceChildren(...shape.bins.map((b, n) => {
      const high = (84 * b.clips) / most;
      const middle = shape.least + ((n + 0.5) / shape.bins.length) * (shape.most - shape.least);
      return bar("rect", { x: n * wide, y: 88 - high, width: Math.max(0.5, wide - 0.6), height: high, class: middle >= cut ? "above" : "below" });
    }), bar("line", { x1: 0.3 * Number(slider.value), x2: 0.3 * Number(slider.value), y1: 0, y2: 90, class: "cut" }));
    output.textContent = cut.toPrecision(4);
  };
  // The address can be sent on with what is looked at.
  const keep = () => {
    const at = figure.hidden || shape.least === null ? "" : `#cut=${encodeURIComponent(rule?.rule ?? shape.column)}:${Number(cutAt().toPrecision(10))}`;
    history.replaceState(null, "", at || location.pathname + location.search);
  };

  const ask = review.calmly(70, async () => {
    const query = filtering.dataset.query;
    const said = new URLSearchParams(query);
    said.set("column", shape.column);
    said.set("cut", String(cutAt()));
    try {
      const found = await review.get(`/api/split?${said}`);
      caption.textContent = `${review.number(found.above)} clips, ${review.number(found.hours_above)} h at or above; ${review.number(found.below)} clips, ${review.number(found.hours_below)} h below` + (found.unmeasured ? `; ${review.number(found.unmeasured)} not measured` : "");
      if (!rule) return;
      const moved = await review.get(`/api/moved?${new URLSearchParams({ tier, rule: rule.rule, cut: String(cutAt()) })}`);
      table.hidden = false;
      table.querySelector("th").textContent = moved.expression;
      table.tBodies[0].replaceChildren(...moved.tiers.map((t) => {
        const row = document.createElement("tr");
        for (const [n, value] of [t.tier, t.kept_before, t.kept_after, (t.hours_gained - t.hours_lost).toFixed(3)].entries()) {
          const cell = document.createElement(n ? "td" : "th");
          if (n) cell.className = "n";
          cell.textContent = value;
          row.append(cell);
        }
        return row;
      }));
    } catch (error) {
      caption.textContent = error.message;
    }
  });

  let chosen = 0; // What was chosen before and is answered later is not drawn.
  const choose = async (column, cut = null, name = null) => {
    chosen += 1;
    const mine = chosen;
    figure.hidden = true;
    table.hidden = true;
    if (!column) return;
    const said = new URLSearchParams(filtering.dataset.query);
    said.set("column", column);
    try {
      const found = await review.get(`/api/histogram?${said}`);
      if (mine !== chosen) return;
      shape = found;
    } catch (error) {
      caption.textContent = error.message;
      figure.hidden = false;
      return;
    }
    if (shape.least === null) {
      caption.textContent = "No clip here has a value.";
      svg.replaceChildren();
      figure.hidden = false;
      return;
    }
    rule = rules.find((r) => r.column === column && r.alone && (!name || r.rule === name)) || null;
    const at = cut ?? rule?.value ?? (shape.least + shape.most) / 2;
    slider.value = String(1000 * Math.min(1, Math.max(0, (at - shape.least) / (shape.most - shape.least || 1))));
    figure.hidden = false;
    figure.dataset.column = column;
    draw();
    ask();
  };

  const columns = filtering.elements.column;
  columns.addEventListener("change", () => choose(columns.value).then(keep));
  slider.addEventListener("input", () => { draw(); keep(); ask(); });
  svg.addEventListener("pointerdown", (event) => {
    const to = (e) => {
      const box = svg.getBoundingClientRect();
      slider.value = String(1000 * Math.min(1, Math.max(0, (e.clientX - box.left) / box.width)));
      draw();
      keep();
      ask();
    };
    svg.setPointerCapture(event.pointerId);
    to(event);
    svg.addEventListener("pointermove", to);
    svg.addEventListener("pointerup", () => svg.removeEventListener("pointermove", to), { once: true });
  });
  for (const button of figure.querySelectorAll("button[data-set]")) {
    button.addEventListener("click", () => {
      const said = new URLSearchParams(filtering.dataset.query);
      said.set(`${button.dataset.set}.${shape.column}`, String(Number(cutAt().toPrecision(10))));
      location.assign(`/clips?${said}`);
    });
  }
  const wanted = /^#cut=([^:]+):(.+)$/.exec(location.hash);
  const name = wanted && decodeURIComponent(wanted[1]);
  const found = rules.find((r) => r.rule === name);
  const column = found?.column ?? [...columns.options].find((o) => o.value === name)?.value;
  if (column) {
    columns.value = column;
    choose(column, Number(wanted[2]), found?.rule);
  } else if (columns.value) choose(columns.value);
})();
