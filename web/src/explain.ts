/** The "?" beside a term: two sentences from the one glossary, which docs/glossary.md shows too. */

import { h } from "./dom";
import entries from "./glossary.json";

export type Term = keyof typeof entries;

export const isTerm = (name: string): name is Term => name in entries;
export const titleOf = (term: Term): string => entries[term][0];
export const meaningOf = (term: Term): string => entries[term][1];

let bubble: HTMLElement | null = null;
let opener: HTMLElement | null = null;

function close(): void {
  bubble?.remove();
  opener?.setAttribute("aria-expanded", "false");
  bubble = opener = null;
}

/** One bubble at a time, closed by Escape, by leaving its button, or by pressing it again. */
function open(button: HTMLElement, term: Term): void {
  const again = opener === button;
  close();
  if (again) return;
  opener = button;
  button.setAttribute("aria-expanded", "true");
  bubble = h("div", { class: "bubble", role: "status" }, h("b", {}, titleOf(term)), h("p", {}, meaningOf(term)));
  button.after(bubble);
  place();
}

function place(): void {
  if (!bubble || !opener) return;
  const box = opener.getBoundingClientRect();
  const width = Math.min(340, innerWidth - 20);
  bubble.style.width = `${width}px`;
  bubble.style.left = `${Math.max(10, Math.min(box.left - 20, innerWidth - width - 10))}px`;
  const below = box.bottom + 6;
  bubble.style.top = `${below + bubble.offsetHeight > innerHeight ? Math.max(6, box.top - bubble.offsetHeight - 6) : below}px`;
}

export function explain(term: Term): HTMLElement {
  const button = h("button", {
    class: "explain", "aria-label": `What is ${titleOf(term)}?`, title: meaningOf(term), "aria-expanded": "false",
    on: {
      click: (event) => {
        event.stopPropagation();
        event.preventDefault();
        open(button, term);
      },
      blur: close,
      keydown: (event) => {
        if (event.key !== "Escape" || opener !== button) return;
        close();
        event.stopPropagation();
      },
    },
  }, "?");
  return h("span", { class: "explained" }, button);
}

// Under test there is no window.
globalThis.window?.addEventListener("scroll", place, { passive: true, capture: true });
