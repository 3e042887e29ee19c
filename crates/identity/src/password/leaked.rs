//! Whether a password has leaked: a file, and a server that learns five digits of the hash.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::factors::breach::{HashForm, PREFIX_DIGITS, is_in_range, is_listed};
use env::Secret;

use super::PasswordRefusal;
use super::policy::{BreachUnknown, PasswordSettings};

/// Asks a server of ranges for the hashes that begin with five digits.
#[async_trait::async_trait]
pub trait RangeSource: Send + Sync {
    /// The lines for `prefix`, with padding asked for, so that the length of the answer tells nobody on the way which range it was.
    ///
    /// # Errors
    /// The cause, for the log.
    async fn range(&self, prefix: &str) -> Result<String, String>;
}

/// Lists that new passwords are checked against.
#[derive(Clone)]
pub struct LeakedLists {
    breached: Option<(PathBuf, HashForm)>,
    systems: Option<(PathBuf, HashForm)>,
    ranges: Option<Arc<dyn RangeSource>>,
    unknown: BreachUnknown,
}

impl LeakedLists {
    /// The lists that the settings name; `ranges` asks the server at `breached_url`.
    #[must_use]
    pub fn new(settings: &PasswordSettings, ranges: Option<Arc<dyn RangeSource>>) -> Self {
        let file = |path: &str, form| (!path.is_empty()).then(|| (PathBuf::from(path), form));
        Self {
            breached: file(&settings.breached_file, settings.breached_form),
            systems: file(&settings.systems_file, settings.systems_form),
            ranges,
            unknown: settings.breached_unknown,
        }
    }

    /// Refuses a password that is on one of the lists.
    ///
    /// # Errors
    /// [`PasswordRefusal::Breached`], [`PasswordRefusal::OtherSystem`], or [`PasswordRefusal::Unchecked`] if a list cannot be
    /// read or asked and the settings do not accept that.
    pub async fn check(&self, password: &Secret<String>) -> Result<(), PasswordRefusal> {
        for (list, refusal) in
            [(&self.systems, PasswordRefusal::OtherSystem), (&self.breached, PasswordRefusal::Breached)]
        {
            if let Some((path, form)) = list {
                let listed = look_up(path.clone(), form.hash(password.expose())).await;
                if self.decide(listed.map_err(|error| format!("{}: {error}", path.display())))? {
                    return Err(refusal);
                }
            }
        }
        if let Some(ranges) = &self.ranges {
            let hash = HashForm::Sha1.hash(password.expose());
            let answer = ranges.range(hash.get(..PREFIX_DIGITS).unwrap_or_default()).await;
            if self.decide(answer.map(|answer| is_in_range(&answer, &hash)))? {
                return Err(PasswordRefusal::Breached);
            }
        }
        Ok(())
    }

    fn decide(&self, listed: Result<bool, String>) -> Result<bool, PasswordRefusal> {
        match (listed, self.unknown) {
            (Ok(listed), _) => Ok(listed),
            (Err(cause), BreachUnknown::Refuse) => Err(PasswordRefusal::Unchecked(cause)),
            (Err(cause), BreachUnknown::Accept) => {
                tracing::warn!(%cause, "a new password was not checked against the leaked ones");
                Ok(false)
            }
        }
    }
}

async fn look_up(path: PathBuf, hash: String) -> io::Result<bool> {
    let looking = tokio::task::spawn_blocking(move || is_listed(&mut open(&path)?, &hash));
    looking.await.map_err(io::Error::other)?
}

fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}
