// The figures of the repository, and what a new measurement says to them.

/** What a path may cost more than its figure, in per cent; if it costs less by as much, the figure should follow. */
export const TOLERANCE = 3;

/** Compares the figures with what was counted, both by path: what became of each path. */
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

/** A path that is new is a fault too: without a figure nothing guards it. */
export const isFault = ({ verdict }) => ["grown", "new", "gone"].includes(verdict);

/** One line for people. */
export function describe({ path, before, after, percent, verdict }) {
  const change = percent === undefined ? verdict : `${percent < 0 ? "" : "+"}${percent.toFixed(2)} %`;
  const columns = [path.padEnd(36), cell(before), cell(after), change.padStart(10)];
  return columns.join(" ") + (verdict === "grown" || verdict === "fallen" ? `  ${verdict}` : "");
}

export const HEADING = ["path".padEnd(36), "figure".padStart(9), "now".padStart(9), "change".padStart(10)].join(" ");

const cell = (number) => String(number ?? "-").padStart(9);
