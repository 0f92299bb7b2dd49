/** The time axis: a native slider with marks for findings and the best snapshot, play, step, speed. */

import { type Child, div, fill, h, icon, ICONS, say, tool } from "./dom";
import { explain } from "./explain";
import type { Stated } from "./curves";
import { type Unit, tick, told } from "./clock";
import { count, words } from "./numbers";
import { type Axis, positionOf, seenAt } from "./timeaxis";

export interface Mark {
  /** In images. */
  seen: number;
  /** On the axis. */
  at: number;
  finding: Stated | null;
  run: string;
  /** Which run's finding, for the page to open it. */
  id: number;
}

export interface TimeHandlers {
  goTo(t: number): void;
  step(by: number): void;
  toggle(): void;
  speed(factor: number): void;
  open(mark: Mark): void;
}

export class TimeBar {
  readonly element: HTMLElement;
  readonly slider: HTMLInputElement;
  private readonly playButton: HTMLButtonElement;
  private readonly marks: HTMLElement;
  private readonly where: HTMLElement;
  private readonly ends: [HTMLElement, HTMLElement];
  private readonly live: HTMLElement;
  private readonly note = h("div", { class: "note", hidden: true, role: "status" });
  private axis: Axis = [];
  /** What is counted. */
  things = "images";
  unit: Unit = "images";
  private shownMarks = "";
  private shown = "";

  constructor(private readonly on: TimeHandlers) {
    this.slider = h("input", { type: "range", min: "0", max: "0", step: "1", value: "0", class: "time-slider", "aria-label": "Time: snapshot of the training" });
    this.slider.addEventListener("input", () => on.goTo(Number(this.slider.value)));
    this.playButton = h("button", { class: "play", on: { click: () => on.toggle() } });
    this.marks = div("marks");
    this.where = div("where"); // no live region: it changes at every stop while playing, and the slider says the same
    this.ends = [h("span", {}), h("span", {})];
    this.live = h("div", { class: "lives", hidden: true });
    const speed = h("select", { "aria-label": "Speed", class: "speed", on: { change: () => on.speed(Number(speed.value)) } },
      ...[0.25, 0.5, 1, 2, 4].map((f) => h("option", { value: f, selected: f === 1 }, `${f}×`)));
    this.element = h(
      "section", { class: "timebar", "aria-label": "Time" },
      div("buttons",
        this.playButton,
        tool("Previous snapshot", "Previous snapshot (,)", icon(ICONS.back), () => on.step(-1)),
        tool("Next snapshot", "Next snapshot (.)", icon(ICONS.next), () => on.step(1)),
        speed),
      div("track", this.marks, this.slider, div("ends", this.ends[0], h("span", {}, this.ends[1], explain("images_seen")))),
      div("place", this.where, this.live),
      this.note,
    );
    this.setPlaying(false);
  }

  setPlaying(playing: boolean): void {
    this.playButton.replaceChildren(icon(playing ? ICONS.pause : ICONS.play, !playing));
    this.playButton.setAttribute("aria-label", playing ? "Pause" : "Play the training");
    this.playButton.title = `${playing ? "Pause" : "Play the training"} (space)`;
    this.playButton.classList.toggle("on", playing);
  }

  /** Whether each run is alive, or that the server does not answer. */
  setLive(told: { life: string; text: string }[]): void {
    this.live.hidden = !told.length;
    while (this.live.childElementCount > told.length) this.live.lastElementChild?.remove();
    while (this.live.childElementCount < told.length) this.live.append(h("span", {}));
    told.forEach(({ life, text }, i) => {
      const line = this.live.children[i];
      line.className = life;
      say(line, text);
    });
  }

  setAxis(axis: Axis, marks: Mark[]): void {
    this.axis = axis;
    const last = Math.max(0, axis.length - 1);
    this.slider.max = String(last);
    this.slider.disabled = axis.length < 2;
    say(this.ends[0], axis.length ? tick(this.unit, axis[0]) : "");
    say(this.ends[1], axis.length > 1 ? `${tick(this.unit, axis[last])}${this.unit === "seconds" ? "" : ` ${this.unit === "images" ? this.things : this.unit}`}` : "");
    // Only where they differ: a button that is replaced loses the reader's focus.
    const content = JSON.stringify([last && axis, marks]);
    if (content !== this.shownMarks) this.marks.replaceChildren(...marks.map((mark) => this.markButton(mark, last)));
    this.shownMarks = content;
    this.shown = "";
  }

  private markButton(mark: Mark, last: number): HTMLElement {
    const { finding } = mark;
    const name = finding ? `${finding.open ? finding.severity : "passed"}: ${words(finding.id)}` : "best snapshot";
    const text = `${mark.run ? `${mark.run}, ` : ""}${name} at ${count(mark.seen)} images`;
    const button = h("button", {
      class: `mark ${finding ? finding.severity : "best"}${finding && !finding.open ? " passed" : ""}`, title: finding ? `${text}\n${finding.sentence}` : text, "aria-label": text,
      on: { click: () => this.on.open(mark) },
    }, finding ? null : icon(ICONS.star, true));
    const share = last ? positionOf(this.axis, mark.at) / last : 0;
    // The middle of a slider's thumb goes from half its width to the width less half of it.
    button.style.left = `calc(${(share * 100).toFixed(2)}% + ${(9 - 18 * share).toFixed(1)}px)`;
    return button;
  }

  /** What a mark says, beside the time and above the map; `more` goes to where its evidence stands. */
  say(text: string, more: (() => void) | null, term: Child = null): void {
    this.note.hidden = !text;
    fill(this.note, h("span", { class: "said" }, text), term, more && h("button", { class: "link", on: { click: more } }, "Evidence"),
      tool("Close", "Close (Esc)", icon(ICONS.close), () => this.say("", null)));
  }

  setTime(t: number, progress: { iteration: number | null; epoch: number | null }): void {
    const stop = Math.round(t);
    if (this.slider.value !== String(stop)) this.slider.value = String(stop);
    const parts = [told(this.unit, seenAt(this.axis, stop), this.things)];
    if (progress.iteration !== null) parts.push(`iteration ${count(progress.iteration)}`);
    if (progress.epoch !== null) parts.push(`epoch ${progress.epoch < 10 ? progress.epoch.toFixed(1) : count(progress.epoch)}`);
    const text = this.axis.length ? parts.join(" · ") : "no snapshot yet";
    if (text === this.shown) return;
    this.shown = text;
    say(this.where, text);
    this.slider.setAttribute("aria-valuetext", text);
    const share = this.axis.length > 1 ? (stop / (this.axis.length - 1)) * 100 : 0;
    this.slider.style.setProperty("--done", `${share}%`);
  }
}
