/** A toy's pictures from its numbers: fields of D, densities, points, and where the gradient pushes. Arrays in, pixels out. */

import { fromHex, mix, type Rgb } from "./colour";
import type { ToyFrame, ToyScene } from "./toymodel";

export const REAL = "#1f6fb4";
export const FAKE = "#c85a00";
const INK = "#14171d";
const [ORANGE, WHITE, BLUE]: Rgb[] = ["#f39a4d", "#ffffff", "#69a7dd"].map(fromHex);
const DART = 0.045; // of the picture's side: the longest dart; a median gradient has half of it
const SIDE = 480; // pixels of a drawn field

type Ctx = CanvasRenderingContext2D;

/** Blue where D says real, orange where it says fake, white at ½; `share` in 0 … 255. */
export function fieldColour(share: number): Rgb {
  const x = share / 255;
  return x < 0.5 ? mix(ORANGE, WHITE, x * 2) : mix(WHITE, BLUE, x * 2 - 1);
}

/** Pixels (side, side, 4) of a square field whose rows run upwards; `colour` gives red, green, blue and opacity of cell `i`. */
export function pixels(side: number, colour: (i: number) => readonly [Rgb, number]): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(4 * side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const [[r, g, b], opacity] = colour((side - 1 - row) * side + column);
      out.set([r, g, b, 255 * opacity], 4 * (row * side + column));
    }
  }
  return out;
}

/** The mass of both densities at cell `i`: D* is a matter only where there are points of either kind. */
export function massAt(scene: ToyScene, frame: ToyFrame, i: number): number {
  return (frame.density[i] / 255) ** 3 + (scene.density[i] / 255) ** 3;
}

/** Slim triangles along the pushes, as x0, y0, x1, y1, x2, y2 in the data's units; `tall` is a unit of y against one of x. */
export function darts(starts: number[][], pushes: number[][], span: number, tall = 1): number[][] {
  const sizes = pushes.map(([x, y]) => Math.hypot(x, y));
  const median = [...sizes].sort((a, b) => a - b)[Math.floor(sizes.length / 2)] || 1e-12;
  return starts.map(([x, y], i) => {
    const size = Math.max(sizes[i], 1e-12);
    const [ux, uy] = [pushes[i][0] / size, pushes[i][1] / size];
    const length = (DART * 2 * span * sizes[i]) / (sizes[i] + median);
    const [sx, sy] = [-uy * 0.0035 * span, ux * 0.0035 * span * tall];
    return [x + sx, y + sy, x + ux * length, y + uy * length, x - sx, y - sy];
  });
}

function paintField(ctx: Ctx, side: number, data: Uint8ClampedArray<ArrayBuffer>, smooth: boolean): void {
  const small = document.createElement("canvas");
  small.width = small.height = side;
  small.getContext("2d")?.putImageData(new ImageData(data, side, side), 0, 0);
  ctx.canvas.width = ctx.canvas.height = SIDE;
  ctx.fillStyle = "#fff";
  ctx.fillRect(0, 0, SIDE, SIDE);
  ctx.imageSmoothingEnabled = smooth;
  ctx.drawImage(small, 0, 0, SIDE, SIDE);
}

function paintPoints(ctx: Ctx, { limits: [low, high] }: ToyScene, points: Float32Array, colour: string, radius: number): void {
  ctx.fillStyle = colour;
  ctx.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const x = ((points[i] - low) / (high - low)) * SIDE;
    const y = (1 - (points[i + 1] - low) / (high - low)) * SIDE;
    ctx.moveTo(x + radius, y);
    ctx.arc(x, y, radius, 0, 7);
  }
  ctx.globalAlpha = 0.7;
  ctx.fill();
  ctx.globalAlpha = 1;
}

const rows = (flat: Float32Array, dim: number): number[][] => Array.from({ length: flat.length / dim }, (_, i) => [...flat.subarray(i * dim, (i + 1) * dim)]);

