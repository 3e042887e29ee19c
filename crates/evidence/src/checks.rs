//! What each check reads, and when it does not pass.

pub(crate) mod backups;
pub(crate) mod judging;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod mail;
pub(crate) mod people;
pub(crate) mod privacy;
pub(crate) mod server;

/// Milliseconds of an hour.
pub(crate) const HOUR: i64 = 3_600_000;

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// Days for which laws want records to be kept at least: six months (网络安全法 article 21).
pub(crate) const RECORD_DAYS_MIN: u32 = 180;

/// What is true or false, as a number of the dialect.
pub(crate) fn text_list(words: &[impl AsRef<str>]) -> String {
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
