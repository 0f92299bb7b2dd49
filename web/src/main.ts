/** The page: one time axis, one run or two, a file or a server behind them. */

import { Bookmark } from "./bookmark";
import { legendLine } from "./legendline";
import { explain } from "./explain";
import { findingsOf } from "./curves";
import { AXIS_NAME, UNITS, type Unit } from "./clock";
import { LETTERS } from "./compared";
import { Comparison } from "./comparison";
import { append, div, fill, h, icon, ICONS, tool } from "./dom";
import { makeModels, type RunModel } from "./model";
import { count, words } from "./numbers";
import { lifeOf } from "./pulse";
import { RunView } from "./runview";
import { COLOUR_BY, type ColourBy, LAYERS as DRAWN_AS, type Layer } from "./scene";
import { findSource, type Index } from "./source";
import { firstState, type Shared } from "./state";
import { Store } from "./store";
import { ToyView } from "./toyview";
import type { Linked, RunHandlers, View } from "./view";
import { makeAxis, played, positionOf, seenAt, stopNear } from "./timeaxis";
import { type Mark, TimeBar } from "./timebar";

const STOPS_A_SECOND = 5;
const KEYS: [string, string][] = [
  ["space", "play or pause"], [", and .", "previous and next snapshot"], ["Home, End", "first and last snapshot"], ["0 … 9", "hide or show the class of that name (else by its place)"],
  ["L", "lasso on or off (or Shift and drag)"], ["Esc", "let go of everything"], ["arrows, +, −, f", "on the map: move, zoom, show everything"],
  ["n, p", "on the map: next and previous generated image"], ["v", "on the map: list what is in view"], ["Enter", "on the map: choose what is in the middle"], ["?", "these keys"],
];

const LAYERS = [["real", "showReal"], ["generated", "showFake"], ["pictures", "showImages"]] as const;
const COLOURINGS: Record<ColourBy, string> = { ink: "generated: one colour", class: "by the class it looks like", asked: "by the class asked for", score: "by D's score", distance: "by distance to the reals" };
const DRAWINGS: Record<Layer, string> = { dots: "as dots", contours: "as contours", balance: "too much, too little" };
const BEST = "the best snapshot: the metric that the run chose was nowhere better";

/** Copies the address of what is shown; where the browser forbids that, it shows it. */
function linkButton(link: () => string): HTMLElement {
  const button = tool("Copy a link to this", "Copy a link to what is shown", icon(ICONS.link), () => {
    const say = (text: string): void => {
      button.title = text;
      button.setAttribute("aria-label", text);
    };
    // Without a promise there is no clipboard: an insecure address or a sandboxed frame.
    const copied = navigator.clipboard?.writeText(link()) ?? Promise.reject(new Error("no clipboard"));
    copied.then(() => say("Copied"), () => prompt("The address of what is shown:", link()));
  });
  return button;
}

