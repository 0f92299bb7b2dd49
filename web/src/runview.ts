/** One run on the page: its verdict, map, images, classes, charts and details, all at the page's one time. */

import type { RunState } from "./address";
import { classColours, NONE, placeColours, type Rgb } from "./colour";
import { badge } from "./badge";
import { latentsOf } from "./compared";
import { toneOf } from "./curves";
import { Details } from "./details";
import { div, h, icon, ICONS, say, tool } from "./dom";
import { explain } from "./explain";
import { facesOf } from "./faces";
import { inPolygon, polygonBox } from "./gridindex";
import { ByClass } from "./byclass";
import { GenerateCard } from "./generatecard";
import type { Guests } from "./guests";
import { ImageList, type Item } from "./imagelist";
import { classOfKey, Legend } from "./legend";
import { attachInput } from "./mapinput";
import { legendOf, mapPicture, mapSvg } from "./mappicture";
import { MapView } from "./mapview";
import type { FindingLine } from "./lines";
import type { Change, Moment, RunModel, Snapshot } from "./model";
import { count, isNoise, onOneSpot, percent, servedness, shares } from "./numbers";
import { evenly, Pictures, pinOf } from "./pictures";
import { PinnedCard } from "./pinnedcard";
import { RunCharts } from "./runcharts";
import { fakeAt, isShown, type Label, nearestFake, type Pin, type Scene } from "./scene";
import { SampleBrowser } from "./samplebrowser";
import { save } from "./save";
import { Selection } from "./selection";
import type { Shared } from "./state";
import { Story } from "./story";
import type { Store } from "./store";
import { Thumbs } from "./thumbs";
import { positionOf, seenAt } from "./timeaxis";
import { Tip } from "./tip";
import type { Linked, RunHandlers, View } from "./view";
import { visible } from "./viewport";

const GRID_IMAGES = 128;
const CONTACT_IMAGES = 120; // of the data
const DOUBLE_MS = 500; // within which two clicks are one double click
const REACH = 12; // pixels around the pointer in which a point counts as meant

export class RunView implements View {
  readonly element: HTMLElement;
  readonly map: MapView;
  private readonly legend: Legend;
  private readonly charts: RunCharts;
  private readonly details: Details;
  private readonly generate: GenerateCard;
  private readonly byClass: ByClass;
  readonly story: Story;
  private readonly samples: SampleBrowser;
  private guests: Guests = { all: [], path: [] };
  private readonly grid: ImageList;
  private readonly contacts: ImageList;
  private readonly contactCard: HTMLElement;
  private readonly contactTitle = h("h3", {}, "The data: real images");
  readonly pictures: Pictures;
  private readonly card: PinnedCard;
  private readonly selection: Selection;
  private readonly tip: Tip;
  hidden: ReadonlySet<number> = new Set();
  asked: number | null = null; // the class whose asked for images alone are shown
  private spotlight: number[] = [];
  private faces: number[][] = [];
  private focus: number | null = null;
  private pin: Pin | null = null;
  private hover: Pin | null = null;
  private before: Pin | null = null; // what was chosen before the last click, or before the first of two
  private pickedAt = 0;
  private hinting = 0;
  private drawn: "all" | "moving" | null = null;
  private shownSeen = -1;
  private framed = false;
  private furnished = false;
  private contactItems: Item[] = [];

  private readonly verdict = h("p", { class: "verdict", "aria-live": "polite" });
  private readonly still = h("p", { class: "hint still", hidden: true });
  private readonly leftOut = h("p", { class: "hint left-out", hidden: true });
  private readonly unlike = h("span", { class: "unlike" });
  private readonly unnamed = h("span", { class: "unlike unnamed" });
  private readonly hintText = h("span", { class: "map-hint", hidden: true });
  private readonly told = h("span", { class: "hidden", "aria-live": "polite" });
  private readonly gridTitle = h("h3", {}, "Generated images");
  private readonly noMap = h("p", { class: "empty no-map" }, "The real images are being laid out.");

