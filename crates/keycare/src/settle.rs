//! A message for an account that wants its mail encrypted.

use std::sync::Arc;
use std::time::Duration;

use identity::Language;
use letters::{Mailer, Ready, Texts, Words};
use mail::message::{ContentEncryption, Structure};
use openpgp::{Protection, Recipients};
use smime::Recipe;
use store::{Store, StoreError, Tx, params};

use crate::receipt::{Target, find};
use crate::{KeycareError, Trouble};

/// How often an owner is told that his mail is not encrypted.
const TELL_EVERY: Duration = Duration::from_secs(7 * 86_400);

/// The field that says what was done.
const FIELD: &str = "X-Tradewind-On-Receipt";

/// What becomes of a message.
#[derive(Debug)]
pub enum Received {
    /// It is stored as it came: the account does not want it otherwise, or it is encrypted already.
    AsItCame,
    /// It is stored so.
    Encrypted {
        /// The message.
        message: Vec<u8>,
        /// A header field of ours that tells it.
        field: String,
    },
    /// It is stored as it came, and its owner is to hear why.
    Failed {
        /// Why.
        trouble: Trouble,
        /// A header field of ours that tells it.
        field: String,
    },
}

/// The message as the account wants it stored. A key that cannot be used never costs a message, nor is that kept from its owner.
///
/// # Errors
/// [`KeycareError`] if the store fails.
pub async fn receive(store: &Store, account: i64, raw: &Arc<[u8]>) -> Result<Received, KeycareError> {
    let Some(found) = store.read(move |tx| find(tx, account)).await? else { return Ok(Received::AsItCame) };
    if ContentEncryption::of(raw, &Structure::parse(raw)).is_some() {
        return Ok(Received::AsItCame);
    }
    let failed = |trouble: Trouble| Received::Failed {
        trouble,
        field: format!("{FIELD}: not-encrypted; {}\r\n", trouble.as_str()),
    };
    let target = match found.target {
        Ok((target, _)) => target,
        Err(trouble) => return Ok(failed(trouble)),
    };
    let (context, raw) = (Arc::clone(store.context()), Arc::clone(raw));
    let working = tokio::task::spawn_blocking(move || encrypt(&raw, &target, &context));
    let made = working.await.map_err(|_| StoreError::Abandoned("encrypting a message panicked"))?;
    Ok(match made {
        Ok(message) => {
            let (method, key) = (found.method.as_str(), found.fingerprint);
            Received::Encrypted { message, field: format!("{FIELD}: encrypted; {method}; key={key}\r\n") }
        }
        Err(error) => {
            tracing::error!(account, %error, "a message cannot be encrypted on receipt");
            failed(Trouble::Unusable)
        }
    })
}

fn encrypt(raw: &[u8], target: &Target, context: &store::Context) -> Result<Vec<u8>, KeycareError> {
    let (now, entropy) = (context.clock.now(), &*context.entropy);
    match target {
        Target::OpenPgp(certificate) => {
            let certificates = std::slice::from_ref(&**certificate);
            let recipients = Recipients::of(certificates, now)?;
            Ok(openpgp::protect(raw, &Protection::Encrypted(&recipients, None), now, entropy)?)
        }
        // What his program reads is not known.
        Target::Smime(certificate) => Ok(smime::encrypt(raw, &[&**certificate], Recipe::COMPATIBLE, entropy)?),
    }
}

/// Notes how it went; whether the owner is to be told now.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn note(tx: &mut Tx<'_>, account: i64, trouble: Option<Trouble>) -> Result<bool, StoreError> {
    let Some(trouble) = trouble else {
        tx.execute(
            "UPDATE on_receipt SET trouble = '', told = 0 WHERE account = $1 AND trouble <> ''",
            params![account],
        )?;
        return Ok(false);
    };
    let (now, span) = (tx.now().millis(), i64::try_from(TELL_EVERY.as_millis()).unwrap_or(i64::MAX));
    let told = tx.execute(
        "UPDATE on_receipt SET trouble = $2, told = $3 WHERE account = $1 AND (trouble <> $2 OR told <= $4)",
        params![account, trouble.as_str(), now, now.saturating_sub(span)],
    )?;
    Ok(told > 0)
}

/// A letter to the owner that his mail is not encrypted, to be posted if [`note`] says so; none if he was told lately.
///
/// # Errors
/// [`KeycareError`] if it cannot be made ready.
pub async fn tell(
    store: &Store,
    mailer: &Mailer,
    account: i64,
    trouble: Trouble,
) -> Result<Option<Ready>, KeycareError> {
    let look = move |tx: &mut Tx<'_>| {
        let row = tx.row("SELECT trouble, told FROM on_receipt WHERE account = $1", params![account], |row| {
            Ok((row.text(0)?.to_owned(), row.int(1)?))
        })?;
        let span = i64::try_from(TELL_EVERY.as_millis()).unwrap_or(i64::MAX);
        let is_due =
            row.is_some_and(|(was, told)| was != trouble.as_str() || told <= tx.now().millis().saturating_sub(span));
        let found = if is_due { find(tx, account)? } else { None };
        Ok::<_, KeycareError>(found.map(|found| (found.method, found.fingerprint)))
    };
    let Some((method, fingerprint)) = store.read(look).await? else { return Ok(None) };
    let words = move |language: Language| {
        let texts = Texts::of(language);
        let why = texts.say(&format!("on-receipt-why-{}", trouble.as_str()), &[]);
        let values = [("method", method.shown()), ("key", fingerprint.as_str()), ("why", why.as_str())];
        Words {
            from_name: texts.say("notice-from", &[]),
            subject: texts.say("on-receipt-failed-subject", &[]),
            text: texts.say("on-receipt-failed", &values),
        }
    };
    Ok(Some(mailer.notice(account, words).await?))
}
