/** A pen that writes SVG: lines, dots and letters stay lines, dots and letters, pictures are put in as PNG. Knows no page. */

import type { Pen } from "./pen";

/** What measures letters and makes a part of a picture a PNG of its own, as a `data:` address: the page has canvases for it. */
export interface Helpers {
  width(text: string, font: string): number;
  png(picture: CanvasImageSource, left: number, top: number, wide: number, high: number): string;
}

interface Look {
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  lineJoin: CanvasLineJoin;
  globalAlpha: number;
  font: string;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
  imageSmoothingEnabled: boolean;
  dash: number[];
}

const FIRST: Look = {
  fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, lineJoin: "miter", globalAlpha: 1, font: "13px sans-serif", textAlign: "start", textBaseline: "alphabetic", imageSmoothingEnabled: true, dash: [],
};
const MIDDLE = 0.35; // of the size of letters, from their baseline to the middle of a capital

const at = (value: number): string => String(Math.round(value * 100) / 100);
/** What XML 1.0 has no place for, not even escaped: names come from data. */
const fits = (code: number): boolean => code === 9 || code === 10 || code === 13 || (code >= 32 && code < 0xd800) || (code > 0xdfff && code !== 0xfffe && code !== 0xffff);
export const escaped = (text: string): string => [...text].filter((c) => fits(c.codePointAt(0) ?? 0)).join("").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** A colour as SVG 1.1 has it, which every viewer reads: without opacity, and the opacity beside it. */
function colour(name: "fill" | "stroke", value: string): string {
  const parts = /^rgba\(([^,]+,[^,]+,[^,]+),([^)]+)\)$/.exec(value);
  const opacity = parts && Number(parts[2]) < 1 ? ` ${name}-opacity="${at(Number(parts[2]))}"` : "";
  return ` ${name}="${parts ? `rgb(${parts[1]})` : value}"${opacity}`;
}

export class SvgPen implements Pen {
  private readonly out: string[] = [];
  private look: Look = { ...FIRST };
  private readonly kept: Look[] = [];
  private path = "";
  private circle = ""; // the path, where it is one circle

  constructor(private readonly helpers: Helpers) {}

  /** What was drawn since the last time, as elements. */
  take(): string {
    return this.out.splice(0).join("\n");
  }

  get fillStyle(): string { return this.look.fillStyle; }
  set fillStyle(value: string | CanvasGradient | CanvasPattern) { this.look.fillStyle = String(value); }
  get strokeStyle(): string { return this.look.strokeStyle; }
  set strokeStyle(value: string | CanvasGradient | CanvasPattern) { this.look.strokeStyle = String(value); }
  get lineWidth(): number { return this.look.lineWidth; }
  set lineWidth(value: number) { this.look.lineWidth = value; }
  get lineJoin(): CanvasLineJoin { return this.look.lineJoin; }
  set lineJoin(value: CanvasLineJoin) { this.look.lineJoin = value; }
  get globalAlpha(): number { return this.look.globalAlpha; }
  set globalAlpha(value: number) { this.look.globalAlpha = value; }
  get font(): string { return this.look.font; }
  set font(value: string) { this.look.font = value; }
  get textAlign(): CanvasTextAlign { return this.look.textAlign; }
  set textAlign(value: CanvasTextAlign) { this.look.textAlign = value; }
  get textBaseline(): CanvasTextBaseline { return this.look.textBaseline; }
  set textBaseline(value: CanvasTextBaseline) { this.look.textBaseline = value; }
  get imageSmoothingEnabled(): boolean { return this.look.imageSmoothingEnabled; }
  set imageSmoothingEnabled(value: boolean) { this.look.imageSmoothingEnabled = value; }

  save(): void {
    this.kept.push({ ...this.look });
  }

  restore(): void {
    this.look = this.kept.pop() ?? this.look;
  }

  setLineDash(dash: Iterable<number>): void {
    this.look.dash = [...dash];
  }

  beginPath(): void {
    this.path = this.circle = "";
  }

  moveTo(x: number, y: number): void {
    this.circle = "";
    this.path += `M${at(x)} ${at(y)}`;
  }

  lineTo(x: number, y: number): void {
    this.circle = "";
    this.path += `${this.path ? "L" : "M"}${at(x)} ${at(y)}`;
  }

  closePath(): void {
    this.path += "Z";
  }

  /** Whole circles: the map draws no other arcs. */
  arc(x: number, y: number, radius: number): void {
    const [r, d] = [at(radius), at(2 * radius)];
    this.circle = this.path ? "" : `circle cx="${at(x)}" cy="${at(y)}" r="${r}"`;
    this.path += `M${at(x - radius)} ${at(y)}a${r} ${r} 0 1 0 ${d} 0a${r} ${r} 0 1 0 -${d} 0Z`;
  }