  /** `letter`: what it is called beside other runs, "" where it is alone. */
  constructor(readonly model: RunModel, private readonly store: Store<Shared>, private readonly on: RunHandlers, letter = "") {
    this.map = new MapView(model.name, (byReader) => {
      this.redraw("moving");
      on.chosen(false);
      if (byReader) on.linked("view");
    });
    this.pictures = new Pictures(model, () => model.near(this.position), () => { this.redrawPictures(); this.redraw("moving"); });
    const pick = (item: Item): void => this.choose(pinOf(item), true);
    this.card = new PinnedCard(this.pictures, { goTo: (seen) => on.goTo(seen), choose: (mark) => this.choose(mark, true), letGo: () => this.choose(null, false), unfocused: () => this.map.over.focus({ preventScroll: true }) });
    this.selection = new Selection(this.pictures, (item) => this.choose(pinOf(item), false), () => this.clear());
    this.tip = new Tip(this.pictures);
    this.samples = new SampleBrowser(model, this.pictures, { pick, chosen: () => this.selection.fakes, changed: () => on.chosen(false) });
    this.story = new Story(model, this.pictures, { goTo: (seen) => on.goTo(seen), changed: () => on.chosen(true) });
    this.byClass = new ByClass(model, this.pictures, { only: (k) => this.onlyAsked(k), choose: (id) => this.choose({ kind: "fake", id }, true) });
    this.legend = new Legend({
      toggle: (k) => this.toggleClass(k),
      focus: (k) => { this.focus = k; this.redraw("all"); },
      spotlight: (k) => this.change(() => (this.spotlight = this.spotlight.includes(k) ? this.spotlight.filter((one) => one !== k) : [...this.spotlight, k].slice(-10))),
      only: (k) => this.change(() => (this.hidden = new Set(k === null || this.isAlone(k) ? [] : model.classes.map((_, other) => other).filter((other) => other !== k)))),
    });
    this.charts = new RunCharts(model, { pick: (seen) => on.goTo(seen), point: (seen) => store.set({ pointed: seen === null ? null : model.valueAt(store.value.unit, seen) }) });
    this.details = new Details(model, (seen) => on.goTo(seen));
    this.generate = new GenerateCard(model, {
      className: (id) => this.model.classes[this.model.reals?.label[id] ?? -1] ?? "",
      paintReal: (ctx, id, size) => {
        const { thumbs } = this.pictures;
        return thumbs?.draw(ctx, id - (id % thumbs.about.stride), 0, 0, size) ?? false;
      },
      chosen: () => this.chosenLatent,
      show: (all, path) => { this.guests = { all, path }; this.redraw("moving"); },
    });
    const { paint, describe } = this.pictures;
    this.grid = new ImageList("generated images from the fixed latents", 38, paint, pick, describe);
    this.grid.marked = (item) => this.pin?.kind === "fake" && this.pin.id === item.id;
    this.contacts = new ImageList("real images", 30, paint, pick, describe);
    this.contactCard = h("section", { class: "card contact", "aria-label": "The data" }, this.contactTitle, this.contacts.element);
    this.map.element.append(this.tip.element, this.noMap, div("map-foot", this.unlike, explain("rim"), this.unnamed), this.hintText, this.told);
    this.element = h("section", { class: "run", "aria-label": `Run ${letter && `${letter}, `}${model.name}` },
      h("header", { class: "run-head" }, h("h2", { dir: "auto", title: model.name }, letter && badge(letter), model.name), this.verdict, this.still, this.leftOut),
      div("stage",
        div("card map-card", this.toolbar(), this.map.element),
        div("side", this.card.element, this.selection.element,
          h("section", { class: "card grid-card", "aria-label": "Generated images" }, div("card-head", this.gridTitle), this.grid.element),
          this.legend.element)),
      this.byClass.element, this.samples.element, this.generate.element, this.charts.element, this.details.element,
      this.contactCard);
    // Parts of the run, not places of the page: two runs have the same ones.
    for (const part of this.element.querySelectorAll("section[aria-label]")) part.setAttribute("role", "group");
    attachInput(this.map, {
      hover: (x, y) => this.point(x, y),
      pick: (x, y) => {
        const now = performance.now();
        if (now - this.pickedAt > DOUBLE_MS) this.before = this.pin;
        this.pickedAt = now;
        this.choose(this.hit(x, y), false);
        this.uncover(y);
      },
      unpick: () => this.choose(this.before, false),
      hint: (text) => this.hint(text),
      lassoed: (polygon) => this.select((x, y) => inPolygon(polygon, x, y), polygonBox(polygon)),
      lassoActive: () => store.value.lasso,
      changed: () => this.redraw("moving"),
    });
    this.map.over.addEventListener("keydown", (event) => this.key(event));
    store.on(["t", "axis"], () => this.moveTime());
    store.on(["showFake"], () => this.showUnlike());
    store.on(["playing"], (state) => this.legend.setQuiet(state.playing));
    store.on(["layer"], () => { this.showUnlike(); this.redraw("all"); });
    store.on(["colourBy", "showReal", "showFake", "showImages"], () => this.redraw("all"));
    store.on(["dark"], () => { this.redraw("all"); this.charts.update(); });
    store.on(["pointed"], (state) => this.charts.setPointed(state.pointed === null ? null : model.imagesAt(state.unit, state.pointed)));
  }

