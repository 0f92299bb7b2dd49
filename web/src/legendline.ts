/** The line that says what the dots are, in the colouring chosen. */

import { css, ramp } from "./colour";
import { fill, h } from "./dom";
import { BALANCE_TOP, balanceColour } from "./densitydraw";
import { type ColourBy, DISTANCE_TOP, type Layer, rampColour } from "./scene";
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

/** What the layers of density mean. */
function layerLine(layer: Layer): HTMLElement {
  if (layer === "contours") return h("span", {}, "generated: the lines hold 25, 50, 75 and 95 % of them", explain("density_layer"));
  const bar = h("i", { class: "ramp", "aria-hidden": "true" });
  const stops = Array.from({ length: 13 }, (_, i) => css(...balanceColour((BALANCE_TOP * (i - 6)) / 6)));
  bar.style.background = `linear-gradient(90deg, ${stops.join()})`;
  return h("span", {}, `too little (an eighth)`, bar, "too much (eight times)", explain("density_layer"));
}

export function legendLine(store: Store<Shared>): HTMLElement {
  const line = h("p", { class: "legend-line" });
  const show = ({ colourBy: by, layer }: Readonly<Shared>): void => {
    if (layer !== "dots") {
      fill(line, real(), layerLine(layer));
      return;
    }
    const generated = {
      ink: () => h("span", {}, h("i", { class: "dot fake" }), "generated"),
      class: () => h("span", {}, h("i", { class: "dot real outlined" }), "generated, in the colour of the class it looks like"),
      asked: () => h("span", {}, h("i", { class: "dot real outlined" }), "generated, in the colour of the class asked for"),
      score: () => rampLine(by, "D's score 0, surely generated", "1, surely real"),
      distance: () => rampLine(by, "distance 0, like a real one", `${DISTANCE_TOP} and more, like none`),
    }[by]();
    fill(line, real(), generated, hollow());
  };
  show(store.value);
  store.on(["colourBy", "layer"], show);
  return line;
}
