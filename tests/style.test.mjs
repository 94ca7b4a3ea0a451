import assert from "node:assert/strict";
import { test } from "node:test";

import { RUSTDOC_PHRASES, markdown, phrases, questions, rustdoc } from "./style.mjs";

const found = (lines, list) => phrases(lines, list).map(({ number, found: words }) => [number, words]);

test("documentation is checked, comments and code are not", () => {
  const source = [
    "//! The client is told.",
    "// The client is told.",
    "/// Returns the id.",
    "    /// If the id is none, it waits for ever.",
    '    fn told() { "is told" }',
    "//// A rule, in vain.",
  ].join("\n");
  assert.deepEqual(found(rustdoc(source)), [[1, "is told"], [4, "is none"], [4, "for ever"]]);
});

test("a phrase may span two lines of one comment, not two comments", () => {
  assert.deepEqual(found(rustdoc("/// The hook is\n/// told.")), [[1, "is told"]]);
  assert.deepEqual(found(rustdoc("/// The hook is\nfn a() {}\n/// told.")), []);
});

test("fenced code, inline code and marked parts of a page are left out", () => {
  const page = [
    "A text is no packet.",
    "```rust",
    "// in vain",
    "```",
    "The test `a_client_is_told` and `is told`.",
    "<!-- style: off -->",
    "| is told |",
    "<!-- style: on -->",
    "It obeys.",
  ].join("\n");
  assert.deepEqual(found(markdown(page)), [[1, "is no packet"], [9, "obeys"]]);
});

test("people are for the book", () => {
  assert.deepEqual(found(markdown("Somebody joins.")), []);
  assert.deepEqual(found(rustdoc("/// Somebody joins."), RUSTDOC_PHRASES), [[1, "somebody"]]);
});

test("good prose has none of the phrases", () => {
  const page = [
    "Returns `None` if there is none. There is no packet, no handler is called, and there are no handlers.",
    "The session is no longer open. None of them is sent; the condition is met. It stands in for the client.",
    "Sends so many packets that the queue is full, and the message body, the body of a request.",
  ].join("\n");
  assert.deepEqual(found(markdown(page)), []);
});

test("lines that open with a question word are found, others that hold one are not", () => {
  const source = "/// What a client sends.\n/// Returns what a client sends.\n/// Whatever it is.\n/// Whether it is open.";
  assert.deepEqual(questions(rustdoc(source)).map(({ number }) => number), [1, 4]);
});
