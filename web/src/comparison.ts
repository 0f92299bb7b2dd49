/** Several runs at one look: the settings that differ, their curves in one chart, one table, and the same latents side by side. */

import { badge } from "./badge";
import { Chart, type Curve } from "./chart";
import { told, type Unit } from "./clock";
import { agreeing, commonFloor, differing, type Judged, judged, LETTERS, latentsOf, lineAt, metricsOf, namesOf, RUN_COLOURS, surroundings, type When } from "./compared";
import { gaps, joined, smoothed } from "./curves";
import { div, fill, h, icon, ICONS, say, tool } from "./dom";
import { against } from "./evidence";
import { explain, isTerm } from "./explain";
import { ImageList, type Item } from "./imagelist";
import type { MeasuredLine } from "./lines";
import type { Change, HistoryColumn, RunModel } from "./model";
import { count, short, words } from "./numbers";
import { placeIn } from "./pictures";
import { RunView } from "./runview";
import type { Shared } from "./state";
import type { Store } from "./store";
import type { View } from "./view";

const DASH = [7, 4];
const ROW = matchMedia("(max-width: 760px)").matches ? 8 : 16; // latents side by side
const REST_MS = 60;
const PAIRS: Record<string, { columns: [HistoryColumn, HistoryColumn]; names: [string, string]; share?: boolean }> = {
  losses: { columns: ["g_loss", "d_loss"], names: ["generator", "discriminator"] },
  scores: { columns: ["d_real", "d_fake_before"], names: ["D of real", "D of generated"], share: true },
};
const WHEN: Record<When, string> = { shown: "at the moment shown", best: "each at its best", end: "each at its end" };

export class Comparison {
  readonly element: HTMLElement;
  private readonly models: RunModel[];
  private readonly settings = div("table-scroll");
  private readonly measured = div("table-scroll");
  private readonly paired = div("paired");
  private readonly chart: Chart;
  private readonly curve: HTMLSelectElement;
  private readonly when: HTMLSelectElement;
  private strips: ImageList[] = [];
  private groups = "";
  private first = 0; // latent of the strips' first picture
  private resting = 0;
  private readonly range = h("span", { class: "hint" });

  constructor(private readonly views: readonly View[], private readonly store: Store<Shared>, on: { goTo(value: number): void }) {
    this.models = views.map((view) => view.model);
    this.chart = new Chart("Curves", "the runs' curves in one chart", (value) => on.goTo(value), (value) => store.set({ pointed: value }));
    this.curve = h("select", { "aria-label": "Curve of all runs", on: { change: () => this.fillChart() } });
    this.chart.controls.append(this.curve);
    this.when = h("select", { "aria-label": "Moment of the table", on: { change: () => this.fillTable() } },
      ...(Object.keys(WHEN) as When[]).map((key) => h("option", { value: key }, WHEN[key])));
    const card = (title: string, what: string, controls: HTMLElement | null, ...children: HTMLElement[]): HTMLElement =>
      h("section", { class: "card", role: "group", "aria-label": title }, div("card-head", h("h3", {}, title), controls), h("p", { class: "hint" }, what), ...children);
    this.chart.element.setAttribute("role", "group");
    this.element = h("section", { class: "comparison", "aria-label": "The runs compared" }, h("h2", {}, `${this.models.length} runs compared`),
      div("column", card("What differs", "Settings first: what follows can only come from them, from chance, or from where the runs were made.", null, this.settings),
      card("Measurements", "Better only where the difference is more than twice its standard error.", this.when, this.measured)),
      div("column", this.chart.element,
      h("section", { class: "card", role: "group", "aria-label": "The same latents" },
        div("card-head", h("h3", {}, "The same latents"), div("chart-controls", this.range,
          tool("Previous latents", "Previous latents", icon(ICONS.back), () => this.turn(-ROW)), tool("Next latents", "Next latents", icon(ICONS.next), () => this.turn(ROW)))),
        this.paired)));
    for (const box of [this.settings, this.measured]) box.tabIndex = 0;
    store.on(["t", "axis", "unit"], () => this.moveTime());
    store.on(["unit", "dark"], () => this.fillChart());
    store.on(["pointed"], (state) => this.chart.setHover(state.pointed));
  }

  changed(what: Change): void {
    if (what === "base") {
      this.fillSettings();
      this.makeStrips();
    }
    if (what === "log") {
      this.fillChoice();
      this.fillChart();
    }
    this.moveTime();
  }

  redraw(): void {
    for (const strip of this.strips) strip.redraw();
  }

  private seenOf(model: RunModel): number {
    return this.views[this.models.indexOf(model)].seen;
  }

  private moveTime(): void {
    const { axis, t } = this.store.value;
    const low = Math.floor(t);
    this.chart.setTime((axis[low] ?? 0) + ((axis[Math.min(low + 1, axis.length - 1)] ?? 0) - (axis[low] ?? 0)) * (t - low));
    // At rest: a table a frame would cost a third of the frame.
    clearTimeout(this.resting);
    this.resting = window.setTimeout(() => { this.fillTable(); this.showRow(); }, REST_MS);
    this.redraw();
  }

