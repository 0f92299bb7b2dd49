/** The state of the page as the fragment of its address, and back: reload, the back button and links to a moment. Pure. */

import { UNITS, type Unit } from "./clock";
import type { Pin } from "./scene";

/** What one run shows; a field that is left out is as the page opens. */
export interface RunState {
  /** Middle and span of the window, in map units. */
  view?: [number, number, number];
  hidden?: number[];
  /** The class whose asked for images alone are shown. */
  asked?: number;
  /** What the browser of samples lists. */
  browse?: string;
  /** The key moment that is open, by its images seen. */
  story?: number;
  /** Classes brought out. */
  spotlight?: number[];
  pin?: Pin;
}

export interface PageState {
  /** The moment, in `unit`; left out: the end, which a live page follows. */
  seen?: number;
  /** Left out: images. */
  unit?: Unit;
  /** False: runs side by side are moved one by one. */
  linked?: boolean;
  by?: string;
  /** How the generated images are drawn; left out: as dots. */
  as?: string;
  theme?: "dark" | "light";
  /** Layers that are switched off. */
  off?: string[];
  /** False: no single-key shortcuts. */
  keys?: boolean;
  runs: RunState[];
}

const number = (x: number): string => String(Number(x.toPrecision(8)));

export function written(state: PageState): string {
  const out = new URLSearchParams();
  const put = (key: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== "") out.set(key, String(value));
  };
  put("t", state.seen === undefined ? undefined : number(state.seen));
  put("unit", state.unit);
  put("linked", state.linked === false ? "off" : undefined);
  put("by", state.by);
  put("as", state.as);
  put("theme", state.theme);
  put("off", state.off?.join("."));
  put("keys", state.keys === false ? "off" : undefined);
  state.runs.forEach((run, i) => {
    const at = i || "";
    put(`v${at}`, run.view?.map(number).join("_"));
    put(`hide${at}`, run.hidden?.join("."));
    put(`show${at}`, run.spotlight?.join("."));
    put(`asked${at}`, run.asked);
    put(`story${at}`, run.story);
    put(`browse${at}`, run.browse);
    put(`pin${at}`, run.pin && `${run.pin.kind}.${run.pin.id}`);
  });
  return out.toString();
}

/** What `written` wrote; whatever else stands there is left out, since anybody may write an address. */
export function read(fragment: string, runs: number): PageState {
  const found = new URLSearchParams(fragment.replace(/^#/, ""));
  const whole = (text: string | null): number | undefined => (text && /^\d{1,15}$/.test(text) ? Number(text) : undefined);
  const list = (text: string | null): number[] | undefined => {
    const out = (text ?? "").split(".").map(whole);
    return out.some((k) => k === undefined) ? undefined : (out as number[]);
  };
  const state: PageState = { runs: [] };
  const moment = found.get("t") ?? "";
  const seen = /^\d{1,15}(\.\d{1,9})?$/.test(moment) ? Number(moment) : undefined;
  if (seen !== undefined) state.seen = seen;
  const unit = UNITS.find((one) => one === found.get("unit"));
  if (unit) state.unit = unit;
  if (found.get("linked") === "off") state.linked = false;
  const by = found.get("by");
  if (by) state.by = by;
  const as = found.get("as");
  if (as) state.as = as;
  const theme = found.get("theme");
  if (theme === "dark" || theme === "light") state.theme = theme;
  const off = found.get("off");
  if (off) state.off = off.split(".");
  if (found.get("keys") === "off") state.keys = false;
  for (let i = 0; i < runs; i++) {
    const at = i || "";
    const run: RunState = {};
    const view = (found.get(`v${at}`) ?? "").split("_").map(Number);
    if (view.length === 3 && view.every(Number.isFinite) && view[2] > 0) run.view = [view[0], view[1], view[2]];
    const hidden = list(found.get(`hide${at}`));
    if (hidden) run.hidden = hidden;
    const spotlight = list(found.get(`show${at}`));
    if (spotlight) run.spotlight = spotlight;
    const browse = found.get(`browse${at}`);
    if (browse) run.browse = browse;
    const story = whole(found.get(`story${at}`));
    if (story !== undefined) run.story = story;
    const asked = whole(found.get(`asked${at}`));
    if (asked !== undefined) run.asked = asked;
    const pin = /^(fake|real)\.(\d{1,9})$/.exec(found.get(`pin${at}`) ?? "");
    if (pin) run.pin = { kind: pin[1] as Pin["kind"], id: Number(pin[2]) };
    state.runs.push(run);
  }
  return state;
}
