//! Parts of dates (RFC 5260 section 4).

use env::{Civil, Timestamp};

/// In which time zone a date is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Ours: UTC.
    Here,
    /// The one that stands in the field.
    Original,
    /// Minutes east of UTC.
    Offset(i64),
}

/// RFC 5260 section 4.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatePart {
    Year,
    Month,
    Day,
    Date,
    Julian,
    Hour,
    Minute,
    Second,
    Time,
    Iso8601,
    Std11,
    Zone,
    Weekday,
}

impl DatePart {
    const NAMES: [(&'static str, Self); 13] = [
        ("year", Self::Year),
        ("month", Self::Month),
        ("day", Self::Day),
        ("date", Self::Date),
        ("julian", Self::Julian),
        ("hour", Self::Hour),
        ("minute", Self::Minute),
        ("second", Self::Second),
        ("time", Self::Time),
        ("iso8601", Self::Iso8601),
        ("std11", Self::Std11),
        ("zone", Self::Zone),
        ("weekday", Self::Weekday),
    ];

    pub(crate) fn read(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, part)| *part)
    }

    /// The part of `moment` as it is `offset` minutes east of UTC.
    pub(crate) fn of(self, moment: Timestamp, offset: i64) -> String {
        let local = Timestamp::from_seconds(moment.seconds().saturating_add(offset * 60));
        let c: Civil = local.civil();
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.unsigned_abs() / 60, offset.unsigned_abs() % 60);
        let date = || format!("{:04}-{:02}-{:02}", c.year, c.month, c.day);
        let time = || format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second);
        match self {
            Self::Year => format!("{:04}", c.year),
            Self::Month => format!("{:02}", c.month),
            Self::Day => format!("{:02}", c.day),
            Self::Date => date(),
            // Of days since 17 November 1858.
            Self::Julian => (local.seconds().div_euclid(86_400) + 40_587).to_string(),
            Self::Hour => format!("{:02}", c.hour),
            Self::Minute => format!("{:02}", c.minute),
            Self::Second => format!("{:02}", c.second),
            Self::Time => time(),
            Self::Iso8601 => format!("{}T{}{sign}{hours:02}:{minutes:02}", date(), time()),
            Self::Std11 => format!(
                "{}, {:02} {} {:04} {} {sign}{hours:02}{minutes:02}",
                c.weekday_name(),
                c.day,
                c.month_name(),
                c.year,
                time()
            ),
            Self::Zone => format!("{sign}{hours:02}{minutes:02}"),
            // 1 January 1970 was a Thursday, and Sunday is 0.
            Self::Weekday => (local.seconds().div_euclid(86_400) + 4).rem_euclid(7).to_string(),
        }
    }
}

/// Minutes east of UTC of `+hhmm`.
pub(crate) fn offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = (digits.get(..2)?.parse::<i64>().ok()?, digits.get(2..)?.parse::<i64>().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// The moment in a header field, behind the last semicolon as in `Received`, and the zone in which it was written.
pub(crate) fn in_field(value: &str) -> Option<(Timestamp, i64)> {
    let date = value.rsplit(';').next().unwrap_or(value).trim();
    let moment = mail::date::parse_rfc5322(date)?;
    let zone = date.split_ascii_whitespace().find_map(offset).unwrap_or(0);
    Some((moment, zone))
}