  private toolbar(): HTMLElement {
    const button = (name: string, path: string, act: () => void, hint = ""): HTMLElement =>
      tool(name, hint || name, icon(path), act);
    return h("div", { class: "map-tools", role: "toolbar", "aria-label": "Map" },
      button("Zoom in", ICONS.plus, () => this.map.zoomBy(1.6)), button("Zoom out", ICONS.minus, () => this.map.zoomBy(1 / 1.6)),
      button("Show everything", ICONS.home, () => this.map.reset(), "Show everything (f)"),
      button("List what is in view", ICONS.view, () => this.listView(), "List what is in view (v)"),
      button("Save as a picture", ICONS.image, () => this.savePicture("png"), "Save as a picture (PNG) with title, moment and legend"),
      tool("Save as SVG", "Save as SVG with title, moment and legend: lines and letters that stay sharp and can be edited", h("b", { class: "letters" }, "SVG"), () => this.savePicture("svg")),
      button("Full screen", ICONS.full, () => void this.map.element.parentElement?.requestFullscreen?.()), explain("map"));
  }

  // ---- data has arrived ----------------------------------------------------------------------------------------------
  changed(what: Change): void {
    this.generate.update();
    if (what === "base") {
      const about = this.model.base?.map?.thumb;
      this.pictures.thumbs = about ? new Thumbs(about, (page) => this.model.atlasPage(page), () => { this.redrawPictures(); this.contacts.redraw(); this.redraw("all"); }) : null;
      const { reals, labelled } = this.model;
      this.faces = reals && !labelled && about ? facesOf(reals, (id) => this.pictures.thumbs?.has(id) ?? false) : [];
      this.legend.setClasses(this.model.classes, labelled, this.faces.length ? (ctx, k, size) => this.faces[k].every((id, i) => this.pictures.thumbs?.draw(ctx, id, i * size, 0, size) ?? false) : null);
      const shown = evenly(about?.count ?? 0, CONTACT_IMAGES);
      this.contactItems = shown.map((i) => ({ kind: "real", id: i * (about?.stride ?? 1) }));
      if (this.furnished) this.contacts.set(this.contactItems);
      const all = this.model.base?.map?.n ?? 0;
      say(this.contactTitle, shown.length < all ? `The data: ${count(shown.length)} of ${count(all)} real images, evenly spaced` : "The data: real images");
      this.contactCard.hidden = !about;
      this.details.updateBase();
      this.samples.setClasses(this.model.classes);
      this.noMap.hidden = this.model.reals !== null;
      const why = this.model.base?.why;
      const mapless = this.model.base?.config["map"] === "none" || !!why;
      this.element.classList.toggle("mapless", mapless);
      say(this.noMap, !mapless ? "The real images are being laid out; the map appears here." :
        why ? `${why}.` : this.model.watched ? "No map and no measurements: the real images are not known. ganscope watch DIR --reals DATA names them." : "This run was started without a map.");
      this.map.setHome(this.scene(), this.framed);
      this.framed = this.model.reals !== null;
    }
    if (what === "log") this.tellLog();
    if (what === "snapshot") this.map.setHome(this.scene(), true);
    // A log line changes shares and curves, not the pictures: what the reader has open stays.
    if (what === "log") this.showShares();
    else this.shownSeen = -1;
    if (what === "snapshot") this.card.refresh();
    this.moveTime();
    this.redraw(what === "base" ? "all" : "moving");
  }

