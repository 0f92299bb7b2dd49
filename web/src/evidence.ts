/** What a finding found, each number beside the limit that it was held against. Pure. */

import { words } from "./numbers";

/** Limits whose name does not begin with the name of what they limit. */
const LIMIT_OF: Record<string, string> = {
  bad: "frechet_over_untrained", exploded: "frechet_over_untrained", far: "left", far_plan: "done", bad_coverage: "coverage", class_missing: "share_of_rarest", class_frequent: "share_of_commonest", duplicates: "duplicate_rate",
  plausible: "precision", classes_low: "effective_classes", covered_little: "coverage", copies: "memorisation", copies_many: "memorisation",
  uneven: "class_error", heart_train: "d_loss_share_training", heart_gap: "gap", d_loss_won: "d_loss_share", drifting: "diversity", relapse: "over_best", worse: "over_best",
};

export interface Row {
  name: string;
  found: number | null;
  limit: number | null;
}

/** One row a number found, with its limit where there is one; then the limits of time and patience, which stand alone. */
export function rowsOf(evidence: Record<string, number | null>, limits: Record<string, number | null>): Row[] {
  const taken = new Set<string>();
  const rows = Object.entries(evidence).map(([name, found]): Row => {
    const key = Object.keys(limits).find((limit) => !taken.has(limit) && (limit === name || limit.startsWith(`${name}_`) || LIMIT_OF[limit] === name));
    if (key) taken.add(key);
    return { name: words(name), found, limit: key === undefined ? null : limits[key] };
  });
  const alone = Object.entries(limits).filter(([name]) => !taken.has(name)).map(([name, limit]): Row => ({ name: words(name), found: null, limit }));
  return [...rows, ...alone];
}

/** A value against what real images get; "" where no ratio says anything. */
export function against(value: number | null, floor: number | null, better: string | undefined): string {
  if (value === null || floor === null || !(value >= 0) || !(floor > 0)) return "";
  const ratio = value / floor;
  if (better === "higher") return `${Math.round(100 * ratio)} %`;
  return ratio < 1.05 ? "as good" : `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio)} times`;
}
