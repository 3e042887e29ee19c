//! Searches: what for, and what they found.

use env::Timestamp;
use mail::message::text::fold;
use mailbox::journaled;
use mailbox::search::{Budget, Field, Needle, Query, search_account};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{Blobs, Tx, params};

use crate::InvestigationError;
use crate::file::load;

/// Searches of one investigation.
pub const SEARCHES_MAX: i64 = 1_000;

/// Words or phrases of one search.
const WORDS_MAX: usize = 20;

/// Octets of a word, a phrase or an address.
const WORD_BYTES_MAX: usize = 200;

const DETAIL: &str = "investigation_search.detail";

/// What is searched for: messages that meet all conditions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Terms {
    /// Each of these words or phrases stands somewhere in the message, in a header field, the text or the name of an attachment.
    #[serde(default)]
    pub words: Vec<String>,
    /// An author or a recipient has this in name or address.
    #[serde(default)]
    pub with: Option<String>,
    /// The author has this in name or address.
    #[serde(default)]
    pub from: Option<String>,
    /// This stands in the subject.
    #[serde(default)]
    pub subject: Option<String>,
    /// Received from then on, milliseconds since 1970.
    #[serde(default)]
    pub since: Option<i64>,
    /// Received before then.
    #[serde(default)]
    pub before: Option<i64>,
}

impl Terms {
    /// Refuses terms that cannot be, or would find all mail.
    ///
    /// # Errors
    /// [`InvestigationError`] with what is wrong.
    pub fn check(&self) -> Result<(), InvestigationError> {
        let Self { words, with, from, subject, since, before } = self;
        let texts = words.iter().map(|word| ("a word", word)).chain(
            [("with", with), ("from", from), ("subject", subject)]
                .into_iter()
                .filter_map(|(part, text)| text.as_ref().map(|text| (part, text))),
        );
        for (part, text) in texts {
            if fold(text).trim().is_empty() || text.len() > WORD_BYTES_MAX {
                return Err(InvestigationError::Part { part, cause: "is empty or longer than 200 octets" });
            }
        }
        if words.len() > WORDS_MAX {
            return Err(InvestigationError::Part { part: "words", cause: "are more than 20; search twice" });
        }
        if let (Some(since), Some(before)) = (since, before)
            && since >= before
        {
            return Err(InvestigationError::Part {
                part: "since",
                cause: "is not before `before`: they are the wrong way round",
            });
        }
        if *self == Self::default() {
            return Err(InvestigationError::NoCondition);
        }
        Ok(())
    }

    /// The query, and the same for mail into whose text nobody here can look, as it is encrypted end to end; if it asks for text.
    fn queries(&self) -> (Query, Option<Query>) {
        let Self { words, with, from, subject, since, before } = self;
        let envelope = |field, text: &str| Query::Envelope(field, Needle::new(text));
        let mut all = Vec::new();
        if since.is_some() || before.is_some() {
            all.push(Query::Received(since.map(Timestamp::from_millis), before.map(Timestamp::from_millis)));
        }
        if let Some(with) = with {
            all.push(Query::Or(
                [Field::From, Field::To, Field::Cc, Field::Bcc].map(|field| envelope(field, with)).into(),
            ));
        }
        all.extend(from.as_deref().map(|from| envelope(Field::From, from)));
        let mut closed = all.clone();
        all.extend(subject.as_deref().map(|subject| envelope(Field::Subject, subject)));
        all.extend(words.iter().map(|word| Query::Text(Needle::new(word))));
        let kinds = ["multipart/encrypted", "pkcs7-mime"];
        closed.push(Query::Or(kinds.map(|kind| Query::Header("content-type".to_owned(), Needle::new(kind))).into()));
        let asks_text = subject.is_some() || !words.is_empty();
        (Query::And(all), asks_text.then_some(Query::And(closed)))
    }
}

/// How far a search came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SearchDone {
    /// Custodians whose mail was searched.
    pub custodians: u64,
    /// Messages that it found.
    pub found: u64,
    /// Of these, those that no search had found before.
    pub new: u64,
    /// Messages of that time and those people that are encrypted, so that nobody here can say whether they match.
    pub closed: u64,
    /// Whether it came to its end.
    pub is_whole: bool,
    /// Custodians who were left out, as their data is restricted and the investigation serves no legal claims.
    #[serde(default)]
    pub restricted: u64,
}

/// A search that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Its number in the investigation.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What for.
    pub terms: Terms,
    /// By whom.
    pub by: String,
    /// What came of it.
    pub done: SearchDone,
}

#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    terms: Terms,
    by: String,
    done: SearchDone,
}

