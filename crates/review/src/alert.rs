//! Letters about odd sign-ins: to the person, with links to answer, and to those who look after security.

use identity::{Account, AccountState, IdentityError, Language, PAGE_MAX, Role};
use letters::{Mailer, Ready, Texts, Words};
use store::{Store, Tx};
use watch::{Event, Outcome, Said};

use crate::ReviewError;
use crate::links::{Link, make};
use crate::words::{describe, explain};

/// Letters that one round posts.
const ROUND: i64 = 50;

/// Who is told of an organisation's sign-ins, beside the person: addresses of people there, or all its administrators.
#[derive(Debug, Clone, Default)]
pub struct Contacts(pub Vec<String>);

impl Contacts {
    /// The accounts among them of `organisation`; its administrators and security officers if none is.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    pub fn of(&self, tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<i64>, IdentityError> {
        let mut found = Vec::new();
        for address in &self.0 {
            if let Some(account) = identity::find_by_address(tx, address)?
                && identity::load_account(tx, account)?.organisation == organisation
            {
                found.push(account);
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
        let mut after = 0;
        loop {
            let page = identity::list_accounts(tx, Some(organisation), after, PAGE_MAX)?;
            let Some(last) = page.last() else { return Ok(found) };
            after = last.id;
            found.extend(page.iter().filter(|account| looks_after(account)).map(|account| account.id));
        }
    }
}

fn looks_after(account: &Account) -> bool {
    matches!(account.role, Role::Admin | Role::Security) && account.state == AccountState::Active
}

/// Posts letters about odd sign-ins.
#[derive(Clone)]
pub struct Alerts {
    /// Where events are.
    pub store: Store,
    /// Writes the letters.
    pub mailer: Mailer,
    /// Who is told beside the person.
    pub contacts: Contacts,
    /// Beginning of the links: `https://host/sign-in-event`.
    pub link_base: String,
}

impl Alerts {
    /// Posts the letters that wait; gives of how many sign-ins.
    ///
    /// # Errors
    /// [`ReviewError`] if the store fails; what was not posted waits.
    pub async fn post(&self) -> Result<usize, ReviewError> {
        let mut posted = 0;
        loop {
            let waiting = self.store.read(|tx| watch::list_untold(tx, ROUND)).await?;
            if waiting.is_empty() {
                return Ok(posted);
            }
            for event in waiting {
                posted += usize::from(self.post_one(event).await?);
            }
        }
    }

    async fn post_one(&self, event: Event) -> Result<bool, ReviewError> {
        let Some(subject) = event.subject else {
            return self.store.write(move |tx| Ok(watch::claim_untold(tx, event.id)?)).await;
        };
        let contacts = self.contacts.clone();
        let organisation = subject.organisation;
        let others = self.store.read(move |tx| contacts.of(tx, organisation)).await?;
        let address = self.store.read(move |tx| identity::load_account(tx, subject.account)).await?;
        let address = address.addresses.first().cloned().unwrap_or_default();
        let mut letters: Vec<Ready> = Vec::new();
        for (account, is_own) in
            std::iter::once((subject.account, true)).chain(others.into_iter().map(|other| (other, false)))
        {
            if !is_own && account == subject.account {
                continue;
            }
            match self.mailer.notice(account, |language| self.words(&event, &address, language, is_own)).await {
                Ok(ready) => letters.push(ready),
                Err(error) if error.outlook() == env::Outlook::Permanent => {
                    tracing::warn!(account, %error, "cannot tell of a sign-in");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let id = event.id;
        self.store
            .write(move |tx| {
                if !watch::claim_untold(tx, id)? {
                    return Ok(false);
                }
                for letter in &letters {
                    letter.post(tx)?;
                }
                Ok::<_, ReviewError>(true)
            })
            .await
    }

    fn words(&self, event: &Event, address: &str, language: Language, is_own: bool) -> Words {
        let texts = Texts::of(language);
        let reasons =
            explain(event, language).iter().map(|reason| format!("- {reason}")).collect::<Vec<_>>().join("\n");
        let facts = describe(event, language);
        let link = |said| format!("{}/{}", self.link_base, make(&self.store, Link { event: event.id, said }));
        let ending = if is_own {
            texts.say("watch-links", &[("mine", &link(Said::Mine)), ("not-mine", &link(Said::NotMine))])
        } else {
            texts.say("watch-officer", &[("id", &event.id.to_string()), ("address", address)])
        };
        let state = if event.outcome == Outcome::Frozen { texts.say("watch-frozen", &[]) } else { String::new() };
        let parts = [texts.say("watch-intro", &[("address", address)]), facts, reasons, state, ending];
        let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
        Words {
            from_name: texts.say("notice-from", &[]),
            subject: texts.say("watch-subject", &[("address", address)]),
            text: format!("{text}\n"),
        }
    }
}
