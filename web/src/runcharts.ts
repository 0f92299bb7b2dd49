/** The charts of one run: losses, scores, a metric with its floor, class shares. */

import { Chart, type ChartData, type Curve } from "./chart";
import { CLASS_COLOURS, css, D_ORANGE, G_BLUE } from "./colour";
import { explain, isTerm } from "./explain";
import { gaps, joined, metricNames, smoothed } from "./curves";
import { div, fill, h, say } from "./dom";
import { against } from "./evidence";
import type { HistoryColumn, RunModel, Table, TestColumn } from "./model";
import { percent, short, words } from "./numbers";

const DASH = [7, 4];
const MOST_SHARES = 10;

export interface ChartHandlers {
  pick(seen: number): void;
  point(seen: number | null): void;
}

export class RunCharts {
  readonly element: HTMLElement;
  private readonly losses: Chart;
  private readonly scores: Chart;
  private readonly metric: Chart;
  private readonly overfitting: Chart;
  private readonly shares: Chart;
  private readonly choice: HTMLSelectElement;
  private readonly ratio = h("p", { class: "hint" });
  private readonly meaning = h("span", {});
  private readonly heldOut: HTMLElement;

  constructor(private readonly model: RunModel, on: ChartHandlers) {
    const make = (title: string, what: string): Chart => new Chart(title, what, (seen) => on.pick(seen), (seen) => on.point(seen));
    this.losses = make("Losses", "losses of the generator and the discriminator over training");
    this.scores = make("Scores", "the discriminator's mean score of real and of generated images over training");
    this.metric = make("Measured", "a metric and its floor, the score of real images, over training");
    this.overfitting = make("Overfitting", "the share of the discriminator's lead that held-out images lack, and how strongly what it sees is changed");
    this.shares = make("Class shares", "share of each class among the generated images over training");
    this.choice = h("select", { "aria-label": "Metric", on: { change: () => this.fillMetric() } });
    this.metric.controls.append(this.choice, this.meaning);
    this.metric.element.append(this.ratio);
    this.heldOut = h("span", { hidden: true }, "held-out", explain("held_out"));
    this.losses.controls.append(explain("losses"), this.heldOut);
    this.scores.controls.append(explain("scores"));
    this.overfitting.controls.append(explain("overfitting"));
    this.shares.controls.append(explain("shares"));
    this.element = div("charts", this.losses.element, this.scores.element, this.metric.element, this.overfitting.element, this.shares.element);
  }

  private get charts(): Chart[] {
    return [this.losses, this.scores, this.metric, this.overfitting, this.shares];
  }

  setTime(seen: number): void {
    for (const chart of this.charts) chart.setTime(seen);
  }

  drawNow(): void {
    for (const chart of this.charts) chart.drawNow();
  }

  setPointed(seen: number | null): void {
    for (const chart of this.charts) chart.setHover(seen);
  }

  /** New lines have come, or the theme has changed. */
  update(): void {
    const log = this.model.log;
    if (!log) return;
    this.heldOut.hidden = !log.test.x.length; // a training that was watched has no such losses
    this.losses.set(this.pair(["g_loss", "d_loss"], ["generator", "discriminator"], log.history, log.test, ["g_loss", "d_loss"]));
    this.scores.set({
      ...this.pair(["d_real", "d_fake_before"], ["real", "generated"], log.history, log.test, ["d_real", "d_fake"]),
      least: 0, most: 1,
    });
    const names = metricNames(log.evals, String(this.model.base?.config["best_by"] ?? "frechet"));
    if (names.join() !== [...this.choice.options].map((option) => option.value).join()) {
      const kept = this.choice.value;
      fill(this.choice, ...names.map((name) => h("option", { value: name, selected: name === kept }, words(name))));
    }
    this.fillMetric();
    this.fillOverfitting();
    this.fillShares();
  }

  private get range(): [number, number] {
    const last = Math.max(this.model.seen.at(-1) ?? 0, this.model.log?.history.x.at(-1) ?? 0, 1);
    return [0, last];
  }

