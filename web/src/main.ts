/** The page: one time axis, one run or two, a file or a server behind them. */

import { findingsOf } from "./curves";
import { append, div, fill, h, icon, ICONS, tool } from "./dom";
import { makeModels, type RunModel } from "./model";
import { lifeOf } from "./pulse";
import { RunView } from "./runview";
import type { ColourBy } from "./scene";
import { findSource, type Index } from "./source";
import { firstState, type Shared } from "./state";
import { Store } from "./store";
import { makeAxis, played, positionOf, seenAt, stopNear } from "./timeaxis";
import { type Mark, TimeBar } from "./timebar";

const STOPS_A_SECOND = 5;
const KEYS: [string, string][] = [
  ["space", "play or pause"], [", and .", "previous and next snapshot"], ["Home, End", "first and last snapshot"], ["1 … 9", "hide or show a class"],
  ["L", "lasso on or off (or Shift and drag)"], ["Esc", "let go of everything"], ["arrows, +, −, 0", "on the map: move, zoom, show everything"],
  ["n, p", "on the map: next and previous generated image"], ["v", "on the map: list what is in view"], ["Enter", "on the map: choose what is in the middle"], ["?", "these keys"],
];

async function start(): Promise<void> {
  const app = document.getElementById("app");
  if (!app) return;
  const source = findSource();
  const system = matchMedia("(prefers-color-scheme: dark)");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const store = new Store<Shared>(firstState(system.matches));
  const views: RunView[] = [];
  let first: Index;
  try {
    first = await source.index();
  } catch (error) {
    fill(app, h("p", { class: "empty" }, `The run cannot be read: ${String(error)}`));
    return;
  }
  const models: RunModel[] = makeModels(source, first, (run, what) => {
    if (what === "snapshots") placeAxis();
    if (what === "log") bar.setAxis(store.value.axis, marks());
    views[run]?.changed(what);
  });

  const goTo = (t: number): void => store.set({ t: Math.min(Math.max(t, 0), Math.max(0, store.value.axis.length - 1)), playing: false });
  const goToSeen = (seen: number): void => goTo(stopNear(store.value.axis, seen));
  const step = (by: number): void => goTo(Math.round(store.value.t) + by);
  const bar = new TimeBar({
    goTo, step,
    toggle: () => toggle(),
    speed: (factor) => store.set({ speed: factor }),
    open: (mark: Mark) => {
      goToSeen(mark.seen);
      if (mark.finding) views[mark.id]?.show(mark.finding);
    },
  });

  function marks(): Mark[] {
    return models.flatMap((model, id) => {
      const run = models.length > 1 ? model.name : "";
      const found: Mark[] = findingsOf(model.log?.evals ?? []).filter((finding) => finding.id !== "balanced").map((finding) => ({ seen: finding.first, finding, run, id }));
      return model.best === null ? found : [...found, { seen: model.best, finding: null, run, id }];
    });
  }

  function placeAxis(): void {
    const { axis: old, t, playing } = store.value;
    const axis = makeAxis(models.map((model) => model.seen));
    if (axis.length !== old.length || axis.some((seen, i) => seen !== old[i])) {
      // Follow the end only if one was at the end; while it plays, stay between two stops.
      const atEnd = old.length === 0 || Math.round(t) >= old.length - 1;
      const place = playing ? positionOf(axis, seenAt(old, t)) : atEnd ? axis.length - 1 : stopNear(axis, seenAt(old, t));
      store.set({ axis, t: Math.max(0, place) });
    }
    bar.setAxis(axis, marks());
    bar.setTime(store.value.t, models[0].progressAt(seenAt(axis, store.value.t)));
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
  store.on(["t", "axis"], (state) => bar.setTime(state.t, models[0].progressAt(seenAt(state.axis, Math.round(state.t)))));

  // ---- the page ------------------------------------------------------------------------------------------------------
  const theme = (dark: boolean): void => {
    document.documentElement.dataset["theme"] = dark ? "dark" : "light";
    store.set({ dark });
  };
  theme(system.matches);
  system.addEventListener("change", (event) => theme(event.matches));
  const help = h("dialog", { class: "help", "aria-label": "Keys" }, h("h2", {}, "Keys"),
    h("dl", {}, ...KEYS.flatMap(([key, text]) => [h("dt", {}, key), h("dd", {}, text)])), h("form", { method: "dialog" }, h("button", { type: "submit" }, "Close")));
  const colour = h("select", { "aria-label": "Colour the generated images by", on: { change: () => store.set({ colourBy: colour.value as ColourBy }) } },
    h("option", { value: "class" }, "by class"), h("option", { value: "score" }, "by D's score"), h("option", { value: "distance" }, "by distance to the reals"));
  const check = (name: string, key: "showReal" | "showFake" | "showImages"): HTMLElement => {
    const box = h("input", { type: "checkbox", checked: true, on: { change: () => store.set({ [key]: box.checked }) } });
    return h("label", { class: "check" }, box, name);
  };
  const lasso = h("button", { class: "lasso", "aria-pressed": "false", title: "Lasso (L, or Shift and drag)", on: { click: () => store.set({ lasso: !store.value.lasso }) } }, icon(ICONS.lasso), "Lasso");
  store.on(["lasso"], (state) => {
    lasso.setAttribute("aria-pressed", String(state.lasso));
    document.body.classList.toggle("lassoing", state.lasso);
  });
  views.push(...models.map((model) => new RunView(model, store, goToSeen)));
  document.title = `${models.map((model) => model.name).join(" and ")} · ganscope`;
  fill(app,
    h("header", { class: "top" }, h("h1", {}, "ganscope"),
      h("p", { class: "legend-line" }, h("span", {}, h("i", { class: "dot real" }), "real images, laid out once"), h("span", {}, h("i", { class: "dot fake" }), "generated"), h("span", {}, h("i", { class: "dot hollow" }), "like no real image")),
      div("controls", colour, check("real", "showReal"), check("generated", "showFake"), check("pictures", "showImages"), lasso,
        tool("Light or dark", "Light or dark", icon(ICONS.theme), () => theme(!store.value.dark)),
        tool("Keys", "Keys (?)", "?", () => help.showModal()))),
    bar.element, h("main", { class: models.length > 1 ? "two" : "one" }, ...views.map((view) => view.element)));
  append(app, [help]);

  const toggleClass = (k: number): void => {
    for (const view of views) view.toggleClass(k);
  };
  document.addEventListener("keydown", (event) => {
    const at = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || at.matches("input:not([type=range]):not([type=checkbox]), select, textarea")) return;
    const acts: Record<string, () => void> = {
      " ": toggle, ",": () => step(-1), ".": () => step(1), Home: () => goTo(0), End: () => goTo(store.value.axis.length - 1),
      l: () => store.set({ lasso: !store.value.lasso }), "?": () => help.showModal(),
      Escape: () => {
        store.set({ lasso: false });
        for (const view of views) view.clear();
      },
    };
    const act = acts[event.key] ?? (/^[1-9]$/.test(event.key) ? () => toggleClass(Number(event.key) - 1) : undefined);
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
  // Asked for after the maps asked for theirs, so this frame comes after their drawing.
  requestAnimationFrame(() => (document.documentElement.dataset["drawn"] = String(Math.round(performance.now()))));
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
