//! From the bytes of a letter to its place in the queue.

use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use identity::Language;
use mail::notice::{self, Notice};
use mail::{Address, dsn};
use mailbox::Prepared;
use queue::{NewMessage, NewRecipient, Notify, QueueError};
use signing::Signer;
use store::{StagedBlob, Store, StoreError, Tx};

use crate::LetterError;

/// Time after which the delivery of a letter is given up, where nothing else is said.
const EXPIRE_AFTER: Duration = Duration::from_secs(5 * 86_400);

/// A letter shorter than this is sealed where it is made ready; a longer one on a thread that may block.
const INLINE_BYTES_MAX: usize = 128 << 10;

/// A letter and where it goes.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The message, lines ending in CRLF, not yet signed. Its one author must be of a domain hosted here for a signature.
    pub raw: Vec<u8>,
    /// Addresses that it goes to, here or elsewhere; at least one.
    pub to: Vec<String>,
    /// Whose key seals it in the queue.
    pub organisation: i64,
    /// Address for failures; empty for nobody.
    pub reverse_path: String,
    /// How it may travel.
    pub protection: Protection,
    /// An address in it needs SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// It stays in the mailboxes that it is for, wherever else their mail is forwarded.
    pub stays: bool,
    /// Time after which its delivery is given up.
    pub expire_after: Duration,
    /// What of its delivery is told to the reverse path.
    pub notify: Notify,
    /// It calls a partner to the portal and holds no content: it goes also where content must be encrypted or go by the portal.
    pub calls_to_portal: bool,
}

impl Letter {
    /// A letter of the usual kind: nobody is told what becomes of it, it travels as other mail does, and is tried for five days.
    #[must_use]
    pub fn new(organisation: i64, to: Vec<String>, raw: Vec<u8>) -> Self {
        Self {
            raw,
            to,
            organisation,
            reverse_path: String::new(),
            protection: Protection::Usual,
            utf8: false,
            stays: false,
            expire_after: EXPIRE_AFTER,
            notify: Notify::NEVER,
            calls_to_portal: false,
        }
    }
}

/// How a letter may travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// As other mail to the same domain.
    Usual,
    /// Only over verified TLS: it tells of a message that may travel only so (RFC 8689 section 5).
    Required,
    /// Even where the domain asks for TLS that cannot be had: it tells of that (RFC 8460 section 5.3).
    Waived,
}

/// What a notice says, in the language of its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Shown name of the author.
    pub from_name: String,
    /// Its subject.
    pub subject: String,
    /// Its text, lines ending in `\n`.
    pub text: String,
}

/// Makes letters ready.
#[derive(Clone)]
pub struct Mailer {
    store: Store,
    signer: Arc<Signer>,
    hostname: String,
}

impl Mailer {
    /// A mailer that puts letters into the queue of `store`; `hostname` is ours, for names of messages.
    #[must_use]
    pub fn new(store: Store, signer: Arc<Signer>, hostname: String) -> Self {
        Self { store, signer, hostname }
    }

