//! Answers to whoever asks: drafts from templates in his language, which somebody reads, changes, and sends.

use env::Timestamp;
use identity::Language;
use letters::{Letter as Post, Mailer};
use mail::Address;
use mail::notice::{self, Notice};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{Store, StoreError, Tx, params};

use crate::error::day;
use crate::request::{Request, load};
use crate::step::{self, By};
use crate::{SubjectError, texts};

const PLACE: &str = "subject_letter.detail";

/// Letters of one request that are listed.
const LISTED_MAX: i64 = 100;

/// Octets of a letter's text.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Octets of its subject.
const SUBJECT_BYTES_MAX: usize = 500;

env::words! {
    /// What a letter tells.
    LetterKind "kind of letter" allowed "received, extended, done, refused, refused-hold" {
        /// That the request came.
        Received = "received",
        /// That its deadline was extended, and why.
        Extended = "extended",
        /// What was done.
        Done = "done",
        /// That it is refused, and why.
        Refused = "refused",
        /// That it is refused because of a legal hold, and which.
        RefusedByHold = "refused-hold",
    }
}

/// A letter to whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its number.
    pub id: i64,
    /// What it tells.
    pub kind: LetterKind,
    /// When the draft was made.
    pub made: Timestamp,
    /// When it was sent; none for a draft.
    pub sent: Option<Timestamp>,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    kind: String,
    subject: String,
    text: String,
}

/// Makes a draft in the language of whoever asks; gives its number. An earlier draft of its kind makes room.
pub(crate) fn draft(
    tx: &mut Tx<'_>,
    request: &Request,
    kind: LetterKind,
    values: &[(&str, &str)],
) -> Result<i64, SubjectError> {
    let texts = texts::of(request.language);
    let organisation = name_of(tx, request.organisation)?;
    let (received, due, number) = (day(request.received), day(request.due), request.id.to_string());
    let kind_text = texts.say(&format!("kind-{}", request.kind), &[]);
    let law = texts.say(&format!("law-{}", request.regime), &[]);
    let done = texts.say(&format!("done-{}", request.kind), &[]);
    let mut all = vec![
        ("name", request.name.as_str()),
        ("organisation", organisation.as_str()),
        ("received", received.as_str()),
        ("due", due.as_str()),
        ("number", number.as_str()),
        ("what", kind_text.as_str()),
        ("law", law.as_str()),
        ("done", done.as_str()),
    ];
    all.extend(values.iter().copied());
    let subject = texts.say(&format!("answer-{kind}-subject"), &all);
    let text = texts.say(&format!("answer-{kind}"), &all);
    for old in letters(tx, request.organisation, request.id)? {
        if old.kind == kind && old.sent.is_none() {
            tx.execute(
                "DELETE FROM subject_letter WHERE organisation = $1 AND request = $2 AND id = $3",
                params![request.organisation, request.id, old.id],
            )?;
        }
    }
    let (id, now) = (tx.next_id(), tx.now().millis());
    let detail = Detail { kind: kind.to_string(), subject, text };
    let sealed = owned::seal(tx, Owner::Organisation(request.organisation), PLACE, id, &detail)?;
    tx.execute(
        "INSERT INTO subject_letter (organisation, request, id, made, sent, detail) VALUES ($1, $2, $3, $4, 0, $5)",
        params![request.organisation, request.id, id, now, &sealed],
    )?;
    Ok(id)
}

pub(crate) fn name_of(tx: &mut Tx<'_>, organisation: i64) -> Result<String, SubjectError> {
    let all = identity::list_organisations(tx)?;
    Ok(all.into_iter().find(|it| it.id == organisation).map(|it| it.name).unwrap_or_default())
}

/// The letters of a request, the first first.
///
/// # Errors
/// [`SubjectError`] if the store fails or one does not open.
pub fn letters(tx: &mut Tx<'_>, organisation: i64, request: i64) -> Result<Vec<Letter>, SubjectError> {
    let rows = tx.rows(
        "SELECT id, made, sent, detail FROM subject_letter WHERE organisation = $1 AND request = $2 ORDER BY id LIMIT $3",
        params![organisation, request, LISTED_MAX],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.bytes(3)?.to_vec())),
    )?;
    let mut letters = Vec::with_capacity(rows.len());
    for (id, made, sent, sealed) in rows {
        let Detail { kind, subject, text } = owned::open(tx, Owner::Organisation(organisation), PLACE, id, &sealed)?;
        let kind = kind.parse().map_err(|_| StoreError::Corrupt { what: format!("letter {id} cannot be read") })?;
        let sent = (sent != 0).then(|| Timestamp::from_millis(sent));
        letters.push(Letter { id, kind, made: Timestamp::from_millis(made), sent, subject, text });
    }
    Ok(letters)
}

