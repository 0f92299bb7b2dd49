/** The one time axis: the snapshots of all runs in order, positions between them, and where each run stands. Pure. */

/** Sorted and without repetition: `images_seen` of every stop of the slider. */
export type Axis = readonly number[];

export function makeAxis(runs: readonly (readonly number[])[]): Axis {
  return [...new Set(runs.flat())].sort((a, b) => a - b);
}

/** `images_seen` at position `t` (0 … length−1), between two stops in proportion. */
export function seenAt(axis: Axis, t: number): number {
  if (!axis.length) return 0;
  const low = Math.min(Math.max(Math.floor(t), 0), axis.length - 1);
  const high = Math.min(low + 1, axis.length - 1);
  return axis[low] + (axis[high] - axis[low]) * (Math.min(Math.max(t, 0), axis.length - 1) - low);
}

/** The position of `seen`; outside the axis its nearer end. Also a run's own position, with the run's snapshots as axis. */
export function positionOf(axis: Axis, seen: number): number {
  if (!axis.length) return 0;
  if (seen <= axis[0]) return 0;
  const last = axis.length - 1;
  if (seen >= axis[last]) return last;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (axis[middle] <= seen) low = middle;
    else high = middle;
  }
  return low + (seen - axis[low]) / (axis[high] - axis[low]);
}

/** The stop nearest to `seen`. */
export const stopNear = (axis: Axis, seen: number): number => {
  const t = positionOf(axis, seen);
  const low = Math.floor(t);
  const high = Math.min(low + 1, axis.length - 1);
  return axis.length && axis[high] - seen < seen - axis[low] ? high : low;
};

/** The position after `seconds` of playing at `speed` stops a second. */
export function played(t: number, seconds: number, speed: number, length: number): number {
  return Math.min(t + seconds * speed, Math.max(0, length - 1));
}