    /// Our host name.
    #[must_use]
    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    /// A fresh Message-ID, without angle brackets.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("{:x}@{}", self.store.context().ids.next(), self.hostname)
    }

    /// Signs the letter, seals it and puts it on disk; it goes once it is posted. One that cannot be signed goes without.
    ///
    /// # Errors
    /// [`LetterError::Store`] if the store fails.
    pub async fn ready(&self, letter: Letter) -> Result<Ready, LetterError> {
        let Letter { raw, to, organisation, reverse_path, protection, utf8, stays, expire_after, .. } = letter;
        let (notify, calls_to_portal) = (letter.notify, letter.calls_to_portal);
        let context = Arc::clone(self.store.context());
        let now = context.clock.now();
        let signature = self.signer.sign(&raw, now).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a letter of ours goes unsigned");
            String::new()
        });
        let body_8bit = !raw.is_ascii();
        let is_short = raw.len() <= INLINE_BYTES_MAX;
        let work = move || {
            let mut prepared = Prepared::consuming(raw, &context);
            let record = prepared.take_record();
            (prepared, record)
        };
        let (prepared, record) = if is_short {
            work()
        } else {
            let working = tokio::task::spawn_blocking(work);
            working.await.map_err(|_| StoreError::Abandoned("making a letter ready panicked"))?
        };
        let blob = self.store.stage(record).await?;
        let recipient = |address| NewRecipient { notify, ..NewRecipient::new(address) };
        Ok(Ready {
            size: prepared.size() + signature.len() as u64,
            prepared,
            blob,
            organisation,
            envelope: queue::Envelope {
                reverse_path,
                smtputf8: utf8,
                requiretls: protection == Protection::Required,
                tls_optional: protection == Protection::Waived,
                body_8bit,
                stays,
                calls_to_portal,
                trace: signature,
                ..queue::Envelope::default()
            },
            recipients: to.into_iter().map(recipient).collect(),
            now,
            expires: now.plus(expire_after),
        })
    }

    /// A letter to the person of `account`, from the postmaster of the domain of its main address; `words` in its language. It stays in
    /// the account's own mailbox: whoever has its mail forwarded must not keep a warning from its owner.
    ///
    /// # Errors
    /// [`LetterError`] if there is no such account or the store fails.
    pub async fn notice(
        &self,
        account: i64,
        words: impl FnOnce(Language) -> Words + Send,
    ) -> Result<Ready, LetterError> {
        let found = self.store.read(move |tx| identity::load_account(tx, account)).await?;
        let to = found.addresses.first().and_then(|main| Address::parse(main).ok());
        let to = to.ok_or(LetterError::NoAddress(account))?;
        let Words { from_name, subject, text } = words(found.language);
        let notice = Notice {
            from_name: &from_name,
            from_domain: &to.domain_ascii(),
            reply_to: None,
            to: &to,
            subject: &subject,
            text: &text,
            language: found.language.as_str(),
        };
        let raw = notice::build(&notice, self.store.context().clock.now(), &self.message_id());
        let utf8 = !to.is_ascii_capable();
        let letter = Letter { utf8, stays: true, ..Letter::new(found.organisation, vec![to.to_string()], raw) };
        self.ready(letter).await
    }

    /// A letter that calls a partner at `to` to the portal, from the postmaster of the sender's domain. An answer goes to the person of
    /// `account`, and so does what is told of its delivery.
    ///
    /// # Errors
    /// [`LetterError`] if there is no such account or the store fails.
    pub async fn invitation(
        &self,
        account: i64,
        to: &Address,
        language: Language,
        words: Words,
    ) -> Result<Ready, LetterError> {
        let found = self.store.read(move |tx| identity::load_account(tx, account)).await?;
        let own = found.addresses.first().and_then(|main| Address::parse(main).ok());
        let own = own.ok_or(LetterError::NoAddress(account))?;
        let Words { from_name, subject, text } = words;
        let notice = Notice {
            from_name: &from_name,
            from_domain: &own.domain_ascii(),
            reply_to: Some(&own),
            to,
            subject: &subject,
            text: &text,
            language: language.as_str(),
        };
        let raw = notice::build(&notice, self.store.context().clock.now(), &self.message_id());
        let letter = Letter {
            utf8: !to.is_ascii_capable() || !own.is_ascii_capable(),
            reverse_path: own.to_string(),
            notify: Notify::default(),
            calls_to_portal: true,
            ..Letter::new(found.organisation, vec![to.to_string()], raw)
        };
        self.ready(letter).await
    }

    /// A notification to a sender of what became of a message (RFC 3464).
    ///
    /// # Errors
    /// [`LetterError::Store`] if the store fails.
    pub async fn notification(
        &self,
        report: &dsn::Report<'_>,
        organisation: i64,
        protection: Protection,
        expire_after: Duration,
    ) -> Result<Ready, LetterError> {
        let raw = dsn::build(report, self.store.context().clock.now(), &self.message_id());
        let to = vec![report.original_sender.to_string()];
        let letter = Letter { protection, utf8: report.utf8, expire_after, ..Letter::new(organisation, to, raw) };
        self.ready(letter).await
    }
}

/// A letter on disk that waits to be posted.
pub struct Ready {
    prepared: Prepared,
    blob: StagedBlob,
    organisation: i64,
    envelope: queue::Envelope,
    recipients: Vec<NewRecipient>,
    size: u64,
    now: Timestamp,
    expires: Timestamp,
}

impl Ready {
    /// Puts the letter into the queue; gives its number there. The transaction may run again with the same letter.
    ///
    /// # Errors
    /// [`QueueError`] if an address cannot be used or the store fails.
    pub fn post(&self, tx: &mut Tx<'_>) -> Result<i64, QueueError> {
        self.blob.attach(tx, 1)?;
        let message = NewMessage {
            organisation: self.organisation,
            blob: self.blob.id(),
            key: self.prepared.key(),
            envelope: self.envelope.clone(),
            size: self.size,
            created: self.now,
            expires: self.expires,
            due: self.now,
            held: false,
        };
        queue::enqueue(tx, &message, &self.recipients)
    }
}
