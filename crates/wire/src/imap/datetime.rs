//! Dates as IMAP writes them (RFC 9051 section 9, `date` and `date-time`).

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SECONDS_PER_DAY: i64 = 86_400;

/// A day, as SEARCH compares it: without time and zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    days: i32,
}

impl Date {
    /// A day of the Gregorian calendar, if there is such a one between the years 1 and 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let is_valid =
            (1..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= month_days(year, month);
        is_valid.then(|| Self { days: days_from_civil(i32::from(year), i32::from(month), i32::from(day)) })
    }

    /// The day of a moment in a zone.
    pub fn from_unix(seconds: i64, zone_minutes: i16) -> Self {
        let local = seconds.saturating_add(i64::from(zone_minutes) * 60);
        Self { days: i32::try_from(local.div_euclid(SECONDS_PER_DAY)).unwrap_or(i32::MAX) }
    }

    /// Days since 1 January 1970.
    pub const fn days_since_epoch(self) -> i32 {
        self.days
    }

    /// Reads `1-Jan-2026` or `01-Jan-2026`.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (day, rest) = match text {
            [day, b'-', rest @ ..] => (digits(&[*day])?, rest),
            [ten, one, b'-', rest @ ..] => (digits(&[*ten, *one])?, rest),
            _ => return None,
        };
        let [m1, m2, m3, b'-', year @ ..] = rest else { return None };
        if year.len() != 4 {
            return None;
        }
        Self::new(digits(year)?, month_number(&[*m1, *m2, *m3])?, u8::try_from(day).ok()?)
    }
}

/// A moment with the zone in which it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// Seconds since 1 January 1970, UTC.
    pub unix_seconds: i64,
    /// Minutes east of UTC.
    pub zone_minutes: i16,
}

impl DateTime {
    /// A moment in UTC.
    pub const fn utc(unix_seconds: i64) -> Self {
        Self { unix_seconds, zone_minutes: 0 }
    }

    /// Reads `17-Jul-1996 02:44:25 -0700`, a one-digit day padded by a space.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != 26 || text[11] != b' ' || text[14] != b':' || text[17] != b':' || text[20] != b' ' {
            return None;
        }
        let date = Date::parse(text[..11].strip_prefix(b" ").unwrap_or(&text[..11]))?;
        let (hour, minute, second) = (digits(&text[12..14])?, digits(&text[15..17])?, digits(&text[18..20])?);
        let (zone_hour, zone_minute) = (digits(&text[22..24])?, digits(&text[24..26])?);
        // A leap second is kept as the second after it.
        if hour > 23 || minute > 59 || second > 60 || zone_hour > 23 || zone_minute > 59 {
            return None;
        }
        let zone = i16::try_from(zone_hour * 60 + zone_minute).ok()?;
        let zone_minutes = match text[21] {
            b'+' => zone,
            b'-' => -zone,
            _ => return None,
        };
        let seconds = i64::from(date.days) * SECONDS_PER_DAY
            + i64::from(hour) * 3600
            + i64::from(minute) * 60
            + i64::from(second)
            - i64::from(zone_minutes) * 60;
        Some(Self { unix_seconds: seconds, zone_minutes })
    }

    /// Writes `"17-Jul-1996 02:44:25 -0700"`, with the quotes. A year outside 0 to 9999 is written as the nearest.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        const YEAR_9999_END: i64 = 253_402_300_799;
        const YEAR_0_START: i64 = -62_167_219_200;
        let zone_seconds = i64::from(self.zone_minutes) * 60;
        let local = self.unix_seconds.saturating_add(zone_seconds).clamp(YEAR_0_START, YEAR_9999_END);
        let (year, month, day) = civil_from_days(local.div_euclid(SECONDS_PER_DAY));
        let second = local.rem_euclid(SECONDS_PER_DAY);
        let zone = self.zone_minutes.unsigned_abs();
        let sign = if self.zone_minutes < 0 { b'-' } else { b'+' };
        let month = MONTHS.get(month as usize - 1).copied().unwrap_or("Jan").as_bytes();
        let mut text = *b"\"dd-mmm-yyyy hh:mm:ss +zzzz\"";
        text[1] = if day < 10 { b' ' } else { two(day / 10) };
        text[2] = two(day);
        text[4..7].copy_from_slice(month);
        put_two(&mut text[8..10], year / 100);
        put_two(&mut text[10..12], year % 100);
        put_two(&mut text[13..15], (second / 3600) as u32);
        put_two(&mut text[16..18], (second / 60 % 60) as u32);
        put_two(&mut text[19..21], (second % 60) as u32);
        text[22] = sign;
        put_two(&mut text[23..25], u32::from(zone / 60));
        put_two(&mut text[25..27], u32::from(zone % 60));
        out.extend_from_slice(&text);
    }
}

fn two(number: u32) -> u8 {
    b'0' + (number % 10) as u8
}

fn put_two(place: &mut [u8], number: u32) {
    place[0] = two(number / 10);
    place[1] = two(number);
}

fn digits(text: &[u8]) -> Option<u16> {
    text.iter().try_fold(0_u16, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u16::from(byte - b'0')))
}

fn month_number(name: &[u8]) -> Option<u8> {
    let at = MONTHS.iter().position(|month| month.as_bytes().eq_ignore_ascii_case(name))?;
    u8::try_from(at + 1).ok()
}

fn month_days(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days before 1 March of year 0 in a calendar whose year starts in March, so that the leap day comes last.
fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

fn civil_from_days(days: i64) -> (u32, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    ((year_of_era + era * 400 + carry) as u32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::{Date, DateTime};

    #[test]
    fn reads_dates() {
        assert_eq!(Date::parse(b"1-Jan-1970").map(Date::days_since_epoch), Some(0));
        assert_eq!(Date::parse(b"29-feb-2024"), Date::new(2024, 2, 29));
        for bad in ["29-Feb-2023", "00-Jan-2024", "1-Foo-2024", "1-Jan-24", "1 Jan 2024", "", "111-Jan-2024"] {
            assert_eq!(Date::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(Date::from_unix(86_399, 60), Date { days: 1 });
        assert_eq!(Date::from_unix(0, -60), Date { days: -1 });
    }

    #[test]
    fn date_times_come_back_as_written() {
        for (text, seconds) in [
            ("17-Jul-1996 02:44:25 -0700", 837_596_665),
            (" 1-Jan-1970 00:00:00 +0000", 0),
            ("29-Feb-2000 23:59:59 +0530", 951_848_999),
            ("31-Dec-9999 23:59:59 +0000", 253_402_300_799),
            ("15-Nov-1884 01:00:00 +0000", -2_686_345_200),
        ] {
            let moment = DateTime::parse(text.as_bytes()).unwrap();
            assert_eq!(moment.unix_seconds, seconds, "{text}");
            let mut out = Vec::new();
            moment.write(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("\"{text}\""));
        }
        for bad in ["17-Jul-1996 02:44:25", "17-Jul-1996 25:44:25 -0700", "17-Jul-1996 02:44:25 *0700", "x"] {
            assert_eq!(DateTime::parse(bad.as_bytes()), None, "{bad}");
        }
        let mut out = Vec::new();
        DateTime { unix_seconds: i64::MIN, zone_minutes: i16::MIN }.write(&mut out);
        DateTime { unix_seconds: i64::MAX, zone_minutes: i16::MAX }.write(&mut out);
    }
}
