/** Where the containers come from: the HTML file itself, or the local server. The rest of the page cannot tell. */

import { fromBase64 } from "./container";

const SEEN_MS = 1000; // between two looks at the server, while the page is seen
const HIDDEN_MS = 15_000;

export interface RunIndex {
  name: string;
  finished: boolean;
  /** Whether a training holds the run; null where that is not known. */
  writing: boolean | null;
  /** When its last line was written, in Unix seconds. */
  written: number | null;
  base: string;
  log: string;
  atlas: number;
  /** Whether it is a training on a toy, of points instead of images. */
  points?: boolean;
  snapshots: [number, string][];
  /** A sentence where a file has not all of a very long run. */
  left_out?: string;
  /** A generator that the page can run; without a key, a word why there is none. */
  generator?: { key: string; word: string } | null;
}

export interface Index {
  revision: string;
  /** The server's clock, in Unix seconds; a file has none. */
  now?: number;
  runs: RunIndex[];
}

/** What is known of the other side: the newest index, or that there is no answer. */
export type Pulse = { state: "file" | "connected"; index: Index } | { state: "lost" };

export interface Source {
  readonly live: boolean;
  index(): Promise<Index>;
  /** The bytes of `path`; `key` names their version. */
  get(path: string, key: string): Promise<Uint8Array>;
  /** Hear of every newer index, again after one that `onIndex` could not take, and again and again of the connection. */
  watch(onIndex: (index: Index) => Promise<void>, onPulse: (pulse: Pulse) => void): void;
}

/** Containers as base64 in `<script type="application/octet-stream" id=PATH>` of this document. */
export class FileSource implements Source {
  readonly live = false;

  constructor(private readonly manifest: Index) {}

  async index(): Promise<Index> {
    return this.manifest;
  }

  async get(path: string): Promise<Uint8Array> {
    let element = document.getElementById(path);
    // The page draws while the end of the document is still being parsed; an element is whole once the next one has begun.
    while (!(element && (element.nextElementSibling || document.readyState !== "loading"))) {
      if (!element && document.readyState !== "loading") throw new Error(`${path} is not in this file`);
      await new Promise((resolve) => setTimeout(resolve, 15));
      element = document.getElementById(path);
    }
    return fromBase64((element.textContent ?? "").trim());
  }

  watch(_onIndex: (index: Index) => Promise<void>, onPulse: (pulse: Pulse) => void): void {
    onPulse({ state: "file", index: this.manifest });
  }
}

/** The server of src/ganscope/page/server.py. All addresses are relative, so that it works behind a notebook's proxy. */
export class LiveSource implements Source {
  readonly live = true;
  private revision = "";

  async index(): Promise<Index> {
    return JSON.parse(new TextDecoder().decode(await this.fetch("index.json", "no-store"))) as Index;
  }

  get(path: string, key: string): Promise<Uint8Array> {
    return this.fetch(`${path}?k=${encodeURIComponent(key)}`, "default");
  }

  watch(onIndex: (index: Index) => Promise<void>, onPulse: (pulse: Pulse) => void): void {
    let timer = 0;
    // Asking again and again holds no connection in between: a browser has six for one server, whatever the number of tabs.
    const refresh = async (): Promise<void> => {
      clearTimeout(timer);
      try {
        const index = await this.index();
        if (index.revision !== this.revision) await onIndex(index);
        this.revision = index.revision;
        onPulse({ state: "connected", index });
      } catch {
        this.revision = ""; // what was missed meanwhile is asked for again
        onPulse({ state: "lost" });
      }
      timer = window.setTimeout(() => void refresh(), document.hidden ? HIDDEN_MS : SEEN_MS);
    };
    document.addEventListener("visibilitychange", () => {
      if (document.hidden || !timer) return;
      clearTimeout(timer);
      timer = window.setTimeout(() => void refresh(), 0);
    });
    void refresh();
  }

  private async fetch(path: string, cache: RequestCache): Promise<Uint8Array> {
    const answer = await fetch(path, { cache });
    if (!answer.ok) throw new Error(`${path}: the server answered ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  }
}

/** The source that fits this document: a file with an index in it, else the server it came from. */
export function findSource(): Source {
  const manifest = document.getElementById("index.json");
  return manifest ? new FileSource(JSON.parse(manifest.textContent ?? "") as Index) : new LiveSource();
}
