//! Until when a request must be answered.
//!
//! The day on which it came does not count, and the last one counts to its end (Regulation 1182/71 article 3). A month ends on the day of the same
//! number, or on its last day where it has none. A deadline that ends on a day off is not moved: it is earlier than it had to be, never later.

use env::{Civil, Timestamp};

use crate::SubjectSettings;
use crate::words::Regime;

const DAY_MILLIS: i64 = 86_400_000;

/// Months under the GDPR, and with an extension.
const GDPR_MONTHS: (u8, u8) = (1, 3);

/// Days under the CCPA, and with an extension.
const CCPA_DAYS: (i64, i64) = (45, 90);

/// The last moment in which a request that came at `received` is answered in time; `extended` says whether it was extended.
#[must_use]
pub fn due(regime: Regime, received: Timestamp, extended: bool, settings: &SubjectSettings) -> Timestamp {
    let zone = i64::from(settings.zone_minutes) * 60_000;
    let day = (received.millis() + zone).div_euclid(DAY_MILLIS);
    let last = match regime {
        Regime::Gdpr => months_later(day, if extended { GDPR_MONTHS.1 } else { GDPR_MONTHS.0 }),
        Regime::Ccpa => day + if extended { CCPA_DAYS.1 } else { CCPA_DAYS.0 },
        Regime::Pipl => {
            let days = settings.pipl_working_days.clamp(1, 365);
            working_days_later(day, if extended { days * 2 } else { days }, settings)
        }
    };
    Timestamp::from_millis((last + 1) * DAY_MILLIS - 1 - zone)
}

fn civil(day: i64) -> Civil {
    Timestamp::from_millis(day * DAY_MILLIS).civil()
}

fn day_of(year: i64, month: u8, day: u8) -> i64 {
    let civil = Civil { year, month, day, hour: 0, minute: 0, second: 0, weekday: 0 };
    Timestamp::from_civil(civil).millis().div_euclid(DAY_MILLIS)
}

fn months_later(day: i64, months: u8) -> i64 {
    let from = civil(day);
    let month = i64::from(from.month) - 1 + i64::from(months);
    let (year, month) = (from.year + month.div_euclid(12), u8::try_from(month.rem_euclid(12)).unwrap_or(0) + 1);
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let days = u8::try_from(day_of(next_year, next, 1) - day_of(year, month, 1)).unwrap_or(28);
    day_of(year, month, from.day.min(days))
}

fn working_days_later(day: i64, days: u32, settings: &SubjectSettings) -> i64 {
    let named = |days: &[String]| days.iter().filter_map(|day| read_day(day)).collect::<Vec<i64>>();
    let (holidays, workdays) = (named(&settings.holidays), named(&settings.workdays));
    let works = |day: i64| {
        let is_weekend = matches!(civil(day).weekday, 0 | 6);
        workdays.contains(&day) || (!is_weekend && !holidays.contains(&day))
    };
    let (mut at, mut left) = (day, days);
    // A list of holidays of a whole year must not keep this going for ever.
    let most = i64::from(days) * 7 + 400;
    while left > 0 && at - day < most {
        at += 1;
        left -= u32::from(works(at));
    }
    at
}

/// A day as 2027-02-08, in days since 1970.
pub(crate) fn read_day(text: &str) -> Option<i64> {
    let mut parts = text.trim().splitn(3, '-');
    let year: i64 = parts.next()?.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    let (month, day): (u8, u8) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let number = day_of(year, month, day);
    let back = civil(number);
    ((back.month, back.day) == (month, day)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let (day, time) = text.split_once('T').unwrap();
        let mut parts = time.split(':').map(|part| part.parse::<i64>().unwrap());
        let (hour, minute) = (parts.next().unwrap(), parts.next().unwrap());
        Timestamp::from_millis(read_day(day).unwrap() * DAY_MILLIS + (hour * 60 + minute) * 60_000)
    }

    fn last(regime: Regime, received: &str, extended: bool, settings: &SubjectSettings) -> String {
        due(regime, at(received), extended, settings).to_string()
    }

    #[test]
    fn months_end_where_they_end() {
        let settings = SubjectSettings::default();
        let gdpr = |received, extended| last(Regime::Gdpr, received, extended, &settings);
        for (received, one, three) in [
            ("2027-01-15T08:00", "2027-02-15", "2027-04-15"),
            // A month without such a day ends with its last one.
            ("2027-01-31T23:59", "2027-02-28", "2027-04-30"),
            ("2028-01-30T00:00", "2028-02-29", "2028-04-30"),
            ("2027-11-30T12:00", "2027-12-30", "2028-02-29"),
            ("2027-12-31T12:00", "2028-01-31", "2028-03-31"),
            ("2027-02-28T12:00", "2027-03-28", "2027-05-28"),
        ] {
            assert_eq!(gdpr(received, false), format!("{one}T23:59:59Z"), "{received}");
            assert_eq!(gdpr(received, true), format!("{three}T23:59:59Z"), "{received}");
        }
    }

    #[test]
    fn days_are_counted_from_the_next() {
        let settings = SubjectSettings::default();
        assert_eq!(last(Regime::Ccpa, "2027-01-15T08:00", false, &settings), "2027-03-01T23:59:59Z");
        assert_eq!(last(Regime::Ccpa, "2027-01-15T08:00", true, &settings), "2027-04-15T23:59:59Z");
    }

    #[test]
    fn working_days_leave_out_weekends_and_holidays() {
        let mut settings = SubjectSettings::default();
        // A Friday; three weeks of five days.
        assert_eq!(last(Regime::Pipl, "2027-01-15T08:00", false, &settings), "2027-02-05T23:59:59Z");
        assert_eq!(last(Regime::Pipl, "2027-01-15T08:00", true, &settings), "2027-02-26T23:59:59Z");
        settings.holidays = vec!["2027-02-04".to_owned(), "2027-02-05".to_owned()];
        assert_eq!(last(Regime::Pipl, "2027-01-15T08:00", false, &settings), "2027-02-09T23:59:59Z");
        settings.workdays = vec!["2027-02-06".to_owned(), "2027-02-07".to_owned()];
        assert_eq!(last(Regime::Pipl, "2027-01-15T08:00", false, &settings), "2027-02-07T23:59:59Z");
    }

    #[test]
    fn a_day_is_the_day_of_the_place() {
        let china = SubjectSettings { zone_minutes: 480, ..SubjectSettings::default() };
        // Nine in the evening of the 15th in London is the 16th in Shanghai, where the day ends eight hours earlier.
        assert_eq!(last(Regime::Gdpr, "2027-01-15T21:00", false, &china), "2027-02-16T15:59:59Z");
        assert_eq!(last(Regime::Gdpr, "2027-01-15T08:00", false, &china), "2027-02-15T15:59:59Z");
    }

    #[test]
    fn what_is_no_day_is_none() {
        for wrong in ["", "2027", "2027-13-01", "2027-02-29", "2027-00-10", "x-y-z", "27-01-01"] {
            assert_eq!(read_day(wrong), None, "{wrong}");
        }
        assert!(read_day("2028-02-29").is_some());
    }
}
