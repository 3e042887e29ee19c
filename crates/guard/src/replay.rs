//! Replays a history: learns from mail of the past, then judges messages in the order of their dates, each of which teaches as a
//! server would let it.

use std::collections::BTreeSet;

use env::Timestamp;
use filter::facts::Authenticated;
use filter::{Facts, Judge, Received, Thresholds, Verdict};
use inspect::Report;
use mail::header;

use crate::knowledge::{Found, Own, OwnPerson, State};
use crate::learn::Lesson;
use crate::learn::partner_domains;
use crate::look::{Looked, Read, look, teaches};
use crate::rows::Memory;
use crate::signals::lookalike::DomainIndex;
use crate::{Direction, Directory, guess_job, learn};

/// Whom a replay believes, and whose mail it is.
#[derive(Debug, Clone, Default)]
pub struct Whose {
    /// Our own domains in lowercase.
    pub domains: Vec<String>,
    /// The host whose `Authentication-Results` (RFC 8601) are believed; none for the topmost field.
    pub trusted_host: Option<String>,
}

/// A graph and a ledger in memory.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    rows: Memory,
    directory: Directory,
    index: DomainIndex,
    cases: u64,
}

/// What became of one message.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was decided.
    pub verdict: Verdict,
    /// Number of the case that finance would get.
    pub case: Option<u64>,
    /// Payment details in it, with what was thought of each.
    pub found: Vec<Found>,
}

impl Whose {
    /// Reads a message of a history. `reports` are of its attached files.
    #[must_use]
    pub fn read(&self, raw: &[u8], reports: Option<&[Report]>) -> Read {
        let results = results(raw, self.trusted_host.as_deref());
        let mut facts = Facts::read(Received { raw, inspected: reports, ..Received::default() });
        let from = facts.from.clone().unwrap_or_default();
        let results = results.map(|results| Results::read(&results, &from.domain));
        facts.authenticated = results.map(|results| results.authenticated);
        let own = Own { domains: self.domains.clone(), people: Vec::new() };
        // From our own domain, and taken from outside without that domain's word: forged.
        let is_forged = results.is_some_and(|results| results.authenticated != Authenticated::Yes);
        let direction = if !own.has_host(&from.host) || is_forged { Direction::In } else { Direction::Out };
        let mut read = Read::new(raw, facts, reports.unwrap_or_default(), direction, came(raw));
        let subject = &mut read.subject;
        if direction == Direction::Out && subject.recipients().all(|to| own.has_host(&to.host)) {
            subject.direction = Direction::Within;
        }
        if subject.facts.authenticated == Some(Authenticated::Yes) {
            subject.authenticated = Some(subject.from.domain.clone());
        }
        read
    }
}

impl Replay {
    /// Begins without any history.
    #[must_use]
    pub fn new(whose: &Whose) -> Self {
        let own = Own { domains: whose.domains.clone(), people: Vec::new() };
        let mut index = DomainIndex::default();
        own.domains.iter().for_each(|domain| index.insert(domain));
        Self { directory: Directory::new(own), index, ..Self::default() }
    }

    /// Learns from a message of the past.
    pub fn learn(&mut self, read: &Read) {
        self.teach(read, true);
    }

    /// Judges a message, and lets it teach.
    pub fn judge(&mut self, read: &Read, judge: &Judge, thresholds: Thresholds) -> Outcome {
        let near = |host: &str| self.index.near(host).into_iter().map(|(domain, _)| domain.to_owned()).collect();
        let Ok(Looked { knowledge, findings }) = look(&mut self.rows, read, &self.directory, &near, read.subject.date);
        let verdict = judge.judge_by(&read.subject.facts, findings, thresholds);
        let case = (verdict.probability_fraud >= thresholds.fraud_warn).then(|| {
            self.cases += 1;
            self.cases
        });
        if let Some(takes_details) = teaches(&verdict) {
            self.teach(read, takes_details);
        }
        Outcome { verdict, case, found: knowledge.found }
    }

