/** Keeps the address in step with what is shown, and what is shown with the address: reload, back, and links to a moment. */

import { type PageState, read, written } from "./address";

const REST_MS = 250; // of quiet before the address is written: browsers limit how often it may change

export interface BookmarkHandlers {
  /** What is shown now. */
  state(): PageState;
  /** Show what an address says. */
  restore(state: PageState): void;
}

export class Bookmark {
  private timer = 0;
  private jumped = false;
  private current = "";

  constructor(private readonly runs: number, private readonly on: BookmarkHandlers) {
    addEventListener("popstate", () => this.follow());
    addEventListener("hashchange", () => this.follow());
  }

  /** Show what the address says, if it says anything. */
  start(): void {
    this.current = location.hash.slice(1);
    if (this.current) this.on.restore(read(this.current, this.runs));
  }

  /** Something has changed; after a `jump` the back button leads to where the reader was. */
  changed(jump: boolean): void {
    this.jumped ||= jump;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.write(), REST_MS);
  }

  /** The address of what is shown now. */
  get link(): string {
    return `${location.href.split("#")[0]}#${written(this.on.state())}`;
  }

  private write(): void {
    const now = written(this.on.state());
    const jumped = this.jumped;
    this.jumped = false;
    if (now === this.current) return;
    this.current = now;
    try {
      history[jumped ? "pushState" : "replaceState"](null, "", `#${now}`);
    } catch {
      // A sandboxed frame has no history of its own: the page works without.
    }
  }

  private follow(): void {
    const found = location.hash.slice(1);
    if (found === this.current) return;
    clearTimeout(this.timer);
    this.current = found;
    this.on.restore(read(found, this.runs));
  }
}