  /** Two curves, smoothed over their own noise, with held-out values as dots. */
  private pair(columns: [HistoryColumn, HistoryColumn], names: [string, string], history: Table<HistoryColumn>, test: Table<TestColumn>, held: [TestColumn, TestColumn]): ChartData {
    const window = Math.floor(history.x.length / 120);
    const raw = columns.map((name) => history.columns[name] ?? []);
    const smooth = raw.map((values) => (window > 0 ? smoothed(values, window) : values));
    const dots = held.map((name) => test.columns[name] ?? []);
    const [x, r0, r1, s0, s1, t0, t1] = joined([{ x: history.x, columns: [...raw, ...smooth] }, { x: test.x, columns: dots }]);
    const curves: Curve[] = [
      { name: "", quiet: true, colour: `${G_BLUE}33`, width: 1, values: r0 }, { name: "", quiet: true, colour: `${D_ORANGE}33`, width: 1, values: r1 },
      { name: names[0], colour: G_BLUE, values: s0 }, { name: names[1], colour: D_ORANGE, dash: DASH, values: s1 },
      { name: `${names[0]}, held-out`, colour: G_BLUE, dots: true, values: t0 }, { name: `${names[1]}, held-out`, colour: D_ORANGE, dots: true, values: t1 },
    ];
    const empty = this.model.watched ? "The training that was watched told none." : "No step yet.";
    return { x, curves: test.x.length ? curves : curves.slice(0, 4), stops: this.model.seen, range: this.range, empty };
  }

  private fillMetric(): void {
    const evals = this.model.log?.evals ?? [];
    const name = this.choice.value;
    fill(this.meaning, isTerm(name) && explain(name));
    const found = evals.map((line) => line.metrics?.[name]);
    const known = found.findLast((metric) => metric);
    const values = gaps(found.map((metric) => metric?.value));
    const range = (sign: number): (number | null)[] =>
      gaps(found.map((metric) => (metric?.value == null || metric.stderr == null ? null : metric.value + 2 * sign * metric.stderr)));
    const positive = values.every((value) => value === null || value > 0) && (known?.floor ?? 1) > 0;
    const high = Math.max(...values.map((value) => value ?? 0));
    const low = Math.min(...values.map((value) => value ?? Infinity), known?.floor ?? Infinity);
    this.metric.set({
      x: evals.map((line) => line.images_seen),
      curves: [
        { name: words(name || "metric"), colour: "--ink", values },
        { name: "", quiet: true, colour: "#88888866", width: 1, values: range(1) }, { name: "", quiet: true, colour: "#88888866", width: 1, values: range(-1) },
        { name: `real against real (floor)`, colour: "#118d57", dash: DASH, values: gaps(found.map((metric) => metric?.floor)) },
      ],
      stops: evals.map((line) => line.images_seen), range: this.range, log: positive && high > 20 * low, format: short,
      empty: this.model.watched ? "Nothing that can be drawn was measured." : "Measured at every snapshot, unless the run was started with --no-metrics.",
    });
    const now = found.at(-1);
    const ratio = now ? against(now.value, now.floor, now.better) : "";
    say(this.ratio, now?.value == null || !ratio ? "" : `At the end ${short(now.value)}, ${ratio} ${ratio === "as good" ? "as real images" : ratio.endsWith("%") ? "of what real images get" : "what real images get"}.`);
    this.metric.element.title = known ? `${words(name)}: ${known.better ?? ""} is better; ${known.num_real ?? "?"} real and ${known.num_fake ?? "?"} generated images, ${known.features ?? ""}` : "";
  }

  /** Of a run whose discriminator sees changed images. */
  private fillOverfitting(): void {
    const history = this.model.log?.history;
    const [share, strength] = [gaps([...(history?.columns["r_v"] ?? [])]), gaps([...(history?.columns["augment_strength"] ?? [])])];
    this.overfitting.element.hidden = !strength.some((value) => value !== null);
    if (!history || this.overfitting.element.hidden) return;
    this.overfitting.set({
      x: [...history.x],
      curves: [
        { name: "r_v, held-out images lack", colour: "--ink", values: share },
        { name: "chance of each change", colour: D_ORANGE, dash: DASH, values: strength },
      ],
      stops: this.model.seen, range: this.range, least: 0, most: 1, format: percent,
    });
  }

  private fillShares(): void {
    const log = this.model.log;
    const names = this.model.classes;
    const real = log?.shareReal;
    this.shares.element.hidden = !real || !log || names.length < 2;
    if (!log || !real || this.shares.element.hidden) return;
    // Of many classes those that are farthest from their share are shown.
    const off = (k: number): number => Math.abs((log.shareFake.at(-1)?.[k] ?? 0) - real[k]);
    const shown = names.map((_, k) => k).sort((a, b) => off(b) - off(a)).slice(0, MOST_SHARES).sort((a, b) => a - b);
    this.shares.set({
      x: log.evals.map((line) => line.images_seen),
      curves: shown.map((k, i) => ({
        name: names[k], colour: css(CLASS_COLOURS[(names.length <= CLASS_COLOURS.length ? k : i) % CLASS_COLOURS.length]),
        dash: i % 2 ? DASH : undefined, width: 1.6, values: gaps(log.shareFake.map((row) => row[k])),
      })),
      stops: log.evals.map((line) => line.images_seen), range: this.range, least: 0, format: percent,
    });
  }
}
