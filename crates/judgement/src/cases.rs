//! Cases of the trade guard and what follows from them: the message that waits goes or stays away, finance is told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use env::Outlook;
use filter::Judge;
use guard::GuardError;
use guard::cases::{self, Case, Closed, Outcome};
use identity::{AccountState, IdentityError, Language, PAGE_MAX, Role};
use letters::{Mailer, Ready, Texts, Words};
use queue::QueueError;
use store::{Store, StoreError, Tx, params};

use crate::digest::harmless;
use crate::marks::{self, MarkKind};
use crate::quarantine::{self, Whose};
use crate::votes::{self, Vote};
use crate::{JudgementError, explain};

/// How long a released message is tried.
const EXPIRE_AFTER: Duration = Duration::from_secs(5 * 86_400);

/// What the word of whoever looks after the quarantine weighs.
const OFFICER_WEIGHT: i64 = 2;

/// Cases that one round tells of.
const ROUND: i64 = 50;

/// Findings, and payment details of each side, that a letter tells.
const TOLD_MAX: usize = 5;

/// Closes a case; an honest message that waits goes on its way, one of fraud is deleted, and one of ours stays held in the queue.
///
/// # Errors
/// As [`cases::close`].
pub fn close(tx: &mut Tx<'_>, id: i64, by: i64, outcome: Outcome, note: &str) -> Result<Closed, JudgementError> {
    let case = cases::load(tx, id)?;
    let closed = cases::close(tx, id, by, outcome, note)?;
    if closed == Closed::Done(Outcome::Fraud) && case.direction == "in" {
        remember(tx, &case, by)?;
    }
    let waits = case.action == "hold" || case.action == "quarantine";
    if !waits || closed == Closed::Proposed {
        return Ok(closed);
    }
    let done = match (case.direction.as_str(), outcome) {
        ("out", Outcome::Honest) => absent(queue::release(tx, id)),
        ("out", Outcome::Fraud) => Ok(()),
        (_, Outcome::Honest) => {
            let expires = tx.now().plus(EXPIRE_AFTER);
            quarantine::release(tx, id, Whose::All, expires).map(drop)
        }
        (_, Outcome::Fraud) => quarantine::delete(tx, id, Whose::All).map(drop),
    };
    match done {
        // It was deleted meanwhile: by its recipient, or as its time was over.
        Ok(()) | Err(JudgementError::NotQuarantined(_)) => Ok(closed),
        Err(error) => Err(error),
    }
}

/// What a fraud was made from is known when it comes again, as if somebody who looks after the quarantine had reported it. Its sender is
/// reported only where he looked like another: a partner whose mailbox was in strange hands writes on.
fn remember(tx: &mut Tx<'_>, case: &Case, by: i64) -> Result<(), JudgementError> {
    let judged = match crate::load(tx, case.id) {
        Ok(judged) => judged,
        Err(JudgementError::Store(error)) => return Err(error.into()),
        // Its time was over.
        Err(_) => return Ok(()),
    };
    let Some(facts) = &judged.detail.facts else { return Ok(()) };
    let key = tx.context().keys.organisation(tx, case.organisation)?;
    let is_alike =
        case.detail.findings.iter().any(|it| matches!(it.id.as_str(), "lookalike-partner" | "lookalike-own"));
    let vote = Vote { account: by, weight: OFFICER_WEIGHT, at: tx.now() };
    for mark in marks::numbered(facts, &key) {
        if mark.kind == MarkKind::Look || mark.kind == MarkKind::Sender && is_alike {
            votes::cast(tx, case.organisation, mark.number, vote)?;
        }
    }
    Ok(())
}

/// Payment details that were found in a message when it came, if it has a case that reads.
///
/// # Errors
/// When the store fails.
pub fn asked(tx: &mut Tx<'_>, id: i64) -> Result<Vec<payment::Detail>, StoreError> {
    match cases::load(tx, id) {
        Ok(case) => Ok(case.detail.asked.into_iter().map(|asked| asked.detail).collect()),
        Err(GuardError::Store(error)) => Err(error),
        Err(GuardError::NoCase(_)) => Ok(Vec::new()),
        Err(error) => {
            tracing::error!(id, %error, "a case cannot be read");
            Ok(Vec::new())
        }
    }
}

fn absent(done: Result<(), QueueError>) -> Result<(), JudgementError> {
    match done {
        Err(QueueError::NoSuchMessage { .. }) => Ok(()),
        other => Ok(other?),
    }
}

/// Tells finance of cases.
#[derive(Clone)]
pub struct CaseLetters {
    /// Where cases are.
    pub store: Store,
    /// Posts the letters.
    pub mailer: Mailer,
    /// What findings say.
    pub judge: Arc<Judge>,
}

