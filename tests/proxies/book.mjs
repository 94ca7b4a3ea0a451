// The configurations that the book prints.
import { readFileSync } from "node:fs";

const PAGE = new URL("../../docs/behind-a-proxy.md", import.meta.url);

/** The first block of code in this language. */
export function block(language) {
  const found = readFileSync(PAGE, "utf8").match(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, "m"));
  if (!found) throw new Error(`docs/behind-a-proxy.md has no block of ${language}`);
  return found[1];
}

/** A text with what differs here: addresses, paths. All of it must be there, or the page has changed. */
export function adapt(text, changes) {
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`the page's configuration has no ${JSON.stringify(from)} any more`);
    text = text.replaceAll(from, to);
  }
  return text;
}
