/** Whether a run is alive, in words: what a reader who waits for it must know. Pure. */

import type { RunIndex } from "./source";

export type Life = "live" | "stopped" | "finished";

const FRESH = 60; // seconds: a writer without a lock of ours counts as alive that long after its last line

/** A span of time as one rounded number with its unit. */
export function ago(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 90 * 60) return `${Math.round(s / 60)} min`;
  return s < 48 * 3600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`;
}

/** `now` in Unix seconds by the clock that wrote `run.written`; null for a file, which stands still. */
export function lifeOf(run: RunIndex, now: number | null): { life: Life; text: string } {
  if (run.finished) return { life: "finished", text: "finished" };
  if (now === null) {
    const when = run.written === null ? "before its first step" : `last step ${new Date(run.written * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}`;
    return { life: "stopped", text: `not finished when this file was written, ${when}` };
  }
  const age = run.written === null ? null : now - run.written;
  const alive = run.writing ?? (age !== null && age < FRESH);
  if (!alive) return { life: "stopped", text: `stopped before its end${age === null ? "" : `, ${ago(age)} ago`}` };
  if (age === null) return { life: "live", text: "live, no step yet" };
  return { life: "live", text: age < FRESH ? `live, last step ${ago(age)} ago` : `live, but no step for ${ago(age)}` };
}
