/** What stands below the pictures of one run: findings with their evidence, the table of metrics, settings, networks, machine. */

import { findingsOf, type Stated } from "./curves";
import { against, rowsOf } from "./evidence";
import { explain, isTerm } from "./explain";
import { div, fill, h, type Child } from "./dom";
import type { FindingLine } from "./lines";
import type { Evaluation, RunModel } from "./model";
import { count, short, words } from "./numbers";

export class Details {
  readonly element: HTMLElement;
  private readonly findings = div("findings");
  private readonly measured = div("table-scroll");
  private readonly facts = div("facts");
  private shownSeen = -1;
  private resting = 0;
  private shownFindings = "";

  constructor(private readonly model: RunModel, private readonly goTo: (seen: number) => void) {
    this.element = div("details",
      h("section", { class: "card", "aria-label": "Findings" }, h("h3", {}, "Findings", explain("finding")), this.findings),
      h("section", { class: "card", "aria-label": "Measurements of this snapshot" }, h("h3", {}, "Measurements"), this.measured),
      h("section", { class: "card", "aria-label": "Settings and machine" }, h("h3", {}, "The run"), this.facts));
  }

  /** The log has changed. */
  updateLog(seen: number): void {
    const found = findingsOf(this.model.log?.evals ?? []).reverse();
    const content = JSON.stringify(found);
    if (content !== this.shownFindings) {
      this.shownFindings = content;
      // What the reader has opened or closed stays so; of what is new, the newest is open.
      const was = new Map([...this.findings.querySelectorAll<HTMLDetailsElement>("details[data-key]")].map((card) => [card.dataset["key"], card.open]));
      const cards = found.map((finding, i) => this.finding(finding, was.get(keyOf(finding)) ?? (i === 0 && finding.open)));
      fill(this.findings, ...(cards.length ? cards : [h("p", { class: "empty" }, this.model.finished ? "Nothing was found." : "Nothing found yet.")]));
    }
    this.shownSeen = -1;
    this.setTime(seen);
  }

  updateBase(): void {
    const { config = {}, environment = {}, networks = "" } = this.model.base ?? {};
    const group = (title: string, open: boolean, ...children: Child[]): HTMLElement => h("details", { open }, h("summary", {}, title), ...children);
    fill(this.facts,
      group("Settings", false, pairs(config)),
      group("Networks", false, h("pre", { tabindex: "0" }, networks)),
      group("Machine, versions and data", false, pairs(environment)));
  }

  setTime(seen: number): void {
    const line = this.lineAt(seen);
    if (!line || line.images_seen === this.shownSeen) return;
    this.shownSeen = line.images_seen;
    // At rest: a table a frame would cost a third of the frame.
    clearTimeout(this.resting);
    this.resting = window.setTimeout(() => fill(this.measured, table(line)), 60);
  }

  /** Open the card of a finding; `travel`: and bring it into view. */
  show(finding: FindingLine, travel: boolean): void {
    const card = this.findings.querySelector<HTMLDetailsElement>(`[data-key="${CSS.escape(keyOf(finding))}"]`);
    if (!card) return;
    card.open = true;
    if (!travel) return; // the reader stays with the map
    card.scrollIntoView({ block: "nearest" });
    card.querySelector("summary")?.focus({ preventScroll: true });
  }

  private lineAt(seen: number): Evaluation | null {
    const evals = this.model.log?.evals ?? [];
    return evals.findLast((line) => line.images_seen <= seen) ?? evals[0] ?? null;
  }

  private finding(finding: Stated, open: boolean): HTMLElement {
    const rows = rowsOf(finding.evidence, finding.thresholds);
    const span = `${count(finding.first)} to ${count(finding.last)} images`;
    const when = finding.open ? `${finding.severity}, since ${count(finding.first)} images` : `passed: it held from ${span}`;
    return h("details", { class: `finding ${finding.severity}${finding.open ? "" : " passed"}`, open, "data-key": keyOf(finding) },
      h("summary", {}, h("i", { class: `tone ${finding.severity}`, "aria-hidden": "true" }), h("b", {}, words(finding.id)),
        h("span", { class: "hint" }, ` ${when}`)),
      h("p", {}, finding.open ? finding.sentence : `At ${count(finding.last)} images it said: ${finding.sentence}`),
      rows.length ? h("table", { class: "numbers-table" },
        h("thead", {}, h("tr", {}, ...["evidence", "found", "limit"].map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, ...rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.name),
          h("td", {}, row.found === null ? "" : short(row.found)), h("td", {}, row.limit === null ? "" : short(row.limit)))))) : null,
      finding.open && finding.advice?.length ? h("div", {}, h("p", { class: "hint" }, "What to try:"), h("ul", {}, ...finding.advice.map((text) => h("li", {}, text)))) : null,
      h("button", { on: { click: () => this.goTo(finding.first) } }, "Go to its beginning"));
  }
}

const keyOf = (finding: FindingLine): string => `${finding.id}@${finding.first}`;

function table(line: Evaluation): HTMLElement {
  const rows = Object.entries(line.metrics ?? {}).map(([name, metric]) =>
    h("tr", {}, h("th", { scope: "row" }, words(name), isTerm(name) && explain(name)), h("td", {}, short(metric.value) + (metric.stderr ? ` ± ${short(metric.stderr)}` : "")),
      h("td", {}, short(metric.floor)), h("td", {}, against(metric.value, metric.floor, metric.better)), h("td", { class: "hint" }, metric.better === "higher" ? "↑" : "↓"),
      h("td", { class: "hint" }, `${count(metric.num_real ?? 0)} : ${count(metric.num_fake ?? 0)}`)));
  if (!rows.length) return h("p", { class: "empty" }, "Nothing measured at this snapshot.");
  return h("table", { class: "numbers-table" }, h("caption", {}, `At ${count(line.images_seen)} images seen`),
    h("thead", {}, h("tr", {}, ...["metric", "value", "real images get", "of that", "better", "real : fake"].map((text) => h("th", { scope: "col" }, text, text.startsWith("real images") && explain("floor"))))), h("tbody", {}, ...rows));
}

function pairs(values: Record<string, unknown>): HTMLElement {
  const text = (value: unknown): string => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));
  return h("dl", {}, ...Object.entries(values).flatMap(([key, value]) => [h("dt", {}, words(key)), h("dd", {}, text(value))]));
}
