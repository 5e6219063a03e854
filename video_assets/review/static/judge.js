"use strict";
// Judging by the keyboard. A verdict is kept by the browser until the server has it on its disk; meanwhile the next clip plays.
(() => {
  const main = document.getElementById("main");
  const stage = document.getElementById("stage");
  const { query, tier, rater } = main.dataset;
  const questions = JSON.parse(main.dataset.questions);
  const rows = [...main.querySelectorAll(".question[data-name]")];
  const flags = [...main.querySelectorAll(".question[data-flag] button")];
  const caption = document.getElementById("caption");
  const note = document.getElementById("note");
  const state = document.getElementById("state");
  const left = document.getElementById("left");
  const help = document.getElementById("help");
  const LOADED = 3; // clips whose media the browser has begun to load
  const AT_HAND = 8; // clips that are handed out to this page: as many can be judged while the server is away
  // The word is of the lake's own server: another lake at this address later is not sent these.
  const WAITING = `video_assets_review_waiting_${review.word.slice(0, 16)}`;
  const REFUSED = `video_assets_review_refused_${review.word.slice(0, 16)}`;

  let clips = []; // those at hand, the first one is judged
  let players = new Map();
  let answers = {};
  let trim = { from: null, to: null }; // s of the media
  let active = 0;
  let since = 0;
  let done = []; // ids of this page's verdicts, the newest last
  let asking = null;
  let ended = false;
  let judged = 0;
  const began = performance.now();
  const now = () => clips[0];
  const player = () => players.get(now()?.clip_id);

  const kept = (name) => JSON.parse(localStorage.getItem(name) || "[]");
  // What the server does not have yet, in the order in which it was said.
  const waiting = () => kept(WAITING);
  const keep = (list) => localStorage.setItem(WAITING, JSON.stringify(list));
  // What it does not take, each { verdict, why }: it stays here and on the screen until a person sends or discards it.
  const refused = document.getElementById("refused");
  const keepRefused = (list) => {
    localStorage.setItem(REFUSED, JSON.stringify(list));
    showRefused();
  };
  let sending = null;
  let wait = 250;

  const tell = (text, wrong = false) => {
    state.textContent = text;
    state.classList.toggle("wrong", wrong);
  };
  const status = () => {
    const count = waiting().length;
    const hours = (performance.now() - began) / 3.6e6;
    if (count) tell(`${count} not saved yet`, wait > 250);
    else tell(judged ? `saved · ${judged} judged · ${Math.round(judged / hours)} an hour` : "ready");
    main.dataset.waiting = String(count);
  };

  const button = (text, press) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", press);
    return made;
  };

  const showRefused = () => {
    const list = kept(REFUSED);
    refused.hidden = !list.length;
    main.dataset.refused = String(list.length);
    refused.replaceChildren(...list.map(({ verdict, why }) => {
      const row = document.createElement("li");
      const clip = document.createElement("a");
      clip.href = `/clip/${verdict.clip_id}`;
      clip.target = "_blank";
      clip.textContent = verdict.clip_id.slice(0, 8);
      const without = () => kept(REFUSED).filter((one) => one.verdict.review_id !== verdict.review_id);
      const again = () => {
        keep([...waiting(), verdict]);
        keepRefused(without());
        status();
        flush().then(more);
      };
      row.append("Not taken: ", clip, ` ${verdict.decision} of ${verdict.rater}. ${why} `, button("Send again", again), " ", button("Discard", () => keepRefused(without())));
      return row;
    }));
  };

  /** Send what waits; ends when nothing does. */
  const flush = () => {
    sending ||= (async () => {
      for (let list = waiting(); list.length; list = waiting()) {
        const [first] = list;
        try {
          await review.post("/api/verdict", first);
          wait = 250;
        } catch (error) {
          if (error.status === 400) {
            keepRefused([...kept(REFUSED).filter((one) => one.verdict.review_id !== first.review_id), { verdict: first, why: error.message }]);
            if (done.includes(first.review_id)) judged -= 1;
            done = done.filter((id) => id !== first.review_id);
          } else {
            tell(error.status ? error.message : "The server is away; your verdicts are kept here until it is back.", true);
            await new Promise((go) => setTimeout(go, wait));
            wait = Math.min(8000, wait * 2);
            continue;
          }
        }
        keep(waiting().filter((one) => one.review_id !== first.review_id));
        status();
      }
    })().finally(() => { sending = null; });
    return sending;
  };

  const forget = (clip) => {
    players.get(clip.clip_id)?.remove();
    players.delete(clip.clip_id);
  };

  const prepare = () => {
    main.dataset.atHand = String(clips.length);
    for (const [n, clip] of clips.slice(0, LOADED).entries()) {
      if (!players.has(clip.clip_id)) {
        const box = document.createElement("div");
        box.className = "slot";
        stage.append(box);
        players.set(clip.clip_id, new Player(box, clip));
      }
      players.get(clip.clip_id).box.classList.toggle("shown", n === 0);
    }
  };

  const more = async () => {
    if (asking || clips.length >= AT_HAND) return;
    // What the server has not been told of yet is as good as judged.
    const have = [...clips, ...waiting()].map((c) => c.clip_id);
    asking = review.post("/api/next", { query, have, most: AT_HAND - clips.length });
    try {
      const found = await asking;
      const known = new Set([...clips.map((c) => c.clip_id), ...waiting().map((w) => w.clip_id)]);
      const before = clips.length;
      // What somebody else was given meanwhile is theirs; only what is being judged stays.
      for (const clip of clips.slice(1).filter((c) => found.lost.includes(c.clip_id))) forget(clip);
      clips = clips.filter((c, n) => n === 0 || !found.lost.includes(c.clip_id));
      clips.push(...found.clips.filter((c) => !known.has(c.clip_id)));
      left.textContent = ` · ${found.left.toLocaleString("en")} left`;
      ended = !found.clips.length;
      prepare();
      if (!before) {
        show();
        fill();
      }
    } catch (error) {
      tell(error.status ? error.message : "The server is away.", true);
      setTimeout(more, 1500);
    } finally {
      asking = null;
    }
  };

  const facts = (clip) => {
    const [, , w, h, width, height] = clip.crop;
    return `${clip.duration.toFixed(2)} s · ${w}×${h}${w !== width || h !== height ? ` of ${width}×${height}` : ""} · ${clip.fps.toPrecision(4)} fps`;
  };

  const show = (pressed = null) => {
    prepare();
    const clip = now();
    main.classList.toggle("empty", !clip);
    main.dataset.clip = clip ? clip.clip_id : "";
    if (!clip) {
      document.getElementById("name").textContent = ended ? "Nothing is left to judge here." : "Loading…";
      document.getElementById("facts").textContent = "";
      document.getElementById("own").textContent = "";
      return;
    }
    document.getElementById("name").textContent = clip.file_name;
    document.getElementById("facts").textContent = facts(clip);
    document.getElementById("own").textContent = clip.own ? "" : `encoded for browsers: ${clip.why}`;
    const shown = player();
    shown.onframe = (time, at) => {
      if (pressed !== null) {
        main.dataset.firstFrame = String(Math.round(performance.now() - pressed));
        pressed = null;
      }
      head(time);
    };
    head(clip.start);
    main.dataset.ready = clip.clip_id;
    shown.play();
    since = performance.now();
  };

  const share = (time) => Math.min(1, Math.max(0, (time - now().start) / (now().end - now().start)));
  const head = (time) => { main.querySelector(".track .head").style.left = `${100 * share(time)}%`; };
  const showTrim = () => {
    const bar = main.querySelector(".track .trim");
    const clip = now();
    bar.hidden = !clip || (trim.from === null && trim.to === null);
    if (bar.hidden) return;
    bar.style.left = `${100 * share(trim.from ?? clip.start)}%`;
    bar.style.right = `${100 - 100 * share(trim.to ?? clip.end)}%`;
  };

  const fill = (said = {}) => {
    answers = { ...(said.answers || {}) };
    caption.value = said.caption ?? now()?.caption ?? "";
    note.value = said.note ?? "";
    for (const button of flags) button.setAttribute("aria-pressed", String((said.flags || []).includes(button.parentElement.dataset.flag)));
    trim = { from: null, to: null };
    const clip = now();
    if (clip && said.trim_start_pts) trim.from = time(clip, said.trim_start_pts);
    if (clip && said.trim_end_pts) trim.to = time(clip, said.trim_end_pts);
    player()?.between(trim.from, trim.to);
    showTrim();
    mark(0);
  };

  // Exact times: a pts is a whole number of the source's units, larger than JavaScript's numbers may be.
  const pts = (clip, seconds) => String(BigInt(clip.start_pts) + BigInt(Math.round(((seconds - clip.start) * clip.base[1]) / clip.base[0])));
  const time = (clip, value) => clip.start + (Number(BigInt(value) - BigInt(clip.start_pts)) * clip.base[0]) / clip.base[1];

  const mark = (to = active) => {
    active = Math.min(rows.length - 1, Math.max(0, to));
    for (const [n, row] of rows.entries()) {
      row.classList.toggle("active", n === active);
      const value = answers[row.dataset.name];
      for (const button of row.querySelectorAll("button")) button.setAttribute("aria-checked", String(value !== undefined && Number(button.dataset.value) === value));
    }
    rows[active]?.scrollIntoView({ block: "nearest" });
  };

  const answer = (row, value) => {
    if (value === null) delete answers[row.dataset.name];
    else answers[row.dataset.name] = value;
    mark(rows.indexOf(row) + (value === null ? 0 : 1));
  };

  const decide = (decision, pressed = performance.now()) => {
    const clip = now();
    if (!clip || busy) return;
    const written = caption.value.trim();
    const verdict = {
      review_id: review.id(),
      clip_id: clip.clip_id,
      rater,
      questions: questions.version,
      decision,
      answers: { ...answers },
      flags: flags.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.parentElement.dataset.flag),
      trim_start_pts: trim.from === null ? null : pts(clip, trim.from),
      trim_end_pts: trim.to === null ? null : pts(clip, trim.to),
      caption: written && written !== (clip.caption || "").trim() ? written : null,
      note: note.value.trim() || null,
      tier: tier || null,
      seconds: Math.min(86400, (performance.now() - since) / 1000),
    };
    keep([...waiting(), verdict]);
    done.push(verdict.review_id);
    judged += 1;
    document.activeElement?.blur?.();
    forget(clip);
    clips.shift();
    fill();
    show(pressed);
    status();
    flush().then(more);
    more();
  };

  let busy = false; // an undo is under way: what is decided meanwhile would be another's
  let taking = null; // the undo that the server has not answered yet, sent again as it was

  /** Whether the server has a verdict, or all of them (null); false as soon as it is away. */
  const arrived = async (id) => {
    while (waiting().some((one) => id === null || one.review_id === id)) {
      if (wait > 250) return false;
      await Promise.race([flush(), new Promise((go) => setTimeout(go, 100))]);
    }
    return true;
  };

  const undo = async () => {
    if (busy) return;
    busy = true;
    const id = done.at(-1) ?? null;
    try {
      tell("Taking the last verdict back…");
      if (!(await arrived(id))) {
        tell("The server is away; nothing was taken back.", true);
        return;
      }
      if (id !== null && !done.includes(id)) return status(); // it was not taken in the first place
      if (taking?.takes_back !== id) taking = { review_id: review.id(), takes_back: id };
      const found = await review.post("/api/undo", taking);
      taking = null;
      done = done.filter((one) => one !== id);
      judged = Math.max(0, judged - 1);
      if (found.clip) {
        player()?.pause();
        clips = [found.clip, ...clips.filter((c) => c.clip_id !== found.clip.clip_id)];
        for (const clip of clips.slice(LOADED)) forget(clip);
        show();
        fill(found.said);
      }
      tell("taken back");
    } catch (error) {
      if (error.status === 400) {
        taking = null;
        done = done.filter((one) => one !== id);
      }
      tell(error.status ? error.message : "The server is away; press Z again when it is back.", true);
    } finally {
      busy = false;
    }
  };

  const trimTo = (which) => {
    const clip = now();
    const shown = player();
    if (!clip || shown.shown === null) return;
    // What is shown lies between a frame's own time and the next one's; a frame of its usual length more is its end.
    if (which === "from") trim.from = shown.shown <= clip.start + 1e-6 ? null : shown.shown;
    else {
      const end = shown.shown + 1 / clip.fps;
      trim.to = end >= clip.end - 1e-6 ? null : end;
    }
    if (trim.from !== null && trim.to !== null && trim.from >= trim.to) trim[which === "from" ? "to" : "from"] = null;
    shown.between(trim.from, trim.to);
    showTrim();
  };

  const keys = {
    k: (at) => decide("keep", at), d: (at) => decide("drop", at), u: (at) => decide("unsure", at), z: () => undo(),
    " ": () => player()?.toggle(), ",": () => player()?.step(-1), ".": () => player()?.step(1),
    i: () => trimTo("from"), o: () => trimTo("to"),
    Backspace: () => { trim = { from: null, to: null }; player()?.between(null, null); showTrim(); },
    c: () => caption.focus(), n: () => note.focus(),
    v: () => player()?.showWhole(), m: () => { if (player()) player().video.muted = !player().video.muted; },
    "[": () => tell(`speed ${player()?.rate(1 / Math.SQRT2).toFixed(2)}`), "]": () => tell(`speed ${player()?.rate(Math.SQRT2).toFixed(2)}`),
    ArrowUp: () => mark(active - 1), ArrowDown: () => mark(active + 1), "?": () => help.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target.closest("input, textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const digit = /^Digit(\d)$/.exec(event.code);
    if (digit && event.shiftKey) {
      const button = flags[Number(digit[1]) - 1];
      if (button) { event.preventDefault(); button.click(); }
      return;
    }
    const row = rows[active];
    if (/^\d$/.test(event.key) && row) {
      const value = Number(event.key);
      if (value === 0) answer(row, null);
      else if (row.classList.contains("axis") && value <= 5) answer(row, value);
      else if (row.classList.contains("check") && value <= 2) answer(row, value === 1 ? 1 : 0);
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (keys[key] && !(event.repeat && "kduz".includes(key))) {
      event.preventDefault();
      keys[key](performance.now());
    }
  });

  for (const row of rows) {
    row.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) { mark(rows.indexOf(row)); return; }
      const value = Number(button.dataset.value);
      answer(row, answers[row.dataset.name] === value ? null : value);
    });
  }
  for (const button of flags) button.addEventListener("click", () => button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true")));
  for (const button of main.querySelectorAll("[data-decide]")) button.addEventListener("click", () => decide(button.dataset.decide));
  stage.addEventListener("click", () => player()?.toggle());
  main.querySelector(".track").addEventListener("pointerdown", (event) => {
    const clip = now();
    if (!clip) return;
    const box = event.currentTarget.getBoundingClientRect();
    player().seek(clip.start + ((event.clientX - box.left) / box.width) * (clip.end - clip.start));
  });
  addEventListener("beforeunload", (event) => { if (waiting().length) event.preventDefault(); });

  // What the browser still has from before goes first, so that none of it is handed out again.
  mark(0);
  showRefused();
  (waiting().length ? flush() : Promise.resolve()).then(more).then(status);
})();
