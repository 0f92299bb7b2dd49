/** The map as a picture that stands by itself, PNG or SVG: title, moment and legend above and below what is shown. */

import { css, NONE, ramp, type Rgb } from "./colour";
import { BALANCE_TOP, balanceColour } from "./densitydraw";
import { h } from "./dom";
import { drawDot, type Pen } from "./pen";
import { DISTANCE_TOP, inkColour, paper, rampColour, realTints, type Scene } from "./scene";
import { escaped, SvgPen } from "./svgpen";
import { context, makeCanvas } from "./thumbs";

const [HEAD, ROW, SWATCH, SIDE] = [64, 24, 12, 16];
const RAMP = 60;
const FONT = "13px system-ui, sans-serif";
const MOST_NAMES = 40;

/** A line of the legend: a class's square, a generated dot, or a ramp between two words. */
export type Entry = { name: string; colour: Rgb; mark: "square" | "dot" | "hollow" | "outlined" } | { name: string; low: string; ramp: string[] };

export interface Caption {
  title: string;
  moment: string;
  legend: Entry[];
  dark: boolean;
}

/** What the colours and marks of a scene mean. */
export function legendOf(scene: Scene, classes: readonly string[]): Entry[] {
  const { colourBy, layer, dark } = scene;
  const out: Entry[] = [];
  const byRamp = layer === "dots" && (colourBy === "score" || colourBy === "distance");
  if (scene.showReal && byRamp) out.push({ name: "real images", colour: realTints(scene)[0] ?? NONE, mark: "square" });
  else if (scene.showReal) {
    const shown = classes.map((name, k) => ({ name, colour: scene.colours[k], mark: "square" as const })).filter(({ colour }, k) => !scene.hidden.has(k) && colour && colour !== NONE);
    out.push(...shown.slice(0, MOST_NAMES));
    if (!shown.length) out.push({ name: "real images", colour: NONE, mark: "square" });
  }
  if (!scene.showFake || !scene.moment) return out;
  if (layer === "contours") return [...out, { name: "generated: the lines hold 25, 50, 75 and 95 % of them", colour: inkColour(dark), mark: "hollow" }];
  if (layer === "balance") return [...out, { low: "too little (an eighth)", ramp: Array.from({ length: 13 }, (_, i) => css(...balanceColour((BALANCE_TOP * (i - 6)) / 6))), name: "too much (eight times)" }];
  if (colourBy === "score") out.push({ low: "generated, by D's score: 0", ramp: Array.from({ length: 9 }, (_, i) => css(ramp(i / 8))), name: "1, surely real" });
  else if (colourBy === "distance") out.push({ low: "generated, by distance to the reals: 0", ramp: Array.from({ length: 9 }, (_, i) => css(rampColour(colourBy, i / 8))), name: `${DISTANCE_TOP} and more` });
  else if (colourBy === "ink") out.push({ name: "generated", colour: inkColour(dark), mark: "dot" });
  else out.push({ name: colourBy === "class" ? "generated, by the class it looks like" : "generated, by the class asked for", colour: NONE, mark: "outlined" });
  return [...out, { name: "generated, like no real image", colour: inkColour(dark), mark: "hollow" }];
}

interface Placed {
  places: [number, number][];
  foot: number;
}

/** Where each line of the legend stands in a picture of this width, and the height of all. */
function arranged(pen: Pen, width: number, legend: readonly Entry[]): Placed {
  pen.font = FONT;
  let [x, y] = [SIDE, 0];
  const places = legend.map((entry): [number, number] => {
    const mark = "ramp" in entry ? pen.measureText(entry.low).width + 6 + RAMP : SWATCH;
    const wide = mark + 8 + pen.measureText(entry.name).width + 18;
    if (x + wide > width && x > SIDE) [x, y] = [SIDE, y + ROW];
    x += wide;
    return [x - wide, y];
  });
  return { places, foot: legend.length ? y + ROW + 12 : 0 };
}

