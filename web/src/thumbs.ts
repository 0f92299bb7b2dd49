/** The images: thumbnails of reals from atlas pages, and the sheets of the snapshots. Decoded late, kept within a budget. */

import type { Rgb } from "./colour";
import type { Pictured, Thumb } from "./model";
import type { Pen } from "./pen";

const BUDGET = 160 * 2 ** 20; // bytes of decoded pages
const SLOTS = 32; // a side of the canvas that holds the thumbnails in use

type Canvas = HTMLCanvasElement;

export function makeCanvas(width: number, height: number): Canvas {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

export function context(canvas: Canvas): CanvasRenderingContext2D {
  // Read back often, by us and by tests: keep the pixels in main memory.
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  if (!ctx) throw new Error("this browser cannot draw on a canvas");
  return ctx;
}

async function decode(bytes: Uint8Array): Promise<ImageBitmap> {
  return createImageBitmap(new Blob([bytes as BlobPart], { type: "image/webp" }));
}

/** Thumbnails of the real images. */
export class Thumbs {
  private readonly pages = new Map<number, Uint8Array | null>();
  private held = 0;
  private slots = new Map<string, number>();
  private next = 0;
  private readonly owners: string[] = [];
  private readonly cache: Canvas;
  private readonly cacheCtx: CanvasRenderingContext2D;
  private readonly cell: ImageData;
  /** Light strokes on black, like handwriting: such thumbnails can be drawn as ink without their background. */
  ink = false;

  constructor(readonly about: Thumb, private readonly fetchPage: (page: number) => Promise<Uint8Array>, private readonly arrived: () => void) {
    this.cache = makeCanvas(SLOTS * about.width, SLOTS * about.height);
    this.cacheCtx = context(this.cache);
    this.cell = this.cacheCtx.createImageData(about.width, about.height);
  }

  has(real: number): boolean {
    return real % this.about.stride === 0 && real / this.about.stride < this.about.count;
  }

  /** Draw the thumbnail of `real` with its longer side `size`; with `ink`, its brightness as opacity of that colour. */
  draw(ctx: Pen, real: number, x: number, y: number, size: number, ink: Rgb | null = null): boolean {
    if (!this.has(real)) return false;
    const slot = this.slot(real, ink);
    if (slot < 0) return false;
    const { width, height } = this.about;
    const factor = size / Math.max(width, height);
    ctx.drawImage(
      this.cache, (slot % SLOTS) * width, Math.floor(slot / SLOTS) * height, width, height, x, y, width * factor, height * factor,
    );
    return true;
  }

  private slot(real: number, ink: Rgb | null): number {
    const key = ink ? `${real}/${ink.join()}` : String(real);
    const found = this.slots.get(key);
    if (found !== undefined) return found;
    const source = this.pixels(real);
    if (!source) return -1;
    const slot = this.next;
    this.next = (this.next + 1) % (SLOTS * SLOTS);
    if (this.owners[slot] !== undefined) this.slots.delete(this.owners[slot]);
    this.owners[slot] = key;
    this.slots.set(key, slot);
    const { width, height, channels } = this.about;
    const out = this.cell.data;
    for (let i = 0, n = width * height; i < n; i++) {
      const r = source[i * channels];
      out[4 * i] = ink ? ink[0] : r;
      out[4 * i + 1] = ink ? ink[1] : source[i * channels + (channels > 1 ? 1 : 0)];
      out[4 * i + 2] = ink ? ink[2] : source[i * channels + (channels > 1 ? 2 : 0)];
      out[4 * i + 3] = ink ? r : 255;
    }
    this.cacheCtx.putImageData(this.cell, (slot % SLOTS) * width, Math.floor(slot / SLOTS) * height);
    return slot;
  }

  /** The pixels `(height, width, channels)` of a thumbnail; null until its page has arrived. */
  private pixels(real: number): Uint8Array | null {
    const { per_page, width, height, channels } = this.about;
    const thumb = real / this.about.stride;
    const page = Math.floor(thumb / per_page);
    const loaded = this.pages.get(page);
    if (loaded === undefined) {
      this.pages.set(page, null);
      void this.loadPage(page);
    }
    if (!loaded) return null;
    this.pages.delete(page); // to the end: the least recently used page goes first
    this.pages.set(page, loaded);
    const size = width * height * channels;
    const start = (thumb % per_page) * size;
    return loaded.subarray(start, start + size);
  }

  private async loadPage(page: number): Promise<void> {
    try {
      const picture = await decode(await this.fetchPage(page));
      const pixels = this.unpack(picture);
      picture.close();
      if (!this.held) this.ink = this.looksLikeInk(pixels);
      this.pages.set(page, pixels);
      this.held += pixels.length;
      for (const [other, held] of this.pages) {
        if (this.held <= BUDGET || other === page) break;
        if (!held) continue;
        this.pages.delete(other);
        this.held -= held.length;
      }
    } catch (error) {
      console.warn(`page ${page} of the real thumbnails cannot be read`, error);
      setTimeout(() => this.pages.delete(page), 3000);
    }
    this.arrived();
  }

  /** From a sheet to thumbnail after thumbnail, one byte a pixel for grey images: a quarter of the memory. */
  private unpack(picture: ImageBitmap): Uint8Array {
    const { width, height, columns, channels } = this.about;
    const canvas = makeCanvas(picture.width, picture.height);
    const ctx = context(canvas);
    ctx.drawImage(picture, 0, 0);
    const sheet = ctx.getImageData(0, 0, picture.width, picture.height).data;
    const rows = Math.floor(picture.height / height);
    const out = new Uint8Array(rows * columns * width * height * channels);
    let at = 0;
    for (let cell = 0; cell < rows * columns; cell++) {
      const left = (cell % columns) * width;
      const top = Math.floor(cell / columns) * height;
      for (let y = 0; y < height; y++) {
        let from = 4 * ((top + y) * picture.width + left);
        for (let x = 0; x < width; x++, from += 4) for (let c = 0; c < channels; c++) out[at++] = sheet[from + c];
      }
    }
    return out;
  }

  private looksLikeInk(pixels: Uint8Array): boolean {
    const { width, height, channels } = this.about;
    if (channels !== 1) return false;
    const size = width * height;
    const n = Math.min(200, pixels.length / size);
    let border = 0;
    for (let t = 0; t < n; t++) for (let x = 0; x < width; x++) border += pixels[t * size + x] + pixels[(t + 1) * size - 1 - x];
    return border / (n * 2 * width) < 24;
  }
}

/** The decoded sheets of snapshots' images, the last used ones within the budget. */
export class Sheets {
  private readonly held = new Map<Uint8Array, ImageBitmap | null>();
  private size = 0;

  constructor(private readonly arrived: () => void) {}

  /** The decoded sheet, or null until it is there. */
  get(sheet: { bytes: Uint8Array }): ImageBitmap | null {
    const found = this.held.get(sheet.bytes);
    if (found) {
      this.held.delete(sheet.bytes);
      this.held.set(sheet.bytes, found);
      return found;
    }
    if (found === undefined) {
      this.held.set(sheet.bytes, null);
      decode(sheet.bytes).then(
        (bitmap) => {
          this.held.set(sheet.bytes, bitmap);
          this.size += 4 * bitmap.width * bitmap.height;
          for (const [key, old] of this.held) {
            if (this.size <= BUDGET || old === bitmap) break;
            if (!old) continue;
            this.size -= 4 * old.width * old.height;
            old.close();
            this.held.delete(key);
          }
          this.arrived();
        },
        () => console.warn("the images of a snapshot cannot be decoded"),
      );
    }
    return null;
  }

  draw(ctx: Pen, sheet: Pictured | null, i: number, x: number, y: number, size: number): boolean {
    if (!sheet || i >= sheet.about.count) return false;
    const bitmap = this.get(sheet);
    if (!bitmap) return false;
    const { width, height, columns } = sheet.about;
    const factor = size / Math.max(width, height);
    ctx.drawImage(bitmap, (i % columns) * width, Math.floor(i / columns) * height, width, height, x, y, width * factor, height * factor);
    return true;
  }
}