  private get unmeasured(): string {
    const { why, config } = this.model.base ?? {};
    return why ? `Not measured: ${why}.` : config?.["metrics"] === false ? "Not measured: the run was started with --no-metrics." : "Not measured.";
  }

  private tellLog(): void {
    const line = this.model.last;
    say(this.verdict, line?.verdict || (this.model.log?.history.x.length ? this.unmeasured : "No step yet."));
    say(this.still, this.model.log?.still ?? "");
    this.still.hidden = !this.model.log?.still;
    say(this.leftOut, this.model.leftOut);
    this.leftOut.hidden = !this.model.leftOut;
    this.verdict.dataset["tone"] = toneOf(line);
    if (this.furnished) this.furnish();
    this.story.update();
  }

  furnish(): void {
    if (!this.furnished) this.contacts.set(this.contactItems);
    this.furnished = true;
    this.charts.update();
    this.details.updateLog(this.seen);
  }

  get seen(): number {
    return this.model.imagesAt(this.store.value.unit, seenAt(this.store.value.axis, this.store.value.t));
  }

  /** The run's own position at the page's time. */
  get position(): number {
    return positionOf(this.model.seen, this.seen);
  }

  private moveTime(): void {
    const p = this.position;
    void this.model.load(Math.round(p));
    void this.model.load(Math.ceil(p));
    this.charts.setTime(this.seen);
    this.details.setTime(this.seen);
    const near = this.model.near(p);
    if (near && near.seen !== this.shownSeen) {
      this.shownSeen = near.seen;
      const sheet = near.samples ?? near.images;
      const byClass = this.model.classGrid; // a row of it is a class, and the rest are in no order
      const most = byClass?.columns ? byClass.rows.length * byClass.columns : GRID_IMAGES;
      this.grid.set(Array.from({ length: Math.min(most, sheet?.about.count ?? 0) }, (_, id) => ({ kind: "sample", id })), byClass?.columns || null);
      say(this.gridTitle, `Generated images at ${count(near.seen)} images seen`);
      this.showShares();
      this.card.show(this.pin);
      this.selection.moveTime();
    }
    this.byClass.update(this.seen);
    this.story.moveTime(this.seen);
    this.samples.update();
    this.showUnlike();
    this.redraw("moving");
  }

  /** How many of the points shown lie on the rim, or which moment the map shows instead. */
  private showUnlike(): void {
    const near = this.model.near(this.position);
    const shown = this.moment?.a;
    let text = "";
    if (near && !near.points && shown?.points) text = `the map shows ${count(shown.seen)} images: this snapshot has no places yet`;
    else if (near?.points && this.store.value.showFake) {
      let [all, apart, obeyed] = [0, 0, 0];
      for (let i = 0; i < near.points; i++) {
        if (!isShown(this, near, i)) continue;
        all++;
        apart += near.unlike[i];
        obeyed += Number(near.label[i] === this.asked);
      }
      const spot = all === near.points ? onOneSpot(near.x, near.y) : 0;
      const only = this.asked === null || !near.asked ? "" : `only the ${count(all)} asked for ${this.model.classes[this.asked] ?? this.asked}, of which ${count(obeyed)} look like it; `;
      text = all ? `${only}${percent(apart / all)}${all < near.points ? " of those shown" : ""} like no real image (${this.store.value.layer === "dots" ? "hollow, " : ""}on the rim)${spot ? `; ${percent(spot)} on one spot` : ""}` : "";
    }
    say(this.unlike, text);
  }

  private showShares(): void {
    const near = this.model.near(this.position);
    if (near) this.legend.setShares(this.realShares(), near.points ? shares(near.label, this.model.classes.length) : null, near.points, this.model.labelled, isNoise(near.unlike));
  }

  private realShares(): ArrayLike<number> | null {
    return this.model.log?.shareReal ?? (this.model.reals ? shares(this.model.reals.label, this.model.classes.length) : null);
  }

  // ---- drawing -------------------------------------------------------------------------------------------------------
  private redrawPictures(): void {
    this.grid.redraw();
    this.card.redraw();
    this.selection.redraw();
    this.byClass.redraw();
    this.story.redraw();
    this.samples.redraw();
    this.on.pictured();
  }

