// Builds the committed bundle in src/ganscope/page/static: one IIFE, one style sheet, the licences. Same input, same bytes.
import { build } from "esbuild";
import { readdir, readFile, writeFile } from "node:fs/promises";

const out = new URL("../src/ganscope/page/static/", import.meta.url);
const root = new URL("./", import.meta.url).pathname;
const text = (path) => readFile(new URL(path, import.meta.url), "utf8");
const shared = { absWorkingDir: root, bundle: true, minify: true, charset: "utf8", legalComments: "none", logLevel: "warning" };
const banner = "/* ganscope viewer, MIT. Contains uPlot (c) 2022 Leon Sorokin, MIT. See THIRD_PARTY_LICENSES. */";

/**
 * Private members and methods of our classes, whose names esbuild may shorten (3 kB): those that neither the browser, nor the
 * language, nor uPlot, nor a string, nor an object in our source uses, so that no name that comes from outside is ever touched.
 */
async function ownNames() {
  const source = (await Promise.all((await readdir(new URL("./src/", import.meta.url))).filter((name) => name.endsWith(".ts"))
    .map((name) => text(`./src/${name}`)))).join("\n");
  const lib = (await readdir(new URL("./node_modules/typescript/lib/", import.meta.url))).filter((name) => /^lib\..*\.d\.ts$/.test(name));
  const members = (await Promise.all(lib.map((name) => text(`./node_modules/typescript/lib/${name}`)))).join("\n").matchAll(/(\w+)["']?\??[:(<]/g);
  const words = (await text("./node_modules/uplot/dist/uPlot.esm.js")).matchAll(/([A-Za-z_]\w*)/g);
  const taken = new Set([...members, ...words].map(([, name]) => name));
  for (const [, quoted, key] of source.matchAll(/["'`](\w+)["'`]|(?<!private |private readonly )\b(\w+)\??: /g)) taken.add(quoted ?? key);
  const own = /private (?:readonly |async |get )*(\w+)|^  (?:async |get )?(\w+)\(.*\{$/gm;
  const names = new Set([...source.matchAll(own)].map(([, member, method]) => member ?? method));
  return [...names].filter((name) => name.length > 2 && !taken.has(name)).sort();
}

const names = await ownNames();
await build({
  ...shared, entryPoints: ["src/main.ts"], outfile: new URL("viewer.js", out).pathname, format: "iife",
  target: ["es2022", "chrome100", "firefox110", "safari16"], banner: { js: banner }, mangleProps: new RegExp(`^(${names.join("|")})$`),
});
await build({ ...shared, entryPoints: ["src/style.css"], outfile: new URL("viewer.css", out).pathname, banner: { css: banner } });
await writeFile(new URL("index.html", out), await text("./src/index.html"));
const licence = await text("./node_modules/uplot/LICENSE");
const version = JSON.parse(await text("./node_modules/uplot/package.json")).version;
await writeFile(new URL("THIRD_PARTY_LICENSES", out), `The viewer's bundle (viewer.js, viewer.css) contains:\n\nuPlot ${version}, https://github.com/leeoniya/uPlot\n\n${licence}`);