impl CaseLetters {
    /// Posts the letters that wait; gives of how many cases.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails; what was not told waits.
    pub async fn post(&self) -> Result<usize, JudgementError> {
        let waiting = self.store.read(untold).await?;
        let count = waiting.len();
        for case in waiting {
            self.post_one(&case).await?;
        }
        Ok(count)
    }

    async fn post_one(&self, case: &Case) -> Result<(), JudgementError> {
        let organisation = case.organisation;
        let owner = case.detail.account;
        let readers = self.store.read(move |tx| readers(tx, organisation, owner)).await?;
        let mut letters: Vec<Ready> = Vec::new();
        for reader in readers {
            match self.mailer.notice(reader, |language| self.words(case, language)).await {
                Ok(letter) => letters.push(letter),
                Err(error) if error.outlook() == Outlook::Permanent => {
                    tracing::warn!(account = reader, %error, "cannot tell of a case");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let id = case.id;
        let work = move |tx: &mut Tx<'_>| {
            if tx.execute("UPDATE guard_case SET told = 1 WHERE id = $1 AND told = 0", params![id])? == 1 {
                for letter in &letters {
                    letter.post(tx)?;
                }
            }
            Ok::<_, JudgementError>(())
        };
        self.store.write(work).await
    }

    fn words(&self, case: &Case, language: Language) -> Words {
        let texts = Texts::of(language);
        let detail = &case.detail;
        let (id, from, subject) = (format!("{:x}", case.id), harmless(&detail.from), harmless(&detail.subject));
        let values = [("id", id.as_str()), ("from", &from), ("subject", &subject), ("partner", &detail.partner)];
        let mut parts = vec![
            texts.say(&format!("case-intro-{}", case.direction), &values),
            texts.say(&format!("case-done-{}", case.action), &values),
        ];
        let why = detail.findings.iter().filter(|it| it.weight() > 0.0).take(TOLD_MAX);
        let why: Vec<String> = why
            .map(|finding| {
                let finding = filter::Finding { evidence: harmless(&finding.evidence), ..finding.clone() };
                format!("- {}", explain(&self.judge, &finding, language))
            })
            .collect();
        parts.push(why.join("\n"));
        if detail.account.is_some() {
            parts.push(texts.say("case-ending-account", &values));
            return letter(texts, &values, &parts);
        }
        let asked = detail.asked.iter().take(TOLD_MAX).map(|asked| line(&asked.detail));
        let known = detail.on_file.iter().take(TOLD_MAX).map(|known| line(&known.detail));
        for (key, mut lines) in [("case-asked", asked.collect::<Vec<_>>()), ("case-on-file", known.collect())] {
            if lines.is_empty() {
                lines.push(texts.say("case-none", &[]));
            }
            parts.push(format!("{}\n{}", texts.say(key, &values), lines.join("\n")));
        }
        let phones = if detail.phones.is_empty() { texts.say("case-none", &[]) } else { detail.phones.join(", ") };
        parts.push(texts.say("case-phone", &[("phones", &phones)]));
        parts.push(texts.say("case-ending", &values));
        letter(texts, &values, &parts)
    }
}

fn letter(texts: Texts, values: &[(&str, &str)], parts: &[String]) -> Words {
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say("case-subject", values),
        text: format!("{}\n", parts.join("\n\n")),
    }
}

fn line(detail: &payment::Detail) -> String {
    let parts =
        [Some(detail.shown.as_str()), detail.holder.as_deref(), detail.bank.as_deref(), detail.bank_country.as_deref()];
    format!("- {}", harmless(&parts.into_iter().flatten().collect::<Vec<_>>().join(", ")))
}

fn untold(tx: &mut Tx<'_>) -> Result<Vec<Case>, JudgementError> {
    let ids =
        tx.rows("SELECT id FROM guard_case WHERE told = 0 ORDER BY id LIMIT $1", params![ROUND], |row| row.int(0))?;
    ids.into_iter().map(|id| Ok(cases::load(tx, id)?)).collect()
}

/// Finance of an organisation; where there is none, those who look after its security. Of what happened in an account these and its
/// owner are told.
fn readers(tx: &mut Tx<'_>, organisation: i64, owner: Option<i64>) -> Result<BTreeSet<i64>, IdentityError> {
    let (mut finance, mut security, mut after) = (BTreeSet::new(), BTreeSet::new(), 0);
    loop {
        let page = identity::list_accounts(tx, Some(organisation), after, PAGE_MAX)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for account in page.iter().filter(|it| it.state == AccountState::Active) {
            match account.role {
                Role::Finance => finance.insert(account.id),
                Role::Admin | Role::Security => security.insert(account.id),
                _ => false,
            };
        }
    }
    security.extend(owner);
    Ok(if finance.is_empty() || owner.is_some() { security } else { finance })
}
