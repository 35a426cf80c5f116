// Writes the libraries that the console uses to src/rfhydra/console/vendor, with their licences: `npm run vendor`.
// With --check it writes nothing and fails where the files there are not what it would write.
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { build } from "esbuild";

const HERE = new URL(".", import.meta.url);
const VENDOR = new URL("../src/rfhydra/console/vendor/", HERE);
const LIBRARIES = ["preact", "@preact/signals", "@preact/signals-core", "htm", "uplot"];

const UI = `
export { render } from "preact";
export { useEffect, useId, useMemo, useRef } from "preact/hooks";
export { batch, computed, effect, signal, useComputed, useSignal } from "@preact/signals";
import { h } from "preact";
import htm from "htm";
export const html = htm.bind(h);
`;

// Types of the two modules, for tsc: the packages have their own.
const UI_TYPES = `${UI.replace(/^import .*\n|^export const html.*\n/gm, "")}import { VNode } from "preact";
export declare function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
export type { ComponentChildren, RefObject, VNode } from "preact";
export type { ReadonlySignal, Signal } from "@preact/signals";
`;

async function bundle(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: HERE.pathname },
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    write: false,
    legalComments: "none",
  });
  return outputFiles[0].text;
}

async function licences() {
  const texts = await Promise.all(
    LIBRARIES.map(async (name) => {
      const folder = new URL(`node_modules/${name}/`, HERE);
      const { version, license } = JSON.parse(await readFile(new URL("package.json", folder), "utf8"));
      return `${name} ${version} (${license})\n\n${(await readFile(new URL("LICENSE", folder), "utf8")).trim()}\n`;
    }),
  );
  return texts.join(`\n${"-".repeat(78)}\n\n`);
}

const files = {
  "ui.js": await bundle(UI),
  "uplot.js": await bundle('export { default } from "uplot";'),
  "ui.d.ts": UI_TYPES,
  "uplot.d.ts": 'export { default } from "uplot";\n',
  "uplot.css": await readFile(new URL("node_modules/uplot/dist/uPlot.min.css", HERE), "utf8"),
  "LICENSES.txt": await licences(),
};

if (process.argv.includes("--check")) {
  for (const [name, text] of Object.entries(files))
    if ((await readFile(new URL(name, VENDOR), "utf8").catch(() => null)) !== text) {
      console.error(`vendor/${name} is not what package-lock.json says: npm run vendor`);
      process.exitCode = 1;
    }
} else {
  await mkdir(VENDOR, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(new URL(name, VENDOR), text);
}
