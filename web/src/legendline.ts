/** The line that says what the dots are, in the colouring chosen. */

import { css, ramp } from "./colour";
import { fill, h } from "./dom";
import { type ColourBy, DISTANCE_TOP, rampColour } from "./scene";
import { explain } from "./explain";
import type { Shared } from "./state";
import type { Store } from "./store";

const real = (): HTMLElement => h("span", {}, h("i", { class: "dot real" }), "real images, laid out once");
const hollow = (): HTMLElement => h("span", {}, h("i", { class: "dot hollow" }), "like no real image");

function rampLine(by: ColourBy, low: string, high: string): HTMLElement {
  const bar = h("i", { class: "ramp", "aria-hidden": "true" });
  const stops = Array.from({ length: 9 }, (_, i) => css(by === "score" ? ramp(i / 8) : rampColour(by, i / 8)));
  bar.style.background = `linear-gradient(90deg, ${stops.join()})`;
  return h("span", {}, "generated:", low, bar, high, explain(by === "score" ? "score" : "distance"));
}

export function legendLine(store: Store<Shared>): HTMLElement {
  const line = h("p", { class: "legend-line" });
  const show = (by: ColourBy): void => {
    const generated = {
      ink: () => h("span", {}, h("i", { class: "dot fake" }), "generated"),
      class: () => h("span", {}, h("i", { class: "dot real outlined" }), "generated, in the colour of the class it looks like"),
      asked: () => h("span", {}, h("i", { class: "dot real outlined" }), "generated, in the colour of the class asked for"),
      score: () => rampLine(by, "D's score 0, surely generated", "1, surely real"),
      distance: () => rampLine(by, "distance 0, like a real one", `${DISTANCE_TOP} and more, like none`),
    }[by]();
    fill(line, real(), generated, hollow());
  };
  show(store.value.colourBy);
  store.on(["colourBy"], (state) => show(state.colourBy));
  return line;
}
