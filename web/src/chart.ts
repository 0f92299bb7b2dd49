/** One chart: curves over images seen, a line for the moment shown, a table behind it. */

import uPlot from "uplot";
import { csvOf, evened, reach, svgOf, zoomed } from "./chartfile";
import { AXIS_NAME, tick, type Unit } from "./clock";
import { valueAt } from "./curves";
import { div, h, say } from "./dom";
import { save } from "./save";
import { count, short } from "./numbers";

export interface Curve {
  name: string;
  colour: string;
  dash?: number[];
  width?: number;
  /** Only dots, for sparse measurements. */
  dots?: boolean;
  /** Drawn, but neither in the legend nor in the table. */
  quiet?: boolean;
  values: (number | null)[];
}

export interface ChartData {
  x: number[];
  curves: Curve[];
  /** Rows of the table. */
  stops: number[];
  /** What x is; left out: images seen. */
  unit?: Unit;
  range: [number, number];
  log?: boolean;
  least?: number;
  most?: number;
  format?: (value: number | null) => string;
  empty?: string;
}

const SMOOTHINGS: [number, string][] = [[0, "no more smoothing"], [0.02, "smoothed over 2 %"], [0.1, "smoothed over 10 %"], [0.3, "smoothed over 30 %"]];

export class Chart {
  readonly element: HTMLElement;
  readonly controls: HTMLElement;
  private readonly plotBox: HTMLElement;
  private readonly now: HTMLElement;
  private readonly pointer: HTMLElement;
  private readonly readout: HTMLElement;
  private readonly note: HTMLElement;
  private readonly tableBox: HTMLDetailsElement;
  private plot: uPlot | null = null;
  /** As it is shown: the part, the scale and the smoothing that the reader chose. */
  private data: ChartData | null = null;
  private given: ChartData | null = null;
  private part: [number, number] | null = null;
  private readonly log: HTMLInputElement;
  private logChosen = false;
  private readonly smoothing: HTMLSelectElement;
  private values: [HTMLElement, Curve][] = [];
  private seen = 0;
  /** Where the plot begins; asking the browser in every frame would lay the page out in every frame. */
  private left = 0;
  private hovered: number | null = null;

  constructor(readonly title: string, what: string, onPick: (seen: number) => void, onHover: (seen: number | null) => void) {
    this.plotBox = div("plot");
    this.now = div("plot-now");
    this.pointer = h("div", { class: "plot-pointer", hidden: true });
    this.readout = div("readout");
    this.controls = div("chart-controls");
    this.log = h("input", { type: "checkbox", on: { change: () => { this.logChosen = true; this.show(); } } });
    this.smoothing = h("select", { "aria-label": `Smoothing of ${title}`, on: { change: () => this.show() } }, ...SMOOTHINGS.map(([share, text]) => h("option", { value: share }, text)));
    this.note = h("p", { class: "empty", hidden: true });
    this.tableBox = h("details", { class: "table" }, h("summary", {}, "Table"), h("div", { class: "table-scroll", tabindex: "0" }));
    this.tableBox.addEventListener("toggle", () => this.fillTable());
    const area = h("div", { class: "plot-area", title: "Click to go there; Shift and drag zooms to a part, a double click back" }, this.plotBox, this.pointer, this.now);
    this.element = h(
      "section", { class: "card chart", "aria-label": `${title}: ${what}` },
      div("card-head", h("h3", {}, title), this.controls, this.menu()), this.readout, area, this.note, this.tableBox,
    );
    let dragging = false;
    let from: number | null = null; // where a part began to be marked
    area.addEventListener("pointerdown", (event) => {
      if (event.button > 0) return;
      area.setPointerCapture(event.pointerId);
      if (event.shiftKey) {
        from = this.seenAt(event.clientX);
        return;
      }
      dragging = true;
      onPick(this.seenAt(event.clientX));
    });
    area.addEventListener("pointermove", (event) => {
      const seen = this.seenAt(event.clientX);
      onHover(seen);
      if (dragging) onPick(seen);
    });
    for (const kind of ["pointerup", "pointercancel"] as const) {
      area.addEventListener(kind, (event) => {
        dragging = false;
        const to = this.seenAt(event.clientX);
        if (from !== null && kind === "pointerup" && to !== from) this.zoomTo([Math.min(from, to), Math.max(from, to)]);
        from = null;
      });
    }
    area.addEventListener("dblclick", () => this.zoomTo(null));
    area.addEventListener("pointerleave", () => onHover(null));
    new ResizeObserver(() => this.resize()).observe(this.plotBox);
  }

