//! Bar charts, as SVG that is readable on light and dark pages.

use std::fmt::Write as _;

/// Groups of horizontal bars.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) scale: Scale,
    /// The series, each in its own colour.
    pub(crate) series: Vec<String>,
    pub(crate) groups: Vec<Group>,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: String,
    /// A value and its text for each series; `None` if it was not measured.
    pub(crate) bars: Vec<Option<(f64, String)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Bars start at 1; twice as much is as long as half as much.
    Ratio,
    /// Bars start at 0.
    Linear,
}

const WIDTH: f64 = 860.0;
/// The width of the column with the groups' titles.
const TITLES: f64 = 335.0;
/// The width for the text beside the longest bar.
const MARGIN: f64 = 80.0;
const BAR: f64 = 12.0;
const PITCH: f64 = BAR + 1.5;
const GAP: f64 = 12.0;
const TOP: f64 = 64.0;
const COLOURS: [&str; 4] = ["#3b82f6", "#9aa0a6", "#4ea94b", "#d98b2b"];
/// Halfway between white and black.
const INK: &str = "#808790";

impl Chart {
    pub(crate) fn svg(&self) -> String {
        let group_height = self.series.len() as f64 * PITCH + GAP;
        let height = TOP + self.groups.len() as f64 * group_height + 8.0;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"12\" \
             fill=\"{INK}\">\n<title>{0}</title>\n<text x=\"8\" y=\"20\" font-size=\"15\" \
             font-weight=\"600\">{0}</text>\n",
            escaped(&self.title)
        );
        self.legend(&mut out);
        let axis = self.axis();
        for (value, label) in self.ticks() {
            let (x, strong) = (axis.at(value), value == axis.origin);
            let width = if strong { 1.5 } else { 0.5 };
            line(&mut out, x, height - 8.0, width);
            text(&mut out, x, TOP - 6.0, "middle", &label);
        }
        for (index, group) in self.groups.iter().enumerate() {
            let top = TOP + index as f64 * group_height + GAP / 2.0;
            let middle = top + (group_height - GAP) / 2.0 + 4.0;
            text(&mut out, TITLES - 10.0, middle, "end", &group.title);
            for (at, bar) in group.bars.iter().enumerate() {
                let Some((value, label)) = bar else { continue };
                axis.bar(&mut out, *value, label, top + at as f64 * PITCH, COLOURS[at % COLOURS.len()]);
            }
        }
        out.push_str("</svg>\n");
        out
    }

    fn legend(&self, out: &mut String) {
        let mut x = 8.0;
        for (at, series) in self.series.iter().enumerate() {
            rectangle(out, x, 31.0, BAR, BAR, COLOURS[at % COLOURS.len()]);
            text(out, x + BAR + 5.0, 41.0, "start", series);
            x += 40.0 + 7.0 * series.chars().count() as f64;
        }
    }

    fn axis(&self) -> Axis {
        let bars = self.groups.iter().flat_map(|group| &group.bars).flatten();
        let values =
            bars.map(|&(value, _)| value).filter(|value| self.scale == Scale::Linear || *value > 0.0);
        let (low, high) =
            values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        match self.scale {
            Scale::Linear => {
                Axis { scale: self.scale, origin: 0.0, low: 0.0, high: high.max(f64::MIN_POSITIVE) }
            }
            Scale::Ratio => {
                // Whole powers of two that cover all values and 1.
                let (low, high) = (low.min(0.99).log2().floor(), high.max(1.01).log2().ceil());
                Axis { scale: self.scale, origin: 1.0, low, high }
            }
        }
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        let axis = self.axis();
        let label = |power: i32| match power {
            0.. => format!("{}×", 1_u64 << power.min(62)),
            _ => format!("1/{}×", 1_u64 << (-power).min(62)),
        };
        match self.scale {
            Scale::Linear => vec![(0.0, String::new())],
            Scale::Ratio => {
                let powers = axis.low as i32..=axis.high as i32;
                powers.map(|power| (f64::from(power).exp2(), label(power))).collect()
            }
        }
    }
}

impl Group {
    pub(crate) fn is_measured(&self) -> bool {
        self.bars.iter().any(Option::is_some)
    }
}

/// The position of values.
struct Axis {
    scale: Scale,
    origin: f64,
    /// The two ends of the scale: exponents of two, or values.
    low: f64,
    high: f64,
}

impl Axis {
    fn at(&self, value: f64) -> f64 {
        let value = match self.scale {
            Scale::Ratio => value.log2(),
            Scale::Linear => value,
        };
        let part = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        // Bars to the left have their text on the left.
        let left = if self.scale == Scale::Ratio { TITLES + 40.0 } else { TITLES };
        left + part * (WIDTH - MARGIN - left)
    }

    fn bar(&self, out: &mut String, value: f64, label: &str, y: f64, colour: &str) {
        let (origin, end) = (self.at(self.origin), self.at(value));
        rectangle(out, origin.min(end), y, (end - origin).abs().max(1.0), BAR, colour);
        let (x, anchor) = if end < origin { (end - 4.0, "end") } else { (end + 4.0, "start") };
        text(out, x, y + BAR - 2.0, anchor, label);
    }
}

fn line(out: &mut String, x: f64, bottom: f64, width: f64) {
    let _ = writeln!(
        out,
        "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\" stroke=\"{INK}\" \
         stroke-width=\"{width}\" opacity=\"0.6\"/>"
    );
}

fn rectangle(out: &mut String, x: f64, y: f64, width: f64, height: f64, colour: &str) {
    let _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
    );
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, content: &str) {
    let content = escaped(content);
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(scale: Scale, bars: &[Option<f64>]) -> Chart {
        let bars = bars.iter().map(|bar| bar.map(|value| (value, format!("{value}")))).collect();
        let series = vec!["ours".to_owned(), "floor".to_owned(), "node".to_owned()];
        let groups = vec![Group { title: "a < b & c".to_owned(), bars }];
        Chart { title: "Title".to_owned(), scale, series, groups }
    }

    fn widths(svg: &str) -> Vec<f64> {
        let bars = svg.lines().filter(|line| line.starts_with("<rect")).skip(3);
        bars.map(|line| line.split('"').nth(5).unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn twice_as_much_is_as_long_as_half_as_much() {
        let svg = chart(Scale::Ratio, &[Some(2.0), Some(0.5), Some(4.0)]).svg();
        let widths = widths(&svg);
        assert!((widths[0] - widths[1]).abs() < 0.2, "{widths:?}");
        assert!((widths[2] - 2.0 * widths[0]).abs() < 0.2, "{widths:?}");
        assert!(svg.contains(">1/2×<") && svg.contains(">4×<"));
    }

    #[test]
    fn bars_that_were_not_measured_are_left_out() {
        let svg = chart(Scale::Linear, &[Some(2.0), None, Some(1.0)]).svg();
        let widths = widths(&svg);
        assert_eq!(widths.len(), 2);
        assert!((widths[0] - 2.0 * widths[1]).abs() < 0.2, "{widths:?}");
    }

    #[test]
    fn text_is_escaped_and_nothing_is_not_a_number() {
        for values in [&[None, None, None][..], &[Some(0.0)], &[Some(1.0)]] {
            for scale in [Scale::Ratio, Scale::Linear] {
                let svg = chart(scale, values).svg();
                assert!(
                    svg.contains("a &lt; b &amp; c") && !svg.contains("NaN") && !svg.contains("inf"),
                    "{svg}"
                );
            }
        }
    }
}
