// Writes the types of commands and messages to messages.d.ts, from the document of the protocol
// that the server has at /docs/protocol: `npm run types`. With --check it fails where that file is not of this protocol.
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const HERE = new URL(".", import.meta.url);
const TARGET = new URL("messages.d.ts", HERE);
const python = process.env.PYTHON ?? new URL("../.venv/bin/python", HERE).pathname;
const document = JSON.parse(
  execFileSync(python, ["-m", "rfhydra.protocol.schema"], { encoding: "utf8", maxBuffer: 2 ** 26 }),
);

const { schemas, messages } = document.components;
const definitions = JSON.parse(
  JSON.stringify(schemas, (key, value) => (key === "title" ? undefined : value)).replaceAll(
    "#/components/schemas/",
    "#/definitions/",
  ),
);
const typeOf = (name) => messages[name].payload?.$ref?.split("/").at(-1);
const nameOf = (reference) => reference.$ref.split("/").at(-1);

const answers = Object.entries(document.operations)
  .filter(([name]) => name.startsWith("command_"))
  .map(([name, operation]) => {
    const answer = operation.reply.messages.map(nameOf).find((message) => message !== "error");
    return `  ${name.slice("command_".length)}: { fields: ${typeOf(name)}; answer: ${typeOf(answer)} };`;
  });
const pushed = Object.keys(messages)
  .filter((name) => !name.startsWith("command_") && typeOf(name))
  .map((name) => `  ${name}: ${typeOf(name)};`);

const types = await compile(
  { definitions, title: "Protocol", type: "object", additionalProperties: false },
  "Protocol",
  {
    unreachableDefinitions: true,
    additionalProperties: false,
    bannerComment: "// Made from the protocol by `npm run types`, see console/types.mjs.",
    ignoreMinAndMaxItems: true,
    style: { printWidth: 120 },
  },
);
const text = `${types}
/** What each command sends, and what answers it. */
export interface CommandTypes {
${answers.join("\n")}
}

/** Messages of the server, by their type. */
export interface MessageTypes {
${pushed.join("\n")}
}
`;

if (!process.argv.includes("--check")) await writeFile(TARGET, text);
else if ((await readFile(TARGET, "utf8").catch(() => null)) !== text) {
  console.error("messages.d.ts is not of this protocol: npm run types");
  process.exitCode = 1;
}