/// Notes that a search begins; gives its number. It stands there before anything is looked at.
///
/// # Errors
/// [`InvestigationError`] if the terms are wrong, the investigation is closed, or there are too many.
pub fn begin_search(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    terms: &Terms,
    by: &str,
) -> Result<i64, InvestigationError> {
    terms.check()?;
    load(tx, organisation, id)?.check_open()?;
    let last = tx.row(
        "SELECT COALESCE(MAX(number), 0) FROM investigation_search WHERE investigation = $1",
        params![id],
        |row| row.int(0),
    )?;
    let (number, now) = (last.unwrap_or(0) + 1, tx.now().millis());
    if number > SEARCHES_MAX {
        return Err(InvestigationError::TooMany);
    }
    let detail = Detail { terms: terms.clone(), by: by.to_owned(), done: SearchDone::default() };
    let own = tx.next_id();
    let sealed = owned::seal(tx, Owner::Organisation(organisation), DETAIL, own, &detail)?;
    tx.execute(
        "INSERT INTO investigation_search (investigation, number, id, at, detail) VALUES ($1, $2, $3, $4, $5)",
        params![id, number, own, now, &sealed],
    )?;
    Ok(number)
}

/// The messages of one custodian that match, removed ones that are still kept included, and those that the journal alone still has; and how many
/// are encrypted so that nobody can say. Reads blobs, so this belongs where a thread may block.
///
/// # Errors
/// [`InvestigationError`] if the store fails or the budget is spent.
pub fn find(
    tx: &mut Tx<'_>,
    blobs: &Blobs,
    account: i64,
    terms: &Terms,
    budget: &Budget,
) -> Result<(Vec<i64>, u64), InvestigationError> {
    let (query, closed) = terms.queries();
    let organisation = store::holds::keeping(tx, account)?.organisation;
    let mut everywhere = |query: &Query| {
        let mut found = search_account(tx, blobs, account, query, budget)?;
        found.extend(journaled::search(tx, blobs, (organisation, account), query, budget)?);
        found.sort_unstable();
        Ok::<_, InvestigationError>(found)
    };
    let found = everywhere(&query)?;
    let closed = match closed {
        Some(closed) => {
            let all = everywhere(&closed)?;
            all.iter().filter(|message| found.binary_search(message).is_err()).count() as u64
        }
        None => 0,
    };
    Ok((found, closed))
}

/// Keeps what a search found in the mail of one custodian; gives how many no search had found before.
///
/// # Errors
/// [`InvestigationError`] if the store fails.
pub fn note_found(
    tx: &mut Tx<'_>,
    id: i64,
    number: i64,
    account: i64,
    messages: &[i64],
) -> Result<u64, InvestigationError> {
    let mut new = 0;
    for message in messages {
        new += tx.execute(
            "INSERT INTO investigation_item (investigation, account, message, search, mark) VALUES ($1, $2, $3, $4, 0)
             ON CONFLICT (investigation, account, message) DO NOTHING",
            params![id, account, *message, number],
        )?;
    }
    Ok(new)
}

/// Keeps what came of a search.
///
/// # Errors
/// [`InvestigationError`] if the store fails.
pub fn finish_search(tx: &mut Tx<'_>, organisation: i64, id: i64, search: &Search) -> Result<(), InvestigationError> {
    let own = tx.row(
        "SELECT id FROM investigation_search WHERE investigation = $1 AND number = $2",
        params![id, search.number],
        |row| row.int(0),
    )?;
    let own = own.ok_or(InvestigationError::NoInvestigation(id))?;
    let detail = Detail { terms: search.terms.clone(), by: search.by.clone(), done: search.done };
    let sealed = owned::seal(tx, Owner::Organisation(organisation), DETAIL, own, &detail)?;
    tx.execute(
        "UPDATE investigation_search SET detail = $3 WHERE investigation = $1 AND number = $2",
        params![id, search.number, &sealed],
    )?;
    Ok(())
}

/// The searches of an investigation in their order.
///
/// # Errors
/// [`InvestigationError`] if there is no such investigation, or one does not open.
pub fn searches(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Vec<Search>, InvestigationError> {
    load(tx, organisation, id)?;
    let rows = tx.rows(
        "SELECT number, id, at, detail FROM investigation_search WHERE investigation = $1 ORDER BY number",
        params![id],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.bytes(3)?.to_vec())),
    )?;
    let mut searches = Vec::with_capacity(rows.len());
    for (number, own, at, sealed) in rows {
        let Detail { terms, by, done } = owned::open(tx, Owner::Organisation(organisation), DETAIL, own, &sealed)?;
        searches.push(Search { number, at: Timestamp::from_millis(at), terms, by, done });
    }
    Ok(searches)
}
