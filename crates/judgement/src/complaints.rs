//! Complaints in the abuse reporting format (RFC 5965): those of others that reach us are kept, and told to administrators when they are
//! about mail that somebody here sent; ours go to whoever is asked to hear of a judged message.
//!
//! Anybody can send a complaint. It counts as one about us only if it names a message that went out here, by its Message-ID.

mod onward;
mod page;

use std::collections::BTreeMap;

use env::{Outlook, Timestamp};
use identity::Language;
use letters::{Mailer, Texts, Words};
use mail::header;
use mail::message::{Envelope, Structure, decode_part, words as encoded_words};
use mailauth::complaint::Complaint;
use serde::{Deserialize, Serialize};
use store::{Store, StoreError, Tx, params};

use crate::digest::harmless;
use crate::{JudgementError, outbound, sealed};

pub use onward::{Onward, SENT_IN_A_DAY_MAX};
pub use page::{Wanted, page};

/// Octets of a complaint that is read.
const OCTETS_MAX: usize = 1 << 20;

/// Complaints of one organisation that are kept; the oldest go first.
const KEPT_MAX: i64 = 5_000;

/// Complaints that one list gives.
const LISTED_MAX: i64 = 1_000;

/// Complaints that one letter names.
const NAMED_MAX: usize = 20;

/// Complaints that one round tells of.
const ROUND: i64 = 500;

/// Least time between two letters to the administrators of an organisation: many complaints come at once.
const TOLD_EVERY_MILLIS: i64 = 3_600_000;

/// Days for which it is known what went out: complaints come late.
const REMEMBERED_DAYS: i64 = 60;

const DAY_MILLIS: i64 = 86_400_000;

/// What is kept as told although nobody is: it is about nothing of ours.
const NOBODY_TOLD: i64 = 1;

const PLACE: &str = "complaint.detail";

/// A complaint that came in, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    complaint: Complaint,
    /// The domain that reports, if it was proven (DMARC).
    reporter: Option<String>,
    /// Message-ID of the report, or what stands for it.
    id: String,
    /// Message-ID of the message that it is about.
    message: Option<String>,
    subject: String,
}

/// A complaint as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Detail {
    kind: String,
    reporter: Option<String>,
    /// To whom it went, of one of ours.
    #[serde(default)]
    to: Option<String>,
    mail_from: Option<String>,
    source: Option<std::net::IpAddr>,
    arrival: Option<String>,
    subject: String,
    incidents: u64,
}

/// A complaint as lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// When it came or went.
    pub at: Timestamp,
    /// It is one of ours, to others.
    pub is_ours: bool,
    /// Who sent the message, or who complains; none if that is nobody here.
    pub account: Option<i64>,
    /// `abuse`, `fraud`, ...
    pub kind: String,
    /// The domain that complains, if it was proven (DMARC).
    pub reporter: Option<String>,
    /// To whom ours went.
    pub to: Option<String>,
    /// Envelope sender of the message.
    pub mail_from: Option<String>,
    /// The server that sent it.
    pub source: Option<std::net::IpAddr>,
    /// Its subject.
    pub subject: String,
    /// Messages that it stands for.
    pub incidents: u64,
}

/// Whether the message's header is one of a complaint (RFC 5965 section 2): nearly all mail ends here.
#[must_use]
pub fn is_candidate(raw: &[u8]) -> bool {
    if raw.len() > OCTETS_MAX {
        return false;
    }
    let value = header::find(raw, "Content-Type").map(|field| field.value().to_ascii_lowercase()).unwrap_or_default();
    let value = String::from_utf8_lossy(&value);
    value.trim_start().starts_with("multipart/report") && value.contains("feedback-report")
}

/// The complaint in a message; `reporter` is its author's domain, if that was proven. What looks like one and is none is other mail.
#[must_use]
pub fn read(raw: &[u8], reporter: Option<&str>) -> Option<Received> {
    if !is_candidate(raw) {
        return None;
    }
    let structure = Structure::parse(raw);
    let part = structure.leaves().find(|part| part.is("message", "feedback-report"))?;
    let complaint = Complaint::read(&decode_part(raw, part).ok()?).ok()?;
    let reported =
        structure.parts.iter().find(|part| part.is("message", "rfc822") || part.is("text", "rfc822-headers"));
    let head = reported.and_then(|part| decode_part(raw, part).ok()).unwrap_or_default();
    let subject = Envelope::parse(&head).subject.map(|it| encoded_words::decode(&it).into_owned()).unwrap_or_default();
    Some(Received {
        complaint,
        reporter: reporter.map(str::to_owned),
        id: header::message_id(raw).unwrap_or_else(|| String::from_utf8_lossy(raw).into_owned()),
        message: header::message_id(&head),
        subject: subject.chars().take(200).collect(),
    })
}

