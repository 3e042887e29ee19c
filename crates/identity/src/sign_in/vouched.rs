//! Signing in on the word of an identity provider.

use ::factors::FactorKind;
use env::Timestamp;

use super::login::load_login_of;
use super::{AuthFailure, Client, Method, Principal, Scope, SignIn};
use crate::factors::rule_of;
use crate::{FactorSettings, IdentityError, Protocol};

/// Somebody whom an identity provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The account.
    pub account: i64,
    /// Second factors that were shown there.
    pub factors: Vec<FactorKind>,
    /// When they were.
    pub proved_at: Option<Timestamp>,
}

impl SignIn {
    /// Signs in whom the identity provider called `provider` vouches for; nobody if it does not. As with a password over the web that is the
    /// first step alone, and what follows is up to the caller; [`Principal::strong_at`] says when a second factor was shown there that counts
    /// for the account. No throttle: nobody can guess what a provider signs.
    ///
    /// # Errors
    /// [`AuthFailure`] with the reason.
    pub async fn vouched(
        &self,
        provider: &str,
        found: Option<Vouched>,
        client: &Client,
    ) -> Result<Principal, AuthFailure> {
        let mut login = format!("({provider})");
        let outcome = match found {
            Some(vouched) => self.accept(vouched, &mut login).await,
            None => Err(AuthFailure::Refused),
        };
        let outcome = self.bind_to_place(outcome, client).await;
        self.conclude(client, &login, outcome).await
    }

    /// Sets `login` to the account's address, once that is known.
    async fn accept(&self, vouched: Vouched, login: &mut String) -> Result<Principal, AuthFailure> {
        let (settings, account) = (self.rules.factors.now(), vouched.account);
        let found = self.store.read(move |tx| load(tx, &settings, account)).await?;
        let Some((person, allowed)) = found else { return Err(AuthFailure::Refused) };
        login.clone_from(&person.address);
        let counts = vouched.factors.iter().any(|kind| allowed.contains(kind));
        let principal = person.principal(Method::Provider, 0, Scope::of(&[Protocol::Web]))?;
        Ok(Principal { strong_at: vouched.proved_at.filter(|_| counts), ..principal })
    }
}

type Found = (super::login::Login, std::collections::BTreeSet<FactorKind>);

/// The account, and the kinds of factors that count for it.
fn load(tx: &mut store::Tx<'_>, settings: &FactorSettings, account: i64) -> Result<Option<Found>, IdentityError> {
    let Some(login) = load_login_of(tx, account)? else { return Ok(None) };
    Ok(Some((login, rule_of(tx, settings, account)?.allowed)))
}