async function start(): Promise<void> {
  const app = document.getElementById("app");
  if (!app) return;
  const source = findSource();
  const system = matchMedia("(prefers-color-scheme: dark)");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const store = new Store<Shared>(firstState(system.matches));
  const views: View[] = [];
  let first: Index;
  try {
    first = await source.index();
  } catch (error) {
    fill(app, h("p", { class: "empty" }, `The run cannot be read: ${String(error)}`));
    return;
  }
  let comparison: Comparison | null = null;
  const models: RunModel[] = makeModels(source, first, (run, what) => {
    if (what === "snapshots") placeAxis();
    if (what === "log") bar.setAxis(store.value.axis, marks());
    if ((what === "base" || what === "snapshot") && askedOption?.hidden) askedOption.hidden = !models.some((model) => model.asksForClasses);
    views[run]?.changed(what);
    if (what !== "snapshots") comparison?.changed(what);
  });

  const goTo = (t: number): void => store.set({ t: Math.min(Math.max(t, 0), Math.max(0, store.value.axis.length - 1)), playing: false });
  /** To images seen of a run. */
  const goToSeen = (run: number, seen: number): void => goToValue(models[run].valueAt(store.value.unit, seen));
  const goToValue = (value: number): void => {
    goTo(stopNear(store.value.axis, value));
    bookmark.changed(true);
  };
  const step = (by: number): void => goTo(Math.round(store.value.t) + by);
  const bar = new TimeBar({
    goTo, step,
    toggle: () => toggle(),
    speed: (factor) => store.set({ speed: factor }),
    open: (mark: Mark) => {
      goToSeen(mark.id, mark.seen);
      const { finding } = mark;
      if (finding) views[mark.id]?.show(finding, false);
      const name = mark.run ? `${mark.run}: ` : "";
      const when = finding?.open ? "since here:" : `passed; from here to ${count(finding?.last ?? 0)} images it said:`;
      bar.say(`${name}${finding ? `${words(finding.id)}, ${when} ${finding.sentence}` : BEST}`, finding && (() => views[mark.id]?.show(finding, true)), finding ? null : explain("best"));
    },
  });

  function marks(): Mark[] {
    return models.flatMap((model, id) => {
      const run = models.length > 1 ? `${LETTERS[id]}, ${model.name}` : "";
      const at = (seen: number): number => model.valueAt(store.value.unit, seen);
      const found: Mark[] = findingsOf(model.log?.evals ?? []).filter((finding) => finding.id !== "balanced").map((finding) => ({ seen: finding.first, at: at(finding.first), finding, run, id }));
      // While nothing is better than the untrained generator, there is nothing to praise.
      return model.best && !model.bestIsWorse ? [...found, { seen: model.best, at: at(model.best), finding: null, run, id }] : found;
    });
  }

  function placeAxis(): void {
    const { axis: old, t, playing } = store.value;
    // A run that is live may not tell its epochs or seconds yet: then nobody's are shown.
    const told = UNITS.filter((one) => models.every((model) => model.clock(one)));
    for (const option of unitChoice.options) option.disabled = !told.includes(option.value as Unit);
    const unit = told.includes(store.value.unit) ? store.value.unit : "images";
    store.set({ unit });
    const axis = makeAxis(models.map((model) => model.seen.map((seen) => model.valueAt(unit, seen))));
    bar.unit = unit;
    if (axis.length !== old.length || axis.some((seen, i) => seen !== old[i])) {
      // Follow the end only if one was at the end; while it plays, stay between two stops.
      const atEnd = old.length === 0 || Math.round(t) >= old.length - 1;
      const place = playing ? positionOf(axis, seenAt(old, t)) : atEnd ? axis.length - 1 : stopNear(axis, seenAt(old, t));
      store.set({ axis, t: Math.max(0, place) });
    }
    bar.setAxis(axis, marks());
    showTime();
  }

  /** Where the only run stands; of several each has its own iterations. */
  function showTime(): void {
    const { axis, t, unit } = store.value;
    const seen = models[0].imagesAt(unit, seenAt(axis, Math.round(t)));
    bar.setTime(t, models.length > 1 ? { iteration: null, epoch: null } : models[0].progressAt(seen));
  }

  // ---- playing -------------------------------------------------------------------------------------------------------
  let last = 0;
  let played_to = 0;
  function toggle(): void {
    const { playing, t, axis } = store.value;
    if (playing) {
      store.set({ playing: false, t: Math.round(t) });
      return;
    }
    played_to = t >= axis.length - 1 ? 0 : t;
    store.set({ playing: axis.length > 1, t: played_to });
    last = performance.now();
    requestAnimationFrame(frame);
  }

  function frame(now: number): void {
    const { playing, speed, axis } = store.value;
    if (!playing) return;
    played_to = played(played_to, (now - last) / 1000, speed * STOPS_A_SECOND, axis.length);
    last = now;
    const done = played_to >= axis.length - 1;
    store.set({ t: calm.matches ? Math.floor(played_to) : played_to, playing: !done });
    if (!done) requestAnimationFrame(frame);
  }
  store.on(["playing"], (state) => bar.setPlaying(state.playing));
  store.on(["t", "axis"], () => showTime());

  // ---- the page ------------------------------------------------------------------------------------------------------
  const theme = (dark: boolean): void => {
    document.documentElement.dataset["theme"] = dark ? "dark" : "light";
    store.set({ dark });
  };
  theme(system.matches);
  system.addEventListener("change", (event) => theme(event.matches));
  // Paper is white: what is printed is drawn light, and at once, since no frame comes before it.
  let off = false;
  const onPaper = (begins: boolean): void => {
    if (begins && store.value.dark && !off) off = true;
    else if (begins || !off) return;
    else off = false;
    theme(!begins);
    if (!begins) return;
    store.flush();
    for (const view of views) view.drawNow();
    comparison?.drawNow();
  };
  addEventListener("beforeprint", () => onPaper(true));
  addEventListener("afterprint", () => onPaper(false));
  const keys = h("input", { type: "checkbox", checked: true, on: { change: () => store.set({ keys: keys.checked }) } });
  store.on(["keys"], (state) => (keys.checked = state.keys));
  const help = h("dialog", { class: "help", "aria-label": "Keys" }, h("h2", {}, "Keys"),
    h("dl", {}, ...KEYS.flatMap(([key, text]) => [h("dt", {}, key), h("dd", {}, text)])), h("label", { class: "check" }, keys, "single keys do something (off: for dictation)"), h("form", { method: "dialog" }, h("button", { type: "submit" }, "Close")));
  const colour = h("select", { "aria-label": "Colour the generated images by", on: { change: () => store.set({ colourBy: colour.value as ColourBy }) } },
    ...COLOUR_BY.map((by) => h("option", { value: by, hidden: by === "asked" }, COLOURINGS[by])));
  const askedOption = colour.querySelector<HTMLOptionElement>("[value=asked]");
  store.on(["colourBy"], (state) => (colour.value = state.colourBy));
  const drawnAs = h("select", { "aria-label": "Draw the generated images", on: { change: () => store.set({ layer: drawnAs.value as Layer }) } },
    ...DRAWN_AS.map((layer) => h("option", { value: layer }, DRAWINGS[layer])));
  store.on(["layer"], (state) => (drawnAs.value = state.layer));
  const check = (name: string, key: (typeof LAYERS)[number][1]): HTMLElement => {
    const box = h("input", { type: "checkbox", checked: true, on: { change: () => store.set({ [key]: box.checked }) } });
    store.on([key], (state) => (box.checked = state[key]));
    return h("label", { class: "check" }, box, name);
  };
  const unitChoice = h("select", { "aria-label": "Time is counted in", on: { change: () => changeUnit(unitChoice.value as Unit) } },
    ...UNITS.map((unit) => h("option", { value: unit }, `time: ${AXIS_NAME[unit]}`)));
  store.on(["unit"], (state) => (unitChoice.value = state.unit));
  /** Another measure of time: the first run stays where it is. */
  function changeUnit(unit: Unit): void {
    const seen = models[0].imagesAt(store.value.unit, seenAt(store.value.axis, Math.round(store.value.t)));
    const atEnd = Math.round(store.value.t) >= store.value.axis.length - 1;
    store.set({ unit });
    placeAxis();
    if (atEnd) goTo(store.value.axis.length - 1);
    else goToSeen(0, seen);
  }
  const linkTick = h("input", { type: "checkbox", checked: true, on: { change: () => store.set({ linked: linkTick.checked }) } });
  store.on(["linked"], (state) => (linkTick.checked = state.linked));
  const linkBox = h("label", { class: "check", title: "Zoom, hidden classes, and the point under the pointer or chosen go together in all runs" }, linkTick, "together");
  const lasso = h("button", { class: "lasso", "aria-pressed": "false", title: "Lasso (L, or Shift and drag)", on: { click: () => store.set({ lasso: !store.value.lasso }) } }, icon(ICONS.lasso), "Lasso");
  store.on(["lasso"], (state) => {
    lasso.setAttribute("aria-pressed", String(state.lasso));
    document.body.classList.toggle("lassoing", state.lasso);
  });
  views.push(...models.map((model, i): View => {
    const on: RunHandlers = { goTo: (seen) => goToSeen(i, seen), chosen: (jump) => bookmark.changed(jump), linked: (what) => link(i, what), pictured: () => comparison?.redraw() };
    const letter = models.length > 1 ? LETTERS[i] : "";
    return first.runs[i].points ? new ToyView(model, store, on, letter) : new RunView(model, store, on, letter);
  }));
  let following = false;
  function link(from: number, what: Linked): void {
    if (following || !store.value.linked || models.length < 2) return;
    following = true;
    views.forEach((view, i) => { if (i !== from) view.follow(views[from], what); });
    following = false;
    if (what === "pin") comparison?.redraw();
  }
  /** A class's key is every run's own: what one does the others are not to undo. */
  function keyed(key: string): void {
    following = true;
    for (const view of views) view.toggleKey(key);
    following = false;
  }
  if (models.length > 1) comparison = new Comparison(views, store, { goTo: goToValue });
  // Toys alone have no map: what belongs to one goes.
  const toys = first.runs.every((run) => run.points);
  document.body.classList.toggle("toys", toys);
  // Of several runs each has its own moments: the slider is not one story's.
  if (views.length === 1 && views[0].story) bar.element.append(views[0].story.element);
  if (toys) bar.things = "samples";
  const bookmark = new Bookmark(models.length, {
    state: () => {
      const { t, axis, unit, linked, layer, colourBy, dark, keys } = store.value;
      const off = LAYERS.filter(([, key]) => !store.value[key]).map(([name]) => name);
      const seen = Math.round(t) < axis.length - 1 ? axis[Math.round(t)] : undefined;
      return { seen, as: layer === "dots" ? undefined : layer, unit: unit === "images" ? undefined : unit, linked, by: colourBy === "ink" ? undefined : colourBy, theme: dark === system.matches ? undefined : dark ? "dark" : "light", off, keys, runs: views.map((view) => view.state) };
    },
    restore: (state) => {
      store.set({ unit: state.unit ?? "images", linked: state.linked ?? true });
      placeAxis();
      goTo(state.seen === undefined ? store.value.axis.length - 1 : stopNear(store.value.axis, state.seen));
      store.set({ layer: DRAWN_AS.find((one) => one === state.as) ?? "dots", colourBy: COLOUR_BY.find((by) => by === state.by) ?? "ink", keys: state.keys ?? true });
      for (const [name, key] of LAYERS) store.set({ [key]: !state.off?.includes(name) });
      theme(state.theme ? state.theme === "dark" : system.matches);
      views.forEach((view, i) => { view.restore(state.runs[i] ?? {}); });
    },
  });
  store.on(["t", "axis", "linked", "layer", "colourBy", "dark", "keys", ...LAYERS.map(([, key]) => key)], (state) => {
    if (!state.playing) bookmark.changed(false);
  });
  document.title = `${models.map((model) => model.name).join(", ")} · ganscope`;
  fill(app,
    h("header", { class: "top" }, h("h1", {}, "ganscope"),
      legendLine(store),
      div("controls", models.length > 1 && unitChoice, models.length > 1 && linkBox, colour, drawnAs, ...LAYERS.map(([name, key]) => check(name, key)), lasso,
        linkButton(() => bookmark.link),
        tool("Light or dark", "Light or dark", icon(ICONS.theme), () => theme(!store.value.dark)),
        tool("Keys", "Keys (?)", "?", () => help.showModal()))),
    bar.element, h("main", { class: models.length > 1 ? "two" : "one", "data-runs": models.length }, comparison?.element, ...views.map((view) => view.element)));
  append(app, [help]);

  document.addEventListener("keydown", (event) => {
    const at = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || at.matches("input:not([type=range]):not([type=checkbox]), select, textarea")) return;
    const single = event.key.length === 1 && event.key !== " ";
    if (single && !store.value.keys) return;
    const acts: Record<string, () => void> = {
      " ": toggle, ",": () => step(-1), ".": () => step(1), Home: () => goTo(0), End: () => goTo(store.value.axis.length - 1),
      l: () => store.set({ lasso: !store.value.lasso }), "?": () => help.showModal(),
      Escape: () => {
        store.set({ lasso: false });
        bar.say("", null);
        for (const view of views) view.clear();
      },
    };
    const act = acts[event.key] ?? (/^\d$/.test(event.key) ? () => keyed(event.key) : undefined);
    if (!act || (event.key === " " && at.matches("button, summary, a, input[type=checkbox]"))) return;
    event.preventDefault();
    act();
  });

  // ---- data ----------------------------------------------------------------------------------------------------------
  const take = async (index: Index): Promise<void> => {
    await Promise.all(models.map((model, i) => (index.runs[i] ? model.update(index.runs[i]) : Promise.resolve())));
    placeAxis();
    for (const view of views) {
      const at = Math.round(view.position);
      void view.model.load(at).then(() => {
        document.documentElement.dataset["ready"] = "true";
        return view.model.prefetch(at);
      });
    }
  };
  await take(first).catch((error: unknown) => console.warn("the run cannot be read yet", error));
  bookmark.start();
  // Asked for after the maps asked for theirs, so this frame comes after their drawing.
  requestAnimationFrame(() => {
    document.documentElement.dataset["drawn"] = String(Math.round(performance.now()));
    setTimeout(() => { for (const view of views) view.furnish(); });
  });
  source.watch(
    take,
    (pulse) => {
      if (pulse.state === "lost") {
        bar.setLive([{ life: "lost", text: "server away, trying again" }]);
        return;
      }
      const lives = pulse.index.runs.map((run) => lifeOf(run, pulse.index.now ?? null));
      // A finished run in a file needs no word.
      const told = pulse.state === "file" && lives.every(({ life }) => life === "finished") ? [] : lives;
      bar.setLive(told.map(({ life, text }, i) => ({ life, text: told.length > 1 ? `${pulse.index.runs[i].name}: ${text}` : text })));
    },
  );
}

void start();
