/** A chart as a file: its numbers as CSV, its picture as SVG with title, legend and axes. Pure. */

import type { ChartData, Curve } from "./chart";
import { AXIS_NAME, tick, type Unit } from "./clock";
import { short } from "./numbers";
import { escaped } from "./svgpen";

/** What of a chart is shown: the part of x, and whether y is logarithmic. */
export interface ChartView {
  range: [number, number];
  log: boolean;
}

const named = (data: ChartData): Curve[] => data.curves.filter((curve) => !curve.quiet);

/** One row an x, one column a curve, an empty field for a gap; quoted as RFC 4180 asks. */
export function csvOf(data: ChartData): string {
  const curves = named(data);
  const cell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = [AXIS_NAME[data.unit ?? "images"], ...curves.map((curve) => curve.name)].map(cell).join(",");
  const rows = data.x.flatMap((x, i) => {
    const values = curves.map((curve) => curve.values[i] ?? null);
    return values.every((v) => v === null) ? [] : [[x, ...values.map((v) => v ?? "")].join(",")];
  });
  return `${[head, ...rows].join("\r\n")}\r\n`;
}

/** The lowest and highest value within a view; above 0 where it is logarithmic. */
export function reach(data: ChartData, { range, log }: ChartView): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const curve of data.curves) {
    data.x.forEach((x, i) => {
      const v = curve.values[i];
      if (v === null || v === undefined || x < range[0] || x > range[1] || (log && v <= 0)) return;
      low = Math.min(low, v);
      high = Math.max(high, v);
    });
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (log) return low === high ? [low / 2, high * 2] : [low, high];
  const air = Math.max((high - low) * 0.05, Math.abs(high) * 1e-3, 1e-9);
  return [low - air, high + air];
}

const round = (steps: number, low: number, high: number): number[] => {
  const step = 10 ** Math.floor(Math.log10((high - low) / steps));
  const wide = [1, 2, 5, 10].map((k) => k * step).find((one) => (high - low) / one <= steps) ?? step * 10;
  const out: number[] = [];
  for (let v = Math.ceil(low / wide) * wide; v <= high + wide * 1e-9; v += wide) out.push(Math.abs(v) < wide * 1e-9 ? 0 : v);
  return out;
};

const decades = (low: number, high: number): number[] => {
  const out: number[] = [];
  for (let k = Math.ceil(Math.log10(low) - 1e-9); 10 ** k <= high * (1 + 1e-9); k++) out.push(10 ** k);
  return out.length > 1 ? out : round(4, low, high).filter((v) => v > 0);
};

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [720, 420, 64, 16, 64, 48];

/** `colourOf` turns a name of a colour into one that stands by itself. */
export function svgOf(title: string, data: ChartData, view: ChartView, colourOf: (name: string) => string): string {
  const [x0, x1] = view.range;
  const [y0, y1] = reach(data, view);
  const scale = (v: number): number => (view.log ? Math.log10(v) : v);
  const px = (x: number): number => LEFT + ((x - x0) / Math.max(x1 - x0, 1e-12)) * (WIDTH - LEFT - RIGHT);
  const py = (y: number): number => HEIGHT - BOTTOM - ((scale(y) - scale(y0)) / Math.max(scale(y1) - scale(y0), 1e-12)) * (HEIGHT - TOP - BOTTOM);
  const unit: Unit = data.unit ?? "images";
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#14171d">`,
    `<title>${escaped(title)}</title><rect width="100%" height="100%" fill="#fff"/>`, `<text x="${LEFT}" y="22" font-size="15" font-weight="700">${escaped(title)}</text>`,
    `<clipPath id="plot"><rect x="${LEFT}" y="${TOP}" width="${WIDTH - LEFT - RIGHT}" height="${HEIGHT - TOP - BOTTOM}"/></clipPath>`,
  ];
  for (const y of view.log ? decades(y0, y1) : round(6, y0, y1)) out.push(`<path d="M${LEFT} ${py(y).toFixed(1)}H${WIDTH - RIGHT}" stroke="#e2e6ec"/><text x="${LEFT - 6}" y="${(py(y) + 4).toFixed(1)}" text-anchor="end">${escaped(short(y))}</text>`);
  for (const x of round(8, x0, x1)) out.push(`<path d="M${px(x).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#e2e6ec"/><text x="${px(x).toFixed(1)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${escaped(tick(unit, x))}</text>`);
  out.push(`<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${AXIS_NAME[unit]}</text><g clip-path="url(#plot)" fill="none">`);
  for (const curve of data.curves) out.push(curveOf(curve, data.x, view.log, px, py, colourOf(curve.colour)));
  out.push("</g>");
  let at = LEFT;
  for (const curve of named(data)) {
    out.push(`<path d="M${at} 42h18" stroke="${colourOf(curve.colour)}" stroke-width="3"${curve.dash ? ` stroke-dasharray="${curve.dash.join(" ")}"` : ""}/><text x="${at + 23}" y="46">${escaped(curve.name)}</text>`);
    at += 40 + 7 * curve.name.length;
  }
  return `${out.join("\n")}\n</svg>\n`;
}

function curveOf(curve: Curve, xs: readonly number[], log: boolean, px: (x: number) => number, py: (y: number) => number, colour: string): string {
  const points = xs.flatMap((x, i) => {
    const v = curve.values[i];
    return v === null || v === undefined || (log && v <= 0) ? [] : [[px(x).toFixed(1), py(v).toFixed(1)]];
  });
  if (curve.dots) return points.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`).join("");
  const dash = curve.dash ? ` stroke-dasharray="${curve.dash.join(" ")}"` : "";
  return `<polyline points="${points.map((p) => p.join()).join(" ")}" stroke="${colour}" stroke-width="${curve.width ?? 2}"${dash}/>`;
}

/** The moving average of `share` of the whole width, over the values that are there; a share of 0 changes nothing. */
export function evened(x: readonly number[], values: readonly (number | null)[], share: number): (number | null)[] {
  if (!(share > 0) || x.length < 3) return [...values];
  const half = (share * ((x.at(-1) as number) - x[0])) / 2;
  const out: (number | null)[] = [];
  let [from, to, sum, n] = [0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    for (; to < x.length && x[to] <= x[i] + half; to++) if (values[to] !== null) [sum, n] = [sum + (values[to] as number), n + 1];
    for (; x[from] < x[i] - half; from++) if (values[from] !== null) [sum, n] = [sum - (values[from] as number), n - 1];
    out.push(values[i] === null || !n ? null : sum / n);
  }
  return out;
}

/** A part of the axis, `factor` times as wide, around a place; within the whole, never narrower than a thousandth of it. */
export function zoomed(shown: [number, number], whole: [number, number], around: number, factor: number): [number, number] {
  const width = Math.min(whole[1] - whole[0], Math.max((shown[1] - shown[0]) * factor, (whole[1] - whole[0]) / 1000));
  const share = (around - shown[0]) / Math.max(shown[1] - shown[0], 1e-12);
  const from = Math.min(Math.max(around - Math.min(1, Math.max(0, share)) * width, whole[0]), whole[1] - width);
  return [from, from + width];
}
