/** The map: two canvases. The reals are drawn when the window onto the map changes, everything that moves on the other. */

import { css, mix, packed, type Rgb } from "./colour";
import { DensityLayer } from "./densitydraw";
import { div, h } from "./dom";
import { FACES } from "./faces";
import { drawGuests } from "./guests";
import type { Polygon } from "./gridindex";
import type { Moment, Reals, Snapshot } from "./model";
import { placeIn } from "./pictures";
import { placed } from "./labels";
import { drawDot, type Pen } from "./pen";
import { fakeAt, isShown, fakeTone, inkColour, type Label, paper, realTints, type Scene, toneColour } from "./scene";
import { dotSize, splat, stamp } from "./splat";
import type { SvgPen } from "./svgpen";
import { cellSide, thin } from "./thin";
import { context, makeCanvas } from "./thumbs";
import { type Box, type Viewport, around, boxOf, fitted, fromX, fromY, sameView, toX, toY, visible, zoomedAt } from "./viewport";

const THUMB = 30; // CSS pixels a thumbnail has at least
const MOST_ZOOM = 60;
const FAINT = 0.18; // the opacity of what steps back
const FACE = 20; // pixels of a picture that stands for a name

/** A dot as pixels, packed as an ImageData has them. */
interface Sprite {
  side: number;
  pixels: Uint32Array;
}

export class MapView {
  readonly element: HTMLElement;
  readonly over: HTMLCanvasElement;
  private readonly base: HTMLCanvasElement;
  private readonly baseCtx: CanvasRenderingContext2D;
  private readonly overCtx: CanvasRenderingContext2D;
  private pen: Pen; // what the parts that are not dots are drawn with
  private pixels: ImageData | null = null;
  private pixels32 = new Uint32Array(0);
  private scene: Scene | null = null;
  private ratio = 1;
  private home: Box = { x0: 0.2, y0: 0.2, x1: 0.8, y1: 0.8 };
  private drawn: Viewport | null = null;
  private stale = true;
  private slow = 0; // milliseconds the last drawing of the reals took
  private settle = 0;
  private readonly density = new DensityLayer();
  private moving: ImageData | null = null;
  private sprites = new Map<string, Sprite>();
  view: Viewport = { cx: 0.5, cy: 0.5, scale: 1, width: 1, height: 1 };
  lasso: Polygon = [];
  crosshair = false;
  /** Names for which there was no room. */
  unplaced: string[] = [];

  constructor(name: string, private readonly onView: (byReader: boolean) => void) {
    this.base = h("canvas", { class: "map-base", "aria-hidden": "true" });
    this.over = h("canvas", {
      class: "map-over", tabindex: "0", role: "application", "aria-roledescription": "map",
      "aria-label": `Map of real and generated images, ${name}. Arrows move, plus and minus zoom, f shows everything, n and p step ` +
        "through the generated images, Enter pins what is in the middle, v lists what is in view.",
    });
    this.baseCtx = context(this.base);
    this.pen = this.overCtx = context(this.over);
    this.element = div("map", this.base, this.over);
    new ResizeObserver(() => this.resize()).observe(this.element);
  }

  /** Its canvases, the lower one first. */
  get layers(): readonly HTMLCanvasElement[] {
    return [this.base, this.over];
  }

  get homeScale(): number {
    return fitted(this.home, this.view.width, this.view.height).scale;
  }

  get zoom(): number {
    return this.view.scale / this.homeScale;
  }

  /** Whether everything is shown, as after `reset`. */
  get atHome(): boolean {
    const home = fitted(this.home, this.view.width, this.view.height);
    const off = Math.hypot(home.cx - this.view.cx, home.cy - this.view.cy) * home.scale;
    return Math.abs(this.zoom - 1) < 0.02 && off < 2;
  }

  /** Map units across the shorter side of the window: unlike the zoom, it depends on nothing that arrives later. */
  get span(): number {
    return Math.min(this.view.width, this.view.height) / this.view.scale;
  }

