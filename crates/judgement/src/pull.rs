//! Mail that was delivered before somebody knew better: moved to Junk or kept back in quarantine, recorded, told, and brought back when
//! that was wrong.
//!
//! Somebody is a person here, a feed, or a rule. What is unwanted by now goes to Junk if it still lies in INBOX; what would be kept back
//! today is kept back wherever it lies, but in Sent, Trash and Drafts. What came back once is never pulled again.

mod held;
mod page;

use std::collections::BTreeMap;

use env::{Outlook, Timestamp};
use filter::{Action, Judge, Verdict};
use identity::Language;
use intel::Feeds;
use intel::feeds::Earlier;
use letters::{Texts, Words};
use mailbox::{Name, SpecialUse, UidRange};
use store::{Tx, params};
use trace::{Change, Outcome, What};

use crate::digest::harmless;
use crate::learner::Learner;
use crate::quarantine::organisation_of;
use crate::traced::traced;
use crate::{Detail, JudgementError, kept, marks, votes};

pub(crate) use held::note_released;
pub use page::{After, PulledPlace, Shown, Wanted, page};

/// Rows that one list gives.
const LISTED_MAX: i64 = 1_000;

/// Messages that a letter names.
const NAMED_MAX: usize = 20;

/// A delivered message as it is judged now.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    id: i64,
    /// What was done with it when it came.
    before: Action,
    verdict: Verdict,
    from: String,
    subject: String,
    envelope_from: String,
}

impl Candidate {
    /// Whether it would not lie where it does by today's judgement.
    pub(crate) fn is_worse(&self) -> bool {
        let now = self.verdict.action;
        now >= Action::Quarantine || now >= Action::Junk && self.before < Action::Junk
    }

    fn way(&self) -> Way {
        if self.verdict.action >= Action::Quarantine { Way::Held } else { Way::Junk }
    }
}

/// Where a message is pulled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Junk,
    Held,
}

impl Way {
    /// The word in the database.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Junk => "pulled",
            Self::Held => "held",
        }
    }
}

/// A message that was pulled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The judged message.
    pub judged: i64,
    /// Whose copy.
    pub account: i64,
    /// When.
    pub at: Timestamp,
    /// It waits in quarantine; else it went to Junk.
    pub is_held: bool,
    /// It is back.
    pub is_returned: bool,
}

/// What a delivered message would be now, by what people have said since.
pub(crate) fn judge_now(tx: &mut Tx<'_>, id: i64, judge: &Judge) -> Result<Option<Candidate>, JudgementError> {
    judge_with(tx, id, judge, None)
}

/// What a delivered message would be now; with `news` only if feeds list something in it.
pub(crate) fn judge_with(
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
    let marks = marks::all(tx, judged.organisation, facts, &key)?;
    outside.extend(votes::standing(tx, judged.organisation, &marks, votes::is_proven(facts), &[])?.findings);
    let verdict = judge.judge_by(facts, outside, judged.detail.thresholds);
    let from = facts.from.as_ref().map(|from| from.address.clone()).unwrap_or_default();
    let (subject, before) = (facts.subject.clone(), judged.detail.action);
    Ok(Some(Candidate { id, before, verdict, from, subject, envelope_from: envelope_from.clone() }))
}

/// A copy that is to go.
#[derive(Debug, Clone)]
struct Copy {
    message: i64,
    of: Candidate,
}

/// Takes every copy of `worse` back, account by account, and tells its owner.
pub(crate) async fn pull(learner: &Learner, organisation: i64, worse: Vec<Candidate>) -> Result<(), JudgementError> {
    let copies = learner.store.read(move |tx| copies(tx, organisation, &worse)).await?;
    let days = u64::from(learner.settings.now().quarantine_days);
    let expires = learner.store.context().clock.now().plus(std::time::Duration::from_secs(days * 86_400));
    for ((account, way), copies) in copies {
        let told = copies.clone();
        let letter = match learner.mailer.notice(account, |language| words(&told, way, language)).await {
            Ok(letter) => Some(letter),
            Err(error) if error.outlook() == Outlook::Permanent => None,
            Err(error) => return Err(error.into()),
        };
        let work = move |tx: &mut Tx<'_>| {
            let mut moved = 0;
            for copy in &copies {
                moved += usize::from(match way {
                    Way::Junk => pull_one(tx, organisation, account, copy)?,
                    Way::Held => held::hold_one(tx, organisation, account, copy, expires)?,
                });
            }
            if let Some(letter) = letter.as_ref().filter(|_| moved > 0) {
                letter.post(tx)?;
            }
            Ok::<_, JudgementError>(moved)
        };
        let moved = learner.store.write(work).await?;
        tracing::info!(account, moved, to = way.as_str(), "delivered messages were pulled back");
    }
    Ok(())
}