/// Keeps a complaint to an organisation, once however often it comes; whether it is new.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn keep(tx: &mut Tx<'_>, organisation: i64, received: &Received) -> Result<bool, JudgementError> {
    let account = match &received.message {
        Some(message) => sender_of(tx, organisation, message)?,
        None => None,
    };
    let Complaint { kind, mail_from, source, arrival, incidents, .. } = received.complaint.clone();
    let (reporter, subject) = (received.reporter.clone(), received.subject.clone());
    let detail = Detail { kind, reporter, to: None, mail_from, source, arrival, subject, incidents };
    let told = if account.is_some() { 0 } else { NOBODY_TOLD };
    let new = Row { direction: "in", origin: &received.id, account: account.unwrap_or(0), told };
    insert(tx, organisation, &new, &detail)
}

/// A row to be made.
struct Row<'a> {
    direction: &'static str,
    origin: &'a str,
    account: i64,
    told: i64,
}

fn insert(tx: &mut Tx<'_>, organisation: i64, new: &Row<'_>, detail: &Detail) -> Result<bool, JudgementError> {
    let context = tx.context();
    let (key, id, now) = (context.keys.organisation(tx, organisation)?, tx.next_id(), tx.now().millis());
    let Row { direction, origin, account, told } = *new;
    let origin = key.hashing().hash_i64(format!("complaint {direction} {origin}").as_bytes());
    let detail = sealed::seal(&key, &*context.entropy, PLACE, id, detail)?;
    let added = tx.execute(
        "INSERT INTO complaint (id, organisation, direction, origin, at, account, told, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organisation, origin) DO NOTHING",
        params![id, organisation, direction, origin, now, account, told, &detail],
    )?;
    tx.execute(
        "DELETE FROM complaint WHERE id IN
            (SELECT id FROM complaint WHERE organisation = $1 AND direction = $2 ORDER BY at DESC, id DESC LIMIT 100 OFFSET $3)",
        params![organisation, direction, KEPT_MAX],
    )?;
    Ok(added == 1)
}

/// The account here that sent the message of this Message-ID.
fn sender_of(tx: &mut Tx<'_>, organisation: i64, message: &str) -> Result<Option<i64>, StoreError> {
    let hash = number(tx, organisation, message)?;
    tx.row(
        "SELECT account FROM sent_message WHERE organisation = $1 AND message = $2",
        params![organisation, hash],
        |row| row.int(0),
    )
}

fn number(tx: &mut Tx<'_>, organisation: i64, message: &str) -> Result<i64, StoreError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(key.hashing().hash_i64(format!("sent message {message}").as_bytes()))
}

/// Notes that somebody here sent a message, in the transaction that takes it.
pub(crate) fn note_sent(tx: &mut Tx<'_>, organisation: i64, account: i64, message: &str) -> Result<(), StoreError> {
    let hash = number(tx, organisation, message)?;
    tx.execute(
        "INSERT INTO sent_message (organisation, message, account, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organisation, message) DO NOTHING",
        params![organisation, hash, account, tx.now().millis()],
    )?;
    Ok(())
}

/// Forgets what went out long ago; gives how many rows.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let before = tx.now().millis().saturating_sub(REMEMBERED_DAYS * DAY_MILLIS);
    tx.execute("DELETE FROM sent_message WHERE at < $1", params![before])
}

/// A row of the table: number, whether it is ours, moment, account, what is sealed.
type Raw = (i64, bool, i64, i64, Vec<u8>);

fn raw(row: &store::Row<'_>) -> Result<Raw, StoreError> {
    Ok((row.int(0)?, row.text(1)? == "out", row.int(2)?, row.int(3)?, row.bytes(4)?.to_vec()))
}

fn opened(
    key: &crypto::keys::Key<crypto::keys::Organisation>,
    (id, is_ours, at, account, detail): Raw,
) -> Result<Listed, JudgementError> {
    let detail: Detail = sealed::open(key, PLACE, id, &detail)?;
    Ok(Listed {
        at: Timestamp::from_millis(at),
        is_ours,
        account: Some(account).filter(|account| *account != 0),
        kind: detail.kind,
        reporter: detail.reporter,
        to: detail.to,
        mail_from: detail.mail_from,
        source: detail.source,
        subject: detail.subject,
        incidents: detail.incidents,
    })
}

