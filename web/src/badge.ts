/** The letter of a run beside others, in its colour. */

import { LETTERS, RUN_COLOURS } from "./compared";
import { h } from "./dom";

export function badge(letter: string): HTMLElement {
  const element = h("b", { class: "run-badge" }, letter);
  element.style.backgroundColor = RUN_COLOURS[LETTERS.indexOf(letter)];
  return element;
}
