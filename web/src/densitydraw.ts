/** The density of the generated images on the map: their contours, or where they are too many and too few. */

import { css, type Rgb } from "./colour";
import { balance, contour, type Field, fieldOf, levelsOf, SIDE, smoothing, squareOf } from "./density";
import type { Pen } from "./pen";
import { fakeAt, inkColour, isShown, type Scene } from "./scene";
import { context, makeCanvas } from "./thumbs";
import { type Box, toX, toY, type Viewport } from "./viewport";

export const BALANCE_TOP = 3; // eight times as many, or as few
const SHARES = [0.95, 0.75, 0.5, 0.25];
export const TOO_MUCH: Rgb = [213, 94, 0];
export const TOO_LITTLE: Rgb = [0, 90, 200];

/** The colour of a place: opaque for a strong difference, nothing for none. */
export function balanceColour(value: number): [Rgb, number] {
  return [value > 0 ? TOO_MUCH : TOO_LITTLE, value ? 0.25 + 0.6 * Math.min(1, Math.abs(value) / BALANCE_TOP) : 0];
}

function grown({ x0, y0, x1, y1 }: Box, share: number): Box {
  const by = share * Math.max(x1 - x0, y1 - y0);
  return { x0: x0 - by, y0: y0 - by, x1: x1 + by, y1: y1 + by };
}

export class DensityLayer {
  private readonly canvas = makeCanvas(SIDE, SIDE);
  private real: { key: string; field: Field } | null = null;

  draw(ctx: Pen, view: Viewport, home: Box, scene: Scene): void {
    const moment = scene.moment;
    if (!moment?.a.points) return;
    const box = squareOf(grown(home, 0.12)); // what lies outside the window on the rim is smoothed like the rest
    const state = moment.mix < 0.5 ? moment.a : moment.b;
    const sigma = smoothing(state.points);
    const field = fieldOf(box, state.points, (i) => (isShown(scene, state, i) ? fakeAt(moment, i) : null), sigma);
    if (scene.layer === "balance") this.drawBalance(ctx, view, box, balance(field, this.reals(scene, box, sigma), sigma, BALANCE_TOP));
    else this.drawContours(ctx, view, field, scene.dark);
  }

  /** The reals do not move: their field is kept until another box, smoothing or choice of classes. */
  private reals(scene: Scene, box: Box, sigma: number): Field {
    const key = JSON.stringify([box, sigma, [...scene.hidden].sort((a, b) => a - b), scene.reals?.x.length]);
    if (this.real?.key === key) return this.real.field;
    const reals = scene.reals;
    const field = fieldOf(box, reals?.x.length ?? 0, (i) => (reals && !scene.hidden.has(reals.label[i]) ? [reals.x[i], reals.y[i]] : null), sigma);
    this.real = { key, field };
    return field;
  }

  private drawBalance(ctx: Pen, view: Viewport, box: Box, values: Float32Array): void {
    const own = context(this.canvas);
    const image = own.createImageData(SIDE, SIDE);
    values.forEach((value, i) => {
      const [[r, g, b], alpha] = balanceColour(value);
      image.data.set([r, g, b, Math.round(255 * alpha)], 4 * i);
    });
    own.putImageData(image, 0, 0);
    ctx.imageSmoothingEnabled = true;
    ctx.drawImage(this.canvas, toX(view, box.x0), toY(view, box.y0), (box.x1 - box.x0) * view.scale, (box.y1 - box.y0) * view.scale);
  }

  private drawContours(ctx: Pen, view: Viewport, field: Field, dark: boolean): void {
    const ink = inkColour(dark);
    const own = context(this.canvas);
    const image = own.createImageData(SIDE, SIDE);
    const top = Math.max(...field.values, 1e-12);
    field.values.forEach((value, i) => { image.data.set([ink[0], ink[1], ink[2], Math.round(150 * Math.sqrt(value / top))], 4 * i); });
    own.putImageData(image, 0, 0);
    ctx.imageSmoothingEnabled = true;
    ctx.drawImage(this.canvas, toX(view, field.box.x0), toY(view, field.box.y0), (field.box.x1 - field.box.x0) * view.scale, (field.box.y1 - field.box.y0) * view.scale);
    levelsOf(field, SHARES).forEach((level, k) => {
      const line = contour(field, level);
      ctx.beginPath();
      for (let i = 0; i < line.length; i += 4) {
        ctx.moveTo(toX(view, line[i]), toY(view, line[i + 1]));
        ctx.lineTo(toX(view, line[i + 2]), toY(view, line[i + 3]));
      }
      ctx.lineWidth = 1 + 0.4 * k;
      ctx.strokeStyle = css(ink, 0.55 + 0.13 * k);
      ctx.stroke();
    });
  }
}