/// Complaints to and of an organisation since a moment, the latest first.
///
/// # Errors
/// [`JudgementError`] if the store fails or a row does not read.
pub fn list(tx: &mut Tx<'_>, organisation: i64, since: Timestamp) -> Result<Vec<Listed>, JudgementError> {
    let rows = tx.rows(
        "SELECT id, direction, at, account, detail FROM complaint WHERE organisation = $1 AND at >= $2
         ORDER BY at DESC, id DESC LIMIT $3",
        params![organisation, since.millis(), LISTED_MAX],
        raw,
    )?;
    let key = tx.context().keys.organisation(tx, organisation)?;
    rows.into_iter().map(|row| opened(&key, row)).collect()
}

/// Tells administrators of complaints about mail that somebody here sent.
#[derive(Clone)]
pub struct Complaints {
    /// Where complaints are.
    pub store: Store,
    /// Posts the letters.
    pub mailer: Mailer,
}

/// A complaint that nobody was told of, as a letter names it.
#[derive(Debug, Clone)]
struct Untold {
    id: i64,
    address: String,
    kind: String,
    reporter: String,
    subject: String,
}

impl Complaints {
    /// Posts the letters that are due; gives of how many complaints.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails; what was not told waits.
    pub async fn post(&self) -> Result<usize, JudgementError> {
        let waiting = self.store.read(untold).await?;
        let count = waiting.values().map(Vec::len).sum();
        for (organisation, complaints) in waiting {
            self.post_one(organisation, complaints).await?;
        }
        Ok(count)
    }

    async fn post_one(&self, organisation: i64, complaints: Vec<Untold>) -> Result<(), JudgementError> {
        let officers = self.store.read(move |tx| outbound::officers(tx, organisation)).await?;
        let mut letters = Vec::new();
        for officer in officers {
            match self.mailer.notice(officer, |language| words(&complaints, language)).await {
                Ok(letter) => letters.push(letter),
                Err(error) if error.outlook() == Outlook::Permanent => {
                    tracing::warn!(account = officer, %error, "cannot tell of complaints");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let ids: Vec<i64> = complaints.iter().map(|complaint| complaint.id).collect();
        let work = move |tx: &mut Tx<'_>| {
            let now = tx.now().millis();
            let mut told = 0;
            for id in &ids {
                told += tx.execute("UPDATE complaint SET told = $2 WHERE id = $1 AND told = 0", params![*id, now])?;
            }
            if told > 0 {
                for letter in &letters {
                    letter.post(tx)?;
                }
            }
            Ok::<_, JudgementError>(())
        };
        self.store.write(work).await
    }
}

/// What waits, by organisation; nothing of one that was told within the hour.
fn untold(tx: &mut Tx<'_>) -> Result<BTreeMap<i64, Vec<Untold>>, JudgementError> {
    let rows = tx.rows(
        "SELECT c.id, c.organisation, c.account, c.detail FROM complaint c WHERE c.told = 0
         AND NOT EXISTS (SELECT 1 FROM complaint o WHERE o.organisation = c.organisation AND o.told > $1)
         ORDER BY c.at LIMIT $2",
        params![tx.now().millis() - TOLD_EVERY_MILLIS, ROUND],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.bytes(3)?.to_vec())),
    )?;
    let mut found: BTreeMap<i64, Vec<Untold>> = BTreeMap::new();
    for (id, organisation, account, detail) in rows {
        let key = tx.context().keys.organisation(tx, organisation)?;
        let detail: Detail = sealed::open(&key, PLACE, id, &detail)?;
        let address = identity::list_addresses(tx, account)?.into_iter().next().unwrap_or_default();
        let reporter = detail.reporter.unwrap_or_else(|| "?".to_owned());
        let untold = Untold { id, address, kind: detail.kind, reporter, subject: detail.subject };
        found.entry(organisation).or_default().push(untold);
    }
    Ok(found)
}

fn words(complaints: &[Untold], language: Language) -> Words {
    let texts = Texts::of(language);
    let count = complaints.len().to_string();
    let entry = |one: &Untold| {
        let (subject, reporter) = (harmless(&one.subject), harmless(&one.reporter));
        let values = [
            ("address", one.address.as_str()),
            ("kind", one.kind.as_str()),
            ("reporter", &reporter),
            ("subject", &subject),
        ];
        texts.say("complaint-entry", &values)
    };
    let mut parts = vec![texts.say("complaint-intro", &[("count", &count)])];
    parts.extend(complaints.iter().take(NAMED_MAX).map(entry));
    parts.push(texts.say("complaint-ending", &[]));
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say("complaint-subject", &[("count", &count)]),
        text: format!("{}\n", parts.join("\n\n")),
    }
}
