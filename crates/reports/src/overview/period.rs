//! When a report is sent, and which time it is of.

use std::sync::LazyLock;

use env::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, ToSpan};

/// Days between two reports of the rarest rhythm, and one.
const ANCHOR_DAYS_MAX: usize = 32;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

env::words! {
    /// How often a report is sent.
    Rhythm "rhythm" allowed "daily, weekly, monthly" {
        /// Each day, of the day before.
        Daily = "daily",
        /// Each Monday, of the week before.
        Weekly = "weekly",
        /// On the first of each month, of the month before.
        Monthly = "monthly",
    }
}

/// A plan that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No such hour.
    #[error("hour {0} is no hour of a day; give 0 to 23")]
    Hour(u8),
    /// No such time zone.
    #[error("time_zone {0:?} is no time zone; name one as Asia/Shanghai, Europe/Berlin or UTC")]
    Zone(String),
}

/// When a report is sent.
#[derive(Debug, Clone)]
pub struct Plan {
    rhythm: Rhythm,
    hour: u8,
    zone: TimeZone,
    zone_name: String,
}

/// The time that a report is of: whole days of the plan's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Bounds of its days, one more than there are days.
    pub bounds: Vec<Timestamp>,
    /// The days, as 2026-11-27.
    pub days: Vec<String>,
}

impl Period {
    /// Its first moment.
    #[must_use]
    pub fn begin(&self) -> Timestamp {
        self.bounds.first().copied().unwrap_or(Timestamp::from_millis(0))
    }

    /// The first moment after it.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.bounds.last().copied().unwrap_or(Timestamp::from_millis(0))
    }

    /// Its first and last day, or the day.
    #[must_use]
    pub fn name(&self) -> String {
        match (self.days.first(), self.days.last()) {
            (Some(first), Some(last)) if first != last => format!("{first} – {last}"),
            (first, _) => first.cloned().unwrap_or_default(),
        }
    }
}

impl Plan {
    /// A plan: `hour` from 0 to 23, in the zone of that name in the time zone database of IANA.
    ///
    /// # Errors
    /// [`PlanError`] if there is no such hour or zone.
    pub fn new(rhythm: Rhythm, hour: u8, zone: &str) -> Result<Self, PlanError> {
        if hour > 23 {
            return Err(PlanError::Hour(hour));
        }
        let unknown = || PlanError::Zone(zone.to_owned());
        let found = ZONES.get(zone.trim()).map_err(|_| unknown())?;
        let zone_name = found.iana_name().ok_or_else(unknown)?.to_owned();
        Ok(Self { rhythm, hour, zone: found, zone_name })
    }

    /// How often.
    #[must_use]
    pub const fn rhythm(&self) -> Rhythm {
        self.rhythm
    }

    /// The hour of the day.
    #[must_use]
    pub const fn hour(&self) -> u8 {
        self.hour
    }

