//! What a guard said, held against the truth.

mod figures;
mod read;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

pub(crate) use figures::Share;
use read::{Row, Said};

/// Counts of one kind of letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) all: usize,
    /// Kept from the reader: quarantine, refusal, junk.
    pub(crate) held: usize,
    /// Of those held, in Junk: what a judge of spam did, not a guard of payments.
    pub(crate) junk: usize,
    /// Delivered with a warning that says more than that the sender is new.
    pub(crate) warned: usize,
    /// Delivered with nothing but the warning of a first contact.
    pub(crate) first_contact: usize,
}

impl Count {
    const fn caught(self) -> usize {
        self.held + self.warned
    }
}

/// All that is counted; scores of several seeds add up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Score {
    attacks: BTreeMap<String, Count>,
    honest: BTreeMap<String, Count>,
    /// Attacks that change bank details.
    bank: Count,
    /// Attacks by language.
    languages: BTreeMap<String, Count>,
    details_there: usize,
    details_found: usize,
    details_said: usize,
    details_right: usize,
    /// Letters of which nothing was said.
    unsaid: usize,
    seeds: usize,
    /// What went wrong, one line for each letter; nothing of reserved seeds.
    pub(crate) faults: Vec<String>,
}

impl Score {
    /// Reads a truth and what was said, and counts.
    pub(crate) fn read(truth: &Path, verdicts: &Path) -> Result<Self, String> {
        let (seed, rows) = read::truth(truth)?;
        let said = read::verdicts(verdicts)?;
        Ok(Self::count(seed, &rows, &said))
    }

    fn count(seed: u64, rows: &[Row], said: &BTreeMap<String, Said>) -> Self {
        let mut score = Self { seeds: 1, ..Self::default() };
        for row in rows {
            let Some(said) = said.get(&row.file) else {
                score.unsaid += 1;
                score.faults.push(format!("{seed}\t{}\tno verdict", row.file));
                continue;
            };
            score.add_letter(row, said);
            if seed < crate::wordings::RESERVED_FROM {
                score.note_faults(seed, row, said);
            }
        }
        score
    }

    fn add_letter(&mut self, row: &Row, said: &Said) {
        let one = Count {
            all: 1,
            held: usize::from(said.is_held),
            junk: usize::from(said.action == "junk"),
            warned: usize::from(said.is_warned && !said.is_first_contact),
            first_contact: usize::from(said.is_warned && said.is_first_contact),
        };
        let kinds = if row.is_attack { &mut self.attacks } else { &mut self.honest };
        add(kinds.entry(row.kind.clone()).or_default(), one);
        if row.is_attack {
            add(self.languages.entry(row.language.clone()).or_default(), one);
            if row.changes_bank {
                add(&mut self.bank, one);
            }
        }
        let primary: Vec<_> = row.details.iter().filter(|detail| detail.is_primary()).collect();
        self.details_there += primary.len();
        self.details_found += primary.iter().filter(|detail| said.details.iter().any(|said| detail.is(said))).count();
        self.details_said += said.details.len();
        self.details_right +=
            said.details.iter().filter(|said| row.details.iter().any(|detail| detail.is(said))).count();
    }

    fn note_faults(&mut self, seed: u64, row: &Row, said: &Said) {
        let caught = said.is_held || said.is_warned && !said.is_first_contact;
        let what = match (row.is_attack, caught) {
            (true, false) => "missed",
            (true, true) if row.changes_bank && !said.is_held => "warned only",
            (false, true) if said.is_held => "honest held",
            (false, true) => "honest warned",
            _ => "",
        };
        if !what.is_empty() {
            self.faults.push(format!(
                "{seed}\t{}\t{what}\t{}\t{}\t{}\t{}",
                row.file,
                row.kind,
                row.language,
                said.action,
                said.findings.join(",")
            ));
        }
        for detail in row.details.iter().filter(|detail| detail.is_primary()) {
            if !said.details.iter().any(|said| detail.is(said)) {
                self.faults.push(format!("{seed}\t{}\tdetail not found\t{}={}", row.file, detail.kind, detail.value));
            }
        }
        for value in said.details.iter().filter(|said| !row.details.iter().any(|detail| detail.is(said))) {
            self.faults.push(format!("{seed}\t{}\tdetail invented\t{value}", row.file));
        }
    }

