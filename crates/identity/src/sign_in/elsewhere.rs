//! Passwords that are not here: the directory elsewhere that has them is asked.

use async_trait::async_trait;
use env::Secret;
use store::{Tx, params};

use super::{AuthFailure, SignIn};
use crate::IdentityError;

/// Directories elsewhere that have the passwords of their people. Then no password that is here counts for these.
#[async_trait]
pub trait PasswordsElsewhere: Send + Sync {
    /// Who has the password of the account; none if it is here.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    fn holder_of(&self, tx: &mut Tx<'_>, account: i64) -> Result<Option<Holder>, IdentityError>;

    /// Who would have the password of somebody of the organisation whom nobody knows, so that asking for them takes as long.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    fn holder_of_nobody(&self, tx: &mut Tx<'_>, organisation: i64) -> Result<Option<Holder>, IdentityError>;

    /// Whether it is the password of the person that `holder` names; it never is nobody's.
    ///
    /// # Errors
    /// [`Unasked`] if that cannot be found out within a few seconds: then nobody is let in.
    async fn check(&self, holder: &Holder, password: &Secret<String>) -> Result<bool, Unasked>;
}

/// A directory elsewhere, and whom it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its name in the settings.
    pub directory: String,
    /// What it calls the person; nobody if none.
    pub person: Option<String>,
}

/// Why a directory elsewhere does not say whether a password is right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unasked(pub String);

impl From<Unasked> for AuthFailure {
    fn from(cause: Unasked) -> Self {
        Self::Unasked(cause.0)
    }
}

impl SignIn {
    /// Whether the account's password is a directory's elsewhere, so that it cannot be changed here.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    pub async fn is_password_elsewhere(&self, account: i64) -> Result<bool, IdentityError> {
        let Some(elsewhere) = self.rules.elsewhere.clone() else { return Ok(false) };
        Ok(self.store.read(move |tx| elsewhere.holder_of(tx, account)).await?.is_some())
    }

    /// Whether the directory takes the password, or took it a moment ago.
    pub(super) async fn ask_elsewhere(
        &self,
        account: i64,
        holder: &Holder,
        password: &Secret<String>,
    ) -> Result<bool, AuthFailure> {
        let Some(elsewhere) = &self.rules.elsewhere else { return Ok(false) };
        let person = holder.person.as_deref().unwrap_or_default();
        // No credential has a number below zero.
        let parts = [holder.directory.as_bytes(), person.as_bytes(), password.expose().as_bytes()];
        let mark = self.mark_verified(-account, &parts);
        if self.is_verified(&mark) {
            return Ok(true);
        }
        let fits = elsewhere.check(holder, password).await.inspect_err(|error| {
            tracing::warn!(account, directory = holder.directory, %error, "a directory cannot be asked for a password");
        })?;
        if fits {
            self.note_verified(mark);
        }
        Ok(fits)
    }
}

/// The directory that would have the password of a user of that name, whom nobody knows.
pub(super) fn holder_for(
    tx: &mut Tx<'_>,
    elsewhere: Option<&dyn PasswordsElsewhere>,
    login: &str,
) -> Result<Option<Holder>, IdentityError> {
    let Some(elsewhere) = elsewhere else { return Ok(None) };
    let domain = login.rsplit_once('@').map_or("", |(_, domain)| domain);
    let organisation = tx.row("SELECT organisation FROM domain WHERE name = $1", params![domain], |row| row.int(0))?;
    organisation.map_or(Ok(None), |organisation| elsewhere.holder_of_nobody(tx, organisation))
}
