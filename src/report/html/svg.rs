//! Charts as inline SVG; colours come from the style sheet's classes.

use super::text::{count, counted, decimal, escape, thousands};
use crate::report::PhaseReport;

/// Width of every chart, in its own units and about as many pixels.
const WIDTH: f64 = 340.0;
/// The plot's left and right edge.
const PLOT: (f64, f64) = (42.0, 330.0);
/// Most points a line is drawn with.
const MAX_POINTS: usize = 600;

/// Maps values to coordinates.
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    fn at(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        if share.is_finite() { self.from + share * (self.to - self.from) } else { self.from }
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below `rough`.
fn nice(rough: f64) -> f64 {
    if !rough.is_finite() || rough <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough * 0.999).unwrap_or(rough)
}

/// Multiples of `step` between `low` and `high`, at most a dozen.
fn ticks(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step - 1e-6).ceil();
    (0..12).map(|i| (first + f64::from(i)) * step).filter(|tick| *tick <= high + step * 1e-6).collect()
}

/// A tick's label with as many decimals as its step has.
fn label(tick: f64, step: f64) -> String {
    if tick == 0.0 {
        "0".to_owned()
    } else if step >= 1.0 && tick.abs() < 1e9 {
        let sign = if tick < 0.0 { "−" } else { "" };
        format!("{sign}{}", thousands(tick.abs().round() as u64))
    } else if step < 1e-4 || tick.abs() >= 1e9 {
        decimal(tick)
    } else {
        let decimals = (-step.log10()).ceil().max(0.0) as usize;
        format!("{tick:.decimals$}").replace('-', "−")
    }
}

/// Grid lines with labels on the left, ticks with labels below, and what the axes count.
fn axes(x: &Scale, x_step: f64, y: &Scale, y_step: f64, names: (&str, &str)) -> String {
    let mut out = String::new();
    for tick in ticks(y.low, y.high, y_step) {
        let at = y.at(tick);
        out.push_str(&format!(
            r#"<line class="grid" x1="{:.1}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/><text class="end" x="{:.1}" y="{:.1}">{}</text>"#,
            PLOT.0,
            PLOT.1,
            PLOT.0 - 6.0,
            at + 3.5,
            label(tick, y_step)
        ));
    }
    for tick in ticks(x.low, x.high, x_step) {
        let at = x.at(tick);
        out.push_str(&format!(
            r#"<line class="axis" x1="{at:.1}" x2="{at:.1}" y1="{:.1}" y2="{:.1}"/><text class="mid" x="{at:.1}" y="{:.1}">{}</text>"#,
            y.from,
            y.from + 4.0,
            y.from + 16.0,
            label(tick, x_step)
        ));
    }
    out + &format!(
        r#"<line class="axis" x1="{:.1}" x2="{:.1}" y1="{:.1}" y2="{:.1}"/><text class="mid" x="{:.1}" y="{:.1}">{}</text><text x="0" y="10">{}</text>"#,
        PLOT.0,
        PLOT.1,
        y.from,
        y.from,
        f64::midpoint(PLOT.0, PLOT.1),
        y.from + 31.0,
        names.0,
        names.1
    )
}

