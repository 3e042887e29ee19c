//! Mail that was delivered before somebody knew better: moved to Junk, recorded, told, and moved back when that was wrong.
//!
//! Somebody is a person here, or a feed. Only what still lies in INBOX is moved. What was moved back once is never pulled again.

use std::collections::BTreeMap;

use env::{Outlook, Timestamp};
use filter::{Action, Judge};
use identity::Language;
use intel::Feeds;
use intel::feeds::Earlier;
use letters::{Texts, Words};
use mailbox::{Name, SpecialUse, UidRange};
use store::{Tx, params};

use crate::digest::harmless;
use crate::learner::Learner;
use crate::{Detail, JudgementError, kept, marks, votes};

/// Rows that one list gives.
const LISTED_MAX: i64 = 1_000;

/// Messages that a letter names.
const NAMED_MAX: usize = 20;

/// A delivered message as it is judged now.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    id: i64,
    pub(crate) action: Action,
    from: String,
    subject: String,
}

/// A message that was pulled out of an INBOX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The judged message.
    pub judged: i64,
    /// Whose copy.
    pub account: i64,
    /// When.
    pub at: Timestamp,
    /// It is back.
    pub is_returned: bool,
}

/// What a delivered message would be now, by what people have said since.
pub(crate) fn judge_now(tx: &mut Tx<'_>, id: i64, judge: &Judge) -> Result<Option<Candidate>, JudgementError> {
    judge_with(tx, id, judge, None)
}

/// What a delivered message would be now, as feeds list something in it; none if they do not.
pub(crate) fn judge_listed(
    tx: &mut Tx<'_>,
    id: i64,
    judge: &Judge,
    news: &Feeds,
) -> Result<Option<Candidate>, JudgementError> {
    judge_with(tx, id, judge, Some(news))
}

