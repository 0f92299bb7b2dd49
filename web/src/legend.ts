/** The classes: what the colours mean, how often each one comes out, and switches to hide and to bring out. */

import { type Rgb, css } from "./colour";
import { div, h, say } from "./dom";
import { FACES } from "./faces";
import { percent, servedness } from "./numbers";
import { context } from "./thumbs";

const FACE = 22; // pixels of a picture that stands for a name
/** Paint the pictures that stand for class `k`, `size` pixels each; false until they have arrived. */
type Portrait = (ctx: CanvasRenderingContext2D, k: number, size: number) => boolean;

export interface LegendHandlers {
  toggle(k: number): void;
  focus(k: number | null): void;
  spotlight(k: number): void;
  only(k: number | null): void;
}

const digitOf = (name: string): string => name.replace(/^cluster /, "");
const onlyDigits = (names: readonly string[]): boolean => names.some((name) => /^\d$/.test(digitOf(name)));

/** The class that a digit key hides: the one of that name where classes are called so, else the first for 1, the tenth for 0. */
export function classOfKey(key: string, names: readonly string[]): number {
  if (onlyDigits(names)) return names.findIndex((name) => digitOf(name) === key);
  const k = (Number(key) + 9) % 10;
  return k < names.length ? k : -1;
}

/** The key that hides class `k`, "" without one. */
export function keyOfClass(k: number, names: readonly string[]): string {
  return [..."1234567890"].find((key) => classOfKey(key, names) === k) ?? "";
}

interface Row {
  element: HTMLElement;
  button: HTMLButtonElement;
  swatch: HTMLElement;
  fake: HTMLElement;
  real: HTMLElement;
  numbers: HTMLElement;
  face: HTMLCanvasElement | null;
}

export class Legend {
  readonly element: HTMLElement;
  private readonly list = h("ul", { class: "classes" });
  private readonly heading = h("h3", {}, "Classes");
  private readonly summary = h("p", { class: "hint", "aria-live": "polite" });
  private readonly search: HTMLInputElement;
  private rows: Row[] = [];
  private names: string[] = [];
  private portrait: Portrait | null = null;

  constructor(private readonly on: LegendHandlers) {
    this.search = h("input", { type: "search", placeholder: "Find a class", "aria-label": "Find a class", class: "search", on: { input: () => this.filter() } });
    this.element = h(
      "section", { class: "card legend", "aria-label": "Classes" },
      div("card-head", this.heading,
        h("button", { class: "link", on: { click: () => this.on.only(null) } }, "show all")),
      this.summary, this.search, this.list,
      h("p", { class: "key-note" }, h("i", { class: "bar-key fake" }), " generated ", h("i", { class: "bar-key real" }), " real share"),
    );
  }

  /** `portrait`: pictures stand for names that were only counted. */
  setClasses(names: string[], labelled: boolean, portrait: Portrait | null = null): void {
    this.names = names;
    this.portrait = portrait;
    say(this.heading, labelled ? "Classes" : "Clusters (found in the data, no labels)");
    this.element.hidden = names.length < 2;
    this.search.hidden = names.length <= 12;
    this.rows = names.map((name, k) => this.row(name, k));
    this.list.classList.toggle("long", names.length > 24);
    this.list.tabIndex = names.length > 24 ? 0 : -1; // it scrolls, so the keyboard must reach it
    this.list.replaceChildren(...this.rows.map((row) => row.element));
    this.filter();
  }

