//! Lists of clients in DNS (RFC 5782). One that does not answer is left alone for a while, so that it costs few clients their time.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use env::dns::{DnsError, Resolver};
use env::{Clock, Timestamp};
use parking_lot::Mutex;

use super::suspicion::LOOK_WAIT;

/// Points of a listed client where the setting gives no weight: listed is suspicious.
const LISTED_POINTS: u32 = 4;

/// Lists that are asked.
const DNS_LISTS_MAX: usize = 20;

/// Questions without an answer, one after the other, after which a list is left alone.
const SILENCES_MAX: u32 = 3;

/// How long it is left alone; then one client's question shows whether it answers again.
const LEFT_ALONE: Duration = Duration::from_secs(60);

/// A list of clients in DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsList {
    zone: String,
    points: u32,
}

/// Text that names no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsListError {
    /// It has not the form.
    #[error("{0:?} names no DNS list; write it as zone or zone=points")]
    Malformed(String),
    /// There are too many.
    #[error("more than {DNS_LISTS_MAX} DNS lists")]
    TooMany,
}

impl DnsList {
    /// Reads lists as the settings have them: `zone` or `zone=points`.
    ///
    /// # Errors
    /// [`DnsListError`] for the first that cannot be read, or if there are too many.
    pub fn parse_all(texts: &[String]) -> Result<Vec<Self>, DnsListError> {
        if texts.len() > DNS_LISTS_MAX {
            return Err(DnsListError::TooMany);
        }
        texts.iter().map(|text| Self::parse(text).ok_or_else(|| DnsListError::Malformed(text.clone()))).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let (zone, points) = match text.split_once('=') {
            Some((zone, points)) => (zone, points.trim().parse().ok()?),
            None => (text, LISTED_POINTS),
        };
        let zone = mail::domain::canonical(zone.trim()).ok().filter(|zone| !zone.starts_with('['))?;
        Some(Self { zone, points })
    }
}

/// The client's octets or half octets, last first (RFC 5782 sections 2.1 and 2.4).
fn reversed(client: IpAddr) -> String {
    let labels: Vec<String> = match client.to_canonical() {
        IpAddr::V4(client) => client.octets().iter().rev().map(u8::to_string).collect(),
        IpAddr::V6(client) => client
            .octets()
            .iter()
            .rev()
            .flat_map(|octet| [octet & 15, octet >> 4])
            .map(|half| format!("{half:x}"))
            .collect(),
    };
    labels.join(".")
}

/// Whether an answer says "listed" (RFC 5782 section 2.1): in 127.0.0.0/8, and not among those by which lists say that they refuse to
/// answer. Anything else is a list that has died and been taken over.
fn is_listing(answer: Ipv4Addr) -> bool {
    let [first, second, third, _] = answer.octets();
    first == 127 && (second, third) != (255, 255)
}

/// A list, and whether it answers at present.
pub(crate) struct AskedList {
    list: DnsList,
    silence: Mutex<Silence>,
}

/// Since when a list does not answer.
#[derive(Debug, Default)]
struct Silence {
    /// Questions without an answer since the last one that had one.
    count: u32,
    /// Until when it is not asked.
    until: Option<Timestamp>,
}

impl Silence {
    /// Whether the list is asked now. Of those who come when it has been left alone long enough, one asks.
    fn admits(&mut self, now: Timestamp) -> bool {
        match self.until {
            Some(until) if now < until => false,
            Some(_) => {
                self.until = Some(now.plus(LEFT_ALONE));
                true
            }
            None => true,
        }
    }

    /// Notes how a question fared; says whether the list is left alone from now on and was not before.
    fn note(&mut self, answered: bool, now: Timestamp) -> bool {
        if answered {
            *self = Self::default();
            return false;
        }
        self.count = self.count.saturating_add(1);
        if self.count < SILENCES_MAX {
            return false;
        }
        self.until.replace(now.plus(LEFT_ALONE)).is_none()
    }
}

impl AskedList {
    pub(crate) fn new(list: DnsList) -> Self {
        Self { list, silence: Mutex::default() }
    }

    /// Points of `client`; 0 if the list does not answer.
    pub(super) async fn points(&self, client: IpAddr, resolver: &dyn Resolver, clock: &dyn Clock) -> u32 {
        if !self.silence.lock().admits(clock.now()) {
            return 0;
        }
        let name = format!("{}.{}", reversed(client), self.list.zone);
        let answer = tokio::time::timeout(LOOK_WAIT, resolver.ipv4(&name)).await;
        let has_answered = matches!(answer, Ok(Ok(_) | Err(DnsError::NotFound { .. })));
        if self.silence.lock().note(has_answered, clock.now()) {
            let (zone, seconds) = (&self.list.zone, LEFT_ALONE.as_secs());
            tracing::warn!(zone, seconds, "a DNS list does not answer and is left alone for a while");
        }
        let is_listed = matches!(answer, Ok(Ok(answers)) if answers.iter().copied().any(is_listing));
        if is_listed { self.list.points } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_list_is_left_alone_and_tried_again_by_one() {
        let mut silence = Silence::default();
        let now = Timestamp::from_seconds(1000);
        let later = |seconds| now.plus(Duration::from_secs(seconds));
        for number in 1..=SILENCES_MAX {
            assert!(silence.admits(now));
            assert_eq!(silence.note(false, now), number == SILENCES_MAX, "told once");
        }
        assert!(!silence.admits(later(59)));
        assert!(silence.admits(later(60)) && !silence.admits(later(60)), "one asks");
        assert!(!silence.note(false, later(62)), "told once");
        assert!(!silence.admits(later(121)) && silence.admits(later(122)));
        silence.note(true, later(123));
        assert!(silence.admits(later(123)) && silence.admits(later(123)), "it answers again");
        silence.note(false, later(124));
        assert!(silence.admits(later(124)), "counted anew");
    }

    #[test]
    fn names_of_clients_in_lists() {
        assert_eq!(reversed("192.0.2.99".parse().unwrap()), "99.2.0.192");
        assert_eq!(reversed("::ffff:192.0.2.99".parse().unwrap()), "99.2.0.192");
        // The example of RFC 5782 section 2.4.
        assert_eq!(
            reversed("2001:db8:1:2:3:4:567:89ab".parse().unwrap()),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2"
        );
    }

    #[test]
    fn only_loopback_answers_list() {
        for (answer, expected) in [
            ("127.0.0.2", true),
            ("127.1.2.3", true),
            ("127.255.255.254", false),
            ("192.0.2.1", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(is_listing(answer.parse().unwrap()), expected, "{answer}");
        }
    }

    #[test]
    fn lists_in_the_settings() {
        let read =
            |text: &str| DnsList::parse_all(&[text.to_owned()]).map(|lists| (lists[0].zone.clone(), lists[0].points));
        assert_eq!(read("BL.example."), Ok(("bl.example".to_owned(), LISTED_POINTS)));
        assert_eq!(read("bl.example = 2"), Ok(("bl.example".to_owned(), 2)));
        for wrong in ["", "bl.example=", "bl.example=x", "a b", "[192.0.2.1]"] {
            assert_eq!(read(wrong), Err(DnsListError::Malformed(wrong.to_owned())));
        }
        assert_eq!(DnsList::parse_all(&vec!["bl.example".to_owned(); 21]), Err(DnsListError::TooMany));
    }
}