    /// Rows that history came to.
    #[must_use]
    pub const fn rows(&self) -> &Memory {
        &self.rows
    }

    fn teach(&mut self, read: &Read, takes_details: bool) {
        self.note_person(read);
        let subject = &read.subject;
        let Ok(()) = learn(&mut self.rows, Lesson { subject, details: &read.details, takes_details });
        partner_domains(subject).for_each(|domain| self.index.insert(domain));
    }

    /// Who is of ours is told by what they send.
    fn note_person(&mut self, read: &Read) {
        let subject = &read.subject;
        if subject.direction == Direction::In {
            return;
        }
        let from = &subject.from;
        let job = guess_job(&from.address, &from.name, &subject.fresh);
        self.directory.add(OwnPerson { name: from.name.clone(), address: from.address.clone(), job });
    }
}

/// What the state of a detail is called.
#[must_use]
pub const fn state_word(state: State) -> &'static str {
    match state {
        State::New => "new",
        State::Learned => "learned",
        State::Confirmed => "confirmed",
        State::Disputed => "disputed",
        State::Retired => "retired",
    }
}

/// When a message came: by its topmost trace field, else by its own date.
#[must_use]
pub fn came(raw: &[u8]) -> Timestamp {
    let received = header::find(raw, "Received").and_then(|field| {
        let value = String::from_utf8_lossy(&field.value()).into_owned();
        value.rsplit_once(';').and_then(|(_, date)| mail::date::parse_rfc5322(date.trim()))
    });
    let written = || {
        let field = header::find(raw, "Date")?;
        mail::date::parse_rfc5322(String::from_utf8_lossy(&field.value()).trim())
    };
    received.or_else(written).unwrap_or(Timestamp::from_millis(0))
}

/// The results of the host that is believed.
fn results(raw: &[u8], trusted: Option<&str>) -> Option<String> {
    let mut fields = header::fields(raw).filter(|field| field.is("Authentication-Results"));
    let text = |field: header::Field<'_>| String::from_utf8_lossy(&field.value()).into_owned();
    match trusted {
        None => fields.next().map(text),
        Some(host) => fields.map(text).find(|value| {
            let first = value.split(';').next().unwrap_or_default().split_whitespace().next().unwrap_or_default();
            first.eq_ignore_ascii_case(host)
        }),
    }
}

#[derive(Debug, Clone, Copy)]
struct Results {
    authenticated: Authenticated,
}

impl Results {
    /// Reads what stands behind the host's name: a pass of DMARC, or of what would be aligned with the author's domain.
    fn read(value: &str, from: &str) -> Self {
        let mut passed = BTreeSet::new();
        let mut failed = false;
        for clause in value.split(';').skip(1) {
            let mut words = clause.split_whitespace();
            let Some((method, result)) = words.next().and_then(|word| word.split_once('=')) else { continue };
            failed |= method.eq_ignore_ascii_case("dmarc") && result.eq_ignore_ascii_case("fail");
            if !result.eq_ignore_ascii_case("pass") {
                continue;
            }
            let names: &[&str] = match method.to_ascii_lowercase().as_str() {
                "dmarc" => &["header.from"],
                "dkim" => &["header.d", "header.i"],
                "spf" => &["smtp.mailfrom"],
                _ => continue,
            };
            for (name, domain) in words.filter_map(|word| word.split_once('=')) {
                if names.contains(&name) {
                    let host = domain.rsplit('@').next().unwrap_or_default().trim_end_matches('.').to_lowercase();
                    passed.insert(filter::facts::registered_domain(&host));
                }
            }
        }
        let authenticated = if passed.contains(from) && !failed {
            Authenticated::Yes
        } else if failed {
            Authenticated::Failed
        } else {
            Authenticated::Unknown
        };
        Self { authenticated }
    }
}

#[cfg(test)]
mod tests;