fn judge_with(
    tx: &mut Tx<'_>,
    id: i64,
    judge: &Judge,
    news: Option<&Feeds>,
) -> Result<Option<Candidate>, JudgementError> {
    let judged = match kept::load(tx, id) {
        Ok(judged) => judged,
        Err(JudgementError::NotKept(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(facts) = &judged.detail.facts else { return Ok(None) };
    let Detail { envelope_from, client, files, .. } = &judged.detail;
    let earlier = Earlier { facts, envelope_from, client: *client, files };
    let listed = news.map(|news| news.find_earlier(earlier)).unwrap_or_default();
    if news.is_some() && listed.is_empty() {
        return Ok(None);
    }
    let key = tx.context().keys.organisation(tx, judged.organisation)?;
    let mut outside = judged.detail.outside.clone();
    outside.retain(|finding| !votes::is_ours(finding) && listed.iter().all(|new| new.id != finding.id));
    outside.extend(listed);
    let marks = marks::numbered(facts, &key);
    outside.extend(votes::standing(tx, judged.organisation, &marks, votes::is_proven(facts), &[])?.findings);
    let verdict = judge.judge_by(facts, outside, judged.detail.thresholds);
    let from = facts.from.as_ref().map(|from| from.address.clone()).unwrap_or_default();
    Ok(Some(Candidate { id, action: verdict.action, from, subject: facts.subject.clone() }))
}

/// A copy in an INBOX that is to go.
#[derive(Debug, Clone)]
struct Copy {
    judged: i64,
    message: i64,
    from: String,
    subject: String,
}

/// Moves every copy of `worse` that still lies in an INBOX to Junk, account by account, and tells its owner.
pub(crate) async fn pull(learner: &Learner, organisation: i64, worse: Vec<Candidate>) -> Result<(), JudgementError> {
    let copies = learner.store.read(move |tx| copies(tx, &worse)).await?;
    for (account, copies) in copies {
        let told = copies.clone();
        let letter = match learner.mailer.notice(account, |language| words(&told, language)).await {
            Ok(letter) => Some(letter),
            Err(error) if error.outlook() == Outlook::Permanent => None,
            Err(error) => return Err(error.into()),
        };
        let work = move |tx: &mut Tx<'_>| {
            let mut moved = 0;
            for copy in &copies {
                moved += usize::from(pull_one(tx, organisation, account, copy)?);
            }
            if let Some(letter) = letter.as_ref().filter(|_| moved > 0) {
                letter.post(tx)?;
            }
            Ok::<_, JudgementError>(moved)
        };
        let moved = learner.store.write(work).await?;
        tracing::info!(account, moved, "delivered messages were pulled back to Junk");
    }
    Ok(())
}

/// The copies that lie in an INBOX and were never pulled, by account.
fn copies(tx: &mut Tx<'_>, worse: &[Candidate]) -> Result<BTreeMap<i64, Vec<Copy>>, JudgementError> {
    let mut found: BTreeMap<i64, Vec<Copy>> = BTreeMap::new();
    for candidate in worse {
        let rows = tx.rows(
            "SELECT c.account, c.message FROM judged_copy c
             LEFT JOIN mail_pulled p ON p.account = c.account AND p.message = c.message
             WHERE c.judged = $1 AND p.account IS NULL",
            params![candidate.id],
            |row| Ok((row.int(0)?, row.int(1)?)),
        )?;
        for (account, message) in rows {
            if place_in(tx, account, message, Folder::Inbox)?.is_some() {
                let (from, subject) = (candidate.from.clone(), candidate.subject.clone());
                found.entry(account).or_default().push(Copy { judged: candidate.id, message, from, subject });
            }
        }
    }
    Ok(found)
}

/// Where copies go to and come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Folder {
    Inbox,
    Junk,
}

fn folder(tx: &mut Tx<'_>, account: i64, which: Folder) -> Result<Option<i64>, JudgementError> {
    Ok(match which {
        Folder::Inbox => mailbox::mailboxes::find(tx, account, &Name::inbox())?.map(|inbox| inbox.id),
        Folder::Junk => mailbox::mailboxes::with_use(tx, account, SpecialUse::Junk)?,
    })
}

/// Mailbox and UID of a message, if it is in that folder.
fn place_in(tx: &mut Tx<'_>, account: i64, message: i64, which: Folder) -> Result<Option<(i64, u32)>, JudgementError> {
    let Some(mailbox) = folder(tx, account, which)? else { return Ok(None) };
    let uid = tx.row(
        "SELECT uid FROM mailbox_message WHERE account = $1 AND message = $2 AND mailbox = $3",
        params![account, message, mailbox],
        |row| row.uint32(0),
    )?;
    Ok(uid.map(|uid| (mailbox, uid)))
}

fn pull_one(tx: &mut Tx<'_>, organisation: i64, account: i64, copy: &Copy) -> Result<bool, JudgementError> {
    let place = place_in(tx, account, copy.message, Folder::Inbox)?;
    let (Some((inbox, uid)), Some(junk)) = (place, folder(tx, account, Folder::Junk)?) else { return Ok(false) };
    let noted = tx.execute(
        "INSERT INTO mail_pulled (account, message, organisation, judged, at, state)
         VALUES ($1, $2, $3, $4, $5, 'pulled') ON CONFLICT (account, message) DO NOTHING",
        params![account, copy.message, organisation, copy.judged, tx.now().millis()],
    )?;
    if noted == 0 {
        return Ok(false);
    }
    mailbox::move_messages(tx, account, inbox, &[UidRange::one(uid)], junk)?;
    Ok(true)
}

/// Moves the copies of a judged message that were pulled back to where they were, all or those of one account; gives how many.
///
/// # Errors
/// [`JudgementError::NotKept`] if none was pulled, or the store fails.
pub fn undo(tx: &mut Tx<'_>, judged: i64, account: Option<i64>) -> Result<usize, JudgementError> {
    let rows = tx.rows(
        "SELECT account, message FROM mail_pulled WHERE judged = $1 AND state = 'pulled' ORDER BY account, message",
        params![judged],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?;
    let mut moved = 0;
    for (owner, message) in rows.into_iter().filter(|(owner, _)| account.is_none_or(|wanted| wanted == *owner)) {
        tx.execute(
            "UPDATE mail_pulled SET state = 'returned' WHERE account = $1 AND message = $2",
            params![owner, message],
        )?;
        let place = place_in(tx, owner, message, Folder::Junk)?;
        if let (Some((junk, uid)), Some(inbox)) = (place, folder(tx, owner, Folder::Inbox)?) {
            mailbox::move_messages(tx, owner, junk, &[UidRange::one(uid)], inbox)?;
            moved += 1;
        }
    }
    if moved == 0 { Err(JudgementError::NotKept(judged)) } else { Ok(moved) }
}

/// What was pulled in an organisation, the latest first.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Pulled>, JudgementError> {
    Ok(tx.rows(
        "SELECT judged, account, at, state FROM mail_pulled WHERE organisation = $1 ORDER BY at DESC LIMIT $2",
        params![organisation, LISTED_MAX],
        |row| {
            Ok(Pulled {
                judged: row.int(0)?,
                account: row.int(1)?,
                at: Timestamp::from_millis(row.int(2)?),
                is_returned: row.text(3)? == "returned",
            })
        },
    )?)
}

/// Forgets what was pulled of messages that are no longer kept; gives how many.
pub(crate) fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, store::StoreError> {
    tx.execute("DELETE FROM mail_pulled WHERE at < $1", params![before.millis()])
}

fn words(copies: &[Copy], language: Language) -> Words {
    let texts = Texts::of(language);
    let count = copies.len().to_string();
    let entry = |copy: &Copy| {
        let (from, subject) = (harmless(&copy.from), harmless(&copy.subject));
        texts.say("pulled-entry", &[("from", &from), ("subject", &subject), ("id", &format!("{:x}", copy.judged))])
    };
    let mut parts = vec![texts.say("pulled-intro", &[("count", &count)])];
    parts.extend(copies.iter().take(NAMED_MAX).map(entry));
    parts.push(texts.say("pulled-ending", &[]));
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say("pulled-subject", &[("count", &count)]),
        text: format!("{}\n", parts.join("\n\n")),
    }
}