  private menu(): HTMLElement {
    const act = (text: string, run: () => void): HTMLElement => h("button", { on: { click: run } }, text);
    const middle = (): number => this.hovered ?? this.seen;
    const zoom = (factor: number): void => {
      if (this.data && this.given) this.zoomTo(zoomed(this.data.range, this.given.range, middle(), factor));
    };
    return h("details", { class: "chart-menu" }, h("summary", { "aria-label": `Zoom, scale and files of ${this.title}`, title: "Zoom, scale, files" }, "⋯"),
      div("chart-menu-body",
        h("label", { class: "check" }, this.log, "logarithmic"), this.smoothing,
        div("buttons", act("Zoom in", () => zoom(0.5)), act("Zoom out", () => zoom(2)), act("Whole", () => this.zoomTo(null))),
        div("buttons", act("CSV", () => this.save("csv")), act("SVG", () => this.save("svg")), act("Full screen", () => void this.element.requestFullscreen?.()))));
  }

  private zoomTo(part: [number, number] | null): void {
    this.part = part;
    this.show();
  }

  private save(kind: "csv" | "svg"): void {
    if (!this.data || !this.given) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => (name.startsWith("--") ? (name === "--ink" ? "#14171d" : style.getPropertyValue(name)) : name);
    const view = { range: this.data.range, log: this.data.log ?? false };
    const text = kind === "csv" ? csvOf(this.data) : svgOf(this.title, this.data, view, colour);
    save(`${this.title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.${kind}`, new Blob([text], { type: kind === "csv" ? "text/csv" : "image/svg+xml" }));
  }

  set(data: ChartData): void {
    this.given = data;
    if (!this.logChosen) this.log.checked = data.log ?? false;
    this.show();
  }

  /** uPlot waits until the present task is over; what is printed in it must be there before. */
  drawNow(): void {
    this.plot?.batch(() => undefined);
  }

  /** What was given, as the reader wants to see it. */
  private show(): void {
    if (!this.given) return;
    const { given } = this;
    const share = Number(this.smoothing.value);
    const log = this.log.checked;
    const part = this.part && this.part[0] < given.range[1] && this.part[1] > given.range[0] ? this.part : null;
    const above = (values: (number | null)[]): (number | null)[] => (log ? values.map((v) => (v !== null && v <= 0 ? null : v)) : values);
    const curves = given.curves.map((curve) => ({ ...curve, values: above(share && !curve.dots && !curve.quiet ? evened(given.x, curve.values, share) : curve.values) }));
    this.draw({ ...given, curves, log, range: part ?? given.range });
  }

  private draw(data: ChartData): void {
    this.data = data;
    const some = data.x.length > 0 && data.curves.some((curve) => curve.values.some((v) => v !== null));
    this.note.hidden = some;
    say(this.note, data.empty ?? "Nothing measured yet.");
    this.plot?.destroy();
    this.plot = null;
    if (some) this.build(data);
    const shown = data.curves.filter((curve) => !curve.quiet);
    this.values = shown.map((curve) => [h("b", {}), curve]);
    this.readout.replaceChildren(...this.values.map(([value, curve]) => h("span", { class: "key", title: curve.name }, keyLine(curve), h("bdi", {}, curve.name), value)));
    this.fillTable();
    this.place();
  }

  setTime(seen: number): void {
    this.seen = seen;
    this.place();
  }

  setHover(seen: number | null): void {
    this.hovered = seen;
    this.place();
  }

  private seenAt(clientX: number): number {
    if (!this.plot) return this.seen;
    const box = this.plot.over.getBoundingClientRect();
    return this.plot.posToVal(Math.min(Math.max(clientX - box.left, 0), box.width), "x");
  }

