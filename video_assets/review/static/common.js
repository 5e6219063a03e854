"use strict";
// What all pages share: questions to the server, and who judges.
const review = {
  word: document.querySelector("meta[name=review-word]").content,

  /** Ask for JSON; throws an Error with the server's sentence, and .status where it has answered. */
  async get(address) {
    return review.read(await fetch(address, { headers: { accept: "application/json" } }));
  },

  async post(address, body) {
    return review.read(await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json", "x-review-word": review.word },
      body: JSON.stringify(body),
    }));
  },

  async read(response) {
    const said = await response.json().catch(() => ({}));
    if (!response.ok) {
      const error = new Error(said.error || `The server answered ${response.status}.`);
      error.status = response.status;
      throw error;
    }
    return said;
  },

  /** 32 hex digits that nobody else has; crypto.randomUUID is there on secure pages alone. */
  id() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  },

  /** Call a function at most every so many milliseconds, with what was asked last. */
  calmly(wait, call) {
    let timer = 0;
    return (...given) => {
      clearTimeout(timer);
      timer = setTimeout(() => call(...given), wait);
    };
  },

  number(value) {
    return value.toLocaleString("en", { maximumFractionDigits: 2 });
  },
};

(() => {
  const form = document.getElementById("rater");
  if (!form) return;
  const field = form.elements.name;
  const before = field.value;
  const changed = async (event) => {
    event.preventDefault();
    if (field.value.trim() === before) return;
    try {
      await review.post("/api/rater", { name: field.value.trim() });
      location.reload();
    } catch (error) {
      field.setCustomValidity(error.message);
      field.reportValidity();
    }
  };
  field.addEventListener("input", () => field.setCustomValidity(""));
  form.addEventListener("submit", changed);
  field.addEventListener("change", changed);
})();

// A table that is wider than the screen is moved by the keyboard too.
(() => {
  const reach = () => { for (const table of document.querySelectorAll(".rows")) if (table.scrollWidth > table.clientWidth) table.tabIndex = 0; else table.removeAttribute("tabindex"); };
  addEventListener("resize", reach);
  reach();
})();
