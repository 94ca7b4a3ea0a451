// The figures of the repository, and what a new measurement says to them.

/** A path that costs more than this in addition, in per cent, has grown; fewer by as much, it has fallen. */
export const TOLERANCE = 3;

/**
 * Compares two objects of instructions by path. Each line says what became of one path; `grown` and `gone` are
 * faults, `new` too, because nothing guards a path without a figure.
 */
export function compare(figures, measured) {
  const paths = [...new Set([...Object.keys(figures), ...Object.keys(measured)])];
  return paths.map((path) => {
    const [before, after] = [figures[path], measured[path]];
    if (before === undefined) return { path, after, verdict: "new" };
    if (after === undefined) return { path, before, verdict: "gone" };
    const percent = ((after - before) / before) * 100;
    const verdict = percent > TOLERANCE ? "grown" : percent < -TOLERANCE ? "fallen" : "same";
    return { path, before, after, percent, verdict };
  });
}

/** One line for people. */
export function describe({ path, before, after, percent, verdict }) {
  const change = percent === undefined ? verdict : `${percent < 0 ? "" : "+"}${percent.toFixed(2)} %`;
  const columns = [path.padEnd(36), cell(before), cell(after), change.padStart(10)];
  return columns.join(" ") + (["grown", "fallen"].includes(verdict) ? `  ${verdict}` : "");
}

export const HEADING = ["path".padEnd(36), "figure".padStart(9), "now".padStart(9), "change".padStart(10)].join(" ");

const cell = (number) => String(number ?? "-").padStart(9);
