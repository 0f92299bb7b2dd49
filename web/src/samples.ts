/** Which generated images the browser of samples lists, and in which order. Pure. */

import type { Snapshot } from "./model";

export const ORDERS = {
  far: "farthest from the real images first",
  near: "nearest to a training image first",
  low: "lowest score of D first",
  high: "highest score of D first",
  latent: "in the order of the latents",
} as const;
export type Order = keyof typeof ORDERS;

export const PLACES = { all: "everywhere", rim: "on the rim, like no real image", amid: "among the real images", chosen: "in the selection" } as const;
export type Place = keyof typeof PLACES;

export interface Wish {
  order: Order;
  place: Place;
  /** A class that they look like; −1: any. */
  kind: number;
}

/** Ids of generated images that are wished for and kept, the first of the order first; equals keep the order of the latents. */
export function listed(snapshot: Snapshot, { order, place, kind }: Wish, chosen: ReadonlySet<number>, kept: (id: number) => boolean): number[] {
  const ids: number[] = [];
  for (let i = 0; i < snapshot.points; i++) {
    const there = place === "all" || (place === "chosen" ? chosen.has(i) : (snapshot.unlike[i] === 1) === (place === "rim"));
    if (there && (kind < 0 || snapshot.label[i] === kind) && kept(i)) ids.push(i);
  }
  const sign = order === "far" || order === "high" ? -1 : 1;
  const by = order === "far" || order === "near" ? snapshot.distance : snapshot.score;
  // What has no score comes last, whichever way round.
  const value = (i: number): number => (Number.isNaN(by[i]) ? Infinity : sign * by[i]);
  return order === "latent" ? ids : ids.sort((a, b) => value(a) - value(b) || a - b);
}

export const written = ({ order, place, kind }: Wish, page: number): string => [order, place, kind < 0 ? "any" : kind, page].join(".");

/** What `written` wrote, null for anything else. */
export function read(text: string): { wish: Wish; page: number } | null {
  const [order, place, kind, page] = text.split(".");
  if (!Object.hasOwn(ORDERS, order) || !Object.hasOwn(PLACES, place ?? "") || !/^(any|\d{1,5})$/.test(kind ?? "") || !/^\d{1,5}$/.test(page ?? "")) return null;
  return { wish: { order: order as Order, place: place as Place, kind: kind === "any" ? -1 : Number(kind) }, page: Number(page) };
}
