//! The times that reviews are of.

use std::fmt;
use std::str::FromStr;

use env::{Civil, Timestamp};

use crate::ReviewError;

/// What is reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sign-ins, each month.
    SignIns,
    /// Who has access, each quarter.
    Access,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::SignIns, Self::Access];

    /// The word in the database and in names of files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIns => "sign-ins",
            Self::Access => "access",
        }
    }
}

/// A month or a quarter, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    year: i64,
    /// First month, 1 to 12.
    month: u8,
    months: u8,
}

impl Period {
    /// The last period before `now` that is over.
    #[must_use]
    pub fn before(kind: Kind, now: Timestamp) -> Self {
        let civil = now.civil();
        let months = if kind == Kind::SignIns { 1 } else { 3 };
        let month = (civil.month - 1) / months * months + 1;
        Self { year: civil.year, month, months }.earlier()
    }

    fn earlier(self) -> Self {
        if self.month > self.months {
            return Self { month: self.month - self.months, ..self };
        }
        Self { year: self.year - 1, month: 13 - self.months, ..self }
    }

    /// Its first moment.
    #[must_use]
    pub fn begin(self) -> Timestamp {
        moment(self.year, self.month)
    }

    /// The first moment after it.
    #[must_use]
    pub fn end(self) -> Timestamp {
        let next = self.month + self.months;
        if next > 12 { moment(self.year + 1, next - 12) } else { moment(self.year, next) }
    }
}

fn moment(year: i64, month: u8) -> Timestamp {
    Timestamp::from_civil(Civil { year, month, day: 1, hour: 0, minute: 0, second: 0, weekday: 0 })
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, months } = self;
        if *months == 1 { write!(f, "{year:04}-{month:02}") } else { write!(f, "{year:04}-Q{}", month.div_ceil(3)) }
    }
}

impl FromStr for Period {
    type Err = ReviewError;

    fn from_str(text: &str) -> Result<Self, ReviewError> {
        let wrong = || ReviewError::Period(text.to_owned());
        let (year, part) = text.split_once('-').ok_or_else(wrong)?;
        let year = year.parse().ok().filter(|year| (1970..10_000).contains(year)).ok_or_else(wrong)?;
        let number = |text: &str, max| text.parse::<u8>().ok().filter(|number| (1..=max).contains(number));
        match part.strip_prefix('Q') {
            Some(quarter) => {
                number(quarter, 4).map(|quarter| Self { year, month: quarter * 3 - 2, months: 3 }).ok_or_else(wrong)
            }
            None => number(part, 12).map(|month| Self { year, month, months: 1 }).ok_or_else(wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_read_and_write_and_follow_one_another() {
        let period = |text: &str| text.parse::<Period>().unwrap();
        for text in ["2026-11", "2026-01", "2026-Q4", "2026-Q1"] {
            assert_eq!(period(text).to_string(), text);
        }
        for wrong in ["2026", "2026-13", "2026-Q5", "26-1", "2026-0", ""] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
        assert_eq!(period("2026-12").end(), period("2027-01").begin());
        assert_eq!(period("2026-Q4").end(), period("2027-Q1").begin());
        let now = period("2027-01").begin();
        assert_eq!(Period::before(Kind::SignIns, now).to_string(), "2026-12");
        assert_eq!(Period::before(Kind::Access, now).to_string(), "2026-Q4");
        let november = period("2026-11").begin();
        assert_eq!(Period::before(Kind::Access, november).to_string(), "2026-Q3");
    }
}