  roundRect(x: number, y: number, width: number, height: number, radii?: number | DOMPointInit | Iterable<number | DOMPointInit>): void {
    this.circle = "";
    const r = Math.min(Number(radii ?? 0), width / 2, height / 2);
    const corner = (dx: number, dy: number): string => `a${at(r)} ${at(r)} 0 0 1 ${at(dx)} ${at(dy)}`;
    this.path += `M${at(x + r)} ${at(y)}h${at(width - 2 * r)}${corner(r, r)}v${at(height - 2 * r)}${corner(-r, r)}h${at(2 * r - width)}${corner(-r, -r)}v${at(2 * r - height)}${corner(r, -r)}Z`;
  }

  fill(): void {
    if (this.path) this.put(this.circle || `path d="${this.path}"`, `${colour("fill", this.look.fillStyle)}/>`);
  }

  stroke(): void {
    if (this.path) this.put(`${this.circle || `path d="${this.path}"`} fill="none"`, `${this.line()}/>`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.put(this.box(x, y, width, height), `${colour("fill", this.look.fillStyle)}/>`);
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.put(`${this.box(x, y, width, height)} fill="none"`, `${this.line()}/>`);
  }

  fillText(text: string, x: number, y: number, most?: number): void {
    this.put(this.letters(text, x, y, most), `${colour("fill", this.look.fillStyle)}>${escaped(text)}</text>`);
  }

  strokeText(text: string, x: number, y: number, most?: number): void {
    this.put(`${this.letters(text, x, y, most)} fill="none"`, `${this.line()}>${escaped(text)}</text>`);
  }

  measureText(text: string): TextMetrics {
    return { width: this.helpers.width(text, this.look.font) } as TextMetrics;
  }

  drawImage(picture: CanvasImageSource, ...[a, b, c, d, ...into]: number[]): void {
    if (this.look.globalAlpha <= 0) return;
    const { width, height } = picture as { width: number; height: number };
    const [x, y, wide, high] = into.length ? into : [a, b, c, d];
    const part = into.length ? [a, b, c, d] : [0, 0, width, height];
    const address = this.helpers.png(picture, part[0], part[1], part[2], part[3]);
    const how = this.look.imageSmoothingEnabled ? "" : ` style="image-rendering:pixelated"`;
    this.put(`image x="${at(x)}" y="${at(y)}" width="${at(wide)}" height="${at(high)}" preserveAspectRatio="none"${how}`, ` href="${address}"/>`);
  }

  /** Round dots of one colour as one path: `places` holds x, y, x, y, … */
  dots(places: readonly number[], size: number, fill: string): void {
    if (!places.length) return;
    let path = "";
    for (let i = 0; i < places.length; i += 2) path += `M${Math.round(places[i] * 10) / 10} ${Math.round(places[i + 1] * 10) / 10}h0`;
    this.out.push(`<path d="${path}" fill="none" stroke-linecap="round" stroke-width="${at(size)}"${colour("stroke", fill)}/>`);
  }

  private put(shape: string, rest: string): void {
    if (this.look.globalAlpha > 0) this.out.push(`<${shape}${this.look.globalAlpha < 1 ? ` opacity="${at(this.look.globalAlpha)}"` : ""}${rest}`);
  }

  private box(x: number, y: number, width: number, height: number): string {
    return `rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}"`;
  }

  private line(): string {
    const { lineWidth, lineJoin, dash } = this.look;
    return `${colour("stroke", this.look.strokeStyle)} stroke-width="${at(lineWidth)}"${lineJoin === "miter" ? "" : ` stroke-linejoin="${lineJoin}"`}${dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : ""}`;
  }

  private letters(text: string, x: number, y: number, most?: number): string {
    const { font, textAlign, textBaseline } = this.look;
    const [, weight, size, family] = /^(?:(\d+) )?([\d.]+)px (.*)$/.exec(font) ?? ["", "", "13", "sans-serif"];
    const anchor = textAlign === "center" ? ` text-anchor="middle"` : textAlign === "right" || textAlign === "end" ? ` text-anchor="end"` : "";
    const down = textBaseline === "middle" ? MIDDLE * Number(size) : 0;
    const squeezed = most !== undefined && this.helpers.width(text, font) > most ? ` textLength="${at(most)}" lengthAdjust="spacingAndGlyphs"` : "";
    return `text x="${at(x)}" y="${at(y + down)}" font-family="${family.replaceAll('"', "&#34;")}" font-size="${size}"${weight ? ` font-weight="${weight}"` : ""}${anchor}${squeezed}`;
  }
}