  private build(data: ChartData): void {
    const style = getComputedStyle(this.element);
    const axis = { stroke: style.getPropertyValue("--muted"), grid: { stroke: style.getPropertyValue("--line"), width: 1 }, ticks: { show: false } };
    const font = "11px system-ui, sans-serif";
    const options: uPlot.Options = {
      width: this.plotBox.clientWidth || 300,
      height: this.plotBox.clientHeight || 150,
      legend: { show: false },
      cursor: { show: false },
      hooks: { setSize: [(plot) => this.laidOut(plot)] },
      padding: [8, 18, 0, 0],
      scales: {
        x: { time: false, range: data.range },
        y: { distr: data.log ? 3 : 1, range: data.log ? undefined : (_, low, high) => (this.part ? reach(data, { range: data.range, log: false }) : spread(low, high, data.least, data.most)) },
      },
      axes: [
        { ...axis, font, size: 24, gap: 3, space: 56, label: AXIS_NAME[data.unit ?? "images"], labelFont: font, labelSize: 14, labelGap: -2, values: (_, ticks) => ticks.map((v) => tick(data.unit ?? "images", v)) },
        { ...axis, font, size: 42, gap: 4, space: 26, values: (_, ticks) => ticks.map((v) => (v === null ? "" : short(v))) },
      ],
      series: [
        {},
        ...data.curves.map((curve): uPlot.Series => ({
          stroke: curve.colour.startsWith("--") ? style.getPropertyValue(curve.colour) : curve.colour,
          width: curve.dots ? 0 : (curve.width ?? 2),
          dash: curve.dash,
          spanGaps: true,
          points: { show: curve.dots ?? data.x.length < 2, size: 6, fill: curve.colour },
        })),
      ],
    };
    this.plot = new uPlot(options, [data.x, ...data.curves.map((curve) => curve.values)], this.plotBox);
  }

  /** uPlot gives the plot its place after `new` and `setSize` have returned; read before, it would be 0. */
  private laidOut(plot: uPlot): void {
    if (plot !== this.plot) return;
    this.left = plot.over.offsetLeft;
    this.place();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.plotBox;
    if (width && height) this.plot?.setSize({ width, height });
  }

  /** Move the two lines and write the values; the plot itself is not drawn again. */
  private place(): void {
    const data = this.data;
    if (!data) return;
    for (const [line, seen] of [[this.now, this.seen], [this.pointer, this.hovered]] as const) {
      line.hidden = seen === null || !this.plot || (this.part !== null && (seen < data.range[0] || seen > data.range[1]));
      if (seen === null || !this.plot) continue;
      const clamped = Math.min(Math.max(seen, data.range[0]), data.range[1]);
      const left = this.left + this.plot.valToPos(clamped, "x");
      line.style.transform = `translateX(${left.toFixed(1)}px)`;
    }
    const format = data.format ?? short;
    const at = this.hovered ?? this.seen;
    for (const [element, curve] of this.values) say(element, format(valueAt(data.x, curve.values, at)));
  }

  private fillTable(): void {
    if (!this.tableBox.open || !this.data) return;
    const { x, stops, curves, format = short, unit = "images" } = this.data;
    const shown = curves.filter((curve) => !curve.quiet);
    const rows = stops.map((seen) =>
      h("tr", {}, h("th", { scope: "row" }, unit === "images" ? count(seen) : tick(unit, seen)), ...shown.map((curve) => h("td", {}, format(valueAt(x, curve.values, seen))))));
    this.tableBox.querySelector(".table-scroll")?.replaceChildren(
      h("table", {}, h("caption", {}, `${this.title} at every snapshot`),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, AXIS_NAME[unit]), ...shown.map((curve) => h("th", { scope: "col" }, curve.name)))),
        h("tbody", {}, ...rows)),
    );
  }
}

function keyLine(curve: Curve): Element {
  const line = h("i", { class: `key-line${curve.dash ? " dashed" : ""}${curve.dots ? " dots" : ""}`, "aria-hidden": "true" });
  line.style.color = curve.colour.startsWith("--") ? `var(${curve.colour})` : curve.colour;
  return line;
}

/** The range of the y axis: the values with a little air, and at least what must be seen. */
function spread(low: number | null, high: number | null, least?: number, most?: number): [number, number] {
  if (low === null || high === null) return [least ?? 0, most ?? 1];
  const from = least === undefined ? low : Math.min(low, least);
  const to = most === undefined ? high : Math.max(high, most);
  const air = Math.max((to - from) * 0.05, Math.abs(to) * 1e-3, 1e-9);
  return [least !== undefined && from >= least ? from : from - air, to + air];
}
