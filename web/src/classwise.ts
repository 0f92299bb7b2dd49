/** What a conditional generator makes of each class: which is worst, least obeyed and least varied. Pure. */

import type { ClasswiseLine } from "./lines";

export interface ClassRow {
  k: number;
  /** How many were asked for. */
  asked: number;
  /** Fréchet distance inside the class, its floor, and the one over the other; NaN where unknown. */
  frechet: number;
  floor: number;
  times: number;
  /** The share that looks like the class that was asked for; NaN without a classifier. */
  obeyed: number;
  /** What they look like instead, most often; −1 where there is nothing. */
  instead: number;
  /** Variety inside the class over that of its real images; NaN where unknown. */
  variety: number;
}

const value = (list: readonly (number | null)[] | undefined, k: number): number => list?.[k] ?? NaN;

/** One row a class. */
export function classRows(line: ClasswiseLine): ClassRow[] {
  return line.num_fake.map((asked, k) => {
    const frechet = value(line.frechet, k);
    const floor = value(line.frechet_floor, k);
    const seen = line.confusion[k] ?? [];
    const wrong = seen.map((n, other) => (other === k ? 0 : n));
    const most = Math.max(0, ...wrong);
    return {
      k, asked, frechet, floor, times: floor > 0 ? frechet / floor : NaN,
      obeyed: seen.length && asked ? (seen[k] ?? 0) / asked : NaN, instead: most ? wrong.indexOf(most) : -1,
      variety: value(line.diversity, k) / value(line.diversity_floor, k),
    };
  });
}

/** How bad a class is: by its distance over the floor, by its distance alone where no floor is known, else by how little it obeys. */
export const badness = (row: ClassRow): number => (Number.isFinite(row.times) ? row.times : Number.isFinite(row.frechet) ? row.frechet : 1 - (Number.isFinite(row.obeyed) ? row.obeyed : 1));

/** The row for which `of` is largest among those for which it is known, null where it is known of none. */
export function most(rows: readonly ClassRow[], of: (row: ClassRow) => number): ClassRow | null {
  return rows.filter((row) => row.asked && Number.isFinite(of(row))).reduce<ClassRow | null>((best, row) => (best && of(best) >= of(row) ? best : row), null);
}

export interface Confused {
  asked: number;
  seen: number;
  count: number;
}

/** What is mistaken for what, the commonest first. */
export function confusions(line: ClasswiseLine, many: number): Confused[] {
  const all = line.confusion.flatMap((row, asked) => row.map((count, seen) => ({ asked, seen, count })));
  return all.filter(({ asked, seen, count }) => asked !== seen && count > 0).sort((a, b) => b.count - a.count).slice(0, many);
}
