/** What the page asks of a run's part of it, of images or of a toy. */

import type { RunState } from "./address";
import type { FindingLine } from "./lines";
import type { Change, RunModel } from "./model";
import type { Story } from "./story";

export type Linked = "view" | "hidden" | "pin" | "hover";

export interface RunHandlers {
  goTo(seen: number): void;
  /** What this run shows has changed; `jump` where the reader went somewhere, so that "back" leads here. */
  chosen(jump: boolean): void;
  /** The reader has done something here that other runs beside it do too. */
  linked(what: Linked): void;
  /** Pictures that are shown elsewhere too have arrived, or are of another moment. */
  pictured(): void;
}

export interface View {
  readonly element: HTMLElement;
  readonly model: RunModel;
  /** The key moments, for under the slider; of a toy there are none. */
  readonly story?: Story;
  /** The run's own position at the page's time. */
  readonly position: number;
  /** Images seen at the page's time. */
  readonly seen: number;
  /** What the address says of it. */
  readonly state: RunState;
  restore(state: RunState): void;
  changed(what: Change): void;
  show(finding: FindingLine, travel: boolean): void;
  clear(): void;
  /** The first picture is there: what it did not need may be built now. */
  furnish(): void;
  /** Draw what is waiting for the next frame. */
  drawNow(): void;
  toggleKey(key: string): void;
  /** Do as a run beside it has done, as far as the two have the same places, classes and latents. */
  follow(other: View, what: Linked): void;
}
