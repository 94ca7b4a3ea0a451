// The configurations that the book prints.
import { readFileSync } from "node:fs";

const PAGE = new URL("../../docs/behind-a-proxy.md", import.meta.url);

/** The first block of code in this language. */
export function block(language) {
  return found(readFileSync(PAGE, "utf8"), language)[0];
}

/** The blocks of code in this language below this heading, up to the next heading. */
export function blocks(language, heading) {
  const parts = readFileSync(PAGE, "utf8").split(/^#{2,3} /m);
  const part = parts.find((part) => part.startsWith(`${heading}\n`));
  if (!part) throw new Error(`docs/behind-a-proxy.md has no heading ${JSON.stringify(heading)}`);
  return found(part, language);
}

function found(text, language) {
  const blocks = Array.from(text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, "gm")), ([, block]) => block);
  if (blocks.length === 0) throw new Error(`docs/behind-a-proxy.md lacks a block of ${language}`);
  return blocks;
}

/** A text with what differs here: addresses, paths. All of it must be there, or the page has changed. */
export function adapt(text, changes) {
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`the page's configuration has no ${JSON.stringify(from)} any more`);
    text = text.replaceAll(from, to);
  }
  return text;
}
