//! Requests that strangers leave on the public page. None enters the register before the link that was mailed to the address in it was followed, so that
//! nobody asks in another's name; one that nobody follows is forgotten.

use std::time::Duration;

use env::Timestamp;
use identity::Language;
use letters::{Letter as Post, Mailer};
use mail::Address;
use mail::notice::{self, Notice};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{Store, Tx, params};

use crate::request::{NewRequest, Request, TEXT_BYTES_MAX, check_address, check_text, open};
use crate::step::By;
use crate::words::{Kind, Regime};
use crate::{SubjectError, SubjectSettings, course, texts};

const PLACE: &str = "subject_unproved.detail";

/// How long a link can be followed.
const LASTS: Duration = Duration::from_secs(48 * 3_600);

/// Letters to one address in a day: beyond that, nobody gets any.
const LETTERS_A_DAY: i64 = 2;

/// Requests of one organisation that wait for their proof.
const WAITING_MAX: i64 = 1_000;

const DAY_MILLIS: i64 = 86_400_000;

/// Octets of what a link holds.
const TOKEN_BYTES: usize = 24;

/// Characters of a name.
const NAME_CHARS_MAX: usize = 200;

/// Requests that one round forgets.
const ROUND: i64 = 500;

/// What somebody leaves on the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// What is asked for.
    pub kind: String,
    /// Under which law.
    pub law: String,
    /// His name.
    pub name: String,
    /// His address.
    pub address: String,
    /// Language of the answers.
    pub language: String,
    /// What he wrote.
    pub note: String,
}

/// A request that waits for its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproved {
    /// Whose register it is for.
    pub organisation: i64,
    /// When it was left.
    pub made: Timestamp,
    /// What is asked for.
    pub left: Left,
}

impl Left {
    fn language(&self) -> Language {
        self.language.parse().unwrap_or(Language::English)
    }

    fn checked(&self) -> Result<(Self, Address), SubjectError> {
        let _: Kind = self.kind.parse().map_err(|_| wrong("the kind of request", &self.kind))?;
        let _: Regime = self.law.parse().map_err(|_| wrong("the law", &self.law))?;
        let _: Language = self.language.parse().map_err(|_| wrong("the language", &self.language))?;
        check_text("the name", &self.name)?;
        let is_line = self.name.chars().count() <= NAME_CHARS_MAX && !self.name.chars().any(char::is_control);
        if !is_line {
            let cause = format!("must be one line of at most {NAME_CHARS_MAX} characters");
            return Err(SubjectError::Part { part: "the name", cause });
        }
        if self.note.len() > TEXT_BYTES_MAX {
            let cause = format!("is longer than {TEXT_BYTES_MAX} octets");
            return Err(SubjectError::Part { part: "the note", cause });
        }
        let address = check_address("the address", &self.address)?;
        let parsed = Address::parse(&address).map_err(|_| wrong("the address", &self.address))?;
        Ok((Self { name: self.name.trim().to_owned(), address, ..self.clone() }, parsed))
    }
}

fn wrong(part: &'static str, given: &str) -> SubjectError {
    SubjectError::Part { part, cause: format!("cannot be {given:?}") }
}

/// Keeps what a stranger left for `organisation`, and mails him the link, which begins with `base`. Nothing is mailed, and nothing told of it, where too
/// much was asked for in the name of that address or waits already.
///
/// # Errors
/// [`SubjectError::Part`] if a part is wrong, [`SubjectError::NoDomain`], or if the store fails.
pub async fn leave(
    store: &Store,
    mailer: &Mailer,
    (organisation, base): (i64, &str),
    left: &Left,
) -> Result<bool, SubjectError> {
    let (left, to) = left.checked()?;
    let asked = left.address.clone();
    let read = move |tx: &mut Tx<'_>| {
        let domain = identity::list_domains(tx, Some(organisation))?.into_iter().next();
        let domain = domain.ok_or(SubjectError::NoDomain)?.name;
        let name = crate::answer::name_of(tx, organisation)?;
        Ok::<_, SubjectError>((domain, name, has_room(tx, organisation, &asked)?))
    };
    let (domain, name, has_room_now) = store.read(read).await?;
    if !has_room_now {
        return Ok(false);
    }
    let mut octets = [0; TOKEN_BYTES];
    store.context().entropy.fill(&mut octets);
    let token: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let language = left.language();
    let said = texts::of(language);
    let kind = said.say(&format!("kind-{}", left.kind), &[]);
    let link = format!("{base}/{token}");
    let values = [("organisation", name.as_str()), ("kind", kind.as_str()), ("link", link.as_str())];
    let (subject, text) = (said.say("unproved-subject", &values), said.say("unproved-text", &values));
    let notice = Notice {
        from_name: &name,
        from_domain: &domain,
        reply_to: None,
        to: &to,
        subject: &subject,
        text: &text,
        language: language.as_str(),
    };
    let raw = notice::build(&notice, store.context().clock.now(), &mailer.message_id());
    let utf8 = !to.is_ascii_capable();
    let ready = mailer.ready(Post { utf8, ..Post::new(organisation, vec![to.to_string()], raw) }).await?;
    let work = move |tx: &mut Tx<'_>| {
        if !has_room(tx, organisation, &left.address)? {
            return Ok(false);
        }
        keep(tx, organisation, &token, &left)?;
        ready.post(tx)?;
        Ok::<_, SubjectError>(true)
    };
    store.write(work).await
}

