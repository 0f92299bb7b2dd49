/** Images made in the page, on the map: teal diamonds, the one in hand larger, with the way it came. */

import { css, type Rgb } from "./colour";
import type { Guest } from "./generatehook";
import type { Pen } from "./pen";
import { type Viewport, toX, toY } from "./viewport";

const TEAL: Rgb = [0, 128, 110];
const TEAL_DARK: Rgb = [70, 230, 200];

export interface Guests {
  all: Guest[];
  path: Guest[];
}

export function drawGuests(ctx: Pen, view: Viewport, { all, path }: Guests, dark: boolean, back: Rgb): void {
  const colour = dark ? TEAL_DARK : TEAL;
  if (path.length > 1) {
    ctx.beginPath();
    for (const { x, y } of path) ctx.lineTo(toX(view, x), toY(view, y)); // the first one only begins
    ctx.lineWidth = 2;
    ctx.strokeStyle = css(colour, 0.55);
    ctx.stroke();
  }
  for (const { x, y, unlike, main } of [...all].sort((a, b) => Number(a.main) - Number(b.main))) {
    const size = main ? 10 : 5.5;
    const px = toX(view, x);
    const py = toY(view, y);
    ctx.beginPath();
    ctx.moveTo(px, py - size);
    ctx.lineTo(px + size, py);
    ctx.lineTo(px, py + size);
    ctx.lineTo(px - size, py);
    ctx.closePath();
    ctx.lineWidth = main ? 4 : 3;
    ctx.strokeStyle = css(back, 0.95);
    ctx.stroke();
    if (!unlike) {
      ctx.fillStyle = css(colour);
      ctx.fill();
    }
    ctx.lineWidth = main ? 2.5 : 1.5;
    ctx.strokeStyle = css(colour);
    ctx.stroke();
  }
}
