/** The page of all runs of a folder: what each one has come to, which train now, and a button that stops a training. */

import { div, fill, h, say } from "../dom";
import { about, aboutSweep, addressOf, chosen, done, life, measured, type Order, pace, sparkline, type Summary, type SweepSummary } from "./rows";

const POLL = 2000;
const MOST_COMPARED = 4;
const SPARK = [110, 28] as const;
const SVG = "http://www.w3.org/2000/svg";

interface Row {
  element: HTMLElement;
  update: (run: Summary, now: number) => void;
}

/** The token of the printed address, kept for this tab; the page works without one, but then nothing can be stopped. */
function takeToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  try {
    if (given) sessionStorage.setItem("ganscope-token", given);
    if (given) history.replaceState(null, "", location.pathname);
    return given || (sessionStorage.getItem("ganscope-token") ?? "");
  } catch {
    return given; // a sandbox without storage
  }
}

function start(): void {
  const app = document.getElementById("app");
  if (!app) return;
  document.documentElement.dataset["theme"] = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const token = takeToken();
  const rows = new Map<string, Row>();
  const ticked = new Set<string>();
  let runs: Summary[] = [];
  let now = 0;

  const list = h("ul", { class: "runs" });
  const sweepList = h("ul", { class: "runs sweeps", "aria-label": "Sweeps" });
  let sweepsShown = "";
  const filter = h("input", { type: "search", class: "search", placeholder: "Filter by name, data, preset, verdict, state", "aria-label": "Filter the runs", on: { input: () => draw() } });
  const order = h("select", { "aria-label": "Order of the runs", on: { change: () => draw() } },
    h("option", { value: "newest" }, "newest first"), h("option", { value: "name" }, "by name"), h("option", { value: "frechet" }, "best Fréchet first"), h("option", { value: "state" }, "training first"));
  const compare = h("button", { class: "more", disabled: true, on: { click: () => location.assign(addressOf([...ticked])) } }, "Compare");
  const status = h("p", { class: "hint", "aria-live": "polite" });
  const folder = h("p", { class: "hint" });

  function makeRow(name: string): Row {
    const box = h("input", { type: "checkbox", "aria-label": `Compare ${name}`, on: { change: () => {
      if (box.checked) ticked.add(name);
      else ticked.delete(name);
      draw();
    } } });
    const link = h("a", { href: addressOf([name]), dir: "auto" }, name);
    const aboutLine = h("span", { class: "hint" });
    const verdict = h("p", { class: "verdict" });
    const picture = h("img", { class: "run-thumb", alt: "", loading: "lazy", hidden: true });
    const spark = document.createElementNS(SVG, "svg");
    spark.setAttribute("viewBox", `-2 -2 ${SPARK[0] + 4} ${SPARK[1] + 4}`);
    spark.setAttribute("class", "spark");
    spark.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(SVG, "polyline");
    spark.append(line);
    const frechet = h("span", { class: "run-figure" });
    const state = h("span", { class: "run-state" });
    const progress = h("progress", { max: 1, "aria-label": `Progress of ${name}` });
    const paceLine = h("span", { class: "hint" });
    const said = h("span", { class: "hint", "aria-live": "polite" });
    const stop = h("button", { class: "stop", hidden: true, on: { click: () => void ask() } }, "Stop");
    stop.setAttribute("aria-label", `Stop the training ${name}`);
    let sure = 0;
    async function ask(): Promise<void> {
      if (Date.now() - sure > 5000) {
        sure = Date.now();
        say(stop, "Really stop?");
        setTimeout(() => say(stop, "Stop"), 5000);
        return;
      }
      sure = 0;
      const answer = await fetch("stop", { method: "POST", headers: { "X-Ganscope-Token": token }, body: name }).catch(() => null);
      say(said, answer ? (await answer.text()).trim() : "the server does not answer");
      say(stop, "Stop");
    }
    const element = h("li", { class: "card run-row" },
      h("label", { class: "run-tick" }, box), picture,
      div("run-main", h("h2", {}, link), aboutLine, verdict),
      div("run-measure", frechet, spark),
      div("run-live", state, progress, paceLine, stop, said));
    let thumb = "";
    return {
      element,
      update(run, at): void {
        const { life: alive, text } = life(run, at);
        box.disabled = run.points || (ticked.size >= MOST_COMPARED && !ticked.has(name));
        box.checked = ticked.has(name);
        if (run.points) link.removeAttribute("href");
        say(aboutLine, about(run));
        say(verdict, run.verdict || "Not measured.");
        verdict.dataset["tone"] = run.tone;
        if (run.thumb && run.thumb !== thumb) {
          thumb = run.thumb;
          picture.src = `thumb/${encodeURIComponent(name)}.webp?k=${run.thumb}`;
          picture.hidden = false;
        }
        say(frechet, measured(run));
        line.setAttribute("points", sparkline(run.spark, ...SPARK));
        spark.toggleAttribute("hidden", run.spark.length < 2);
        say(state, text);
        state.dataset["life"] = alive;
        const share = done(run);
        progress.hidden = alive === "finished";
        if (share === null) progress.removeAttribute("value");
        else progress.value = share;
        say(paceLine, pace(run, at));
        stop.hidden = alive !== "live" || !token;
      },
    };
  }

  function draw(): void {
    const shown = chosen(runs, filter.value, order.value as Order, now);
    const wanted = shown.map((run) => {
      const row = rows.get(run.name) ?? makeRow(run.name);
      rows.set(run.name, row);
      row.update(run, now);
      return row.element;
    });
    // Only where they differ: a row that is taken out and put back loses the reader's focus.
    if (wanted.length !== list.children.length || wanted.some((element, i) => element !== list.children[i])) fill(list, ...wanted);
    compare.disabled = ticked.size < 2;
    say(compare, ticked.size ? `Compare ${ticked.size}` : "Compare");
    say(status, runs.length ? (shown.length < runs.length ? `${shown.length} of ${runs.length} runs` : `${runs.length} runs`) : sweepsShown.length > 2 ? "No run of a sweep has begun yet." : "No run here yet: ganscope train digits");
  }

  /** A sweep's page says what mattered; its runs stand below like any other. */
  function drawSweeps(sweeps: readonly SweepSummary[]): void {
    const text = JSON.stringify(sweeps);
    if (text === sweepsShown) return;
    sweepsShown = text;
    fill(sweepList, ...sweeps.map((sweep) => {
      const only = h("button", { class: "more", on: { click: () => { filter.value = sweep.prefix; draw(); } } }, "Only its runs");
      const name = sweep.page ? h("a", { href: `sweep/${encodeURIComponent(sweep.name)}/`, dir: "auto" }, sweep.name) : sweep.name;
      return h("li", { class: "card sweep-row" }, h("h2", {}, "Sweep ", name), h("span", { class: "hint" }, aboutSweep(sweep)), sweep.prefix !== "" && only);
    }));
  }

  async function poll(): Promise<void> {
    try {
      const answer = await fetch("runs.json", { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = (await answer.json()) as { now: number; folder: string; runs: Summary[]; sweeps: SweepSummary[] };
      runs = found.runs;
      now = found.now;
      say(folder, `in ${found.folder}`);
      drawSweeps(found.sweeps);
      draw();
      document.documentElement.dataset["ready"] = "true";
    } catch {
      say(status, "The server is away; trying again.");
    }
  }

  fill(app,
    h("header", { class: "top" }, h("h1", {}, "ganscope"), folder, div("controls", filter, order, compare)),
    h("main", { class: "home" }, status, sweepList, list));
  void poll();
  setInterval(() => {
    if (!document.hidden) void poll();
  }, POLL);
}

start();
