/** A training on a toy on the page: what D learned beside what it should have, the densities, curves, scores and what they mean. */

import type { RunState } from "./address";
import { Chart, type Curve } from "./chart";
import { badge } from "./badge";
import { gaps } from "./curves";
import { div, fill, h, say } from "./dom";
import type { Change, RunModel, Snapshot } from "./model";
import { percent } from "./numbers";
import type { Shared } from "./state";
import type { Store } from "./store";
import { context } from "./thumbs";
import { positionOf, seenAt } from "./timeaxis";
import { drawBest, drawDensity, drawLearned, drawLine, FAKE, REAL } from "./toydraw";
import type { ToyScene } from "./toymodel";
import { panelsOf, wordsOf } from "./toywords";
import type { RunHandlers, View } from "./view";

const LOG_4 = Math.log(4);
const DASH = [5, 4];
const fixed = (digits: number) => (value: number | null): string => (value === null || !Number.isFinite(value) ? "–" : value.toFixed(digits).replace("-", "−"));

interface Plan {
  title: string;
  what: string;
  columns: [name: string, column: string, colour: string, dash?: number[]][];
  lines: [name: string, value: number][];
  format: (value: number | null) => string;
  log?: boolean;
  least?: number;
}

/** The charts of a toy: its columns, and the lines that a perfect sampler would meet. */
export function chartsOf(toy: ToyScene): Plan[] {
  const found: Plan[] = [
    { title: "Value", what: "the value of the game", columns: [["V(D, G)", "value", "--ink"], ["2 JSD − log 4", "best_value", "--ink", DASH]], lines: [["−log 4", -LOG_4]], format: fixed(3) },
    { title: "JSD(p_data, p_g), nats", what: "the divergence of the densities", columns: [["JSD", "jsd", FAKE]], lines: [["a perfect sampler", toy.jsd_floor], ["log 2: nothing shared", Math.log(2)]], format: fixed(4), log: true },
    { title: `Within ${toy.radius}σ of a mode`, what: "the share of good samples", columns: [["share", "high_quality", "--ink"]], lines: [["a perfect sampler", toy.ceiling]], format: percent, least: 0 },
    { title: "Spread, relative", what: "the width of a mode's samples", columns: [["spread", "spread", "--ink"]], lines: [["a perfect sampler", 1]], format: fixed(2), least: 0 },
  ];
  // One mode is always found, and its share is always right.
  if (toy.num_modes > 1) {
    found.push(
      { title: `Modes found, of ${toy.num_modes}`, what: "the modes that come out", columns: [["modes", "modes", "--ink"]], lines: [["all", toy.num_modes]], format: fixed(0), least: 0 },
      { title: "Reverse KL, nats", what: "how far the modes' shares are off", columns: [["reverse KL", "reverse_kl", "--ink"]], lines: [["a perfect sampler", toy.reverse_kl_floor]], format: fixed(4), log: true },
    );
  }
  return found;
}

export class ToyView implements View {
  readonly element: HTMLElement;
  private readonly verdict = h("p", { class: "verdict", "aria-live": "polite" });
  private readonly what = h("p", { class: "hint" });
  private readonly board = div("toy-board");
  private readonly chartBox = div("charts");
  private readonly scores = h("section", { class: "card", role: "group", "aria-label": "Scores" });
  private readonly words = div("details");
  private charts: [Chart, Plan][] = [];
  private canvases = new Map<string, HTMLCanvasElement>();
  private built = "";
  private shown: Snapshot | null = null;

  constructor(readonly model: RunModel, private readonly store: Store<Shared>, private readonly on: RunHandlers, letter = "") {
    this.element = h("section", { class: "run toy", "aria-label": `Run ${letter && `${letter}, `}${model.name}` },
      h("header", { class: "run-head" }, h("h2", { dir: "auto", title: model.name }, letter && badge(letter), model.name), this.what, this.verdict),
      this.board, this.chartBox, div("details", this.scores), this.words);
    store.on(["t", "axis"], () => this.moveTime());
    store.on(["dark"], () => this.fillCharts());
    store.on(["pointed"], (state) => {
      for (const [chart] of this.charts) chart.setHover(state.pointed === null ? null : model.imagesAt(state.unit, state.pointed));
    });
  }

  get seen(): number {
    return this.model.imagesAt(this.store.value.unit, seenAt(this.store.value.axis, this.store.value.t));
  }

  get position(): number {
    return positionOf(this.model.seen, this.seen);
  }

  get state(): RunState {
    return {};
  }

  restore(): void {
    // A toy has nothing to choose but the time.
  }

  /** A toy is small: everything is there at once. */
  furnish(): void {}

  drawNow(): void {
    for (const [chart] of this.charts) chart.drawNow();
  }

  clear(): void {
    // Likewise.
  }

  toggleKey(): void {
    // No classes.
  }

  follow(): void {
    // Nor anything to link.
  }

  show(): void {
    // No findings: every score has its own line.
  }

  changed(what: Change): void {
    if (what === "base") this.build();
    if (what === "log") {
      say(this.verdict, this.model.last?.verdict || "No step yet.");
      this.fillCharts();
    }
    this.shown = null;
    this.moveTime();
  }

