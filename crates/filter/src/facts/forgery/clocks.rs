//! The clocks of a message: its date, the moment of receipt, and the times in identifier, boundary and `Thread-Index`.

use mail::date::parse_rfc5322;
use mail::message::encoding::decode_base64;

use super::{Forgery, Header, Tell, is_hex};

/// Seconds between a date and a time in an identifier that one pressing of a button makes.
const SAME_MOMENT_SECONDS: i64 = 120;

/// Seconds by which honest clocks go ahead.
const AHEAD_SECONDS_MAX: i64 = 900;

/// Seconds ahead that are a lie, no clock.
const FAR_AHEAD_SECONDS: i64 = 7200;

/// Seconds between 1601, from which Windows counts, and 1970.
const WINDOWS_EPOCH_SECONDS: i64 = 11_644_473_600;

/// Octets of a `Thread-Index` that no answer has been added to, and of what each answer adds.
const THREAD_OCTETS: usize = 22;
const THREAD_ANSWER_OCTETS: usize = 5;

/// Tells which clocks do not agree.
pub(super) fn compare(header: &Header, tell: &mut Tell<'_>) {
    let written = header.first("date");
    if let Some(zone) = odd_zone(written) {
        tell(Forgery::Zone, zone);
    }
    let Some(date) = parse_rfc5322(written).map(|moment| moment.seconds()) else { return };
    let receipts = header.all("received").filter_map(|hop| parse_rfc5322(hop.rsplit_once(';')?.1.trim()));
    if let Some(received) = receipts.map(|moment| moment.seconds()).next() {
        match date - received {
            ahead if ahead > FAR_AHEAD_SECONDS => tell(Forgery::Ahead, written),
            ahead if ahead > AHEAD_SECONDS_MAX => tell(Forgery::BitAhead, written),
            _ => {}
        }
    }
    let differs = |time: i64| (time - date).abs() > SAME_MOMENT_SECONDS;
    if of_identifier(header).is_some_and(differs) {
        tell(Forgery::IdentifierClock, header.identifier());
    }
    if let Some(boundary) = header.boundary().filter(|boundary| of_boundary(boundary).is_some_and(differs)) {
        tell(Forgery::BoundaryClock, boundary);
    }
    let thread = header.first("thread-index");
    if !thread.is_empty() && is_thread_odd(header, thread, differs) {
        tell(Forgery::ThreadClock, thread);
    }
}

/// The zone of a date, if no clock on earth has it (RFC 5322 section 3.3); `no zone` if there is none where one must be.
fn odd_zone(date: &str) -> Option<&str> {
    let date = date.split('(').next().unwrap_or_default();
    let mut words = date.split_whitespace().skip_while(|word| !word.contains(':'));
    words.next()?;
    let Some(zone) = words.next() else { return Some("no zone") };
    let (Some(sign @ ('+' | '-')), digits) = (zone.chars().next(), zone.get(1..).unwrap_or_default()) else {
        return None;
    };
    let hours: u32 = digits.get(..2).and_then(|hours| hours.parse().ok()).unwrap_or(99);
    let minutes = digits.get(2..).unwrap_or_default();
    let hours_max = if sign == '-' { 12 } else { 14 };
    (hours > hours_max || !matches!(minutes, "00" | "15" | "30" | "45")).then_some(zone)
}

/// Seconds since 1970 of a time of Windows in two halves.
fn of_windows(high: &str, low: &str) -> Option<i64> {
    let ticks = u64::from_str_radix(high, 16).ok()? << 32 | u64::from_str_radix(low, 16).ok()?;
    Some(i64::try_from(ticks / 10_000_000).ok()? - WINDOWS_EPOCH_SECONDS)
}

/// The time in an identifier of Outlook Express and Outlook, `0012` `01c793c4$1b5f3e80$`, or of Mozilla's programs, `463e0c1a.`.
fn of_identifier(header: &Header) -> Option<i64> {
    let identifier = header.identifier();
    let mut pieces = identifier.split('$');
    if let (Some(first), Some(low), Some(_)) = (pieces.next(), pieces.next(), pieces.next())
        && is_hex(first, 12)
        && is_hex(low, 8)
    {
        return of_windows(first.get(4..)?, low);
    }
    let is_mozilla =
        header.first("user-agent").contains("Mozilla") || header.first("user-agent").contains("Thunderbird");
    let first = identifier.split('.').next().filter(|first| is_mozilla && is_hex(first, 8))?;
    i64::from_str_radix(first, 16).ok()
}

/// The time in a boundary of Outlook Express and Outlook, `----=_NextPart_000_0012_01C793C4.1B5F3E80`.
pub(super) fn of_boundary(boundary: &str) -> Option<i64> {
    let rest = boundary.strip_prefix("----=_NextPart_")?;
    let (high, low) = rest.rsplit('_').next()?.split_once('.')?;
    if !is_hex(high, 8) || !is_hex(low, 8) {
        return None;
    }
    of_windows(high, low)
}

/// Whether `Thread-Index` has a length that none has, or names another time though nothing was answered yet.
fn is_thread_odd(header: &Header, thread: &str, differs: impl Fn(i64) -> bool) -> bool {
    let octets = decode_base64(thread.as_bytes());
    let Some(answers) = octets.len().checked_sub(THREAD_OCTETS) else { return true };
    if answers % THREAD_ANSWER_OCTETS != 0 {
        return true;
    }
    // Its first six octets are the upper ones of a time of Windows.
    let ticks = octets.iter().take(6).fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet)) << 16;
    let seconds = i64::try_from(ticks / 10_000_000).map_or(0, |seconds| seconds - WINDOWS_EPOCH_SECONDS);
    let subject = header.first("subject");
    // A conversation that goes on keeps its beginning; marks of answers are short words before a colon.
    let goes_on = header.answers() || subject.find(':').is_some_and(|at| at < 8);
    answers == 0 && !goes_on && differs(seconds)
}
