//! Dates (RFC 8620 section 1.4).

use env::{Civil, Timestamp};

/// A `UTCDate`: `2026-11-26T09:00:00Z`, with milliseconds only where there are some.
#[must_use]
pub fn format_utc_date(moment: Timestamp) -> String {
    let c = moment.civil();
    let millis = moment.millis().rem_euclid(1000);
    let whole = format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second);
    if millis == 0 { format!("{whole}Z") } else { format!("{whole}.{}Z", format!("{millis:03}").trim_end_matches('0')) }
}

/// Reads a `Date` or `UTCDate`: RFC 3339 with the letters in upper case. None if it is none.
#[must_use]
pub fn parse_date(text: &str) -> Option<Timestamp> {
    let digits = |from: usize, length: usize| -> Option<u16> {
        let part = text.get(from..from + length)?;
        if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
    };
    let pair = |from: usize| digits(from, 2).and_then(|number| u8::try_from(number).ok());
    let sign = |at: usize, wanted: &str| text.get(at..at + 1) == Some(wanted);
    if !(sign(4, "-") && sign(7, "-") && sign(10, "T") && sign(13, ":") && sign(16, ":")) {
        return None;
    }
    let (year, month, day) = (i64::from(digits(0, 4)?), pair(5)?, pair(8)?);
    let (hour, minute, second) = (pair(11)?, pair(14)?, pair(17)?);
    if !(1..=12).contains(&month) || !(1..=days(year, month)).contains(&day) || hour > 23 || minute > 59 || second > 60
    {
        return None;
    }
    let (millis, zone) = fraction(text.get(19..)?)?;
    let civil = Civil { year, month, day, hour, minute, second: second.min(59), weekday: 0 };
    let offset = offset_minutes(zone)?;
    let seconds = Timestamp::from_civil(civil).seconds() - i64::from(offset) * 60;
    Some(Timestamp::from_millis(seconds * 1000 + i64::from(millis)))
}

fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let shown = rest.get(..length.min(3)).filter(|shown| !shown.is_empty())?;
    let millis: u32 = format!("{shown:0<3}").parse().ok()?;
    Some((millis, rest.get(length..)?))
}

fn offset_minutes(zone: &str) -> Option<i32> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then(|| sign * (i32::from(hours) * 60 + i32::from(minutes)))
}

const fn days(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}
