use env::Timestamp;
use rustic_core::jiff;

/// The moment that `text` names, as `2027-01-15T08:00:00Z` or with another offset (RFC 3339); none if it names none.
#[must_use]
pub fn parse_moment(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|moment| Timestamp::from_millis(moment.as_millisecond()))
}

/// The moment `millis` (milliseconds since 1970) as text that [`parse_moment`] reads as the same.
#[must_use]
pub fn moment_text(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}
