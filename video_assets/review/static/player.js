"use strict";
// Plays a clip out of its source: from its first frame to its last, again and again, cut to its crop.

const A_MOMENT = 0.0005; // s: a clip's start is cut to microseconds, and a frame is found by any time at which it is shown.

class Player {
  /**
   * @param {HTMLElement} box where it is shown.
   * @param {object} clip what the server says of it: media, start, end (s of the media), crop [x, y, w, h, width, height], fps.
   */
  constructor(box, clip, { controls = false, preload = "auto" } = {}) {
    this.box = box;
    this.clip = clip;
    this.from = clip.start;
    this.to = clip.end;
    this.whole = false;
    this.shown = null; // media time of the frame that is shown, in s
    this.onframe = () => {};
    this.onwrong = () => {};
    this.frame = document.createElement("div");
    this.frame.className = "frame";
    this.video = document.createElement("video");
    this.video.muted = true;
    this.video.playsInline = true;
    this.video.disablePictureInPicture = true;
    this.video.preload = preload;
    this.video.tabIndex = -1;
    this.video.src = clip.media;
    this.outline = document.createElement("div");
    this.outline.className = "outline";
    this.said = document.createElement("p");
    this.said.className = "said-wrong";
    this.said.setAttribute("role", "status");
    this.frame.append(this.video, this.outline);
    box.append(this.frame, this.said);
    this.video.addEventListener("loadedmetadata", () => this.begin());
    this.video.addEventListener("ended", () => this.again());
    this.video.addEventListener("error", () => this.wrong());
    this.video.addEventListener("timeupdate", () => this.past());
    this.watching = new ResizeObserver(() => this.fit());
    this.watching.observe(box);
    this.fit();
    this.look();
    if (controls) this.withControls();
  }

  /** The largest frame of the picture's shape that the box has room for. */
  fit() {
    const [x, y, w, h, width, height] = this.clip.crop;
    const [shownW, shownH] = this.whole ? [width, height] : [w, h];
    const room = this.box.getBoundingClientRect();
    if (!room.width) return;
    const most = room.height || Infinity;
    const scale = Math.min(room.width / shownW, most / shownH);
    this.frame.style.width = `${Math.floor(shownW * scale)}px`;
    this.frame.style.height = `${Math.floor(shownH * scale)}px`;
    const share = (value, of) => `${(100 * value) / of}%`;
    const video = this.video.style;
    video.width = share(width, shownW);
    video.height = share(height, shownH);
    video.left = this.whole ? "0" : share(-x, w);
    video.top = this.whole ? "0" : share(-y, h);
    const outline = this.outline.style;
    this.outline.hidden = !this.whole || (w === width && h === height);
    outline.left = share(x, width);
    outline.top = share(y, height);
    outline.width = share(w, width);
    outline.height = share(h, height);
  }

  look() {
    if (!this.video.requestVideoFrameCallback) return;
    this.video.requestVideoFrameCallback((at, { mediaTime }) => {
      this.shown = mediaTime;
      this.onframe(mediaTime, at);
      if (!this.video.paused) {
        const left = this.to - mediaTime;
        clearTimeout(this.ending);
        if (left <= A_MOMENT) this.again();
        // The last frame is seen as long as the others, and the first one that is no part of the clip is not.
        else if (left < 1.5 / this.clip.fps) this.ending = setTimeout(() => this.again(), Math.max(0, (1000 * left) / this.video.playbackRate - 12));
      }
      if (this.video.isConnected) this.look();
    });
  }

  past() {
    if (!this.video.paused && this.video.currentTime >= this.to) this.again();
  }

  again() {
    clearTimeout(this.ending);
    if (this.video.paused && !this.video.ended) return;
    this.seek(this.from);
    this.video.play().catch(() => {});
  }

  /** Stand at the clip's first frame, or where somebody has put it before it was loaded. */
  begin() {
    const put = this.video.currentTime;
    this.seek(put > this.from && put < this.to ? put - A_MOMENT : this.from);
  }

  /** Show the frame that is on the screen at a time, in s of the media. */
  seek(time) {
    this.video.currentTime = time + A_MOMENT;
  }

  /** Show the last frame that is part of the stretch. */
  last() {
    this.video.pause();
    this.video.currentTime = this.to - 2 * A_MOMENT;
  }

  play() {
    this.wanted = true;
    if (this.video.currentTime < this.from || this.video.currentTime >= this.to - A_MOMENT) this.seek(this.from);
    return this.video.play().catch((error) => {
      if (error.name === "NotSupportedError") this.wrong();
    });
  }

  pause() {
    this.wanted = false;
    clearTimeout(this.ending);
    this.video.pause();
  }

  toggle() {
    return this.video.paused ? this.play() : this.pause();
  }

  /** A frame on, or back; of frames of different length about one. */
  step(frames) {
    this.pause();
    const now = this.shown ?? this.video.currentTime;
    const first = this.clip.start;
    this.video.currentTime = Math.min(this.clip.end - A_MOMENT, Math.max(first + A_MOMENT, now + (frames + 0.5) / this.clip.fps));
  }

  rate(by) {
    this.video.playbackRate = Math.min(4, Math.max(0.25, this.video.playbackRate * by));
    return this.video.playbackRate;
  }

  showWhole(whole = !this.whole) {
    this.whole = whole;
    this.fit();
  }

  /** Between which times it goes round, in s of the media. */
  between(from, to) {
    this.from = from ?? this.clip.start;
    this.to = to ?? this.clip.end;
  }

  async wrong() {
    if (this.gone) return;
    let said = "The browser cannot play it.";
    try {
      await review.get(this.clip.media);
    } catch (error) {
      if (error.status) said = error.message;
      else {
        said = "The server is away.";
        this.trying = setTimeout(() => this.anew(), 1500);
      }
    }
    this.said.textContent = said;
    this.onwrong(said);
  }

  /** Load it again, from its start. */
  anew() {
    this.said.textContent = "";
    this.video.load();
    if (this.wanted) this.play();
  }

  withControls() {
    this.box.addEventListener("click", () => this.toggle());
    this.box.addEventListener("keydown", (event) => {
      const keys = { " ": () => this.toggle(), ",": () => this.step(-1), ".": () => this.step(1), v: () => this.showWhole(), m: () => { this.video.muted = !this.video.muted; } };
      if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        keys[event.key]();
      }
    });
  }

  remove() {
    clearTimeout(this.ending);
    clearTimeout(this.trying);
    this.gone = true;
    this.watching.disconnect();
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.frame.remove();
    this.said.remove();
  }
}
