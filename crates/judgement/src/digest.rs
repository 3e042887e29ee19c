//! Letters that tell people what waits for them in quarantine, in their language, with a link for each message.
//!
//! Opening a link does nothing, as mail filters open links too; the page behind it has buttons. A link is for one place in
//! quarantine and one reader, and good as long as the place waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::Timestamp;
use filter::{Finding, Judge, Signal};
use identity::{Language, Resolution};
use letters::{Mailer, Texts, Words};
use store::{Store, Tx, params};
use subtle::ConstantTimeEq;

use crate::quarantine::{self, Quarantined, State};
use crate::{JudgementError, explain};

/// Places that one letter tells of; it says how many more there are.
const TOLD_MAX: usize = 50;

/// Findings of a message that a letter tells.
const FINDINGS_TOLD_MAX: usize = 3;

/// Untold places looked at in one round.
const ROUND: i64 = 2_000;

/// Octets of three numbers and of the proof.
const NUMBERS_BYTES: usize = 24;
const PROOF_BYTES: usize = 16;
const LINK_BYTES: usize = NUMBERS_BYTES + PROOF_BYTES;

/// Keeps these links apart from others that we sign.
const PURPOSE: &[u8] = b"quarantine link ";

/// A place in quarantine, and who was told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The message.
    pub quarantined: i64,
    /// The place of its recipient.
    pub place: i64,
    /// The account that the letter went to.
    pub reader: i64,
}

