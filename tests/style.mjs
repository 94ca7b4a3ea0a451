// Checks the prose of rustdoc and of the book. CONTRIBUTING.md, section "Style", has the rules and examples.
import { readFileSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The phrases that are not used, each with the ones to use instead. Every space matches a line break too. */
export const PHRASES = [
  phrase(/(?<!\bthere )\b(?:is|are|was|were) none\b(?! of)/, "is not an X, is invalid"),
  phrase(
    /(?<!\bthere )\b(?:is|are|was|were) no (?:id|packet|frame|number|string|text|JSON|handler|future|namespace|origin|pattern)s?\b/,
    "is not an X, is not a valid X",
  ),
  phrase(/\b(?:is|are|was|were|be|been|being) told\b/, "receives, is reported to, is notified"),
  phrase(/\bfor ever\b/, "forever, without a limit"),
  phrase(/\bin vain\b/, "without effect"),
  phrase(/\bwish(?:es)? to connect\b/, "CONNECT packet, connection request"),
  phrase(/\b(?:is|are|was|were|be|been) let in\b/, "is admitted"),
  phrase(/\b(?:gives?|given|gave|giving) back\b/, "returns, frees"),
  phrase(/\bcom(?:es?|ing) to nothing\b/, "has no effect"),
  phrase(/\bstands? (?:in(?! for\b)|at|there|first|last|before|behind|beside|between|around)\b/, "is"),
  phrase(/\bso many (?:bytes|clients|connections|events|messages|packets|sessions|sockets|times)\b(?! that\b)/, "`n` bytes"),
  phrase(/\b(?:who|whom)ever\b/, "a client that, the caller"),
  phrase(/\bwhom\b/, "name the client or the caller"),
  phrase(/\bfarewells?\b/, "close, disconnect"),
  phrase(/\bobey(?:s|ed|ing)?\b/, "follows, executes"),
  phrase(/\bblam(?:e[sd]?|ing)\b/, "reports, attributes to"),
  phrase(/\bpatience\b/, "timeout"),
  phrase(/\b(?:one|same) breath\b/, "at once, in one batch"),
];

/** The list for rustdoc: pages may be about people, but functions have callers, clients, handlers and tasks. */
export const RUSTDOC_PHRASES = [
  ...PHRASES,
  phrase(/\b(?:some|no|any)body\b/, "no client, the application, another task"),
];

/** The largest share of rustdoc lines that may open with a question word. */
export const MOST_QUESTIONS = 0.02;

const QUESTION = /^(?:What|Who|Whom|How|Why|Whether|Which)\b/;

function phrase(pattern, instead) {
  return { pattern: new RegExp(pattern.source.replaceAll(" ", "\\s+"), "giu"), instead };
}

/** The lines of a Rust file's documentation, as `{ number, text }`. */
export function rustdoc(source) {
  const lines = source.split("\n").flatMap((line, index) => {
    const doc = /^\s*\/\/[/!](?!\/)(.*)$/.exec(line);
    return doc ? [{ number: index + 1, text: doc[1].trim() }] : [];
  });
  return prose(lines);
}

/** The lines of a page of Markdown, as `{ number, text }`. */
export function markdown(source) {
  return prose(source.split("\n").map((line, index) => ({ number: index + 1, text: line.trim() })));
}

/** Leaves out fenced code, and everything from `<!-- style: off -->` to `<!-- style: on -->`; blanks code within a line. */
function prose(lines) {
  let fenced = false;
  let off = false;
  return lines.flatMap(({ number, text }) => {
    const fence = text.startsWith("```");
    if (fence) fenced = !fenced;
    if (!fenced && /^<!-- style: (?:on|off) -->$/.test(text)) off = text.includes("off");
    if (fence || fenced || off) return [];
    return [{ number, text: text.replace(/`[^`]*`/g, "``") }];
  });
}

/** The phrases in these lines that are not used, as `{ number, found, instead }`. A phrase may span two lines. */
export function phrases(lines, list = PHRASES) {
  const starts = [];
  let text = "";
  let previous;
  for (const { number, text: line } of lines) {
    // Lines of different comments are not one text.
    if (previous !== undefined && number !== previous + 1) text += "\n\0";
    starts.push({ start: text.length, number });
    text += `${line}\n`;
    previous = number;
  }
  const found = list.flatMap(({ pattern, instead }) =>
    [...text.matchAll(pattern)].map((match) => ({
      number: starts.findLast(({ start }) => start <= match.index).number,
      found: match[0].toLowerCase().replace(/\s+/g, " "),
      instead,
    })));
  return found.sort((one, other) => one.number - other.number);
}

/** The lines that open with a question word. */
export const questions = (lines) => lines.filter(({ text }) => QUESTION.test(text));

/** The lines that are not empty. */
const written = (lines) => lines.filter(({ text }) => text !== "");

const ROOT = resolve(fileURLToPath(import.meta.url), "../..");
const CRATES = ["socketio-core", "socketio-tower", "socketio-tower/macros"];
const RUST = [...CRATES.map((crate) => `${crate}/src`), "examples", "tests/src", "tests/tests"];
const PAGES = ["README.md", "CONTRIBUTING.md", ...CRATES.map((crate) => `${crate}/README.md`)];

/** The files below a folder whose names end like this. */
function files(folder, ending, recursive) {
  const entries = readdirSync(join(ROOT, folder), { recursive, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && entry.name.endsWith(ending));
  const paths = names.map((entry) => relative(ROOT, join(entry.parentPath ?? entry.path, entry.name)));
  return paths.filter((path) => !path.includes("node_modules")).sort();
}

const percent = (part) => `${(100 * part).toFixed(1)} %`;

/** Checks the repository; prints the findings, then the counts. Returns true if there are no findings. */
function check() {
  const read = (path, lines) => ({ path, lines: lines(readFileSync(join(ROOT, path), "utf8")) });
  const docs = RUST.flatMap((folder) => files(folder, ".rs", true)).map((path) => read(path, rustdoc));
  const pages = [...files("docs", ".md", false), ...PAGES].map((path) => read(path, markdown));

  const faults = (of, list) => of.flatMap(({ path, lines }) => phrases(lines, list).map((fault) => ({ path, ...fault })));
  const found = [...faults(docs, RUSTDOC_PHRASES), ...faults(pages, PHRASES)];
  for (const { path, number, found: words, instead } of found) console.log(`${path}:${number}: "${words}", better: ${instead}`);

  const count = (of, lines) => of.reduce((sum, file) => sum + lines(file.lines).length, 0);
  const total = count(docs, written);
  const asking = count(docs, questions);
  const tooMany = asking > MOST_QUESTIONS * total;
  if (tooMany) {
    for (const { path, lines } of docs) {
      for (const { number, text } of questions(lines)) console.log(`${path}:${number}: opens with "${text.split(/\W/)[0]}"`);
    }
  }

  console.log(`rustdoc: ${total} lines in ${docs.length} files`);
  console.log(`pages: ${count(pages, written)} lines in ${pages.length} files`);
  console.log(`phrases that are not used: ${found.length}`);
  const share = `${percent(asking / total)} of at most ${percent(MOST_QUESTIONS)}`;
  console.log(`rustdoc lines that open with a question word: ${asking}, ${share}`);
  if (found.length > 0 || tooMany) console.log('CONTRIBUTING.md has the rules, under "Style"');
  return found.length === 0 && !tooMany;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = check() ? 0 : 1;