export function drawLearned(ctx: Ctx, scene: ToyScene, frame: ToyFrame): void {
  const side = Math.round(Math.sqrt(frame.learned.length));
  paintField(ctx, side, pixels(side, (i) => [fieldColour(frame.learned[i]), 1]), true);
  paintPoints(ctx, scene, scene.reals, REAL, 1.3);
  paintPoints(ctx, scene, frame.fakes, FAKE, 1.8);
  const [low, high] = scene.limits;
  const pushes = rows(frame.pushes, 2);
  ctx.fillStyle = INK;
  ctx.globalAlpha = 0.55;
  const at = (v: number): number => ((v - low) / (high - low)) * SIDE;
  for (const [ax, ay, bx, by, cx, cy] of darts(rows(frame.fakes, 2).slice(0, pushes.length), pushes, high - low)) {
    ctx.beginPath();
    ctx.moveTo(at(ax), SIDE - at(ay));
    ctx.lineTo(at(bx), SIDE - at(by));
    ctx.lineTo(at(cx), SIDE - at(cy));
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

export function drawBest(ctx: Ctx, scene: ToyScene, frame: ToyFrame): void {
  const side = Math.round(Math.sqrt(frame.best.length));
  let top = 1e-9;
  for (let i = 0; i < frame.best.length; i++) top = Math.max(top, massAt(scene, frame, i));
  paintField(ctx, side, pixels(side, (i) => [fieldColour(frame.best[i]), Math.min(1, massAt(scene, frame, i) / (0.005 * top))]), true);
  paintPoints(ctx, scene, scene.reals, REAL, 1.3);
  paintPoints(ctx, scene, frame.fakes, FAKE, 1.8);
}

/** A density as it is stored, the cube root of its share of the data's highest: white where there is none, ink at the top. */
export function drawDensity(ctx: Ctx, density: Uint8Array, ink: string): void {
  const side = Math.round(Math.sqrt(density.length));
  const full = fromHex(ink);
  paintField(ctx, side, pixels(side, (i) => [mix(WHITE, full, density[i] / 255), 1]), false);
}

/** On a line: both densities, the learned and the optimal D, some fakes and their pushes. */
export function drawLine(ctx: Ctx, scene: ToyScene, frame: ToyFrame): void {
  const [width, height] = [960, 420];
  const [left, right, floor, top] = [50, width - 44, height - 34, 12];
  Object.assign(ctx.canvas, { width, height });
  const [low, high] = scene.limits;
  const x = (v: number): number => left + ((v - low) / (high - low)) * (right - left);
  const y = (share: number): number => floor - share * (floor - top);
  ctx.fillStyle = "#fff";
  ctx.fillRect(0, 0, width, height);
  ctx.font = "13px system-ui, sans-serif";
  ctx.fillStyle = "#5a6270";
  ctx.textAlign = "center";
  for (let i = 0; i <= 4; i++) ctx.fillText(String(Number((low + ((high - low) * i) / 4).toPrecision(3))), x(low + ((high - low) * i) / 4), height - 12);
  ctx.textAlign = "left";
  for (const score of [0, 0.5, 1]) ctx.fillText(String(score), right + 6, y(score) + 4);
  const curve = (values: (number | null)[], colour: string, line: number, dash: number[], fill: number): void => {
    ctx.beginPath();
    let pen = false;
    values.forEach((value, i) => {
      if (value === null) {
        pen = false;
        return;
      }
      const px = x(low + ((high - low) * (i + 0.5)) / values.length);
      if (pen) ctx.lineTo(px, y(value));
      else ctx.moveTo(px, y(value));
      pen = true;
    });
    ctx.setLineDash(dash);
    ctx.lineWidth = line;
    ctx.strokeStyle = colour;
    ctx.stroke();
    ctx.setLineDash([]);
    if (!fill) return;
    ctx.lineTo(x(high), y(0));
    ctx.lineTo(x(low), y(0));
    ctx.globalAlpha = fill;
    ctx.fillStyle = colour;
    ctx.fill();
    ctx.globalAlpha = 1;
  };
  // Stored as the cube root of the share of 1.5 times the data's highest; 1.35 times is drawn.
  const density = (stored: Uint8Array): number[] => Array.from(stored, (v) => Math.min(1.05, (v / 255) ** 3 * (1.5 / 1.35)));
  curve(density(scene.density), REAL, 2, [], 0.25);
  curve(density(frame.density), FAKE, 2, [], 0.3);
  let most = 1e-9;
  for (let i = 0; i < scene.density.length; i++) most = Math.max(most, (scene.density[i] / 255) ** 3);
  curve(Array.from(frame.best, (v, i) => (massAt(scene, frame, i) > 1e-3 * most ? v / 255 : null)), INK, 1.8, [6, 4], 0);
  curve(Array.from(frame.learned, (v) => v / 255), INK, 2.6, [], 0);
  ctx.strokeStyle = FAKE;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const v of frame.fakes.slice(0, 200)) {
    ctx.moveTo(x(v), floor);
    ctx.lineTo(x(v), floor - 10);
  }
  ctx.stroke();
  const pushes = [...frame.pushes].map((push) => [push, 0]);
  ctx.fillStyle = INK;
  ctx.globalAlpha = 0.55;
  for (const [ax, ay, bx, by, cx, cy] of darts([...frame.fakes.slice(0, pushes.length)].map((v) => [v, 0.05]), pushes, high - low, 1 / (high - low))) {
    ctx.beginPath();
    ctx.moveTo(x(ax), y(ay));
    ctx.lineTo(x(bx), y(by));
    ctx.lineTo(x(cx), y(cy));
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}
