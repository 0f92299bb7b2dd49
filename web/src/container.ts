/** GLV1, the container of src/ganscope/pages.py: a header in JSON and named sections of numbers or bytes. */

type Kind = "u8" | "u16" | "u32" | "i32" | "f32" | "f64";
export type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

interface Entry {
  name: string;
  dtype: Kind;
  shape: number[];
  enc: "raw" | "planar+gzip";
  off: number;
  len: number;
}

const SIZES: Record<Kind, number> = { u8: 1, u16: 2, u32: 4, i32: 4, f32: 4, f64: 8 };

export interface Container<Meta> {
  meta: Meta;
  has(name: string): boolean;
  shape(name: string): number[];
  /** The numbers of a section; an empty array where it is missing. */
  numbers(name: string): Promise<Numbers>;
  /** The bytes of a section stored as they are (an image); null where it is missing. */
  bytes(name: string): Uint8Array | null;
}

export function open<Meta>(blob: Uint8Array): Container<Meta> {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  if (blob.length < 8 || view.getUint32(0, false) !== 0x474c5631) throw new Error("not a GLV1 container");
  const length = view.getUint32(4, true);
  if (8 + length > blob.length) throw new Error("the container is cut short");
  const header = JSON.parse(new TextDecoder().decode(blob.subarray(8, 8 + length))) as { meta: Meta; sections: Entry[] };
  const entries = new Map(header.sections.map((entry) => [entry.name, entry]));
  for (const entry of header.sections) {
    if (entry.off + entry.len > blob.length) throw new Error(`the container is cut short in ${entry.name}`);
  }
  const body = (entry: Entry): Uint8Array => blob.subarray(entry.off, entry.off + entry.len);
  return {
    meta: header.meta,
    has: (name) => entries.has(name),
    shape: (name) => entries.get(name)?.shape ?? [],
    bytes(name) {
      const entry = entries.get(name);
      return entry ? body(entry) : null;
    },
    async numbers(name) {
      const entry = entries.get(name);
      if (!entry) return new Uint8Array(0);
      const plain = entry.enc === "raw" ? body(entry).slice() : interleave(await gunzip(body(entry)), SIZES[entry.dtype]);
      return typed(entry.dtype, plain);
    },
  };
}

/** From planes (all first bytes, all second bytes, …) back to elements of `size` bytes. */
export function interleave(planes: Uint8Array, size: number): Uint8Array {
  if (size === 1) return planes;
  const count = planes.length / size;
  const out = new Uint8Array(planes.length);
  for (let byte = 0; byte < size; byte++) {
    const start = byte * count;
    for (let i = 0, at = byte; i < count; i++, at += size) out[at] = planes[start + i];
  }
  return out;
}

function typed(kind: Kind, bytes: Uint8Array): Numbers {
  const { buffer, byteOffset } = bytes;
  const count = bytes.length / SIZES[kind];
  switch (kind) {
    case "u8": return bytes;
    case "u16": return new Uint16Array(buffer, byteOffset, count);
    case "u32": return new Uint32Array(buffer, byteOffset, count);
    case "i32": return new Int32Array(buffer, byteOffset, count);
    case "f32": return new Float32Array(buffer, byteOffset, count);
    case "f64": return new Float64Array(buffer, byteOffset, count);
  }
}

async function gunzip(packed: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Base64 text to bytes: natively where there is a native way (five times faster). */
export function fromBase64(text: string): Uint8Array {
  const native = Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array };
  if (native.fromBase64) return native.fromBase64(text);
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}
