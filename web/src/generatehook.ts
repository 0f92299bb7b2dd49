/** What the page gives to the generator's program, which is a bundle of its own, and what it gets back. */

/** A made image on the map: `x` and `y` as the containers have them, y upwards. */
export interface Guest {
  x: number;
  y: number;
  unlike: boolean;
  /** The one in hand; the others are samples. */
  main: boolean;
}

export interface GenerateHost {
  bytes: Uint8Array;
  /** Name of a real image's class, "" where there is none. */
  className: (real: number) => string;
  /** Names of the classes that it may be asked for. */
  classes: string[];
  /** Paint a real image; false while its picture is not there yet. */
  paintReal: (ctx: CanvasRenderingContext2D, real: number, size: number) => boolean;
  /** The generated image that the reader has chosen on the map, null without one. */
  chosen: () => number | null;
  /** Show these on the map, or nothing. */
  show: (guests: Guest[], path: Guest[]) => void;
  calm: boolean;
}

export interface GenerateProgram {
  open: (host: GenerateHost) => Promise<HTMLElement>;
  /** For tests: how far the pictures are from PyTorch's, and where images (levels, c × h × w) land. */
  check: (bytes: Uint8Array, images: number[][]) => Promise<{ gap: { mean: number; most: number }; landed: unknown[] }>;
}

declare global {
  // eslint-disable-next-line no-var
  var ganscopeGenerate: GenerateProgram | undefined;
}