  private row(name: string, k: number): Row {
    const swatch = h("i", { class: "swatch", "aria-hidden": "true" });
    const fake = h("i", { class: "bar fake" });
    const real = h("i", { class: "bar real" });
    const numbers = h("span", { class: "numbers" });
    const face = this.portrait ? h("canvas", { class: "faces", width: 2 * FACES * FACE, height: 2 * FACE, "aria-hidden": "true" }) : null;
    const bring = (): void => this.on.focus(k);
    const leave = (): void => this.on.focus(null);
    const key = keyOfClass(k, this.names);
    const click = this.names.length > 10 ? "click to bring it out in colour" : `click${key ? ` or key ${key}` : ""} to hide or show`;
    const button = h("button", {
      class: "class-name", "aria-pressed": "true", title: `${name}: ${click}, double-click for this one alone`,
      on: {
        click: () => (this.names.length > 10 ? this.on.spotlight(k) : this.on.toggle(k)), dblclick: () => this.on.only(k),
        pointerenter: bring, pointerleave: leave, focus: bring, blur: leave,
      },
    }, swatch, face, h("bdi", { class: "name" }, name));
    const hide = this.names.length > 10
      ? h("button", { class: "link", title: `Hide or show ${name}`, "aria-label": `hide or show ${name}`, on: { click: () => this.on.toggle(k) } }, "hide")
      : null;
    return { element: h("li", {}, button, h("span", { class: "bars", "aria-hidden": "true" }, fake, real), numbers, hide), button, swatch, fake, real, numbers, face };
  }

  private filter(): void {
    const wanted = this.search.value.trim().toLowerCase();
    let shown = 0;
    this.rows.forEach((row, k) => {
      const fits = this.names[k].toLowerCase().includes(wanted) && shown < 200;
      row.element.hidden = !fits;
      if (fits) shown++;
    });
  }

  /** While it plays, its sentence changes at every stop: that is not to be read out. */
  setQuiet(playing: boolean): void {
    this.summary.setAttribute("aria-live", playing ? "off" : "polite");
  }

  private drawFaces(): void {
    this.rows.forEach(({ face }, k) => {
      if (face && !face.dataset["drawn"] && this.portrait?.(context(face), k, 2 * FACE)) face.dataset["drawn"] = "true";
    });
  }

  setState(colours: Rgb[], hidden: ReadonlySet<number>, spotlight: readonly number[]): void {
    this.drawFaces();
    this.rows.forEach((row, k) => {
      row.swatch.style.backgroundColor = css(colours[k]);
      row.element.classList.toggle("off", hidden.has(k));
      const pressed = this.names.length > 10 ? spotlight.includes(k) : !hidden.has(k);
      row.button.setAttribute("aria-pressed", String(pressed));
    });
  }

  /** Shares in 0 … 1 among the reals and, at this moment, among the fakes. */
  setShares(real: ArrayLike<number> | null, fake: ArrayLike<number> | null, count: number, labelled: boolean, noise: boolean): void {
    const top = Math.max(1e-9, ...Array.from(real ?? []), ...Array.from(fake ?? [], (v) => (Number.isFinite(v) ? v : 0)));
    const poor: string[] = [];
    let few = false; // a share looks low and may be so by chance
    this.rows.forEach((row, k) => {
      const r = real?.[k] ?? NaN;
      const f = fake?.[k] ?? NaN;
      const state = noise ? "fine" : servedness(r, f, count);
      few ||= f < r / 2 && state === "fine";
      row.fake.style.width = `${((Number.isFinite(f) ? f : 0) / top) * 100}%`;
      row.real.style.left = `${((Number.isFinite(r) ? r : 0) / top) * 100}%`;
      row.element.dataset["state"] = state;
      say(row.numbers, Number.isFinite(f) ? `${percent(f)}, data ${percent(r)}` : percent(r));
      if (state === "rare" || state === "missing") poor.push(this.names[k]);
    });
    const listed = poor.slice(0, 6).map((name) => (name.length > 24 ? `${name.slice(0, 23)}…` : name)).join(", ") + (poor.length > 6 ? ` and ${poor.length - 6} more` : "");
    if (noise && fake) say(this.summary, "Hardly any generated image is like a real one: what it is taken for says little.");
    else say(this.summary, !fake || !poor.length ? (!fake ? "" : few ? `${count} images are too few to say of each ${labelled ? "class" : "cluster"} whether it comes out often enough.` :
      `Every ${labelled ? "class" : "cluster"} comes out at least half as often as among the reals.`) :
      `${listed} ${poor.length === 1 ? "comes" : "come"} out too rarely.`);
    this.summary.classList.toggle("alarm", poor.length > 0);
  }
}
