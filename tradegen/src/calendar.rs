//! Dates: seconds since 1970 in UTC, and how they are written.

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// Year, month from 1, day from 1.
pub(crate) const fn civil(seconds: i64) -> (i64, usize, i64) {
    // Days to date in the Gregorian calendar, eras of 400 years from the first of March.
    let days = seconds.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month as usize, day)
}

/// As RFC 5322 section 3.3 writes it, in a zone of `zone` minutes east of UTC.
pub(crate) fn date(seconds: i64, zone: i64) -> String {
    let local = seconds + zone * 60;
    let (year, month, day) = civil(local);
    let (hour, minute, second) = clock(local);
    let weekday = WEEKDAYS[local.div_euclid(DAY).rem_euclid(7) as usize];
    let sign = if zone < 0 { '-' } else { '+' };
    let (zone_hours, zone_minutes) = (zone.abs() / 60, zone.abs() % 60);
    let month = MONTHS[month - 1];
    format!("{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} {sign}{zone_hours:02}{zone_minutes:02}")
}

/// As people write it in a quoted letter.
pub(crate) fn written(seconds: i64, zone: i64) -> String {
    let local = seconds + zone * 60;
    let (year, month, day) = civil(local);
    let (hour, minute, _) = clock(local);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

/// The day alone.
pub(crate) fn day(seconds: i64) -> String {
    let (year, month, day) = civil(seconds);
    format!("{year}-{month:02}-{day:02}")
}

/// As the separator line of mbox has it (RFC 4155).
pub(crate) fn mbox(seconds: i64) -> String {
    let (year, month, day) = civil(seconds);
    let (hour, minute, second) = clock(seconds);
    let weekday = WEEKDAYS[seconds.div_euclid(DAY).rem_euclid(7) as usize];
    format!("{weekday} {} {day:2} {hour:02}:{minute:02}:{second:02} {year}", MONTHS[month - 1])
}

/// 0 to 6, Monday first.
pub(crate) const fn weekday(seconds: i64) -> i64 {
    (seconds.div_euclid(DAY) + 3).rem_euclid(7)
}

const fn clock(seconds: i64) -> (i64, i64, i64) {
    let of_day = seconds.rem_euclid(DAY);
    (of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(1_788_220_800, 480), "Tue, 1 Sep 2026 08:00:00 +0800");
        assert_eq!(date(951_782_400, -210), "Mon, 28 Feb 2000 20:30:00 -0330");
        assert_eq!(mbox(1_788_220_800), "Tue Sep  1 00:00:00 2026");
        assert_eq!(weekday(1_788_220_800), 1);
    }
}
