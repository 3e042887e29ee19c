//! Small statistics.

use std::time::Duration;

/// Least, middle and greatest of several measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// The spread of `values`; nothing if there are none.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median = if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[middle - 1], upper) } else { upper };
        Some(Self { min: *sorted.first()?, median, max: *sorted.last()? })
    }
}

/// The value below which a share of the sorted `values` lies; 0 of none.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a short list"
    )]
    let place = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(place).copied().unwrap_or_default()
}

/// Milliseconds.
pub(crate) fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// `count` per second of `span`.
pub(crate) fn rate(count: usize, span: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
    let count = count as f64;
    count / span.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// A number with about three digits: decimals only where they say something.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => grouped(value),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_three_and_of_four() {
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]), Some(Spread { min: 1.0, median: 2.0, max: 3.0 }));
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 3.0]), Some(Spread { min: 1.0, median: 2.5, max: 4.0 }));
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_share_lies_below_a_quantile() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!([quantile(&values, 0.5), quantile(&values, 0.99), quantile(&[], 0.5)], [50.0, 99.0, 0.0]);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [(1_234_567.0, "1,234,567"), (545.4, "545"), (21.04, "21.0"), (1.299, "1.30")] {
            assert_eq!(short(value), text);
        }
    }
}