fn draft_of(tx: &mut Tx<'_>, organisation: i64, request: i64, letter: i64) -> Result<Letter, SubjectError> {
    let found = letters(tx, organisation, request)?.into_iter().find(|it| it.id == letter && it.sent.is_none());
    found.ok_or(SubjectError::NoDraft { request, letter })
}

/// Changes a draft.
///
/// # Errors
/// [`SubjectError::NoDraft`], or if a text is wrong or the store fails.
pub fn set_letter(
    tx: &mut Tx<'_>,
    organisation: i64,
    (request, letter): (i64, i64),
    subject: &str,
    text: &str,
) -> Result<(), SubjectError> {
    for (part, text, most) in [("the subject", subject, SUBJECT_BYTES_MAX), ("the text", text, TEXT_BYTES_MAX)] {
        if text.trim().is_empty() || text.len() > most {
            return Err(SubjectError::Part { part, cause: format!("is empty or longer than {most} octets") });
        }
    }
    load(tx, organisation, request)?;
    let draft = draft_of(tx, organisation, request, letter)?;
    let detail = Detail { kind: draft.kind.to_string(), subject: subject.to_owned(), text: text.to_owned() };
    let sealed = owned::seal(tx, Owner::Organisation(organisation), PLACE, letter, &detail)?;
    tx.execute(
        "UPDATE subject_letter SET detail = $4 WHERE organisation = $1 AND request = $2 AND id = $3 AND sent = 0",
        params![organisation, request, letter, &sealed],
    )?;
    Ok(())
}

/// Sends a draft to whoever asks; gives where to. It is sent once, whatever happens meanwhile.
///
/// # Errors
/// [`SubjectError::NoDraft`], [`SubjectError::NoDomain`], or if the store fails.
pub async fn send(
    store: &Store,
    mailer: &Mailer,
    organisation: i64,
    (request, letter): (i64, i64),
    by: By,
) -> Result<String, SubjectError> {
    let writer = by.account;
    let read = move |tx: &mut Tx<'_>| {
        let found = load(tx, organisation, request)?;
        let draft = draft_of(tx, organisation, request, letter)?;
        let domain = identity::list_domains(tx, Some(organisation))?.into_iter().next();
        let domain = domain.ok_or(SubjectError::NoDomain)?.name;
        let own = match writer {
            Some(account) => identity::list_addresses(tx, account)?.into_iter().next(),
            None => None,
        };
        let name = name_of(tx, organisation)?;
        Ok::<_, SubjectError>((found, draft, domain, own, name))
    };
    let (found, draft, domain, own, name) = store.read(read).await?;
    let to = Address::parse(&found.answer_to)
        .map_err(|cause| SubjectError::Part { part: "answer_to", cause: format!("is no mail address: {cause}") })?;
    let own = own.and_then(|own| Address::parse(&own).ok());
    let notice = Notice {
        from_name: &name,
        from_domain: &domain,
        reply_to: own.as_ref(),
        to: &to,
        subject: &draft.subject,
        text: &draft.text,
        language: match found.language {
            Language::Chinese => "zh",
            Language::English => "en",
        },
    };
    let raw = notice::build(&notice, store.context().clock.now(), &mailer.message_id());
    let is_ascii = to.is_ascii_capable() && own.as_ref().is_none_or(Address::is_ascii_capable);
    let post = Post { utf8: !is_ascii, ..Post::new(organisation, vec![to.to_string()], raw) };
    let ready = mailer.ready(post).await?;
    let work = move |tx: &mut Tx<'_>| {
        let now = tx.now().millis();
        let sent = tx.execute(
            "UPDATE subject_letter SET sent = $4 WHERE organisation = $1 AND request = $2 AND id = $3 AND sent = 0",
            params![organisation, request, letter, now],
        )?;
        if sent == 0 {
            return Err(SubjectError::NoDraft { request, letter });
        }
        ready.post(tx)?;
        step::note(tx, found.of(), "letter-sent", &by, draft.kind.as_str())?;
        Ok(found.answer_to.clone())
    };
    store.write(work).await
}
