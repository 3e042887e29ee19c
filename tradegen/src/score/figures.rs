//! Shares and how sure they are.

use std::fmt;

/// Hits of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) hits: usize,
    pub(crate) all: usize,
}

impl Share {
    pub(crate) const fn of(hits: usize, all: usize) -> Self {
        Self { hits, all }
    }

    /// From 0 to 1; 0 of none.
    pub(crate) fn value(self) -> f64 {
        if self.all == 0 { 0.0 } else { self.hits as f64 / self.all as f64 }
    }

    /// Wilson's interval at 95 %.
    pub(crate) fn interval(self) -> (f64, f64) {
        if self.all == 0 {
            return (0.0, 1.0);
        }
        let (share, all, width) = (self.value(), self.all as f64, 1.959_964_f64);
        let square = width * width;
        let middle = share + square / (2.0 * all);
        let spread = width * (share * (1.0 - share) / all + square / (4.0 * all * all)).sqrt();
        let under = 1.0 + square / all;
        (((middle - spread) / under).max(0.0), ((middle + spread) / under).min(1.0))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.interval();
        write!(
            out,
            "{:>7.3} %  (95 %: {:.3} to {:.3})  {} of {}",
            self.value() * 100.0,
            low * 100.0,
            high * 100.0,
            self.hits,
            self.all
        )
    }
}
