/** The place on the page for new images: a button until the reader wants them, a word where there is no generator. */

import { div, fill, h, say } from "./dom";
import type { GenerateHost, GenerateProgram, Guest } from "./generatehook";
import { drawGuests, type Guests } from "./guests";
import type { RunModel } from "./model";
import { mapX, mapY } from "./places";
import { paper } from "./scene";
import type { Viewport } from "./viewport";

export interface CardHost {
  className: (real: number) => string;
  paintReal: (ctx: CanvasRenderingContext2D, real: number, size: number) => boolean;
  chosen: () => number | null;
  /** Guests in the page's own coordinates, 0 … 1. */
  show: (guests: Guest[], path: Guest[]) => void;
}

export class GenerateCard {
  readonly element: HTMLElement;
  /** The map in small: the card may be too far below to see the map while a slider is dragged. */
  private readonly mirror = h("canvas", { class: "made-map", role: "img", "aria-label": "The map in small, with the images made here" });
  private readonly body = div("generate-body");
  private readonly word = h("p", { class: "hint" });
  private readonly button = h("button", { class: "more", on: { click: () => void this.open() } }, "Generate more");
  private opened = false;

  constructor(private readonly model: RunModel, private readonly host: CardHost) {
    this.element = h("section", { class: "card generate", "aria-label": "New images", hidden: true },
      div("card-head", h("h3", {}, "New images, made in this page"), this.button), this.word, this.body);
  }

  /** The index has said whether there is a generator. */
  update(): void {
    const about = this.model.generator;
    this.element.hidden = !about;
    this.button.hidden = !about?.key || this.opened;
    if (!this.opened) say(this.word, about?.word || "Samples from new latents, walks and sliders through the latent space, and where each image lands on the map.");
  }

  /** The map has been drawn: draw it again in small. */
  reflect(layers: readonly HTMLCanvasElement[], view: Viewport, guests: Guests, dark: boolean): void {
    const [first] = layers;
    if (!this.opened || !first?.width) return;
    const width = Math.min(first.width, Math.round(280 * Math.min(2, window.devicePixelRatio || 1)));
    this.mirror.width = width;
    this.mirror.height = Math.round((width * first.height) / first.width);
    const ctx = this.mirror.getContext("2d");
    if (!ctx) return;
    for (const layer of layers) ctx.drawImage(layer, 0, 0, this.mirror.width, this.mirror.height);
    const k = this.mirror.width / view.width;
    drawGuests(ctx, { ...view, scale: view.scale * k, width: this.mirror.width, height: this.mirror.height }, guests, dark, paper(dark));
  }

  private async open(): Promise<void> {
    this.button.disabled = true;
    say(this.word, "Loading the generator.");
    try {
      const [program, bytes] = await Promise.all([programOf(), this.model.generatorBytes()]);
      const frame = this.model.base?.map?.frame ?? { x0: 0, y0: 0, scale: 1 };
      const inPage = (guest: Guest): Guest => ({ ...guest, x: mapX(frame, guest.x), y: mapY(frame, guest.y) });
      const host: GenerateHost = {
        bytes, className: this.host.className, classes: this.model.classNames, paintReal: this.host.paintReal, chosen: this.host.chosen,
        show: (guests, path) => this.host.show(guests.map(inPage), path.map(inPage)), calm: matchMedia("(prefers-reduced-motion: reduce)").matches,
      };
      fill(this.body, div("made-both", await program.open(host), this.mirror));
      this.opened = true;
      this.button.hidden = true;
      say(this.word, "");
    } catch (error) {
      console.warn("the generator cannot be opened", error);
      say(this.word, `The generator cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.button.disabled = false;
  }
}

/** The program that runs generators: in a file it is there already, live it is fetched on first use. */
async function programOf(): Promise<GenerateProgram> {
  if (!globalThis.ganscopeGenerate) {
    await new Promise<void>((resolve, reject) => {
      const script = h("script", { src: "generate.js" });
      script.addEventListener("load", () => resolve());
      script.addEventListener("error", () => reject(new Error("its program cannot be loaded")));
      document.head.append(script);
    });
  }
  if (!globalThis.ganscopeGenerate) throw new Error("its program is not in this page");
  return globalThis.ganscopeGenerate;
}
