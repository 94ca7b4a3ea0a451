// The figures of the repository, and their comparison with a measurement.

/** The increase of a path over its figure that is allowed, in per cent. After a decrease beyond it, update the figure. */
export const TOLERANCE = 3;

/** Compares the figures with the measured counts, both by path. Returns one comparison per path. */
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

/** Returns `true` for a failure. A new path is one too: it has no figure to be compared with. */
export const isFault = ({ verdict }) => ["grown", "new", "gone"].includes(verdict);

/** Formats a comparison as a line of the table. */
export function describe({ path, before, after, percent, verdict }) {
  const change = percent === undefined ? verdict : `${percent < 0 ? "" : "+"}${percent.toFixed(2)} %`;
  const columns = [path.padEnd(36), cell(before), cell(after), change.padStart(10)];
  return columns.join(" ") + (verdict === "grown" || verdict === "fallen" ? `  ${verdict}` : "");
}

export const HEADING = ["path".padEnd(36), "figure".padStart(9), "now".padStart(9), "change".padStart(10)].join(" ");

const cell = (number) => String(number ?? "-").padStart(9);