  /** Show the window around (cx, cy) of this span, as an address has it. */
  restore(cx: number, cy: number, span: number): void {
    const wanted = Math.min(this.view.width, this.view.height) / span;
    const scale = Math.min(Math.max(wanted, this.homeScale * 0.5), this.homeScale * MOST_ZOOM);
    this.setView({ ...this.view, cx: Math.min(Math.max(cx, -1), 2), cy: Math.min(Math.max(cy, -1), 2), scale }, false);
  }

  get showsThumbs(): boolean {
    const scene = this.scene;
    if (!scene?.showImages || !scene.thumbs || !scene.reals) return false;
    return this.zoom >= (scene.reals.x.length > 5000 ? 3.2 : 1.9);
  }

  /** What "everything" means: the reals, and fakes that lie beyond them. */
  setHome(scene: Scene, keepView: boolean): void {
    const real = scene.reals?.box ?? { x0: 0.25, y0: 0.25, x1: 0.75, y1: 0.75 };
    const grow = 0.03 * Math.max(real.x1 - real.x0, real.y1 - real.y0);
    let box: Box = { x0: real.x0 - grow, y0: real.y0 - grow, x1: real.x1 + grow, y1: real.y1 + grow };
    for (const snapshot of scene.trail) box = around(box, boxOf(snapshot.x, snapshot.y, 0.002));
    const atHome = Math.abs(this.zoom - 1) < 0.02;
    this.home = box;
    if (!keepView || atHome) this.reset(false);
  }

  reset(byReader = true): void {
    this.setView(fitted(this.home, this.view.width, this.view.height), byReader);
  }

  setView(view: Viewport, byReader = true): void {
    if (sameView(view, this.view)) return;
    this.view = view;
    this.onView(byReader);
  }

  zoomBy(factor: number, px = this.view.width / 2, py = this.view.height / 2): void {
    const home = this.homeScale;
    this.setView(zoomedAt(this.view, factor, px, py, home * 0.7, home * MOST_ZOOM));
  }

  /** Bring a point into the middle, close enough to see images. */
  goTo(x: number, y: number, zoom?: number): void {
    const scale = zoom ? Math.max(this.view.scale, this.homeScale * zoom) : this.view.scale;
    this.setView({ ...this.view, cx: x, cy: y, scale });
  }

  toMap(px: number, py: number): [number, number] {
    return [fromX(this.view, px), fromY(this.view, py)];
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width || !height) return;
    const atHome = Math.abs(this.zoom - 1) < 0.02 || this.view.width <= 1;
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    for (const canvas of [this.base, this.over]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.pixels = this.moving = null;
    this.sprites.clear();
    this.stale = true;
    this.view = { ...this.view, width, height };
    if (atHome) this.view = fitted(this.home, width, height);
    this.onView(false);
  }

  /** `what` "all" draws the reals too; they are drawn anyway when the window has moved. */
  draw(scene: Scene, what: "all" | "moving"): void {
    this.scene = scene;
    if (what === "all") this.stale = true;
    if (this.view.width <= 1) return;
    if (this.stale || !this.drawn || !sameView(this.drawn, this.view)) this.drawBase(scene);
    this.drawOver(scene);
  }

