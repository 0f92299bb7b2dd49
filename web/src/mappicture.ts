/** The map as a picture that stands by itself: title, moment and legend above what the canvases show. */

import { css, type Rgb } from "./colour";
import { h } from "./dom";
import { inkColour, paper } from "./scene";
import { context } from "./thumbs";

const [HEAD, ROW, SWATCH] = [64, 24, 12];

export interface Caption {
  title: string;
  moment: string;
  legend: { name: string; colour: Rgb }[];
  dark: boolean;
}

/** `layers` are drawn over each other, the lowest first; `ratio` is how many of their pixels are one on the screen. */
export function mapPicture(layers: readonly HTMLCanvasElement[], ratio: number, { title, moment, legend, dark }: Caption): HTMLCanvasElement {
  const width = layers[0].width / ratio;
  const canvas = h("canvas", {});
  const ctx = context(canvas);
  const font = "13px system-ui, sans-serif";
  ctx.font = font;
  const places: [number, number][] = [];
  let [x, y] = [16, 0];
  for (const { name } of legend) {
    const wide = SWATCH + 8 + ctx.measureText(name).width + 18;
    if (x + wide > width && x > 16) [x, y] = [16, y + ROW];
    places.push([x, y]);
    x += wide;
  }
  const foot = legend.length ? y + ROW + 12 : 0;
  canvas.width = layers[0].width;
  canvas.height = Math.round(layers[0].height + (HEAD + foot) * ratio);
  ctx.fillStyle = css(paper(dark));
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  for (const layer of layers) ctx.drawImage(layer, 0, HEAD * ratio);
  ctx.scale(ratio, ratio);
  ctx.fillStyle = css(inkColour(dark));
  ctx.font = "700 17px system-ui, sans-serif";
  ctx.fillText(title, 16, 26, width - 32);
  ctx.font = font;
  ctx.fillText(moment, 16, 48, width - 32);
  const top = HEAD + layers[0].height / ratio + 10;
  legend.forEach(({ name, colour }, i) => {
    const [left, down] = places[i];
    ctx.fillStyle = css(colour);
    ctx.fillRect(left, top + down, SWATCH, SWATCH);
    ctx.fillStyle = css(inkColour(dark));
    ctx.fillText(name, left + SWATCH + 6, top + down + 11);
  });
  return canvas;
}
