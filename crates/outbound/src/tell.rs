//! Letters about messages that wait: to those who may approve them, and to their senders.

use std::collections::BTreeSet;

use env::Outlook;
use identity::Language;
use letters::{Mailer, Texts, Words};
use store::{Store, Tx};

use crate::OutboundError;
use crate::look::approvers;
use crate::refusal::{Refusal, rule_words};
use crate::waiting::{self, Handed, State, Waiting};

/// Recipients that a letter names.
const NAMED_MAX: usize = 5;

/// Posts the letters, and ends what nobody has decided in time.
#[derive(Clone)]
pub struct Letters {
    /// Where what waits is.
    pub store: Store,
    /// Posts the letters.
    pub mailer: Mailer,
}

impl Letters {
    /// Ends what is over and posts what waits to be told; gives of how many messages.
    ///
    /// # Errors
    /// [`OutboundError`] if the store fails; what was not told waits.
    pub async fn post(&self) -> Result<usize, OutboundError> {
        if self.store.read(waiting::is_any_over).await? {
            self.store.write_freeing(waiting::expire).await?;
        }
        let untold = self.store.read(waiting::untold).await?;
        let count = untold.len();
        for waiting in untold {
            self.post_one(waiting).await?;
        }
        Ok(count)
    }

    async fn post_one(&self, waiting: Waiting) -> Result<(), OutboundError> {
        let asked = waiting.clone();
        let look = move |tx: &mut Tx<'_>| {
            let sender = identity::list_addresses(tx, asked.account)?.into_iter().next().unwrap_or_default();
            let mut readers: BTreeSet<i64> = BTreeSet::new();
            if asked.state == State::Waiting {
                for need in &asked.detail.needs {
                    let people = approvers(tx, asked.organisation, asked.account, &need.approve)?;
                    readers.extend(people.into_iter().map(|(account, _)| account));
                }
            } else if asked.state != State::Withdrawn {
                readers.insert(asked.account);
            }
            Ok::<_, OutboundError>((sender, readers))
        };
        let (sender, readers) = self.store.read(look).await?;
        let mut letters = Vec::new();
        for reader in readers {
            match self.mailer.notice(reader, |language| words(&waiting, &sender, language)).await {
                Ok(letter) => letters.push(letter),
                Err(error) if error.outlook() == Outlook::Permanent => {
                    tracing::warn!(account = reader, %error, "cannot tell of a message that waits for approval");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let work = move |tx: &mut Tx<'_>| {
            if waiting::note_told(tx, &waiting)? {
                for letter in &letters {
                    letter.post(tx)?;
                }
            }
            Ok::<_, OutboundError>(())
        };
        self.store.write(work).await
    }
}

fn words(waiting: &Waiting, sender: &str, language: Language) -> Words {
    let texts = Texts::of(language);
    let detail = &waiting.detail;
    let to = named(&detail.recipients);
    let subject =
        if detail.subject.is_empty() { texts.say("outbound-no-subject", &[]) } else { detail.subject.clone() };
    let (id, expires) = (format!("{:x}", waiting.id), waiting.expires.to_string());
    let asked = texts.say("outbound-no-reason", &[]);
    let reason = detail.reason.as_deref().unwrap_or(&asked);
    let note = if detail.note.is_empty() { "-" } else { &detail.note };
    let values = [
        ("sender", sender),
        ("to", to.as_str()),
        ("subject", subject.as_str()),
        ("id", id.as_str()),
        ("expires", expires.as_str()),
        ("reason", reason),
        ("note", note),
    ];
    let state = waiting.state.as_str();
    let kind = if detail.goes_by_itself { "outbound-onward" } else { "outbound" };
    let mut parts = vec![texts.say(&format!("{kind}-{state}-intro"), &values)];
    if waiting.state == State::Waiting {
        parts.push(
            detail
                .outcome
                .matched
                .iter()
                .map(|it| format!("- {}", rule_words(it, language)))
                .collect::<Vec<_>>()
                .join("\n"),
        );
        parts.push(texts.say("outbound-waiting-ending", &values));
    }
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say(&format!("outbound-{state}-subject"), &values),
        text: format!("{}\n", parts.join("\n\n")),
    }
}

/// What the owner of an account, or who answers for a group, is told of what does not go on by itself.
#[must_use]
pub fn stays_words(handed: &Handed, refusal: Refusal, language: Language) -> Words {
    let texts = Texts::of(language);
    let to = named(&handed.recipients);
    let rules: Vec<String> =
        refusal.rules(&handed.looked.outcome).into_iter().map(|it| format!("- {}", rule_words(it, language))).collect();
    let why = texts.say(&format!("outbound-stays-{}", refusal.word().replace(' ', "-")), &[]);
    let values = [("to", to.as_str()), ("why", why.as_str()), ("rules", &rules.join("\n"))];
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say("outbound-stays-subject", &values),
        text: texts.say("outbound-stays-text", &values),
    }
}

/// The first of some recipients.
fn named(recipients: &[String]) -> String {
    let mut to = recipients.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    if recipients.len() > NAMED_MAX {
        to.push_str(" …");
    }
    to
}
