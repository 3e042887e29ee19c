//! What speaks for it that somebody else is at work in an account of ours: things that happened there, joined into one finding.
//!
//! One of these things alone happens every day: people forward, search and travel. A thief who waits for an invoice does several of them
//! within days: signs in from elsewhere, makes a rule that hides what partners answer, searches for invoices, lets a program in.

use env::Timestamp;
use filter::{Finding, Signal};

use super::intent;
use super::weights::{Relation, weight};

/// Days within which things count as one.
pub const DAYS_MAX: i64 = 7;

/// Events that are looked at, the latest first.
const EVENTS_MAX: usize = 512;

/// Searches for invoices from which they count; a bookkeeper searches, too.
const SEARCHES_MIN: u32 = 5;

/// Something that happened in an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A sign-in that the sign-in watch found unusual: its risk from 0 to 1, and from where.
    SignIn {
        /// Risk, 0 to 1.
        risk: f32,
        /// Place or network as the watch tells it.
        from: String,
    },
    /// A rule that sends mail on to an address.
    Forward {
        /// The address.
        to: String,
        /// It is not one of ours.
        is_outside: bool,
    },
    /// A rule that deletes mail or files it where nobody looks.
    Hide {
        /// What it looks for: addresses, domains, words.
        wanted: Vec<String>,
        /// Where it puts it; empty for the bin.
        into: String,
    },
    /// A program was let into the account.
    Grant {
        /// Its name.
        client: String,
        /// It may read mail.
        reads_mail: bool,
    },
    /// A password for a program was made.
    AppPassword,
    /// Something was searched for.
    Search {
        /// What.
        words: String,
    },
    /// Invoices, payments or accounts were searched for, by words that were looked at already.
    Searches {
        /// How often.
        times: u32,
    },
    /// A message that was sent was stopped, as the account sends unusually or what it sends is bad.
    Stopped,
    /// Many messages were read at once by a client that was not seen before.
    MassRead {
        /// How many.
        messages: u32,
    },
}

/// What speaks for somebody else in the account, of what happened until `now`. `partners` are registered domains of partners.
#[must_use]
pub fn look(events: &[Event], partners: &[String], now: Timestamp) -> Option<Finding> {
    let since = now.millis() - DAYS_MAX * 86_400_000;
    let recent = events.iter().rev().take(EVENTS_MAX).filter(|event| event.at.millis() >= since && event.at <= now);
    let mut signs = Signs::default();
    recent.for_each(|event| signs.add(&event.what, partners));
    signs.finish()
}

/// Shares of each kind, and what is told of them.
#[derive(Debug, Default)]
struct Signs {
    sign_in: f32,
    forward: f32,
    hide: f32,
    grant: f32,
    searches: u32,
    mass_read: f32,
    stopped: f32,
    told: Vec<String>,
}

impl Signs {
    fn add(&mut self, what: &What, partners: &[String]) {
        match what {
            What::SignIn { risk, from } => {
                self.note(|signs| &mut signs.sign_in, risk.clamp(0.0, 1.0) * 0.5, from.clone())
            }
            What::Forward { to, is_outside } => {
                self.note(|signs| &mut signs.forward, if *is_outside { 0.5 } else { 0.1 }, format!("→ {to}"));
            }
            What::Hide { wanted, into } => {
                let is_of_partner =
                    |one: &String| partners.iter().any(|domain| one.to_lowercase().contains(domain.as_str()));
                let hides_trade = wanted.iter().any(|one| is_of_partner(one) || intent::speaks_of_invoices(one));
                let told = format!("⊘ {} {into}", wanted.join(" "));
                self.note(|signs| &mut signs.hide, if hides_trade { 0.7 } else { 0.2 }, told);
            }
            What::Grant { client, reads_mail } => {
                self.note(|signs| &mut signs.grant, if *reads_mail { 0.3 } else { 0.1 }, format!("+ {client}"));
            }
            What::AppPassword => self.note(|signs| &mut signs.grant, 0.2, "+ app password".to_owned()),
            What::Search { words } => {
                if intent::speaks_of_invoices(words) {
                    self.searched(1, &format!("? {words}"));
                }
            }
            What::Searches { times } => self.searched(*times, "? €"),
            What::Stopped => self.note(|signs| &mut signs.stopped, 0.4, "⊘ →".to_owned()),
            What::MassRead { messages } => {
                self.note(|signs| &mut signs.mass_read, 0.3, format!("{messages} ✉"));
            }
        }
    }

