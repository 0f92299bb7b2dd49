/** What the map shows, as arrays and colours: the renderer knows nothing of runs, files or servers. */

import { type Rgb, mix, ramp } from "./colour";
import type { Moment, Reals, Snapshot } from "./model";
import type { Guests } from "./guests";
import type { Sheets, Thumbs } from "./thumbs";

export const COLOUR_BY = ["ink", "class", "asked", "score", "distance"] as const;
export type ColourBy = (typeof COLOUR_BY)[number];
export const LAYERS = ["dots", "contours", "balance"] as const;
/** How the generated images stand on the map before one zooms in to pictures. */
export type Layer = (typeof LAYERS)[number];
export type Pin = { kind: "fake" | "real"; id: number };

export interface Label {
  text: string;
  /** "rare", "missing" or "often": drawn as a badge with `note`. */
  state: string;
  note: string;
  k: number;
  /** Reals that stand for its name; empty where it has one. */
  faces: number[];
}

export interface Scene {
  reals: Reals | null;
  moment: Moment | null;
  /** The snapshot whose images are shown. */
  near: Snapshot | null;
  /** Snapshots along the time axis, for the trail of a pinned fake. */
  trail: Snapshot[];
  thumbs: Thumbs | null;
  sheets: Sheets;
  colours: Rgb[];
  hidden: ReadonlySet<number>;
  /** Only what was asked for this class is shown; null: everything. */
  asked: number | null;
  /** This class is brought out, the others step back. */
  focus: number | null;
  labels: Label[];
  colourBy: ColourBy;
  layer: Layer;
  showReal: boolean;
  showFake: boolean;
  showImages: boolean;
  pin: Pin | null;
  hover: Pin | null;
  marked: ReadonlySet<number>;
  /** Images made in the page. */
  guests: Guests;
  dark: boolean;
}

export const DISTANCE_TOP = 3; // spacings of the reals; the ramp ends there

/** The share of the ramp for fake `i`; NaN where it is unknown. */
export function rampShare(by: ColourBy, snapshot: Snapshot, i: number): number {
  return by === "score" ? snapshot.score[i] : Math.min(1, snapshot.distance[i] / DISTANCE_TOP);
}

export function rampColour(by: ColourBy, share: number): Rgb {
  if (Number.isNaN(share)) return [128, 128, 128];
  return by === "score" ? ramp(share) : ramp(1 - share);
}

/** Tones of generated dots: ink, 32nds of the ramp, and from `CLASS_TONE` the classes. */
const CLASS_TONE = 64;

export function fakeTone(scene: Scene, snapshot: Snapshot, i: number): number {
  if (scene.colourBy === "ink") return -1;
  if (scene.colourBy === "class") return CLASS_TONE + Math.min(snapshot.label[i], scene.colours.length - 1);
  if (scene.colourBy === "asked") return CLASS_TONE + Math.min(snapshot.asked?.[i] ?? scene.colours.length, scene.colours.length - 1);
  const share = rampShare(scene.colourBy, snapshot, i);
  return Number.isNaN(share) ? CLASS_TONE - 1 : Math.round(share * 32);
}

export function toneColour(scene: Scene, tone: number): Rgb {
  if (tone < 0) return inkColour(scene.dark);
  if (tone >= CLASS_TONE) return scene.colours[tone - CLASS_TONE];
  return rampColour(scene.colourBy, tone === CLASS_TONE - 1 ? NaN : tone / 32);
}

export const paper = (dark: boolean): Rgb => (dark ? [18, 21, 27] : [255, 255, 255]);
export const inkColour = (dark: boolean): Rgb => (dark ? [244, 246, 250] : [17, 20, 26]);

/** The colours of the reals' dots: tinted towards the paper, so that the generated ones stand out. */
export function realTints(scene: Scene): Rgb[] {
  const back = paper(scene.dark);
  return scene.colours.map((colour, k) => {
    const grey: Rgb = scene.dark ? [70, 75, 84] : [206, 210, 216];
    const base = scene.colourBy !== "score" && scene.colourBy !== "distance" ? mix(colour, back, scene.dark ? 0.38 : 0.42) : grey;
    if (scene.focus === null) return base;
    return k === scene.focus ? colour : mix(base, back, 0.72);
  });
}

/** Whether fake `i` is to be seen: its class is not hidden, and it was asked for the class that is looked at, if any. */
export function isShown({ hidden, asked }: { hidden: ReadonlySet<number>; asked: number | null }, snapshot: Snapshot, i: number): boolean {
  return !hidden.has(snapshot.label[i]) && (asked === null || !snapshot.asked || snapshot.asked[i] === asked);
}

/** Where fake `i` is now. */
export function fakeAt(moment: Moment, i: number): [number, number] {
  const { a, b, mix: share } = moment;
  return [a.x[i] + (b.x[i] - a.x[i]) * share, a.y[i] + (b.y[i] - a.y[i]) * share];
}

/** The nearest fake within `radius` for which `keep` holds, or −1. */
export function nearestFake(moment: Moment, x: number, y: number, radius: number, keep: (i: number) => boolean): number {
  let best = -1;
  let least = radius * radius;
  for (let i = 0; i < moment.a.points; i++) {
    const [fx, fy] = fakeAt(moment, i);
    const d = (fx - x) ** 2 + (fy - y) ** 2;
    if (d <= least && keep(i)) {
      least = d;
      best = i;
    }
  }
  return best;
}
