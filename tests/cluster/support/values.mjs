// The values of the control protocol: JSON, with binary and a few values of JavaScript as objects with one key.

/** Returns a value as JSON: binary as `{ "$binary": base64 }`. */
export function toJson(value) {
  if (ArrayBuffer.isView(value)) return { $binary: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  if (value instanceof ArrayBuffer) return { $binary: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(toJson);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) return mapped(value, toJson);
  return value;
}

/** Returns the value of JSON made by `toJson`, or with `$date`, `$number` (`NaN`, `Infinity`) or `$undefined`. */
export function fromJson(json) {
  if (Array.isArray(json)) return json.map(fromJson);
  if (json === null || typeof json !== "object") return json;
  const keys = Object.keys(json);
  switch (keys.length === 1 ? keys[0] : "") {
    case "$binary":
      return Buffer.from(json.$binary, "base64");
    case "$date":
      return new Date(json.$date);
    case "$number":
      return Number(json.$number);
    case "$undefined":
      return undefined;
    default:
      return mapped(json, fromJson);
  }
}

function mapped(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