  /** Show on the map only what was asked for class `k`; null: everything again. */
  private onlyAsked(k: number | null): void {
    this.asked = k;
    this.byClass.setOnly(k);
    // What was asked for is known; what it looks like is to be seen.
    if (k !== null) this.store.set({ colourBy: "class", showFake: true });
    if (k !== null) this.map.element.scrollIntoView({ block: "nearest" });
    this.change(() => undefined);
  }

  private redraw(what: "all" | "moving"): void {
    const queued = this.drawn !== null;
    this.drawn = what === "all" || this.drawn === "all" ? "all" : "moving";
    if (queued) return;
    requestAnimationFrame(() => this.drawNow());
  }

  drawNow(): void {
    this.charts.drawNow();
    const how = this.drawn;
    this.drawn = null;
    if (how) this.paint(how);
  }

  private paint(how: "all" | "moving"): void {
    const scene = this.scene();
    this.legend.setState(scene.colours, this.hidden, this.spotlight);
    this.map.draw(scene, how);
    const { unplaced } = this.map;
    say(this.unnamed, unplaced.length ? `no room for the name${unplaced.length > 1 ? "s" : ""} ${unplaced.slice(0, 6).join(", ")}${unplaced.length > 6 ? " …" : ""}` : "");
    this.generate.reflect(this.map.layers, this.map.view, this.guests, scene.dark);
    this.map.element.dataset["frame"] = String(Number(this.map.element.dataset["frame"] ?? 0) + 1);
  }

  private change(act: () => void): void {
    act();
    this.showUnlike();
    this.redraw("all");
    this.on.chosen(false);
    this.on.linked("hidden");
  }

  private get moment(): Moment | null {
    return this.model.at(this.position);
  }

  private scene(): Scene {
    const state = this.store.value;
    const near = this.model.near(this.position);
    return {
      reals: this.model.reals, moment: this.model.reals ? this.moment : null, near, trail: this.model.slots.flatMap((slot) => (slot.data?.points ? [slot.data] : [])),
      thumbs: this.pictures.thumbs, sheets: this.pictures.sheets, colours: this.colours(), hidden: this.hidden, asked: this.asked, focus: this.focus, labels: this.labels(near),
      colourBy: state.colourBy, layer: state.layer, showReal: state.showReal, showFake: state.showFake, showImages: state.showImages,
      pin: this.pin, hover: this.hover, marked: this.selection.fakes, guests: this.guests, dark: state.dark,
    };
  }

  private colours(): Rgb[] {
    const brought = this.focus === null || this.spotlight.includes(this.focus) ? this.spotlight : [...this.spotlight, this.focus];
    // Clusters without a name: where they lie is all there is to know them by.
    if (!this.model.labelled && !brought.length && this.model.reals) return [...placeColours(this.model.reals.centre), NONE];
    return classColours(this.model.classes.length, brought);
  }

  private labels(near: Snapshot | null): Label[] {
    const names = this.model.classes;
    if (names.length < 2) return [];
    const real = this.realShares();
    // Noise is taken for some class, too.
    const fake = near?.points && !isNoise(near.unlike) ? shares(near.label, names.length) : null;
    const wanted = names.length <= 40 || this.faces.length ? names.map((_, k) => k) : [...this.spotlight, ...(this.focus === null ? [] : [this.focus])];
    return wanted.map((k) => {
      const state = real && fake ? servedness(real[k], fake[k], near?.points ?? 0) : "fine";
      const note = state === "missing" ? "missing" : state === "rare" ? "too rare" : state === "often" ? "too often" : "";
      return { text: this.model.labelled ? names[k] : names[k].replace("cluster ", ""), state, note, k, faces: this.faces[k] ?? [] };
    });
  }

  // ---- pointing and choosing -----------------------------------------------------------------------------------------
  private hit(px: number, py: number): Pin | null {
    const [x, y] = this.map.toMap(px, py);
    const radius = REACH / this.map.view.scale;
    const { showFake, showReal } = this.store.value;
    const moment = this.moment;
    if (moment && showFake && this.model.reals) {
      const state = moment.mix < 0.5 ? moment.a : moment.b;
      const i = nearestFake(moment, x, y, radius, (k) => isShown(this, state, k));
      if (i >= 0) return { kind: "fake", id: i };
    }
    const reals = this.model.reals;
    const id = reals && showReal ? reals.index.nearest(x, y, radius, (k) => !this.hidden.has(reals.label[k])) : -1;
    return id >= 0 ? { kind: "real", id } : null;
  }

