/** Where the containers come from: the HTML file itself, or the local server. The rest of the page cannot tell. */

import { fromBase64 } from "./container";

export interface RunIndex {
  name: string;
  finished: boolean;
  base: string;
  log: string;
  atlas: number;
  snapshots: [number, string][];
}

export interface Index {
  revision: string;
  runs: RunIndex[];
}

export type Connection = "file" | "connected" | "lost";

export interface Source {
  readonly live: boolean;
  index(): Promise<Index>;
  /** The bytes of `path`; `key` names their version. */
  get(path: string, key: string): Promise<Uint8Array>;
  /** Hear of every newer index, again after one that `onIndex` could not take, and of the connection. */
  watch(onIndex: (index: Index) => Promise<void>, onConnection: (state: Connection) => void): void;
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

  watch(_onIndex: (index: Index) => Promise<void>, onConnection: (state: Connection) => void): void {
    onConnection("file");
  }
}

/** The server of src/ganscope/view.py. All addresses are relative, so that it works behind a notebook's proxy. */
export class LiveSource implements Source {
  readonly live = true;
  private revision = "";

  async index(): Promise<Index> {
    return JSON.parse(new TextDecoder().decode(await this.fetch("index.json", "no-store"))) as Index;
  }

  get(path: string, key: string): Promise<Uint8Array> {
    return this.fetch(`${path}?k=${encodeURIComponent(key)}`, "default");
  }

  watch(onIndex: (index: Index) => Promise<void>, onConnection: (state: Connection) => void): void {
    let busy = false;
    let events: EventSource | null = null;
    let heard = 0;
    const refresh = async (): Promise<void> => {
      if (busy) return;
      busy = true;
      try {
        const index = await this.index();
        if (index.revision !== this.revision) await onIndex(index);
        this.revision = index.revision;
        onConnection("connected");
      } catch {
        this.revision = ""; // what was missed meanwhile is asked for again
        onConnection("lost");
      }
      busy = false;
    };
    const listen = (): void => {
      if (typeof EventSource === "undefined") return;
      events = new EventSource("events");
      events.addEventListener("message", () => {
        heard = Date.now();
        void refresh();
      });
      events.addEventListener("error", () => {
        events?.close();
        events = null;
      });
    };
    listen();
    // Polling is the complete substitute: some proxies hold events back, and a server may go away and come back.
    setInterval(() => {
      if (Date.now() - heard < 5000 && events) return;
      void refresh().then(() => {
        if (!events) listen();
      });
    }, 2000);
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