  private drawBase(scene: Scene): void {
    if (!this.stale && this.slow > 14 && this.drawn) {
      // A million points take longer than a frame: move the picture that is there, and draw it anew at rest.
      const k = this.view.scale / this.drawn.scale;
      const dx = toX(this.view, fromX(this.drawn, 0));
      const dy = toY(this.view, fromY(this.drawn, 0));
      this.base.style.transform = `translate(${dx}px,${dy}px) scale(${k})`;
      clearTimeout(this.settle);
      this.settle = window.setTimeout(() => {
        this.stale = true;
        this.onView(false);
      }, 140);
      return;
    }
    const began = performance.now();
    const { width, height } = this.base;
    const reals = scene.reals;
    const back = packed(paper(scene.dark));
    if (!this.pixels || this.pixels.width !== width || this.pixels.height !== height) {
      this.pixels = this.baseCtx.createImageData(width, height);
      this.pixels32 = new Uint32Array(this.pixels.data.buffer);
    }
    this.pixels32.fill(back);
    const thumbs = this.showsThumbs;
    if (reals && scene.showReal) {
      const tints = this.tints(scene);
      const colours = Uint32Array.from(tints, (tint, k) => (scene.hidden.has(k) ? 0 : packed(tint)));
      const size = dotSize(reals.x.length, this.zoom, this.view.width * this.view.height, this.ratio);
      splat(this.pixels32, this.pixelView(), reals.x, reals.y, reals.label, colours, size);
      // The class brought out is drawn again, above the others.
      if (scene.focus !== null && !scene.hidden.has(scene.focus)) {
        const only = new Uint32Array(colours.length);
        only[scene.focus] = colours[scene.focus];
        splat(this.pixels32, this.pixelView(), reals.x, reals.y, reals.label, only, size);
      }
    }
    this.baseCtx.putImageData(this.pixels, 0, 0);
    if (thumbs && scene.showReal) {
      this.baseCtx.save();
      this.baseCtx.scale(this.ratio, this.ratio);
      this.drawThumbs(scene, this.baseCtx);
      this.baseCtx.restore();
    }
    this.base.style.transform = "";
    this.drawn = this.view;
    this.stale = false;
    this.slow = performance.now() - began;
  }

  /** The reals' colours, paler below their pictures. */
  private tints(scene: Scene): Rgb[] {
    return realTints(scene).map((tint) => mix(tint, paper(scene.dark), this.showsThumbs ? 0.55 : 0));
  }

  private pixelView(): Viewport {
    const r = this.ratio;
    return { ...this.view, scale: this.view.scale * r, width: this.base.width, height: this.base.height };
  }

  private drawThumbs(scene: Scene, ctx: Pen): void {
    const { reals, thumbs } = scene;
    if (!reals || !thumbs) return;
    const side = cellSide(this.view.scale, THUMB);
    const box = visible(this.view);
    const seen: number[] = [];
    reals.index.inBox({ x0: box.x0 - side, y0: box.y0 - side, x1: box.x1 + side, y1: box.y1 + side }, (id) => {
      if (!scene.hidden.has(reals.label[id]) && thumbs.has(id)) seen.push(id);
    });
    const { ids, cell } = thin(seen, reals.x, reals.y, this.view.scale, THUMB);
    const size = Math.min(cell * 0.94, 64);
    const back = paper(scene.dark);
    ctx.imageSmoothingEnabled = size * this.ratio < thumbs.about.width * 2;
    for (const id of ids) {
      const x = toX(this.view, reals.x[id]) - size / 2;
      const y = toY(this.view, reals.y[id]) - size / 2;
      const colour = scene.colours[reals.label[id]];
      if (thumbs.ink) {
        // Bright strokes become ink in the class's colour, darkened or lightened until it reads on the paper.
        thumbs.draw(ctx, id, x, y, size, mix(colour, inkColour(scene.dark), 0.25));
      } else if (thumbs.draw(ctx, id, x, y, size)) {
        ctx.lineWidth = 2;
        ctx.strokeStyle = css(mix(colour, back, 0.1));
        ctx.strokeRect(x - 0.5, y - 0.5, size + 1, (size * thumbs.about.height) / Math.max(thumbs.about.width, thumbs.about.height) + 1);
      }
    }
  }