  private hint(text: string): void {
    say(this.hintText, text);
    this.hintText.hidden = false;
    clearTimeout(this.hinting);
    this.hinting = window.setTimeout(() => (this.hintText.hidden = true), 1800);
  }

  private point(x: number | null, y: number): void {
    const before = this.hover;
    this.hover = x === null ? null : this.hit(x, y);
    if (this.hover && x !== null) this.tip.show(this.hover, x, y, this.map.view);
    else this.tip.hide();
    this.redraw("moving");
    if (before?.id !== this.hover?.id || before?.kind !== this.hover?.kind) this.on.linked("hover");
  }

  choose(mark: Pin | null, travel: boolean): void {
    const same = mark?.kind === this.pin?.kind && mark?.id === this.pin?.id;
    this.pin = mark;
    this.tip.hide();
    if (mark && travel) {
      const place = this.placeOf(mark);
      if (place) this.map.goTo(place[0], place[1], 2);
    }
    this.card.show(mark);
    this.grid.redraw();
    this.redraw("moving");
    if (!same) {
      this.on.chosen(true);
      this.on.linked("pin");
    }
  }

  /** On a phone the card lies over the lower part of the window: bring what was tapped, `y` pixels down the map, above it. */
  private uncover(y: number): void {
    const card = this.card.element;
    if (!this.pin || getComputedStyle(card).position !== "fixed") return;
    const top = this.map.element.getBoundingClientRect().top;
    const free = card.getBoundingClientRect().top;
    if (top > free / 2 || top + y > free - 24) window.scrollBy({ top: top + y - free / 2 });
  }

  private placeOf(mark: Pin): [number, number] | null {
    const reals = this.model.reals;
    if (mark.kind === "real") return reals ? [reals.x[mark.id], reals.y[mark.id]] : null;
    const moment = this.moment;
    return moment && mark.id < moment.a.points ? fakeAt(moment, mark.id) : null;
  }

  // ---- selections ----------------------------------------------------------------------------------------------------
  private listView(): void {
    const box = visible(this.map.view);
    this.select((x, y) => x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1, box);
  }

  private select(inside: (x: number, y: number) => boolean, box: { x0: number; y0: number; x1: number; y1: number }): void {
    const reals: number[] = [];
    const model = this.model.reals;
    model?.index.inBox(box, (id) => {
      if (!this.hidden.has(model.label[id]) && inside(model.x[id], model.y[id])) reals.push(id);
    });
    const fakes: number[] = [];
    const moment = this.moment;
    for (let i = 0; moment && i < moment.a.points; i++) if (isShown(this, moment.a, i) && inside(...fakeAt(moment, i))) fakes.push(i);
    this.selection.take(reals, fakes, this.model.near(this.position)?.seen ?? 0);
    this.samples.update();
    this.redraw("moving");
  }

  clear(): void {
    this.selection.end();
    this.samples.update();
    this.map.lasso = [];
    this.choose(null, false);
  }

  // ---- the rest ------------------------------------------------------------------------------------------------------
  toggleKey(key: string): void {
    this.toggleClass(classOfKey(key, this.model.classes));
  }

  toggleClass(k: number): void {
    if (k < 0 || k >= this.model.classes.length) return;
    this.change(() => {
      const now = new Set(this.hidden);
      if (!now.delete(k)) now.add(k);
      this.hidden = now;
    });
  }

  private isAlone(k: number): boolean {
    return this.hidden.size === this.model.classes.length - 1 && !this.hidden.has(k);
  }

  /** Open the card of a finding; `travel`: and bring it into view. */
  show(finding: FindingLine, travel: boolean): void {
    this.details.show(finding, travel);
  }

  // ---- the address ---------------------------------------------------------------------------------------------------
  get state(): RunState {
    const { view, span, atHome } = this.map;
    return {
      ...(atHome ? {} : { view: [view.cx, view.cy, span] }),
      ...(this.hidden.size ? { hidden: [...this.hidden].sort((a, b) => a - b) } : {}),
      ...(this.samples.state === undefined ? {} : { browse: this.samples.state }),
      ...(this.story.state === undefined ? {} : { story: this.story.state }),
      ...(this.asked === null ? {} : { asked: this.asked }),
      ...(this.spotlight.length ? { spotlight: this.spotlight } : {}),
      ...(this.pin ? { pin: this.pin } : {}),
    };
  }