    fn searched(&mut self, times: u32, told: &str) {
        let before = self.searches;
        self.searches = before.saturating_add(times);
        if before < SEARCHES_MIN && self.searches >= SEARCHES_MIN {
            self.told.push(told.to_owned());
        }
    }

    fn note(&mut self, slot: impl Fn(&mut Self) -> &mut f32, share: f32, told: String) {
        if share > *slot(self) {
            *slot(self) = share;
            if !told.trim().is_empty() && self.told.len() < 8 {
                self.told.push(told);
            }
        }
    }

    fn finish(self) -> Option<Finding> {
        let searched = if self.searches >= SEARCHES_MIN { 0.35 } else { 0.0 };
        let shares = [self.sign_in, self.forward, self.hide, self.grant, searched, self.mass_read, self.stopped];
        let kinds = shares.iter().filter(|share| **share >= 0.2).count();
        if kinds < 2 {
            return None;
        }
        Some(Finding {
            id: "account-taken-over".to_owned(),
            signal: Signal::Trade,
            spam: 0.0,
            phish: weight("account-taken-over", Relation::Own) * shares.iter().sum::<f32>(),
            evidence: self.told.join("; "),
            key: "finding-account-taken-over".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn event(days_ago: i64, what: What) -> Event {
        Event { at: Timestamp::from_millis(NOW - days_ago * DAY), what }
    }

    const NOW: i64 = 1_780_000_000_000;

    fn found(events: &[Event]) -> Option<Finding> {
        look(events, &["acme-valves.example".to_owned()], Timestamp::from_millis(NOW))
    }

    fn hide(wanted: &str) -> What {
        What::Hide { wanted: vec![wanted.to_owned()], into: "RSS".to_owned() }
    }

    fn sign_in() -> What {
        What::SignIn { risk: 0.9, from: "AS64500".to_owned() }
    }

    #[test]
    fn several_things_within_days_are_one_finding() {
        let finding = found(&[event(3, sign_in()), event(2, hide("@acme-valves.example"))]).unwrap();
        assert!(finding.phish >= 3.0, "{finding:?}");
        assert!(finding.evidence.contains("AS64500") && finding.evidence.contains("acme-valves.example"));
        for word in [
            "invoice",
            "发票",
            "factura",
            "fatura",
            "facture",
            "Rechnung",
            "fattura",
            "инвойс",
            "فاتورة",
            "請求書",
            "청구서",
            "hóa đơn",
        ] {
            let finding = found(&[event(3, sign_in()), event(2, hide(word))]).unwrap();
            assert!(finding.phish >= 3.0, "{word}: {finding:?}");
        }
        let forward = What::Forward { to: "box@free.test".to_owned(), is_outside: true };
        let mut events = vec![event(1, forward)];
        events.extend((0..6).map(|_| event(1, What::Search { words: "invoice".to_owned() })));
        assert!(found(&events).is_some());
    }

    #[test]
    fn one_thing_alone_happens_every_day() {
        assert_eq!(found(&[event(1, sign_in())]), None);
        assert_eq!(found(&[event(1, What::Forward { to: "box@free.test".to_owned(), is_outside: true })]), None);
        let searches: Vec<Event> = (0..40).map(|_| event(1, What::Search { words: "factura".to_owned() })).collect();
        assert_eq!(found(&searches), None);
        assert_eq!(found(&[event(30, sign_in()), event(1, hide("invoice"))]), None);
    }
}