/// The part of the address that makes the link.
#[must_use]
pub fn make_link(store: &Store, link: Link) -> String {
    let mut bytes = Vec::with_capacity(LINK_BYTES);
    for number in [link.quarantined, link.place, link.reader] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    let proof: [u8; PROOF_BYTES] = proof(store, PURPOSE, &bytes);
    bytes.extend_from_slice(&proof);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a link that we have made; none for any other.
#[must_use]
pub fn read_link(store: &Store, text: &str) -> Option<Link> {
    let bytes = <[u8; LINK_BYTES]>::try_from(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (numbers, shown) = bytes.split_at(NUMBERS_BYTES);
    if !bool::from(proof::<PROOF_BYTES>(store, PURPOSE, numbers).ct_eq(shown)) {
        return None;
    }
    let mut numbers = numbers.chunks_exact(8).filter_map(|chunk| Some(i64::from_be_bytes(chunk.try_into().ok()?)));
    Some(Link { quarantined: numbers.next()?, place: numbers.next()?, reader: numbers.next()? })
}

/// What shows that we have made a link for a purpose.
pub(crate) fn proof<const BYTES: usize>(store: &Store, purpose: &[u8], numbers: &[u8]) -> [u8; BYTES] {
    let hash = store.context().keys.region().hashing().hash(&[purpose, numbers].concat());
    let mut out = [0; BYTES];
    for (to, from) in out.iter_mut().zip(hash) {
        *to = from;
    }
    out
}

/// The message of a link with its one place, if the place waits and is still the reader's.
///
/// # Errors
/// [`JudgementError::NotQuarantined`] if not, or the store fails.
pub fn follow(tx: &mut Tx<'_>, link: Link) -> Result<Quarantined, JudgementError> {
    let mut found = quarantine::load(tx, link.quarantined)?;
    found.places.retain(|place| place.number == link.place && place.state == State::Held);
    let gone = JudgementError::NotQuarantined(link.quarantined);
    let Some(place) = found.places.first() else { return Err(gone) };
    let is_theirs = match place.account {
        Some(account) => account == link.reader,
        None => owners_of(tx, &place.address)?.contains(&link.reader),
    };
    if is_theirs { Ok(found) } else { Err(gone) }
}

/// Those who answer for the group at an address.
fn owners_of(tx: &mut Tx<'_>, address: &str) -> Result<BTreeSet<i64>, JudgementError> {
    match identity::resolve(tx, address)? {
        Resolution::Group(group) => {
            Ok(identity::groups::expand_owners(tx, group.group)?.accounts.into_iter().collect())
        }
        Resolution::Local(_) | Resolution::UnknownLocal | Resolution::Abroad(_) | Resolution::NotOurs => {
            Ok(BTreeSet::new())
        }
    }
}

/// Writes the letters.
#[derive(Clone)]
pub struct Digests {
    /// Where messages wait.
    pub store: Store,
    /// Posts the letters.
    pub mailer: Mailer,
    /// What findings say.
    pub judge: Arc<Judge>,
    /// Beginning of the links: `https://host/quarantine`.
    pub link_base: String,
    /// Least time between two letters to one account.
    pub period: Duration,
}

/// A place that somebody is to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Untold {
    quarantined: i64,
    place: i64,
}

impl Digests {
    /// Posts the letters that are due; gives how many.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails; what was not told waits.
    pub async fn post(&self) -> Result<usize, JudgementError> {
        let waiting = self.store.read(untold).await?;
        let mut posted = 0;
        for (account, places) in waiting {
            posted += usize::from(self.post_to(account, places).await?);
        }
        Ok(posted)
    }

    async fn post_to(&self, account: i64, places: Vec<Untold>) -> Result<bool, JudgementError> {
        let before = Timestamp::from_millis(
            self.store
                .context()
                .clock
                .now()
                .millis()
                .saturating_sub(i64::try_from(self.period.as_millis()).unwrap_or(i64::MAX)),
        );
        if !self.store.read(move |tx| is_due(tx, account, before)).await? {
            return Ok(false);
        }
        let wanted = places.clone();
        let found = self.store.read(move |tx| look(tx, &wanted)).await?;
        let words = |language| self.words(account, &found, language);
        let letter = match self.mailer.notice(account, words).await {
            Ok(letter) => letter,
            Err(error) if error.outlook() == env::Outlook::Permanent => {
                tracing::warn!(account, %error, "cannot tell what waits in quarantine");
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let claim = move |tx: &mut Tx<'_>| {
            if !claim(tx, account, before)? {
                return Ok(false);
            }
            for one in &places {
                tx.execute(
                    "UPDATE quarantine_recipient SET told = 1 WHERE quarantine = $1 AND number = $2",
                    params![one.quarantined, one.place],
                )?;
            }
            letter.post(tx)?;
            Ok::<_, JudgementError>(true)
        };
        self.store.write(claim).await
    }

    fn words(&self, reader: i64, found: &[(Quarantined, i64)], language: Language) -> Words {
        let texts = Texts::of(language);
        let count = found.len().to_string();
        let mut parts = vec![texts.say("quarantine-intro", &[("count", &count)])];
        parts.extend(found.iter().take(TOLD_MAX).map(|(one, place)| self.told(reader, one, *place, language)));
        if found.len() > TOLD_MAX {
            parts.push(texts.say("quarantine-more", &[("count", &(found.len() - TOLD_MAX).to_string())]));
        }
        parts.push(texts.say("quarantine-ending", &[]));
        Words {
            from_name: texts.say("notice-from", &[]),
            subject: texts.say("quarantine-subject", &[("count", &count)]),
            text: format!("{}\n", parts.join("\n\n")),
        }
    }

    fn told(&self, reader: i64, one: &Quarantined, place: i64, language: Language) -> String {
        let texts = Texts::of(language);
        let link = make_link(&self.store, Link { quarantined: one.id, place, reader });
        let to = one.places.iter().find(|it| it.number == place).map(|it| it.address.as_str()).unwrap_or_default();
        let values = [
            ("time", one.at.to_string()),
            ("from", harmless(&one.shown.from)),
            ("to", to.to_owned()),
            ("subject", harmless(&one.shown.subject)),
            ("why", self.why(one, language)),
            ("until", one.expires.to_string()),
            ("link", format!("{}/{link}", self.link_base)),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        texts.say("quarantine-entry", &values)
    }

    fn why(&self, one: &Quarantined, language: Language) -> String {
        let findings = one.shown.findings.iter().take(FINDINGS_TOLD_MAX);
        let say = |finding: &quarantine::ShownFinding| {
            let finding = Finding {
                id: finding.id.clone(),
                signal: Signal::Text,
                spam: 0.0,
                phish: 0.0,
                evidence: harmless(&finding.evidence),
                key: finding.key.clone(),
            };
            explain(&self.judge, &finding, language)
        };
        findings.map(say).collect::<Vec<_>>().join("; ")
    }
}

/// Text of a dangerous message in a letter of ours: nothing in it becomes a link.
#[must_use]
pub fn harmless(text: &str) -> String {
    text.replace("://", "[:]//").replace('.', "[.]").replace("www", "w w w")
}

/// The places that wait and nobody was told of, by the account that is to be.
fn untold(tx: &mut Tx<'_>) -> Result<BTreeMap<i64, Vec<Untold>>, JudgementError> {
    let rows = tx.rows(
        "SELECT account, quarantine, number FROM quarantine_recipient WHERE told = 0 AND state = 'held'
         ORDER BY quarantine, number LIMIT $1",
        params![ROUND],
        |row| Ok((row.int(0)?, Untold { quarantined: row.int(1)?, place: row.int(2)? })),
    )?;
    let mut found: BTreeMap<i64, Vec<Untold>> = BTreeMap::new();
    for (account, place) in rows {
        if account != 0 {
            found.entry(account).or_default().push(place);
            continue;
        }
        let address = quarantine::load(tx, place.quarantined)?
            .places
            .into_iter()
            .find(|it| it.number == place.place)
            .map(|it| it.address)
            .unwrap_or_default();
        for owner in owners_of(tx, &address)? {
            found.entry(owner).or_default().push(place);
        }
    }
    Ok(found)
}

fn is_due(tx: &mut Tx<'_>, account: i64, before: Timestamp) -> Result<bool, JudgementError> {
    let last = tx.row("SELECT at FROM quarantine_digest WHERE account = $1", params![account], |row| row.int(0))?;
    Ok(last.is_none_or(|last| last <= before.millis()))
}

/// Takes the letter upon oneself; false if another node has.
fn claim(tx: &mut Tx<'_>, account: i64, before: Timestamp) -> Result<bool, JudgementError> {
    let claimed = tx.execute(
        "INSERT INTO quarantine_digest (account, at) VALUES ($1, $2)
         ON CONFLICT (account) DO UPDATE SET at = $2 WHERE quarantine_digest.at <= $3",
        params![account, tx.now().millis(), before.millis()],
    )?;
    Ok(claimed == 1)
}

/// The messages of the places that still wait, each with the number of the place.
fn look(tx: &mut Tx<'_>, places: &[Untold]) -> Result<Vec<(Quarantined, i64)>, JudgementError> {
    let mut found = Vec::new();
    for one in places {
        match quarantine::load(tx, one.quarantined) {
            Ok(message) => found.push((message, one.place)),
            Err(JudgementError::NotQuarantined(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn nothing_in_a_letter_becomes_a_link() {
        assert_eq!(harmless("http://www.evil.test/x"), "http[:]//w w w[.]evil[.]test/x");
    }
}