    /// The name of the zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone_name
    }

    /// When a report is sent next after `moment`.
    #[must_use]
    pub fn next(&self, moment: Timestamp) -> Timestamp {
        let today = self.day_of(moment);
        let days = today.series(Span::new().days(1)).take(ANCHOR_DAYS_MAX + 1);
        let anchors = days.filter(|day| self.is_anchor(*day)).filter_map(|day| self.sent_on(day));
        // The calendar of the library ends in the year 9999.
        anchors.into_iter().find(|at| *at > moment).unwrap_or(Timestamp::from_millis(i64::MAX))
    }

    /// The newest time whose report was to be sent at `moment` or before.
    #[must_use]
    pub fn latest(&self, moment: Timestamp) -> Option<Period> {
        let today = self.day_of(moment);
        let days = today.series(Span::new().days(-1)).take(ANCHOR_DAYS_MAX + 1);
        let mut anchors = days.filter(|day| self.is_anchor(*day));
        let anchor = anchors.find(|day| self.sent_on(*day).is_some_and(|at| at <= moment))?;
        self.before(anchor)
    }

    /// The last whole day, week or month before the day of `moment`.
    #[must_use]
    pub fn last_whole(&self, moment: Timestamp) -> Option<Period> {
        let today = self.day_of(moment);
        let anchor = today.series(Span::new().days(-1)).take(ANCHOR_DAYS_MAX).find(|day| self.is_anchor(*day))?;
        self.before(anchor)
    }

    /// The moment on the clocks of the zone, as 2026-11-27 08:30.
    #[must_use]
    pub fn local(&self, moment: Timestamp) -> String {
        let moment = jiff::Timestamp::from_millisecond(moment.millis()).unwrap_or_default();
        moment.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    fn is_anchor(&self, day: Date) -> bool {
        match self.rhythm {
            Rhythm::Daily => true,
            Rhythm::Weekly => day.weekday() == Weekday::Monday,
            Rhythm::Monthly => day.day() == 1,
        }
    }

    /// The time of the report that is sent on `anchor`.
    fn before(&self, anchor: Date) -> Option<Period> {
        let first = match self.rhythm {
            Rhythm::Daily => anchor.checked_sub(1.day()),
            Rhythm::Weekly => anchor.checked_sub(1.week()),
            Rhythm::Monthly => anchor.checked_sub(1.month()),
        };
        let first = first.ok()?;
        let days: Vec<Date> = first.series(Span::new().days(1)).take_while(|day| *day < anchor).collect();
        let bounds = days.iter().chain([&anchor]).map(|day| self.at_hour(*day, 0)).collect::<Option<Vec<_>>>()?;
        Some(Period { bounds, days: days.iter().map(Date::to_string).collect() })
    }

    fn sent_on(&self, day: Date) -> Option<Timestamp> {
        self.at_hour(day, self.hour)
    }

    /// The hour of the day; where clocks leave it out, as much later as they jump.
    fn at_hour(&self, day: Date, hour: u8) -> Option<Timestamp> {
        let at = day.at(i8::try_from(hour).ok()?, 0, 0, 0);
        let zoned = at.to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
    }

    fn day_of(&self, moment: Timestamp) -> Date {
        let moment = jiff::Timestamp::from_millisecond(moment.millis()).unwrap_or_default();
        moment.to_zoned(self.zone.clone()).date()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn plan(rhythm: Rhythm, hour: u8, zone: &str) -> Plan {
        Plan::new(rhythm, hour, zone).unwrap()
    }

    #[test]
    fn each_rhythm_is_sent_after_its_time_is_over() {
        // A Saturday, 02:30 in Shanghai.
        let now = at("2026-11-27T18:30:00Z");
        let shanghai = |rhythm| plan(rhythm, 8, "Asia/Shanghai");
        for (rhythm, next, name, begin) in [
            (Rhythm::Daily, "2026-11-28T00:00:00Z", "2026-11-26", "2026-11-25T16:00:00Z"),
            (Rhythm::Weekly, "2026-11-30T00:00:00Z", "2026-11-16 – 2026-11-22", "2026-11-15T16:00:00Z"),
            (Rhythm::Monthly, "2026-12-01T00:00:00Z", "2026-10-01 – 2026-10-31", "2026-09-30T16:00:00Z"),
        ] {
            let plan = shanghai(rhythm);
            assert_eq!(plan.next(now), at(next), "{rhythm}");
            let latest = plan.latest(now).unwrap();
            assert_eq!((latest.name().as_str(), latest.begin()), (name, at(begin)), "{rhythm}");
            // When it is sent, it is of the time that has just ended.
            let then = plan.latest(at(next)).unwrap();
            assert!(then.end() <= at(next) && then.begin() >= latest.end(), "{rhythm}: {then:?}");
            assert!(plan.next(at(next)) > at(next), "{rhythm}");
        }
    }

    #[test]
    fn clocks_that_are_put_on_and_back_lose_no_report() {
        // In Berlin two o'clock is left out on 29 March 2026, and a day has 23 hours.
        let berlin = plan(Rhythm::Daily, 2, "Europe/Berlin");
        assert_eq!(berlin.next(at("2026-03-28T12:00:00Z")), at("2026-03-29T01:00:00Z"));
        let short = berlin.latest(at("2026-03-30T00:00:00Z")).unwrap();
        assert_eq!(short.name(), "2026-03-29");
        assert_eq!(short.end().millis() - short.begin().millis(), 23 * 3_600_000);
        // Two o'clock comes twice on 25 October; the first counts, and it is sent once.
        let first = berlin.next(at("2026-10-24T12:00:00Z"));
        assert_eq!(first, at("2026-10-25T00:00:00Z"));
        assert_eq!(berlin.next(first), at("2026-10-26T01:00:00Z"));
    }

    #[test]
    fn what_is_sent_by_hand_is_of_the_last_whole_time() {
        // Before the hour of the day, too.
        let early = at("2026-11-30T01:00:00Z");
        assert_eq!(plan(Rhythm::Daily, 22, "UTC").last_whole(early).unwrap().name(), "2026-11-29");
        assert_eq!(plan(Rhythm::Weekly, 22, "UTC").last_whole(early).unwrap().name(), "2026-11-23 – 2026-11-29");
        assert_eq!(plan(Rhythm::Monthly, 22, "UTC").last_whole(early).unwrap().name(), "2026-10-01 – 2026-10-31");
    }

    #[test]
    fn plans_that_cannot_be_kept_say_so() {
        assert_eq!(Plan::new(Rhythm::Daily, 24, "UTC").unwrap_err(), PlanError::Hour(24));
        let error = Plan::new(Rhythm::Daily, 1, "Shanghai").unwrap_err().to_string();
        assert!(error.contains("Asia/Shanghai"), "{error}");
        let shanghai = plan(Rhythm::Daily, 1, "asia/shanghai");
        assert_eq!(
            (shanghai.zone(), shanghai.local(at("2026-11-27T18:30:00Z")).as_str()),
            ("Asia/Shanghai", "2026-11-28 02:30")
        );
    }
}
