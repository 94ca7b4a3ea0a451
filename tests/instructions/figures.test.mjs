import assert from "node:assert/strict";
import { test } from "node:test";

import { compare, describe, isFault } from "./figures.mjs";

const verdicts = (figures, measured) => compare(figures, measured).map(({ path, verdict }) => [path, verdict]);

test("a path may cost three per cent more or less", () => {
  const figures = { a: 1000, b: 1000, c: 1000, d: 1000 };
  const measured = { a: 1030, b: 1031, c: 970, d: 969 };
  assert.deepEqual(verdicts(figures, measured), [["a", "same"], ["b", "grown"], ["c", "same"], ["d", "fallen"]]);
});

test("every path has a figure, and every figure a path", () => {
  assert.deepEqual(verdicts({ old: 1 }, { fresh: 2 }), [["old", "gone"], ["fresh", "new"]]);
});

test("growth is a fault, a fall is not", () => {
  const lines = compare({ a: 100, b: 100, c: 100, d: 100 }, { a: 110, b: 90, c: 100, e: 100 });
  assert.deepEqual(lines.filter(isFault).map(({ path }) => path), ["a", "d", "e"]);
});

test("a line tells the figure, the count and the change", () => {
  const [line] = compare({ "decode text": 900 }, { "decode text": 1000 });
  assert.match(describe(line), /^decode text +900 +1000 +\+11\.11 %  grown$/);
});