    /// Adds the counts of another seed.
    pub(crate) fn join(&mut self, other: Self) {
        for (into, from) in [
            (&mut self.attacks, other.attacks),
            (&mut self.honest, other.honest),
            (&mut self.languages, other.languages),
        ] {
            for (kind, count) in from {
                add(into.entry(kind).or_default(), count);
            }
        }
        add(&mut self.bank, other.bank);
        self.details_there += other.details_there;
        self.details_found += other.details_found;
        self.details_said += other.details_said;
        self.details_right += other.details_right;
        self.unsaid += other.unsaid;
        self.seeds += other.seeds;
        self.faults.extend(other.faults);
    }

    /// The shares that are promised, by name.
    pub(crate) fn shares(&self) -> Vec<(&'static str, Share)> {
        let attacks = sum(&self.attacks);
        let honest = sum(&self.honest);
        vec![
            ("attacks caught", Share::of(attacks.caught(), attacks.all)),
            ("attacks held", Share::of(attacks.held, attacks.all)),
            ("changed bank details caught", Share::of(self.bank.caught(), self.bank.all)),
            ("changed bank details held", Share::of(self.bank.held, self.bank.all)),
            ("honest held", Share::of(honest.held, honest.all)),
            ("honest in Junk, of held", Share::of(honest.junk, honest.all)),
            ("honest warned", Share::of(honest.warned, honest.all)),
            ("honest first contact", Share::of(honest.first_contact, honest.all)),
            ("details found (recall)", Share::of(self.details_found, self.details_there)),
            ("details right (precision)", Share::of(self.details_right, self.details_said)),
        ]
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let kinds = |all: &BTreeMap<String, Count>| {
            let each = all.iter().map(|(kind, count)| {
                let count = json!({
                    "all": count.all, "held": count.held, "junk": count.junk, "warned": count.warned, "first_contact": count.first_contact
                });
                (kind.clone(), count)
            });
            Value::Object(each.collect())
        };
        let shares = self.shares().into_iter().map(|(name, share)| {
            let (low, high) = share.interval();
            (
                name.replace(' ', "_"),
                json!({ "of": share.all, "hits": share.hits, "share": share.value(), "low": low, "high": high }),
            )
        });
        json!({
            "seeds": self.seeds,
            "unsaid": self.unsaid,
            "shares": Value::Object(shares.collect()),
            "attacks": kinds(&self.attacks),
            "honest": kinds(&self.honest),
            "attacks_by_language": kinds(&self.languages),
        })
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("{} seeds; {} letters without a verdict\n\n", self.seeds, self.unsaid);
        for (name, share) in self.shares() {
            out.push_str(&format!("{name:<30} {share}\n"));
        }
        for (title, kinds) in
            [("attacks", &self.attacks), ("attacks by language", &self.languages), ("honest", &self.honest)]
        {
            out.push_str(&format!("\n{title:<26}    all   held   warned   first contact\n"));
            for (kind, count) in kinds {
                out.push_str(&format!(
                    "{kind:<26} {:>6} {:>6} {:>8} {:>15}\n",
                    count.all, count.held, count.warned, count.first_contact
                ));
            }
        }
        out
    }
}

const fn add(into: &mut Count, one: Count) {
    into.all += one.all;
    into.held += one.held;
    into.junk += one.junk;
    into.warned += one.warned;
    into.first_contact += one.first_contact;
}

fn sum(kinds: &BTreeMap<String, Count>) -> Count {
    kinds.values().fold(Count::default(), |mut sum, one| {
        add(&mut sum, *one);
        sum
    })
}

#[cfg(test)]
mod tests;