/** Title and moment above a map of this height, the legend below. */
function write(pen: Pen, width: number, height: number, { title, moment, legend, dark }: Caption, { places }: Placed): void {
  const ink = css(inkColour(dark));
  pen.textAlign = "start";
  pen.textBaseline = "alphabetic";
  pen.fillStyle = ink;
  pen.font = "700 17px system-ui, sans-serif";
  pen.fillText(title, SIDE, 26, width - 2 * SIDE);
  pen.font = FONT;
  pen.fillText(moment, SIDE, 48, width - 2 * SIDE);
  legend.forEach((entry, i) => {
    const [left, top] = [places[i][0], places[i][1] + HEAD + height + 10];
    const room = Math.max(20, width - left - 2 * SIDE);
    let at = left;
    if ("ramp" in entry) {
      pen.fillStyle = ink;
      pen.fillText(entry.low, at, top + 11);
      at += pen.measureText(entry.low).width + 6;
      const step = RAMP / entry.ramp.length;
      entry.ramp.forEach((colour, k) => {
        pen.fillStyle = colour;
        pen.fillRect(at + k * step, top, step, SWATCH);
      });
      at += RAMP + 6;
    } else {
      const colour = css(entry.colour);
      pen.fillStyle = colour;
      if (entry.mark === "square") pen.fillRect(at, top, SWATCH, SWATCH);
      else drawDot(pen, at + SWATCH / 2, top + SWATCH / 2, 5, entry.mark === "hollow", colour, entry.mark === "outlined" ? ink : css(paper(dark)));
      at += SWATCH + 6;
    }
    pen.fillStyle = ink;
    pen.fillText(entry.name, at, top + 11, room);
  });
}

/** `layers` are drawn over each other, the lowest first; `ratio` is how many of their pixels are one on the screen. */
export function mapPicture(layers: readonly HTMLCanvasElement[], ratio: number, caption: Caption): HTMLCanvasElement {
  const [width, height] = [layers[0].width / ratio, layers[0].height / ratio];
  const canvas = h("canvas", {});
  const ctx = context(canvas);
  const arrangement = arranged(ctx, width, caption.legend);
  canvas.width = layers[0].width;
  canvas.height = Math.round(layers[0].height + (HEAD + arrangement.foot) * ratio);
  ctx.fillStyle = css(paper(caption.dark));
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  for (const layer of layers) ctx.drawImage(layer, 0, HEAD * ratio);
  ctx.scale(ratio, ratio);
  write(ctx, width, height, caption, arrangement);
  return canvas;
}

/** The same as SVG; `draw` draws the map in the pixels of its window. */
export function mapSvg(width: number, height: number, draw: (pen: SvgPen) => void, caption: Caption): string {
  const ruler = context(makeCanvas(1, 1));
  const tile = makeCanvas(1, 1);
  const pen = new SvgPen({
    width: (text, font) => {
      ruler.font = font;
      return ruler.measureText(text).width;
    },
    png: (picture, left, top, wide, high) => {
      [tile.width, tile.height] = [wide, high];
      context(tile).drawImage(picture, left, top, wide, high, 0, 0, wide, high);
      return tile.toDataURL("image/png");
    },
  });
  const arrangement = arranged(pen, width, caption.legend);
  draw(pen);
  const map = pen.take();
  write(pen, width, height, caption, arrangement);
  const all = HEAD + height + arrangement.foot;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${all}" width="${width}" height="${all}">`,
    `<title>${escaped(`${caption.title}, ${caption.moment}`)}</title>`,
    `<rect width="${width}" height="${all}" fill="${css(paper(caption.dark)).replace(/^rgba\((.*),1\)$/, "rgb($1)")}"/>`,
    `<clipPath id="window"><rect width="${width}" height="${height}"/></clipPath>`,
    `<g transform="translate(0 ${HEAD})" clip-path="url(#window)">`, map, "</g>", pen.take(), "</svg>", "",
  ].join("\n");
}
