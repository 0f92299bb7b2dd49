// Builds the committed bundle in src/ganscope/page/static: one IIFE, one style sheet, the licences. Same input, same bytes.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";

const out = new URL("../src/ganscope/page/static/", import.meta.url);
const root = new URL("./", import.meta.url).pathname;
const text = (path) => readFile(new URL(path, import.meta.url), "utf8");
const shared = { absWorkingDir: root, bundle: true, minify: true, charset: "utf8", legalComments: "none", logLevel: "warning" };
const banner = "/* ganscope viewer, MIT. Contains uPlot (c) 2022 Leon Sorokin, MIT. See THIRD_PARTY_LICENSES. */";

await build({
  ...shared, entryPoints: ["src/main.ts"], outfile: new URL("viewer.js", out).pathname, format: "iife",
  target: ["es2022", "chrome100", "firefox110", "safari16"], banner: { js: banner },
});
// Programs of their own, which share no object with the page that has a shortened name.
for (const [entry, name] of [["generate/main.ts", "generate"], ["home/main.ts", "home"]]) {
  await build({
    ...shared, entryPoints: [`src/${entry}`], outfile: new URL(`${name}.js`, out).pathname, format: "iife",
    target: ["es2022", "chrome100", "firefox110", "safari16"], banner: { js: `/* ganscope ${name}, MIT. */` },
  });
}
await build({ ...shared, entryPoints: ["src/style.css"], outfile: new URL("viewer.css", out).pathname, banner: { css: banner } });
for (const name of ["index.html", "home.html"]) await writeFile(new URL(name, out), await text(`./src/${name}`));
const licence = await text("./node_modules/uplot/LICENSE");
const version = JSON.parse(await text("./node_modules/uplot/package.json")).version;
await writeFile(new URL("THIRD_PARTY_LICENSES", out), `The viewer's bundle (viewer.js, viewer.css) contains:\n\nuPlot ${version}, https://github.com/leeoniya/uPlot\n\n${licence}`);

// The glossary of the page is the glossary of the documentation.
const glossary = Object.values(JSON.parse(await text("./src/glossary.json")));
const lines = glossary.map(([term, meaning]) => `**${term[0].toUpperCase()}${term.slice(1)}.** ${meaning}\n`);
await writeFile(new URL("../docs/glossary.md", import.meta.url), `# Glossary\n\nThe words of the page, as its "?" buttons say them (from web/src/glossary.json, by \`make web\`).\n\n${lines.join("\n")}`);
