"use strict";
// Precision and recall over the cut.
(() => {
  const svg = document.getElementById("curve");
  if (!svg) return;
  const points = JSON.parse(svg.dataset.curve);
  const [low, high, cut] = [svg.dataset.low, svg.dataset.high, svg.dataset.cut].map(Number);
  const cuts = points.map((p) => p[0]);
  const [least, most] = [Math.min(...cuts, low), Math.max(...cuts, high)];
  const x = (value) => 40 + (580 * (value - least)) / (most - least || 1);
  const y = (share) => 230 - 215 * share;
  const add = (name, values, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    svg.append(made);
  };
  for (const share of [0, 0.5, 1]) {
    add("line", { x1: 40, x2: 620, y1: y(share), y2: y(share), class: "rule" });
    add("text", { x: 34, y: y(share) + 4, "text-anchor": "end" }, String(share));
  }
  add("rect", { x: x(low), y: 15, width: Math.max(1, x(high) - x(low)), height: 215, class: "band" });
  add("line", { x1: x(cut), x2: x(cut), y1: 15, y2: 230, class: "cut" });
  for (const [n, name] of [[1, "precision"], [2, "recall"]]) {
    add("polyline", { points: points.map((p) => `${x(p[0]).toFixed(1)},${y(p[n]).toFixed(1)}`).join(" "), class: name });
  }
  for (const value of [least, (least + most) / 2, most]) add("text", { x: x(value), y: 250, "text-anchor": "middle" }, value.toPrecision(3));
})();
