/** What the reader has chosen, for the whole page: the time, what is shown, how it is coloured. */

import type { Axis } from "./timeaxis";
import type { Unit } from "./clock";
import type { ColourBy, Layer } from "./scene";

export interface Shared {
  /** In `unit`. */
  axis: Axis;
  unit: Unit;
  /** Several runs move, hide, point and pin together. */
  linked: boolean;
  /** Position on the axis, 0 … length−1; between two stops while playing. */
  t: number;
  playing: boolean;
  speed: number;
  colourBy: ColourBy;
  layer: Layer;
  showReal: boolean;
  showFake: boolean;
  showImages: boolean;
  lasso: boolean;
  /** Whether single keys do things; who dictates or has tremor switches them off. */
  keys: boolean;
  dark: boolean;
  /** The place that the pointer is at on any chart, in `unit`. */
  pointed: number | null;
}

export function firstState(dark: boolean): Shared {
  return {
    axis: [], unit: "images", linked: true, t: 0, playing: false, speed: 1, colourBy: "ink", layer: "dots", showReal: true, showFake: true, showImages: true, lasso: false, keys: true, dark,
    pointed: null,
  };
}
