//! Tells those who look after security of domains that look like ours.

use std::collections::BTreeSet;

use env::Outlook;
use guard::alikes::{self, Seen};
use identity::Language;
use letters::{Mailer, Ready, Texts, Words};
use store::{Store, Tx};

use crate::JudgementError;
use crate::digest::harmless;
use crate::outbound::officers;

/// Domains that one letter tells of.
const TOLD_MAX: i64 = 40;

/// Posts letters about look-alikes.
#[derive(Clone)]
pub struct AlikeLetters {
    /// Where they are.
    pub store: Store,
    /// Posts the letters.
    pub mailer: Mailer,
}

impl AlikeLetters {
    /// Tells of those of one organisation that nobody was told of yet; gives of how many.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails; what was not told waits.
    pub async fn post(&self) -> Result<usize, JudgementError> {
        let seen = self.store.read(|tx| alikes::untold(tx, TOLD_MAX)).await?;
        let Some(organisation) = seen.first().map(|one| one.organisation) else { return Ok(0) };
        let readers: BTreeSet<i64> = self.store.read(move |tx| officers(tx, organisation)).await?.into_iter().collect();
        let mut letters: Vec<Ready> = Vec::new();
        for reader in readers {
            match self.mailer.notice(reader, |language| words(&seen, language)).await {
                Ok(letter) => letters.push(letter),
                Err(error) if error.outlook() == Outlook::Permanent => {
                    tracing::warn!(account = reader, %error, "cannot tell of look-alikes");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let count = seen.len();
        let ids: Vec<i64> = seen.iter().map(|one| one.id).collect();
        let work = move |tx: &mut Tx<'_>| {
            let mut is_ours = false;
            for id in &ids {
                is_ours |= alikes::claim_untold(tx, *id)?;
            }
            for letter in letters.iter().filter(|_| is_ours) {
                letter.post(tx)?;
            }
            Ok::<_, JudgementError>(())
        };
        self.store.write(work).await?;
        Ok(count)
    }
}

fn words(seen: &[Seen], language: Language) -> Words {
    let texts = Texts::of(language);
    let line = |one: &Seen| {
        let (domain, own) = (harmless(&one.alike.domain), one.alike.own.as_str());
        format!(
            "- {}",
            texts.say("alikes-line", &[("domain", &domain), ("own", own), ("date", &one.first.to_string())])
        )
    };
    let count = seen.len().to_string();
    let listed = seen.iter().map(line).collect::<Vec<_>>().join("\n");
    let parts = [texts.say("alikes-intro", &[("count", &count)]), listed, texts.say("alikes-ending", &[])];
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say("alikes-subject", &[("count", &count)]),
        text: format!("{}\n", parts.join("\n\n")),
    }
}
