// Arguments of events. In cases, binary is a Buffer.

export const BINARY = [
  Buffer.from([0, 1, 127, 128, 255]),
  { name: "nested", parts: [Buffer.from("text"), [Buffer.alloc(300, 7)]], none: Buffer.alloc(0) },
  "between",
  Buffer.alloc(70_000, 1),
];

export const ODD_JSON = [
  "ünï ☃ 😀 \u2028\u2029 \u0000\u0007 \" \\ /",
  "",
  null,
  true,
  false,
  [0, 1, -1, 127, 128, -32, -33, -128, -129, 255, 256, 65_535, 65_536, -32_768, -32_769, 2 ** 31, -(2 ** 31) - 1],
  [2 ** 32, -(2 ** 32), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 123_456_789_012],
  [2 ** 53, -(2 ** 62), 2 ** 63, 0.1, -1.5, 1e-7, 5e-324, -1.5e-300 / 7],
  [],
  {},
  [[[[]]], [{}], {}],
  { "": 0, "a b": 1, "☃": [null, { "0": "zero", "-1": "minus one" }], toString: "text", length: 3, type: "Buffer", data: [1, 2] },
  { _placeholder: true, num: 0 },
  Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`key ${i}`, i])),
  Array.from({ length: 70_000 }, (_, i) => i % 10),
];

/** Whole numbers that do not fit in 64 bits. */
export const HUGE = [2 ** 64, -(2 ** 64), 1e21, 1.7976931348623157e308];

export const LARGE = "large ☃ ".repeat(20_000);