fn frame(height: f64, description: &str, body: &str) -> String {
    let description = escape(description);
    format!(r#"<svg viewBox="0 0 {WIDTH:.0} {height:.0}" role="img" aria-label="{description}">{body}</svg>"#)
}

/// A vertical line with its name on top; the name stays inside the chart.
fn marker(class: &str, at: f64, bottom: f64, name: &str) -> String {
    let (anchor, shift) = if at > f64::midpoint(PLOT.0, PLOT.1) { ("end", 3.0) } else { ("start", -3.0) };
    format!(
        r#"<line class="{class}" x1="{at:.1}" x2="{at:.1}" y1="14" y2="{bottom:.1}"/><text class="{anchor} strong" x="{:.1}" y="10">{name}</text>"#,
        at + shift
    )
}

/// A whole number of tokens for about 30 bins; where one divides the cap, no bin lies on both sides of its line.
fn bin_width(span: f64, cap: f64) -> f64 {
    let rough = (span / 34.0).ceil().max(1.0);
    let mut widths = (0..64).map(|more| rough + f64::from(more)).take_while(|width| *width <= rough * 2.0);
    widths.find(|width| cap > 0.0 && cap % width == 0.0).unwrap_or_else(|| nice(span / 30.0).max(1.0))
}

/// How many rows of a field have how many tokens. `longest` is the dataset's, so that its fields share one axis.
pub(super) fn histogram(field: &str, tokens: &[u32], cap: usize, longest: u32) -> String {
    let cap = cap as f64;
    let longest = f64::from(longest.max(1));
    // A cap far off to the right would squeeze all bars into the left corner.
    let shows_cap = cap > 0.0 && cap <= longest * 2.5;
    let span = if shows_cap { longest.max(cap) } else { longest };
    let width = bin_width(span, if shows_cap { cap } else { 0.0 });
    let bins = (span / width).ceil().max(1.0);
    let mut rows = vec![0_usize; bins as usize];
    for tokens in tokens {
        // Bin n holds the counts above n widths up to n + 1 widths: a row exactly at the cap is left of its line.
        let bin = (f64::from(*tokens) / width).ceil() as usize;
        if let Some(slot) = rows.get_mut(bin.saturating_sub(1)) {
            *slot += 1;
        }
    }
    let most = rows.iter().copied().max().unwrap_or(0).max(1) as f64;
    let y_step = nice(most / 4.5).max(1.0);
    let x = Scale { low: 0.0, high: bins * width, from: PLOT.0, to: PLOT.1 };
    let y = Scale { low: 0.0, high: most, from: 112.0, to: 22.0 };
    let mut body = axes(&x, nice(x.high / 5.0).max(1.0), &y, y_step, ("tokens", "rows"));
    // One row among thousands is still to be seen.
    let height = |rows: usize| (y.from - y.at(rows as f64)).max(2.0);
    for (bin, rows) in rows.iter().enumerate().filter(|(_, rows)| **rows > 0) {
        let (low, high) = (bin as f64 * width, (bin + 1) as f64 * width);
        let class = if cap > 0.0 && low >= cap { "bar over" } else { "bar" };
        body.push_str(&format!(
            r#"<rect class="{class}" x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}"><title>{} to {} tokens: {}</title></rect>"#,
            x.at(low) + 0.5,
            y.from - height(*rows),
            (x.at(high) - x.at(low) - 1.0).max(0.6),
            height(*rows),
            decimal(if low == 0.0 { 0.0 } else { low + 1.0 }),
            decimal(high),
            counted(*rows, "row")
        ));
    }
    if shows_cap {
        body.push_str(&marker("cap", x.at(cap), y.from, &format!("cap {}", count(cap as usize))));
    } else if cap > 0.0 {
        let name = format!("cap {} →", count(cap as usize));
        body.push_str(&format!(r#"<text class="end strong" x="{:.1}" y="10">{name}</text>"#, PLOT.1));
    }
    frame(148.0, &format!("Rows by number of tokens in {field}"), &body)
}

/// The loss of a phase; `None` when there is no finite value.
pub(super) fn loss_chart(phase: &PhaseReport) -> Option<String> {
    let (loss, held_out) = (finite(&phase.loss), finite(&phase.eval_loss));
    let all = || loss.iter().chain(&held_out);
    let (mut low, mut high) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p.1), h.max(p.1)));
    if low > high {
        return None;
    }
    if low > 0.0 && low < high * 0.6 {
        low = 0.0;
    }
    if high - low < 1e-9 * high.abs().max(1e-9) {
        (low, high) = (low - 0.5, high + 0.5);
    }
    let y_step = nice((high - low) / 4.0);
    let (low, high) = ((low / y_step + 1e-6).floor() * y_step, (high / y_step - 1e-6).ceil() * y_step);
    let last = all().map(|p| p.0).fold(phase.kept_step.max(1) as f64, f64::max);
    let x = Scale { low: 0.0, high: last, from: PLOT.0, to: PLOT.1 };
    let y = Scale { low, high, from: 172.0, to: 22.0 };
    let mut body = axes(&x, nice(last / 5.0).max(1.0), &y, y_step, ("step", "loss"));
    if phase.steps > 0 {
        body.push_str(&marker(
            "kept",
            x.at(phase.kept_step as f64),
            y.from,
            &format!("kept {}", thousands(phase.kept_step)),
        ));
    }
    body.push_str(&line("raw", &loss, &x, &y));
    body.push_str(&line("smooth", &smooth(&loss), &x, &y));
    for (step, value) in &held_out {
        body.push_str(&format!(
            r#"<circle class="held" cx="{:.1}" cy="{:.1}" r="3.6"><title>held out, step {}: {}</title></circle>"#,
            x.at(*step),
            y.at(*value),
            label(*step, 1.0),
            decimal(*value)
        ));
    }
    Some(frame(208.0, &format!("Loss by step in phase {}", phase.phase), &body))
}

fn finite(points: &[(u64, f64)]) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = points.iter().filter(|p| p.1.is_finite()).map(|p| (p.0 as f64, p.1)).collect();
    out.sort_by(|a, b| a.0.total_cmp(&b.0));
    out
}

/// A mean around each point, over a tenth of the line; narrower towards the ends, so that they are not bent.
fn smooth(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let half = (points.len() / 20).max(2);
    let mut sums = Vec::with_capacity(points.len() + 1);
    sums.push(0.0);
    sums.extend(points.iter().scan(0.0, |sum, p| {
        *sum += p.1;
        Some(*sum)
    }));
    let mean = |(i, point): (usize, &(f64, f64))| {
        let half = half.min(i).min(points.len() - 1 - i);
        let sum = sums.get(i + half + 1)? - sums.get(i - half)?;
        Some((point.0, sum / (2 * half + 1) as f64))
    };
    points.iter().enumerate().filter_map(mean).collect()
}

/// A polyline; of a long one, the lowest and highest of every few points.
fn line(class: &str, points: &[(f64, f64)], x: &Scale, y: &Scale) -> String {
    let every = if points.len() > MAX_POINTS { points.len().div_ceil(MAX_POINTS / 2) } else { 1 };
    let mut coordinates = Vec::new();
    for chunk in points.chunks(every) {
        let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let mut ends: Vec<_> = chunk.iter().min_by(by_value).into_iter().chain(chunk.iter().max_by(by_value)).collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.dedup();
        coordinates.extend(ends.into_iter().map(|p| format!("{:.1},{:.1}", x.at(p.0), y.at(p.1))));
    }
    if coordinates.len() < 2 {
        return String::new();
    }
    format!(r#"<polyline class="{class}" points="{}"/>"#, coordinates.join(" "))
}

/// A thin bar from 0 to 1: the share after, with a notch where it was before.
pub(super) fn meter(before: f64, after: f64) -> String {
    let clamp = |share: f64| if share.is_finite() { share.clamp(0.0, 1.0) * 200.0 } else { 0.0 };
    format!(
        r#"<svg class="meter" viewBox="0 0 200 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="200" height="8"/><rect class="fill" width="{:.1}" height="8"/><rect class="notch" x="{:.1}" width="2.5" height="8"/></svg>"#,
        clamp(after),
        clamp(before).min(197.5)
    )
}