  // ---- what moves ----------------------------------------------------------------------------------------------------
  private drawOver(scene: Scene): void {
    const ctx = this.overCtx;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.over.width, this.over.height);
    ctx.scale(this.ratio, this.ratio);
    this.drawMoving(scene);
  }

  private drawMoving(scene: Scene, svg: SvgPen | null = null): void {
    const ctx = this.pen;
    const dotted = scene.layer === "dots" || this.showsThumbs;
    if (scene.moment && scene.showFake && dotted) this.drawFakes(scene, svg);
    if (scene.moment && scene.showFake && scene.layer !== "dots") this.density.draw(ctx, this.view, this.home, scene);
    if (scene.labels.length) this.drawLabels(scene);
    drawGuests(ctx, this.view, scene.guests, scene.dark, paper(scene.dark));
    this.drawPin(scene);
    this.drawLasso(scene);
    if (this.crosshair) this.drawCrosshair(scene);
  }

  /** The map as SVG elements in the pixels of its window; to be clipped to it. */
  drawSvg(scene: Scene, svg: SvgPen): void {
    const { reals } = scene;
    this.scene = scene;
    if (reals && scene.showReal) {
      const tints = this.tints(scene);
      const size = dotSize(reals.x.length, this.zoom, this.view.width * this.view.height, this.ratio) / this.ratio;
      const chosen = (k: number): boolean => k === scene.focus;
      this.dotsOf(reals, svg, size, (k) => (scene.hidden.has(k) ? null : tints[k]));
      if (scene.focus !== null && !scene.hidden.has(scene.focus)) this.dotsOf(reals, svg, size, (k) => (chosen(k) ? tints[k] : null));
      if (this.showsThumbs) this.drawThumbs(scene, svg);
    }
    this.pen = svg;
    try {
      this.drawMoving(scene, svg);
    } finally {
      this.pen = this.overCtx;
    }
  }

  /** Dots of the reals in the window, a thousand at a time: so that no class covers all others, as on the canvas. */
  private dotsOf({ x, y, label }: Reals, svg: SvgPen, size: number, colourOf: (k: number) => Rgb | null): void {
    const { width, height } = this.view;
    for (let from = 0; from < x.length; from += 1000) {
      const places = new Map<number, number[]>();
      for (let i = from; i < Math.min(x.length, from + 1000); i++) {
        const [px, py] = [toX(this.view, x[i]), toY(this.view, y[i])];
        if (px < 0 || py < 0 || px > width || py > height) continue;
        const list = places.get(label[i]) ?? [];
        list.push(px, py);
        places.set(label[i], list);
      }
      for (const [k, list] of places) {
        const colour = colourOf(k);
        if (colour) svg.dots(list, size, css(colour));
      }
    }
  }

  private drawFakes(scene: Scene, svg: SvgPen | null): void {
    const ctx = this.overCtx;
    const moment = scene.moment;
    if (!moment) return;
    const state = moment.mix < 0.5 ? moment.a : moment.b;
    const radius = Math.min(5.5, 2.6 * Math.max(1, this.zoom ** 0.35)) * (moment.a.points > 4000 ? 0.8 : 1);
    const near = this.showsThumbs && scene.near?.seen === state.seen ? scene.near : null;
    const pictured: [number, number, number][] = [];
    const { width, height } = this.view;
    // Dots go into pixels by hand: as 2,000 drawing commands they would take the time of a frame.
    this.moving ??= ctx.createImageData(this.over.width, this.over.height);
    const out = new Uint32Array(this.moving.data.buffer).fill(0);
    const dot = (px: number, py: number, tone: number, hollow: boolean, faint: boolean): void => {
      if (!svg) {
        stamp(out, this.over.width, this.sprite(scene, tone, hollow, radius, faint), px * this.ratio, py * this.ratio);
        return;
      }
      svg.globalAlpha = faint ? FAINT : 1;
      drawDot(svg, px, py, radius, hollow, css(toneColour(scene, tone)), this.edge(scene, hollow));
    };
    // Hollow ones first: those that resemble the data must not be covered by those that do not.
    for (const hollow of [1, 0]) {
      for (let i = 0; i < state.points; i++) {
        if (state.unlike[i] !== hollow) continue;
        if (!isShown(scene, state, i)) continue;
        const [x, y] = fakeAt(moment, i);
        const px = toX(this.view, x);
        const py = toY(this.view, y);
        if (px < -40 || py < -40 || px > width + 40 || py > height + 40) continue;
        const faint = scene.focus !== null && state.label[i] !== scene.focus;
        if (near && !faint && this.drawable(scene, near, i)) {
          pictured.push([i, px, py]);
          continue;
        }
        dot(px, py, fakeTone(scene, state, i), hollow === 1, faint);
      }
    }
    if (svg) svg.globalAlpha = 1;
    else ctx.putImageData(this.moving, 0, 0);
    for (const [i, px, py] of pictured) this.drawFakeImage(scene, i, px, py, state.unlike[i] === 1);
    if (scene.marked.size) this.drawRings(scene.marked, moment, radius + 2);
  }

  /** Rings around the generated images that are selected. */
  private drawRings(marked: ReadonlySet<number>, moment: Moment, radius: number): void {
    const ctx = this.pen;
    ctx.strokeStyle = css([220, 20, 120]);
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    for (const i of marked) {
      if (i >= moment.a.points) continue;
      const [x, y] = fakeAt(moment, i);
      ctx.moveTo(toX(this.view, x) + radius, toY(this.view, y));
      ctx.arc(toX(this.view, x), toY(this.view, y), radius, 0, 7);
    }
    ctx.stroke();
  }

  private drawable(scene: Scene, near: Snapshot, i: number): boolean {
    const place = placeIn({ ...near, samples: null }, i);
    return place !== null && scene.sheets.get(place.sheet) !== null;
  }

  private drawFakeImage(scene: Scene, i: number, px: number, py: number, hollow: boolean): void {
    const place = scene.near && placeIn({ ...scene.near, samples: null }, i);
    if (!place) return;
    const ctx = this.pen;
    const { about } = place.sheet;
    const size = Math.min(56, 26 * Math.max(1, this.zoom ** 0.25));
    const drawn = (size * about.height) / Math.max(about.width, about.height);
    scene.sheets.draw(ctx, place.sheet, place.at, px - size / 2, py - drawn / 2, size);
    ctx.lineWidth = 2;
    ctx.setLineDash(hollow ? [3, 2] : []);
    ctx.strokeStyle = css(inkColour(scene.dark));
    ctx.strokeRect(px - size / 2 - 1, py - drawn / 2 - 1, size + 2, drawn + 2);
    ctx.setLineDash([]);
  }

  /** One dot drawn once and then copied: thousands of arcs a frame would be slow. `tone` is what `fakeTone` gives. */
  private sprite(scene: Scene, tone: number, hollow: boolean, radius: number, faint: boolean): Sprite {
    const ink = toneColour(scene, tone);
    const key = `${ink.join()}${hollow}${radius.toFixed(1)}${faint}${scene.dark}`;
    const found = this.sprites.get(key);
    if (found) return found;
    if (this.sprites.size > 400) this.sprites.clear();
    const half = Math.ceil(radius + 2);
    const canvas = makeCanvas(2 * half * this.ratio, 2 * half * this.ratio);
    const ctx = context(canvas);
    ctx.scale(this.ratio, this.ratio);
    ctx.globalAlpha = faint ? FAINT : 1;
    drawDot(ctx, half, half, radius, hollow, css(ink), this.edge(scene, hollow));
    const made = { side: canvas.width, pixels: new Uint32Array(ctx.getImageData(0, 0, canvas.width, canvas.height).data.buffer) };
    this.sprites.set(key, made);
    return made;
  }

  /** A dot in a class's colour lies among reals of nearly the same: an outline of ink tells it from them. */
  private edge(scene: Scene, hollow: boolean): string {
    return hollow ? css(paper(scene.dark), 0.9) : css(scene.colourBy === "class" ? inkColour(scene.dark) : paper(scene.dark));
  }

  private drawLabels(scene: Scene): void {
    const ctx = this.pen;
    const centre = scene.reals?.centre;
    this.unplaced = [];
    if (!centre || this.zoom > 8) return;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    const wanted = scene.labels.filter(({ k }) => !scene.hidden.has(k) && !Number.isNaN(centre[2 * k])).map((label) => {
      const shown = label.text.length > 18 ? `${label.text.slice(0, 17)}…` : label.text;
      const font = `700 ${shown.length > 3 ? 13 : 19}px system-ui, sans-serif`;
      ctx.font = font;
      const faces = this.paintable(scene, label) ? FACES : 0;
      const half = faces ? (faces * FACE) / 2 + 3 : ctx.measureText(shown).width / 2 + 6;
      return { ...label, faces: faces ? label.faces : [], shown, font, x: toX(this.view, centre[2 * label.k]), y: toY(this.view, centre[2 * label.k + 1]), half, up: 12, down: label.note ? 27 : 12 };
    });
    placed(wanted, this.view.width, this.view.height).forEach((at, i) => {
      const label = wanted[i];
      if (at) this.drawLabel(scene, label, at);
      else if (label.x >= 0 && label.y >= 0 && label.x <= this.view.width && label.y <= this.view.height) this.unplaced.push(label.text);
    });
    ctx.globalAlpha = 1;
  }

  private drawLabel(scene: Scene, label: Label & { shown: string; font: string; x: number; y: number }, [px, py]: [number, number]): void {
    const ctx = this.pen;
    ctx.globalAlpha = scene.focus !== null && scene.focus !== label.k ? 0.3 : 1;
    if (Math.hypot(px - label.x, py - label.y) > 14) {
      ctx.beginPath();
      ctx.moveTo(label.x, label.y);
      ctx.lineTo(px, py);
      ctx.lineWidth = 1.2;
      ctx.strokeStyle = css(inkColour(scene.dark), 0.6);
      ctx.stroke();
    }
    if (label.faces.length) this.drawFaces(scene, label, px, py);
    else this.drawName(scene, label, px, py);
    if (!label.note) return;
    ctx.font = "600 11px system-ui, sans-serif";
    const half = ctx.measureText(label.note).width / 2 + 6;
    ctx.fillStyle = label.state === "often" ? (scene.dark ? "#9a6700" : "#8a5a00") : "#b3261e";
    ctx.beginPath();
    ctx.roundRect(px - half, py + 11, 2 * half, 16, 8);
    ctx.fill();
    ctx.fillStyle = "#fff";
    ctx.fillText(label.note, px, py + 19.5);
  }

  /** Whether the pictures that stand for its name have arrived. */
  private paintable(scene: Scene, { faces }: Label): boolean {
    const ctx = this.pen;
    ctx.save();
    ctx.globalAlpha = 0;
    const all = faces.length > 0 && faces.every((id) => scene.thumbs?.draw(ctx, id, -99, -99, 1));
    ctx.restore();
    return all;
  }

  private drawFaces(scene: Scene, label: Label, px: number, py: number): void {
    const ctx = this.pen;
    const colour = css(scene.colours[label.k] ?? inkColour(scene.dark));
    const left = px - (label.faces.length * FACE) / 2;
    ctx.fillStyle = colour;
    ctx.fillRect(left - 2.5, py - FACE / 2 - 2.5, label.faces.length * FACE + 5, FACE + 5);
    label.faces.forEach((id, i) => { scene.thumbs?.draw(ctx, id, left + i * FACE, py - FACE / 2, FACE); });
  }

  private drawName(scene: Scene, label: Label & { shown: string; font: string }, px: number, py: number): void {
    const ctx = this.pen;
    ctx.font = label.font;
    ctx.lineWidth = 5;
    ctx.strokeStyle = css(paper(scene.dark), 0.92);
    ctx.strokeText(label.shown, px, py);
    ctx.fillStyle = css(mix(scene.colours[label.k] ?? inkColour(scene.dark), inkColour(scene.dark), 0.45));
    ctx.fillText(label.shown, px, py);
  }

  private drawPin(scene: Scene): void {
    const { pin, hover, reals, moment } = scene;
    const ctx = this.pen;
    if (pin?.kind === "fake" && moment && pin.id < moment.a.points) this.drawTrail(scene, pin.id);
    for (const mark of [pin, hover]) {
      if (!mark) continue;
      let place: [number, number] | null = null;
      if (mark.kind === "real" && reals && mark.id < reals.x.length) place = [reals.x[mark.id], reals.y[mark.id]];
      if (mark.kind === "fake" && moment && mark.id < moment.a.points) place = fakeAt(moment, mark.id);
      if (!place) continue;
      ctx.beginPath();
      ctx.arc(toX(this.view, place[0]), toY(this.view, place[1]), mark === pin ? 10 : 8, 0, 7);
      ctx.lineWidth = 5;
      ctx.strokeStyle = css(paper(scene.dark), 0.9);
      ctx.stroke();
      ctx.lineWidth = 2.5;
      ctx.strokeStyle = "#dc1478";
      ctx.stroke();
    }
  }

  /** The way of a pinned fake through all snapshots, thick where it is now, with its images where there is room. */
  private drawTrail(scene: Scene, i: number): void {
    const ctx = this.pen;
    const at = scene.trail.filter((s) => i < s.points).map((s) => ({ s, x: toX(this.view, s.x[i]), y: toY(this.view, s.y[i]) }));
    if (at.length < 2) return;
    ctx.lineJoin = "round";
    for (const [width, colour] of [[5, css(paper(scene.dark), 0.85)], [2.2, "#dc1478"]] as const) {
      ctx.beginPath();
      for (const { x, y } of at) ctx.lineTo(x, y); // the first one only begins the path
      ctx.lineWidth = width;
      ctx.strokeStyle = colour;
      ctx.stroke();
    }
    ctx.fillStyle = "#dc1478";
    const placed: [number, number][] = [];
    for (const { s, x, y } of at) {
      ctx.fillRect(x - 2, y - 2, 4, 4);
      if (placed.some(([px, py]) => Math.hypot(px - x, py - y) < 52)) continue;
      if (scene.sheets.draw(ctx, s.images, i, x - 17, y - 46, 34)) {
        ctx.lineWidth = 1.5;
        ctx.strokeStyle = "#dc1478";
        ctx.strokeRect(x - 17.5, y - 46.5, 35, 35);
        placed.push([x, y]);
      }
      if (placed.length > 14) break;
    }
  }

  private drawLasso(scene: Scene): void {
    if (this.lasso.length < 4) return;
    const ctx = this.pen;
    ctx.beginPath();
    for (let i = 0; i < this.lasso.length; i += 2) {
      const px = toX(this.view, this.lasso[i]);
      const py = toY(this.view, this.lasso[i + 1]);
      if (i) ctx.lineTo(px, py);
      else ctx.moveTo(px, py);
    }
    ctx.closePath();
    ctx.fillStyle = css(inkColour(scene.dark), 0.08);
    ctx.fill();
    ctx.setLineDash([6, 4]);
    ctx.lineWidth = 1.6;
    ctx.strokeStyle = css(inkColour(scene.dark));
    ctx.stroke();
    ctx.setLineDash([]);
  }

  private drawCrosshair(scene: Scene): void {
    const ctx = this.pen;
    const { width, height } = this.view;
    ctx.strokeStyle = css(inkColour(scene.dark), 0.7);
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(width / 2 - 9, height / 2);
    ctx.lineTo(width / 2 + 9, height / 2);
    ctx.moveTo(width / 2, height / 2 - 9);
    ctx.lineTo(width / 2, height / 2 + 9);
    ctx.stroke();
  }
}