  // ---- settings ------------------------------------------------------------------------------------------------------
  private heads(named: boolean): HTMLElement[] {
    return this.models.map((model, i) => h("th", { scope: "col", title: model.name }, badge(LETTERS[i]), h("bdi", { class: named ? "" : "hidden" }, model.name)));
  }

  private fillSettings(): void {
    if (this.models.some((model) => !model.base)) return;
    const settings = differing(this.models.map((model) => model.base?.config ?? {}));
    const around = differing(this.models.map((model) => surroundings(model.base?.environment ?? {})));
    const part = (rows: { name: string; values: string[] }[]): HTMLElement[] =>
      rows.map(({ name, values }) => h("tr", {}, h("th", { scope: "row" }, words(name)), ...values.map((value) => h("td", {}, value))));
    const same = `${settings.rows.length ? "The other" : "All"} ${count(settings.same)} settings are the same.`;
    fill(this.settings,
      h("table", { class: "numbers-table" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "setting"), ...this.heads(true))),
        h("tbody", {}, ...part(settings.rows))),
      h("p", { class: "hint" }, same),
      around.rows.length ? h("details", {}, h("summary", {}, `Machine, versions and data: ${around.rows.length} differ`),
        h("table", { class: "numbers-table" }, h("tbody", {}, ...part(around.rows)))) : h("p", { class: "hint" }, "Machine, versions and data are the same."));
  }

  // ---- curves --------------------------------------------------------------------------------------------------------
  private fillChoice(): void {
    const best = String(this.models[0].base?.config["best_by"] ?? "frechet");
    const names = [...namesOf(this.models.map((model) => model.log?.evals ?? []), best), ...Object.keys(PAIRS)];
    if (names.join() === [...this.curve.options].map((option) => option.value).join()) return;
    const kept = this.curve.value;
    fill(this.curve, ...names.map((name) => h("option", { value: name, selected: name === kept }, words(name))));
  }

  drawNow(): void {
    this.chart.drawNow();
  }

  private fillChart(): void {
    const { unit } = this.store.value;
    const pair = PAIRS[this.curve.value];
    const data = pair ? this.pairs(pair, unit) : this.metric(this.curve.value, unit);
    const stops = [...this.store.value.axis];
    const from = Math.min(0, ...data.x);
    this.chart.set({ ...data, stops, unit, range: [from, Math.max(...data.x, ...stops, from + 1e-9)], empty: "Nothing measured yet." });
  }

  private metric(name: string, unit: Unit): { x: number[]; curves: Curve[]; log: boolean } {
    const tables = this.models.map((model) => {
      const evals = model.log?.evals ?? [];
      const found = evals.map((line): MeasuredLine | undefined => metricsOf(line)[name]);
      const edge = (sign: number): (number | null)[] => gaps(found.map((one) => (one?.value == null || one.stderr == null ? null : one.value + 2 * sign * one.stderr)));
      return { x: evals.map((line) => model.valueAt(unit, line.images_seen)), columns: [gaps(found.map((one) => one?.value)), edge(1), edge(-1), gaps(found.map((one) => one?.floor))] };
    });
    const [x, ...rows] = joined(tables);
    const shared = commonFloor(this.models.map((model) => metricsOf(model.last)[name]));
    const curves = this.models.flatMap((_, i): Curve[] => {
      const [value, high, low, floor] = rows.slice(4 * i, 4 * i + 4);
      const colour = RUN_COLOURS[i];
      const dash = floor.some((v) => v !== null) && (shared === null || i === 0);
      return [
        { name: LETTERS[i], colour, values: value }, { name: "", quiet: true, colour: `${colour}55`, width: 1, values: high }, { name: "", quiet: true, colour: `${colour}55`, width: 1, values: low },
        ...(dash ? [{ name: shared === null ? `${LETTERS[i]}, floor` : "real against real (floor)", colour: shared === null ? colour : "--muted", dash: DASH, width: 1.4, values: floor }] : []),
      ];
    });
    const values = curves.filter((curve) => !curve.quiet).flatMap((curve) => curve.values.flatMap((v) => (v === null ? [] : [v])));
    return { x, curves, log: values.every((v) => v > 0) && Math.max(...values) > 20 * Math.min(...values) };
  }

  /** Colour says the run, a dash the second of the two networks. */
  private pairs({ columns, names, share }: (typeof PAIRS)[string], unit: Unit): { x: number[]; curves: Curve[]; least?: number; most?: number } {
    const [x, ...rows] = joined(this.models.map((model) => {
      const history = model.log?.history;
      const window = Math.floor((history?.x.length ?? 0) / 120);
      return {
        x: Array.from(history?.x ?? [], (seen) => model.valueAt(unit, seen)),
        columns: columns.map((name) => { const raw = history?.columns[name] ?? []; return window ? smoothed(raw, window) : raw; }),
      };
    }));
    const curves = rows.map((values, i): Curve => ({
      name: `${LETTERS[i >> 1]}, ${names[i % 2]}`, colour: RUN_COLOURS[i >> 1], dash: i % 2 ? DASH : undefined, values,
    }));
    return { x, curves, ...(share ? { least: 0, most: 1 } : {}) };
  }

  // ---- numbers -------------------------------------------------------------------------------------------------------
  private fillTable(): void {
    const when = this.when.value as When;
    const lines = this.models.map((model) => lineAt(model.log?.evals ?? [], when, this.seenOf(model)));
    const names = namesOf(lines.map((line) => (line ? [line] : [])), String(this.models[0].base?.config["best_by"] ?? "frechet"));
    if (!names.length) {
      fill(this.measured, h("p", { class: "empty" }, when === "best" ? "No run has a best snapshot." : "Nothing is measured at this moment."));
      return;
    }
    const rows = names.map((name) => {
      const metrics = lines.map((line): MeasuredLine | undefined => metricsOf(line)[name]);
      const floor = commonFloor(metrics);
      const verdict = judged(metrics);
      return h("tr", {}, h("th", { scope: "row" }, words(name), isTerm(name) && explain(name)),
        ...metrics.map((metric, i) => h("td", verdict.kind === "better" && verdict.run === i ? { class: "winner" } : {}, ...figureOf(metric, floor === null))),
        h("td", {}, short(floor)), h("td", { class: "hint" }, this.said(verdict)));
    });
    const { unit } = this.store.value;
    fill(this.measured, h("table", { class: "numbers-table" },
      h("caption", {}, lines.map((line, i) => `${LETTERS[i]} at ${line ? `${count(line.images_seen)} images${unit === "images" ? "" : ` (${told(unit, this.models[i].valueAt(unit, line.images_seen))})`}` : "no moment"}`).join(", ")),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "metric"), ...this.heads(false), h("th", { scope: "col" }, "real images get", explain("floor")), h("th", { scope: "col" }, "better"))),
      h("tbody", {}, ...rows)));
  }

  private said(verdict: Judged): string {
    return verdict.kind === "better" ? LETTERS[verdict.run] : verdict.kind;
  }

  // ---- pictures ------------------------------------------------------------------------------------------------------
  private get pictured(): (RunView | null)[] {
    return this.views.map((view) => (view instanceof RunView ? view : null));
  }

  private makeStrips(): void {
    const shown = this.pictured;
    const groups = agreeing(this.models.map((model, i) => (shown[i] && model.base ? latentsOf(model.base.config, model.classes) : null)));
    if (JSON.stringify(groups) === this.groups) return;
    this.groups = JSON.stringify(groups);
    const alone = this.models.flatMap((_, i) => (groups.some((group) => group.includes(i)) ? [] : [LETTERS[i]]));
    this.strips = [];
    const strip = (i: number): HTMLElement => {
      const view = shown[i] as RunView;
      const list = new ImageList(`images of run ${LETTERS[i]} from the same latents`, 24, view.pictures.paint, (item) => view.choose({ kind: "fake", id: item.id }, false), view.pictures.describe, ROW);
      list.marked = (item) => view.chosenLatent === item.id;
      this.strips.push(list);
      return div("strip", badge(LETTERS[i]), list.element);
    };
    fill(this.paired, ...groups.map((group) => div("strips", ...group.map(strip))),
      alone.length ? h("p", { class: "hint" }, groups.length ? `${alone.join(", ")}: other latents, nothing to pair.` : "No two of these runs have the same latents (their seeds, or what a latent is, differ): the same number is another picture, so none are paired.") : null);
    this.showRow();
  }

  /** How many latents have a picture in every run that is paired, at the moment shown. */
  private get counted(): number {
    const counts = this.pictured.flatMap((view) => {
      const now = view?.pictures.now();
      if (!view || !now) return [];
      let n = 0;
      while (n < 4096 && placeIn(now, n)) n++;
      return [n];
    });
    return counts.length ? Math.min(...counts) : 0;
  }

  private turn(by: number): void {
    this.first += by;
    this.showRow();
  }

  private showRow(): void {
    const all = this.counted;
    this.first = Math.max(0, Math.min(this.first, Math.floor((all - 1) / ROW) * ROW));
    const items: Item[] = Array.from({ length: Math.max(0, Math.min(ROW, all - this.first)) }, (_, i) => ({ kind: "fake", id: this.first + i }));
    say(this.range, this.strips.length && all ? `${count(this.first)} to ${count(this.first + items.length - 1)} of ${count(all)}` : "");
    for (const strip of this.strips) strip.set(items);
    this.redraw();
  }
}

/** "1.58 ± 0.1, 4.8 times", and its own floor where the runs' floors differ. */
function figureOf(metric: MeasuredLine | undefined, ownFloor: boolean): (HTMLElement | string)[] {
  if (!metric || metric.value === null || metric.value === undefined) return ["–"];
  const ratio = against(metric.value, metric.floor, metric.better);
  const beside = [ratio, ownFloor && metric.floor != null ? `floor ${short(metric.floor)}` : ""].filter(Boolean).join(", ");
  return [`${short(metric.value)}${metric.stderr ? ` ± ${short(metric.stderr)}` : ""}`, ...(beside ? [h("span", { class: "hint beside" }, beside)] : [])];
}