  restore(state: RunState): void {
    const known = (k: number): boolean => k < this.model.classes.length;
    this.hidden = new Set((state.hidden ?? []).filter(known));
    this.asked = state.asked !== undefined && known(state.asked) ? state.asked : null;
    this.byClass.setOnly(this.asked);
    this.story.restore(state.story);
    this.samples.restore(state.browse);
    this.spotlight = (state.spotlight ?? []).filter(known).slice(-10);
    if (state.view) this.map.restore(...state.view);
    else this.map.reset();
    this.choose(state.pin ?? null, false);
    this.showUnlike();
    this.redraw("all");
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const points = this.moment?.a.points ?? 0;
    const at = this.pin?.kind === "fake" ? this.pin.id : -1;
    if (!this.store.value.keys && /^[npv]$/.test(event.key)) return;
    if (event.key === "n" && points) this.walk((at + 1) % points);
    else if (event.key === "p" && points) this.walk(at > 0 ? at - 1 : points - 1);
    else if (event.key === "v") this.listView();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private walk(id: number): void {
    this.choose({ kind: "fake", id }, true);
    say(this.told, this.pictures.lines({ kind: "fake", id }).join(", "));
  }

  private savePicture(kind: "png" | "svg"): void {
    const { layers, view } = this.map;
    const scene = this.scene();
    const moment = `${count(Math.round(this.seen))} images seen${this.unlike.textContent ? ` · ${this.unlike.textContent}` : ""}`;
    const caption = { title: this.model.name, moment, legend: legendOf(scene, this.model.classes), dark: scene.dark };
    const keep = (blob: Blob | null): void => {
      if (blob) save(`${this.model.name}-${Math.round(this.seen)}.${kind}`, blob);
    };
    if (kind === "svg") keep(new Blob([mapSvg(view.width, view.height, (pen) => this.map.drawSvg(scene, pen), caption)], { type: "image/svg+xml" }));
    else mapPicture(layers, layers[0].width / view.width, caption).toBlob(keep);
  }

  /** The latent that is chosen, or null. */
  get chosenLatent(): number | null {
    return this.pin?.kind === "fake" ? this.pin.id : null;
  }

  // ---- beside other runs ---------------------------------------------------------------------------------------------
  /** Whether the two lay out the same reals in the same places. */
  private sameMap(other: RunModel): boolean {
    const [mine, theirs] = [this.model.base?.map, other.base?.map];
    return Boolean(mine && theirs) && JSON.stringify([mine?.n, mine?.frame, mine?.features]) === JSON.stringify([theirs?.n, theirs?.frame, theirs?.features]);
  }

  private counterpart(mark: Pin | null, other: RunModel): Pin | null {
    if (mark?.kind === "real") return this.sameMap(other) ? mark : null;
    const mine = latentsOf(this.model.base?.config ?? {}, this.model.classes);
    return mine !== null && mine === latentsOf(other.base?.config ?? {}, other.classes) ? mark : null;
  }

  follow(other: View, what: Linked): void {
    if (!(other instanceof RunView)) return;
    if (what === "view" && this.sameMap(other.model)) {
      const { view, span, atHome } = other.map;
      if (atHome) this.map.reset(false);
      else this.map.restore(view.cx, view.cy, span);
    } else if (what === "hidden") {
      const off = new Set([...other.hidden].map((k) => other.model.classes[k]));
      const out = other.spotlight.map((k) => this.model.classes.indexOf(other.model.classes[k]));
      this.change(() => {
        this.hidden = new Set(this.model.classes.flatMap((name, k) => (off.has(name) ? [k] : [])));
        this.spotlight = out.filter((k) => k >= 0);
      });
    } else if (what === "pin") {
      const mark = this.counterpart(other.pin, other.model);
      if (mark || !other.pin) this.choose(mark, false);
    } else if (what === "hover") {
      this.hover = this.counterpart(other.hover, other.model);
      this.redraw("moving");
    }
  }
}