/// Whether one more may wait, and one more letter go to the address.
fn has_room(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<bool, SubjectError> {
    let person = person(tx, organisation, address)?;
    let since = tx.now().millis() - DAY_MILLIS;
    let lately = tx.row(
        "SELECT COUNT(*) FROM subject_unproved WHERE organisation = $1 AND person = $2 AND made > $3",
        params![organisation, &person, since],
        |row| row.int(0),
    )?;
    let all =
        tx.row("SELECT COUNT(*) FROM subject_unproved WHERE organisation = $1", params![organisation], |row| {
            row.int(0)
        })?;
    Ok(lately.unwrap_or(0) < LETTERS_A_DAY && all.unwrap_or(0) < WAITING_MAX)
}

fn keep(tx: &mut Tx<'_>, organisation: i64, token: &str, left: &Left) -> Result<(), SubjectError> {
    let (id, now) = (tx.next_id(), tx.now());
    let person = person(tx, organisation, &left.address)?;
    let sealed = owned::seal(tx, Owner::Organisation(organisation), PLACE, id, left)?;
    tx.execute(
        "INSERT INTO subject_unproved (token, organisation, id, person, made, expires, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![&hash(token), organisation, id, &person, now.millis(), now.plus(LASTS).millis(), &sealed],
    )?;
    Ok(())
}

fn person(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Vec<u8>, SubjectError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(key.hashing().hash(format!("subject unproved {address}").as_bytes()).to_vec())
}

fn hash(token: &str) -> Vec<u8> {
    crypto::hash::sha256(token.as_bytes()).to_vec()
}

/// What was left behind a link.
///
/// # Errors
/// [`SubjectError::NoLink`] if there is none, its time is over, or it was followed; or if the store fails.
pub fn unproved(tx: &mut Tx<'_>, token: &str) -> Result<Unproved, SubjectError> {
    let found = tx.row(
        "SELECT organisation, id, made, expires, detail FROM subject_unproved WHERE token = $1",
        params![&hash(token)],
        |row| Ok(([row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?], row.bytes(4)?.to_vec())),
    )?;
    let Some(([organisation, id, made, expires], sealed)) = found else { return Err(SubjectError::NoLink) };
    if expires <= tx.now().millis() {
        return Err(SubjectError::NoLink);
    }
    let left = owned::open(tx, Owner::Organisation(organisation), PLACE, id, &sealed)?;
    Ok(Unproved { organisation, made: Timestamp::from_millis(made), left })
}

/// Enters what was left behind a link into the register: whoever follows it has the address. The clock runs from when it was left.
///
/// # Errors
/// [`SubjectError::NoLink`], or as [`open`].
pub fn prove(tx: &mut Tx<'_>, token: &str, settings: &SubjectSettings) -> Result<Request, SubjectError> {
    let Unproved { organisation, made, left } = unproved(tx, token)?;
    // Only one of two who follow it at the same time enters it.
    if tx.execute("DELETE FROM subject_unproved WHERE token = $1", params![&hash(token)])? != 1 {
        return Err(SubjectError::NoLink);
    }
    let by = By { account: None, name: left.address.clone() };
    let new = NewRequest {
        kind: left.kind.parse().map_err(|_| wrong("the kind of request", &left.kind))?,
        regime: left.law.parse().map_err(|_| wrong("the law", &left.law))?,
        language: left.language(),
        name: left.name,
        addresses: vec![left.address],
        answer_to: None,
        received: Some(made),
        note: left.note,
    };
    let request = open(tx, organisation, &new, &by, settings)?;
    course::identify(tx, organisation, request.id, ("followed the link that was mailed to the address", None), &by)?;
    crate::load(tx, organisation, request.id)
}

/// Forgets what nobody proved in time; gives how many.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<u64, store::StoreError> {
    // What counts against more letters stays a day.
    let before = tx.now().millis();
    let over = tx.rows(
        "SELECT token FROM subject_unproved WHERE expires <= $1 ORDER BY expires LIMIT $2",
        params![before, ROUND],
        |row| Ok(row.bytes(0)?.to_vec()),
    )?;
    for token in &over {
        tx.execute("DELETE FROM subject_unproved WHERE token = $1", params![token])?;
    }
    Ok(over.len() as u64)
}
