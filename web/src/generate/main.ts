/** The bundle that runs a generator in the page; a page without one never loads it. */

import type { GenerateHost } from "../generatehook";
import { Generator } from "./generator";
import { panel } from "./panel";

globalThis.ganscopeGenerate = {
  async open(host: GenerateHost): Promise<HTMLElement> {
    return panel(host, await Generator.open(host.bytes));
  },
  async check(bytes, images) {
    const generator = await Generator.open(bytes);
    const [c, h, w] = generator.meta.shape;
    return { gap: generator.compare(), landed: images.map((data) => generator.landing?.place({ c, h, w, data: Uint8Array.from(data) })) };
  },
};