  private build(): void {
    const toy = this.model.toy;
    if (!toy || this.built === JSON.stringify([toy.name, toy.num_modes])) return;
    this.built = JSON.stringify([toy.name, toy.num_modes]);
    const config = this.model.base?.config ?? {};
    say(this.what, `${toy.name}: ${toy.doc} · preset ${String(config["preset"] ?? "")}, ${String(config["objective"] ?? "")} loss, seed ${String(config["seed"] ?? "")}`);
    this.canvases = new Map();
    this.board.classList.toggle("line", toy.dim === 1);
    fill(this.board, ...panelsOf(toy).map(({ name, title, text }) => {
      const canvas = h("canvas", { role: "img", "aria-label": title, "data-panel": name });
      this.canvases.set(name, canvas);
      return h("figure", { class: "card panel" }, canvas, h("figcaption", {}, h("b", {}, title), text));
    }));
    this.charts = chartsOf(toy).map((plan) => [new Chart(plan.title, plan.what, (seen) => this.on.goTo(seen), (seen) => this.store.set({ pointed: seen === null ? null : this.model.valueAt(this.store.value.unit, seen) })), plan]);
    for (const [chart] of this.charts) chart.element.setAttribute("role", "group");
    fill(this.chartBox, ...this.charts.map(([chart]) => chart.element));
    fill(this.words, ...wordsOf(toy).map(({ title, text }) => h("section", { class: "card", role: "group", "aria-label": title }, h("h3", {}, title), ...text.map((line) => h("p", {}, line)))));
    const canvas = this.canvases.get("p_data");
    if (canvas) drawDensity(context(canvas), toy.density, REAL);
    this.fillCharts();
  }

  private fillCharts(): void {
    const evals = (this.model.log?.evals ?? []).filter((line) => line.toy);
    const x = evals.map((line) => line.images_seen);
    const last = Math.max(x.at(-1) ?? 0, 1);
    for (const [chart, plan] of this.charts) {
      const curves: Curve[] = [
        ...plan.columns.map(([name, column, colour, dash]): Curve => ({ name, colour, dash, values: gaps(evals.map((line) => line.toy?.[column])).map((v) => (plan.log && v !== null && v <= 0 ? null : v)) })),
        ...plan.lines.map(([name, value]): Curve => ({ name, colour: "#118d57", dash: [2, 3], width: 1.4, values: x.map(() => value) })),
      ];
      chart.set({ x, curves, stops: x, range: [0, last], log: plan.log, least: plan.least, format: plan.format });
      chart.setTime(this.seen);
    }
  }

  private moveTime(): void {
    const p = this.position;
    void this.model.load(Math.round(p));
    for (const [chart] of this.charts) chart.setTime(this.seen);
    const near = this.model.near(p);
    const toy = this.model.toy;
    if (!near?.toy || !toy || near === this.shown) return;
    this.shown = near;
    const draw = (name: string, act: (ctx: CanvasRenderingContext2D) => void): void => {
      const canvas = this.canvases.get(name);
      if (canvas) act(context(canvas));
    };
    const frame = near.toy;
    draw("curves", (ctx) => drawLine(ctx, toy, frame));
    draw("learned", (ctx) => drawLearned(ctx, toy, frame));
    draw("best", (ctx) => drawBest(ctx, toy, frame));
    draw("p_g", (ctx) => drawDensity(ctx, frame.density, FAKE));
    this.fillScores(toy, near);
  }

  /** The scores of the moment beside those of a perfect sampler. */
  private fillScores(toy: ToyScene, near: Snapshot): void {
    const n = near.toy?.numbers ?? {};
    const number = (name: string): number | null => n[name] ?? null;
    const rows: [string, string, string][] = [
      ["modes found", `${fixed(0)(number("modes"))} of ${toy.num_modes}`, String(toy.num_modes)],
      [`within ${toy.radius}σ of a mode`, percentOf(number("high_quality")), percentOf(toy.ceiling)],
      ["reverse KL over the modes, nats", fixed(4)(number("reverse_kl")), fixed(4)(toy.reverse_kl_floor)],
      ["spread inside a mode, of the true one", fixed(2)(number("spread")), "1.00"],
      ["value V(D, G), nats", fixed(3)(number("value")), fixed(3)(-LOG_4)],
      ["JSD(p_data, p_g), nats", fixed(4)(number("jsd")), fixed(4)(toy.jsd_floor)],
    ];
    const narrow = (number("high_quality") ?? 0) > toy.ceiling && (number("spread") ?? 1) < 1;
    fill(this.scores, h("h3", {}, `Scores at ${near.seen.toLocaleString("en-US")} samples`),
      h("div", { class: "table-scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ...["score", "this run", "perfect"].map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, ...rows.map(([name, ours, perfect]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, ours), h("td", {}, perfect)))))),
      h("p", { class: "hint" }, `From ${toy.num_fake.toLocaleString("en-US")} fakes. Perfect: what as many exact samples of p_data would get, for the reverse KL and the JSD their sampling error.`),
      h("p", {}, "A perfect sampler has its share within 3σ, not 100 %: its samples reach farther out. More than that, with a spread below 1, means samples that huddle in the middle of their modes.",
        narrow && h("b", {}, " Here they are narrower than the truth.")));
  }
}

const percentOf = (share: number | null): string => (share === null ? "–" : `${(100 * share).toFixed(2)} %`);