/// The copies that are to go and have not come back, by account and way. Those of other organisations cannot wait in this one's quarantine.
fn copies(
    tx: &mut Tx<'_>,
    organisation: i64,
    worse: &[Candidate],
) -> Result<BTreeMap<(i64, Way), Vec<Copy>>, JudgementError> {
    let mut found: BTreeMap<(i64, Way), Vec<Copy>> = BTreeMap::new();
    for candidate in worse {
        let rows = tx.rows(
            "SELECT c.account, c.message, a.organisation, COALESCE((SELECT MAX(p.state) FROM mail_pulled p WHERE p.account = c.account AND p.judged = c.judged), '')
             FROM judged_copy c JOIN account a ON a.id = c.account
             WHERE c.judged = $1 ORDER BY c.account, c.message",
            params![candidate.id],
            |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.text(3)?.to_owned())),
        )?;
        for (account, message, owner, state) in rows {
            let way = if owner == organisation { candidate.way() } else { Way::Junk };
            let may_go = match (state.as_str(), way) {
                ("", _) => true,
                // What went to Junk may turn out to be worse still.
                (state, Way::Held) => state == Way::Junk.as_str(),
                (_, Way::Junk) => false,
            };
            let is_there = match way {
                Way::Junk => place_in(tx, account, message, Folder::Inbox)?.is_some(),
                Way::Held => !held::places(tx, account, message)?.is_empty(),
            };
            if may_go && is_there {
                found.entry((account, way)).or_default().push(Copy { message, of: candidate.clone() });
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

/// Writes down that a copy is pulled; false if it was before, other than to Junk on its way further.
fn note(tx: &mut Tx<'_>, organisation: i64, account: i64, copy: &Copy, way: Way) -> Result<bool, JudgementError> {
    let noted = tx.execute(
        "INSERT INTO mail_pulled (account, message, organisation, judged, at, state)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, message) DO UPDATE SET at = $5, state = $6
         WHERE mail_pulled.state = 'pulled' AND $6 = 'held'",
        params![account, copy.message, organisation, copy.of.id, tx.now().millis(), way.as_str()],
    )?;
    Ok(noted == 1)
}

fn pull_one(tx: &mut Tx<'_>, organisation: i64, account: i64, copy: &Copy) -> Result<bool, JudgementError> {
    let place = place_in(tx, account, copy.message, Folder::Inbox)?;
    let (Some((inbox, uid)), Some(junk)) = (place, folder(tx, account, Folder::Junk)?) else { return Ok(false) };
    if !note(tx, organisation, account, copy, Way::Junk)? {
        return Ok(false);
    }
    mailbox::move_messages(tx, account, inbox, &[UidRange::one(uid)], junk)?;
    traced_pulled(tx, organisation, account, copy, false)?;
    Ok(true)
}

/// Writes into the message's trace that a copy was taken back.
fn traced_pulled(
    tx: &mut Tx<'_>,
    organisation: i64,
    account: i64,
    copy: &Copy,
    held: bool,
) -> Result<(), store::StoreError> {
    traced(tx, organisation, copy.of.id, What::Pulled { account, held }, Change::to(Outcome::Pulled))
}

/// Brings the copies of a judged message that were pulled back, all or those of one account; gives how many. From Junk they move to INBOX;
/// from quarantine they are delivered there.
///
/// # Errors
/// [`JudgementError::NotKept`] if none was pulled, as [`crate::quarantine::release`], or the store fails.
pub fn undo(tx: &mut Tx<'_>, judged: i64, account: Option<i64>) -> Result<usize, JudgementError> {
    let rows = tx.rows(
        "SELECT account, message, state FROM mail_pulled WHERE judged = $1 AND state IN ('pulled', 'held') ORDER BY account, message",
        params![judged],
        |row| Ok((row.int(0)?, row.int(1)?, row.text(2)? == Way::Held.as_str())),
    )?;
    let mut moved = 0;
    // What waited in quarantine is delivered anew, and is not there yet.
    let waits = rows.iter().any(|(.., is_held)| *is_held);
    for (owner, message, is_held) in
        rows.into_iter().filter(|(owner, ..)| account.is_none_or(|wanted| wanted == *owner))
    {
        if is_held {
            moved += held::release(tx, judged, owner)?;
            continue;
        }
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
    if moved == 0 {
        return Err(JudgementError::NotKept(judged));
    }
    if let Some(organisation) = organisation_of(tx, judged)? {
        let returned = What::Returned { copies: moved as u64 };
        let change = if waits { Change::NONE } else { Change::to(Outcome::Delivered) };
        traced(tx, organisation, judged, returned, change)?;
    }
    Ok(moved)
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
            let state = row.text(3)?;
            Ok(Pulled {
                judged: row.int(0)?,
                account: row.int(1)?,
                at: Timestamp::from_millis(row.int(2)?),
                is_held: state == Way::Held.as_str(),
                is_returned: state == "returned",
            })
        },
    )?)
}

/// Forgets what was pulled of messages that are no longer kept; gives how many.
pub(crate) fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, store::StoreError> {
    tx.execute("DELETE FROM mail_pulled WHERE at < $1", params![before.millis()])
}

fn words(copies: &[Copy], way: Way, language: Language) -> Words {
    let texts = Texts::of(language);
    let count = copies.len().to_string();
    let [subject, intro, ending] = match way {
        Way::Junk => ["pulled-subject", "pulled-intro", "pulled-ending"],
        Way::Held => ["pulled-held-subject", "pulled-held-intro", "pulled-held-ending"],
    };
    let entry = |copy: &Copy| {
        let (from, subject) = (harmless(&copy.of.from), harmless(&copy.of.subject));
        texts.say("pulled-entry", &[("from", &from), ("subject", &subject), ("id", &format!("{:x}", copy.of.id))])
    };
    let mut parts = vec![texts.say(intro, &[("count", &count)])];
    parts.extend(copies.iter().take(NAMED_MAX).map(entry));
    parts.push(texts.say(ending, &[]));
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say(subject, &[("count", &count)]),
        text: format!("{}\n", parts.join("\n\n")),
    }
}
