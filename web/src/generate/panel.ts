/** The card of new images: samples, a walk, sliders through the latent space, and where the image in hand lands. */

import { div, fill, h, say } from "../dom";
import type { GenerateHost, Guest } from "../generatehook";
import { count, percent, short } from "../numbers";
import { type Generator, painted } from "./generator";
import type { Landed, Levels } from "./landing";
import { along, draw, type Latent, moved, walked } from "./latents";

const SAMPLES = 48;
const LARGE = 168; // pixels of the picture in hand
const SMALL = 44;
const STOPS = 6; // of a walk
const STOP_SECONDS = 2.5;
const SLICE = 12; // milliseconds of samples between two frames
const REACH = 3; // standard deviations that a slider goes to either side
const TRAIL = 400; // places of a walk that stay on the map

export function panel(host: GenerateHost, generator: Generator): HTMLElement {
  const { meta, landing } = generator;
  let z: Latent = generator.fixed[0] ?? draw(meta.latent, meta.z, 1, 0)[0];
  let kind = generator.asked?.[0] ?? 0;
  let samples: { z: Latent; kind: number; image: Levels; landed: Landed | null }[] = [];
  let path: Guest[] = [];
  let walk: { stops: Latent[]; began: number } | null = null;
  let seed = 1;
  let job = 0;
  let queued = false;
  let tries = 0;

  // ---- the image in hand ---------------------------------------------------------------------------------------------
  const picture = h("canvas", { class: "made", width: LARGE, height: LARGE, role: "img" });
  const real = h("canvas", { class: "made-real", width: 84, height: 84, role: "img", "aria-label": "the nearest real image" });
  const words = h("p", { class: "made-words", "aria-live": "polite" });
  const realWords = h("figcaption", {});
  const realFigure = h("figure", { hidden: landing === null }, real, realWords);

  const guest = (landed: Landed, main: boolean): Guest => ({ x: landed.x, y: landed.y, unlike: landed.unlike, main });

  function show(): void {
    queued = false;
    const image = generator.make(z, kind);
    paint(picture, image, LARGE);
    const landed = landing?.place(image) ?? null;
    if (landed) {
      const name = host.className(landed.nearest);
      const where = landed.unlike ? `Like no real image: distance ${short(landed.distance)}, on the rim.` : `Among the real images: distance ${short(landed.distance)}.`;
      const asked = classes ? `Asked for ${nameOf(kind)}. ` : "";
      const text = name ? `${asked}${where} The nearest is of ${name}.` : asked + where;
      if (!walk) say(words, text); // while it moves, the reader of a screen reader would hear nothing else
      picture.setAttribute("aria-label", `made from the latent in hand. ${text}`);
      const ctx = real.getContext("2d");
      ctx?.clearRect(0, 0, real.width, real.height);
      if (ctx) {
        ctx.imageSmoothingEnabled = false;
        if (!host.paintReal(ctx, landed.nearest, real.width) && tries++ < 40) setTimeout(soon, 120); // its sheet is being decoded
      }
      say(realWords, `nearest of ${count(landing?.size ?? 0)} real images`);
      if (walk) path = [...path.slice(-TRAIL), guest(landed, true)];
    }
    host.show([...samples.flatMap((sample) => (sample.landed ? [guest(sample.landed, false)] : [])), ...(landed ? [guest(landed, true)] : [])], path);
  }

  const soon = (): void => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(show);
  };

  function take(latent: Latent, asked: number): void {
    z = latent;
    kind = asked;
    hand.value = String(kind);
    tries = 0;
    along(z, generator.directions).forEach((value, k) => {
      sliders[k].value = String(value);
    });
    soon();
  }

  // ---- sliders -------------------------------------------------------------------------------------------------------
  const sliders = generator.directions.map((_, k) => {
    const slider = h("input", { type: "range", min: -REACH, max: REACH, step: 0.02, value: 0, "aria-label": `direction ${k + 1}` });
    slider.addEventListener("input", () => {
      stop();
      path = [];
      z = moved(z, generator.directions, sliders.map((one) => Number(one.value)));
      soon();
    });
    return slider;
  });

  // ---- classes -------------------------------------------------------------------------------------------------------
  const classes = meta.classes ?? 0;
  const nameOf = (k: number): string => host.classes[k] ?? `class ${k}`;
  const kinds = (): HTMLElement[] => Array.from({ length: classes }, (_, k) => h("option", { value: k }, nameOf(k)));
  const hand = h("select", { "aria-label": "Class of the image in hand", class: "made-class", on: { change: () => { kind = Number(hand.value); soon(); } } }, ...kinds());
  const wanted = h("select", { "aria-label": "Class of the samples", class: "made-class", on: { change: () => void sample() } }, h("option", { value: -1 }, "every class in turn"), ...kinds());

  // ---- samples -------------------------------------------------------------------------------------------------------
  const list = h("ul", { class: "made-samples" });
  const seedBox = h("input", { type: "number", min: 0, step: 1, value: seed, class: "seed", "aria-label": "Seed of the samples" });
  const spread = h("input", { type: "range", min: 0.2, max: 1.6, step: 0.05, value: 1, "aria-label": "Spread of the latents, 1 as in the training" });
  const spreadWords = h("span", { class: "hint" }, "1.0");
  const summary = h("p", { class: "hint made-summary", "aria-live": "polite" });

  async function sample(): Promise<void> {
    const own = ++job;
    seed = Math.max(0, Math.round(Number(seedBox.value) || 0));
    const made: typeof samples = [];
    samples = made;
    fill(list);
    say(summary, "");
    let began = performance.now();
    const only = Number(wanted.value);
    const rows = classes && only < 0 ? Math.max(1, Math.floor(SAMPLES / classes)) : 1;
    for (const [i, latent] of draw(meta.latent, meta.z, SAMPLES, seed, Number(spread.value)).entries()) {
      const asked = only < 0 ? Math.floor(i / rows) % Math.max(1, classes) : only;
      const image = generator.make(latent, asked);
      const landed = landing?.place(image) ?? null;
      if (own !== job) return;
      made.push({ z: latent, kind: asked, image, landed });
      const canvas = h("canvas", { width: SMALL, height: SMALL });
      paint(canvas, image, SMALL);
      const name = `sample ${made.length}${classes ? `, asked for ${nameOf(asked)}` : ""}${landed?.unlike ? ", like no real image" : ""}`;
      list.append(h("li", {}, h("button", { class: `made-sample${landed?.unlike ? " unlike" : ""}`, "aria-label": name, title: name, on: { click: () => { stop(); path = []; take(latent, asked); } } }, canvas)));
      if (performance.now() - began > SLICE) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        began = performance.now();
      }
    }
    const apart = made.filter((one) => one.landed?.unlike).length;
    if (landing) say(summary, `${apart} of ${SAMPLES} like no real image.`);
    soon();
  }

  // ---- the walk ------------------------------------------------------------------------------------------------------
  const walkButton = h("button", { on: { click: () => (walk ? stop() : start()) } }, "Walk");
  function start(): void {
    path = [];
    walk = { stops: [z, ...draw(meta.latent, meta.z, STOPS - 1, seed + 7919)], began: performance.now() };
    say(walkButton, "Stop");
    requestAnimationFrame(stepWalk);
  }
  function stop(): void {
    walk = null;
    say(walkButton, "Walk");
  }
  function stepWalk(now: number): void {
    if (!walk) return;
    // Where the system asks for calm, from stop to stop.
    const position = (now - walk.began) / 1000 / STOP_SECONDS;
    take(walked(meta.latent, walk.stops, host.calm ? Math.floor(position) : position), kind);
    if (position >= walk.stops.length) {
      stop();
      soon();
      return;
    }
    requestAnimationFrame(stepWalk);
  }

  // ---- together ------------------------------------------------------------------------------------------------------
  const again = h("button", { class: "more", on: { click: () => { seedBox.value = String(seed + 1); void sample(); } } }, "New samples");
  seedBox.addEventListener("change", () => void sample());
  spread.addEventListener("input", () => say(spreadWords, Number(spread.value).toFixed(1)));
  spread.addEventListener("change", () => void sample());
  const fromMap = h("button", { on: { click: () => {
    const id = host.chosen();
    if (id === null || id >= generator.fixed.length) {
      say(words, `Choose one of the first ${generator.fixed.length} generated images on the map or in the grid first.`);
      return;
    }
    stop();
    path = [];
    take(generator.fixed[id], generator.asked?.[id] ?? 0);
  } } }, "From the chosen image");
  const gap = generator.compare();
  const element = div("made-body",
    h("p", { class: "hint made-proof" }, `The generator of ${count(meta.images_seen)} images seen, ${count(meta.weights)} weights, runs in this page. ` +
      `Its pictures differ from PyTorch's by at most ${gap.most} of 255 grey levels, by ${gap.mean < 0.01 ? "less than 0.01" : gap.mean.toFixed(2)} on average` +
      (meta.precision === "int8" ? " (weights in eight bits)." : ".")),
    div("made-top",
      div("made-hand", picture, realFigure),
      div("made-side", words,
        div("made-buttons", classes ? h("label", {}, "class ", hand) : null, walkButton, fromMap),
        h("fieldset", { class: "made-sliders" }, h("legend", {}, "Directions of the latent space that change the picture most"),
          ...sliders.map((slider, k) => h("label", {}, h("span", {}, String(k + 1)), slider))))),
    div("made-buttons", again, classes ? h("label", {}, "of ", wanted) : null, h("label", {}, "seed ", seedBox), h("label", { class: "made-spread" }, "spread ", spread, spreadWords)),
    summary, list,
    landing ? h("p", { class: "hint" }, "The teal diamonds on the map are these images: each is placed here, in the page, by the same rule as the others," +
      ` among ${count(landing.size)} of the real images.` + (meta.landing?.gap ? ` Of this snapshot's images, half land within ${percent(meta.landing.gap.median)} of the map's width of ` +
      `where the whole map puts them, and ${percent(meta.landing.gap.agree)} agree on being like a real image or not.` : ""))
      : h("p", { class: "hint" }, "Where they land on the map is not shown: this run does not keep what the page would need for it."));
  element.dataset["gapMost"] = String(gap.most);
  take(z, kind);
  void sample();
  return element;
}

function paint(canvas: HTMLCanvasElement, image: Levels, size: number): void {
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.imageSmoothingEnabled = false;
  const unit = size / Math.max(image.w, image.h);
  const [wide, high] = [image.w * unit, image.h * unit];
  ctx.clearRect(0, 0, size, size);
  ctx.drawImage(painted(image), (size - wide) / 2, (size - high) / 2, wide, high);
}
