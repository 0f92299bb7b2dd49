/** Time in images, epochs or seconds of training: what the time axis and a comparison's charts may run over. Pure. */

import { brief, count, short } from "./numbers";

export const UNITS = ["images", "epochs", "seconds"] as const;
export type Unit = (typeof UNITS)[number];

/** From images seen to another measure of time and back: linear between what was noted, and on beyond its ends. */
export class Clock {
  /** Both rise; at least two places, or the clock is no measure. */
  private constructor(private readonly images: readonly number[], private readonly values: readonly number[]) {}

  static readonly images = new Clock([0, 1], [0, 1]);

  /** Null where nothing rises: of an untimed training, or before its second measurement. */
  static from(images: ArrayLike<number>, values: ArrayLike<number | null>): Clock | null {
    const [x, y]: [number[], number[]] = [[], []];
    for (let i = 0; i < images.length; i++) {
      const value = values[i];
      if (value === null || !Number.isFinite(value)) continue;
      // What does not go on is left out, so that the way back is one way.
      if (x.length && (images[i] <= (x.at(-1) as number) || value <= (y.at(-1) as number))) continue;
      x.push(images[i]);
      y.push(value);
    }
    return x.length > 1 ? new Clock(x, y) : null;
  }

  at(images: number): number {
    return along(this.images, this.values, images);
  }

  imagesAt(value: number): number {
    return along(this.values, this.images, value);
  }
}

function along(from: readonly number[], to: readonly number[], at: number): number {
  let low = 0;
  let high = from.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle] <= at) low = middle;
    else high = middle;
  }
  return to[low] + ((at - from[low]) * (to[high] - to[low])) / (from[high] - from[low]);
}

/** A moment in words, as the time bar has it. */
export function told(unit: Unit, value: number, things = "images"): string {
  if (unit === "images") return `${count(Math.round(value))} ${things}`;
  if (unit === "epochs") return `epoch ${value < 10 ? value.toFixed(2) : value.toFixed(1)}`;
  return `${spanOf(value)} of training`;
}

/** A moment for an axis. */
export const tick = (unit: Unit, value: number): string => (unit === "seconds" ? spanOf(value) : brief(value));

export function spanOf(seconds: number): string {
  if (Math.abs(seconds) < 60) return `${short(Math.round(seconds * 100) / 100)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min${Math.round(seconds % 60) ? ` ${Math.round(seconds % 60)} s` : ""}`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

export const AXIS_NAME: Record<Unit, string> = { images: "images seen", epochs: "epochs", seconds: "time of training" };
