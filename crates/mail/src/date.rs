//! Dates of RFC 5322 section 3.3.

use env::Timestamp;

/// Octets of a `Date` value that are looked at.
const DATE_OCTETS_MAX: usize = 128;

/// Writes `moment` in UTC: `Tue, 24 Nov 2026 17:06:17 +0000`.
#[must_use]
pub fn format_rfc5322(moment: Timestamp) -> String {
    let c = moment.civil();
    format!(
        "{}, {} {} {:04} {:02}:{:02}:{:02} +0000",
        c.weekday_name(),
        c.day,
        c.month_name(),
        c.year,
        c.hour,
        c.minute,
        c.second
    )
}

/// Reads a date of RFC 5322 section 3.3 with the obsolete forms of section 4.3, and what is commonly sent
/// beside them: no weekday, no seconds, no zone (then UTC), `-` between day, month and year, comments.
/// `None` when day, month, year or time cannot be found.
#[must_use]
pub fn parse_rfc5322(text: &str) -> Option<Timestamp> {
    let mut tokens = Tokens(text.as_bytes().get(..DATE_OCTETS_MAX).unwrap_or(text.as_bytes()));
    let mut token = tokens.next()?;
    if token.first().is_some_and(u8::is_ascii_alphabetic) && month_number(token).is_none() {
        token = tokens.next()?; // weekday
    }
    // `Nov 24 17:06:17 2026` of asctime has the month first.
    let (day, month) = match month_number(token) {
        Some(month) => (number(tokens.next()?)?, month),
        None => (number(token)?, month_number(tokens.next()?)?),
    };
    let third = tokens.next()?;
    let (year, time) = if third.contains(&b':') { (tokens.next()?, third) } else { (third, tokens.next()?) };
    let year = full_year(year)?;
    let (hour, minute, second) = time_of_day(time)?;
    let offset_minutes = tokens.next().map_or(0, zone_minutes);
    if !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    let civil = env::Civil {
        year,
        month,
        day: u8::try_from(day).ok()?,
        hour,
        minute,
        // A leap second is the last second of its minute.
        second: second.min(59),
        weekday: 0,
    };
    Some(Timestamp::from_seconds(Timestamp::from_civil(civil).seconds() - offset_minutes * 60))
}

/// Words of a date; spaces, commas, hyphens between words and comments are passed over.
struct Tokens<'a>(&'a [u8]);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut depth = 0_usize;
        let mut from = 0;
        let sign_of_zone = |at: usize| {
            let rest = self.0.get(at + 1..).unwrap_or_default();
            rest.len() >= 4
                && rest.iter().take(4).all(u8::is_ascii_digit)
                && at > 0
                && self.0.get(at - 1) == Some(&b' ')
        };
        while let Some(byte) = self.0.get(from) {
            match byte {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                b'-' if depth == 0 && sign_of_zone(from) => break,
                byte if depth == 0 && (byte.is_ascii_alphanumeric() || *byte == b'+') => break,
                _ => {}
            }
            from += 1;
        }
        let start = self.0.get(from..)?;
        let signed = usize::from(matches!(start.first(), Some(b'+' | b'-')));
        let length = start
            .iter()
            .skip(signed)
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.')))
            .map_or(start.len(), |length| length + signed);
        let (token, rest) = start.split_at_checked(length)?;
        self.0 = rest;
        (!token.is_empty()).then_some(token)
    }
}

fn month_number(token: &[u8]) -> Option<u8> {
    const MONTHS: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let head = token.get(..3)?;
    let at = MONTHS.iter().position(|month| head.eq_ignore_ascii_case(*month))?;
    u8::try_from(at + 1).ok()
}

fn number(digits: &[u8]) -> Option<i64> {
    if !matches!(digits.len(), 1..=4) {
        return None;
    }
    digits.iter().try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Years of two and three digits as RFC 5322 section 4.3 reads them.
fn full_year(digits: &[u8]) -> Option<i64> {
    let year = number(digits)?;
    Some(match (digits.len(), year) {
        (1 | 2, 0..=49) => year + 2000,
        (1..=3, _) => year + 1900,
        _ => year,
    })
}

fn time_of_day(token: &[u8]) -> Option<(u8, u8, u8)> {
    let mut fields = token.split(|byte| matches!(byte, b':' | b'.')).map(number);
    let hour = fields.next()??;
    let minute = fields.next()??;
    let second = fields.next().flatten().unwrap_or(0);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some((u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, u8::try_from(second).ok()?))
}

/// Minutes east of UTC. Unknown and military zones count as UTC (RFC 5322 section 4.3).
fn zone_minutes(token: &[u8]) -> i64 {
    if let Some((sign @ (b'+' | b'-'), digits)) = token.split_first() {
        let Some(value) = number(digits) else { return 0 };
        let minutes = value / 100 * 60 + value % 100;
        return if *sign == b'-' { -minutes } else { minutes };
    }
    let hours = match token.to_ascii_uppercase().as_slice() {
        b"EDT" => -4,
        b"EST" | b"CDT" => -5,
        b"CST" | b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" => -8,
        _ => 0,
    };
    hours * 60
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_dates_as_they_are_sent() {
        for (text, wanted) in [
            ("Tue, 24 Nov 2026 17:06:17 +0000", "2026-11-24T17:06:17Z"),
            ("Tue, 24 Nov 2026 17:06:17 +0800 (CST)", "2026-11-24T09:06:17Z"),
            ("24 Nov 2026 17:06 -0330", "2026-11-24T20:36:00Z"),
            ("Tue,24 Nov 26 17:06:17 EST", "2026-11-24T22:06:17Z"),
            ("Fri, 21 Nov 97 09(comment):55:06 -0600", ""),
            ("Fri, 21 Nov 97 09:55:06 -0600", "1997-11-21T15:55:06Z"),
            ("Tuesday, 24-Nov-26 17:06:17 GMT", "2026-11-24T17:06:17Z"),
            ("Tue Nov 24 17:06:17 2026", "2026-11-24T17:06:17Z"),
            ("1 Jan 2000 00:00:60 Z", "2000-01-01T00:00:59Z"),
            ("32 Jan 2000 00:00:00 Z", ""),
            ("1 Jan 2000 24:00:00 Z", ""),
            ("yesterday", ""),
            ("", ""),
        ] {
            let found = parse_rfc5322(text).map(|moment| moment.to_string()).unwrap_or_default();
            assert_eq!(found, wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(seconds in -60_000_000_000_i64..250_000_000_000) {
            let moment = Timestamp::from_seconds(seconds);
            prop_assert_eq!(parse_rfc5322(&format_rfc5322(moment)), Some(moment));
        }

        #[test]
        fn any_text(text in "\\PC{0,60}") {
            let _ = parse_rfc5322(&text);
        }
    }
}
