//! What is in the queue, and how it comes in.

use crypto::keys::{Key, MessageKey, Organisation};
use env::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Notice, Tx, params};
use trace::{Change, Step, Traced, What};

use crate::QueueError;

/// Recipients that one message may have.
pub const RECIPIENTS_MAX: usize = 1_000;

/// Bytes of a remote server's reply that are kept.
pub const ATTEMPT_TEXT_BYTES_MAX: usize = 1_024;

/// Form of the sealed columns: JSON, fields added later have defaults.
const SEALED_FORM: u8 = 1;

/// A message that enters the queue.
pub struct NewMessage<'a> {
    /// Whose mail it is; its key seals the envelope.
    pub organisation: i64,
    /// The blob with the message. Whoever attaches it counts this message among its references.
    pub blob: i64,
    /// Key of the blob.
    pub key: &'a MessageKey,
    /// Sender, wishes and trace fields.
    pub envelope: Envelope,
    /// Octets of the message with its trace fields.
    pub size: u64,
    /// When it came in.
    pub created: Timestamp,
    /// When delivery is given up.
    pub expires: Timestamp,
    /// When it is to be sent; later than `created` for a scheduled send.
    pub due: Timestamp,
    /// Whether it waits until it is released.
    pub held: bool,
}

/// Envelope of a queued message: all but its recipients.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// Address that failures are reported to; empty for the null reverse path (RFC 5321 section 4.5.5).
    pub reverse_path: String,
    /// How much of the message a failure notification returns (RFC 3461 section 4.3).
    #[serde(default)]
    pub ret: Option<Return>,
    /// The sender's own name for the message (RFC 3461 section 4.4), decoded from xtext.
    #[serde(default)]
    pub envid: Option<String>,
    /// The message or an address needs SMTPUTF8 (RFC 6531).
    #[serde(default)]
    pub smtputf8: bool,
    /// The message may travel only over verified TLS (RFC 8689).
    #[serde(default)]
    pub requiretls: bool,
    /// The message goes even where the recipient's domain asks for TLS that cannot be had: its sender says so (RFC 8689 section 3), as
    /// reports about that do (RFC 8460 section 5.3).
    #[serde(default)]
    pub tls_optional: bool,
    /// The body has octets above 127 (RFC 6152).
    #[serde(default)]
    pub body_8bit: bool,
    /// The account that submitted the message; none for mail from outside and notifications.
    #[serde(default)]
    pub submitter: Option<i64>,
    /// What was found of who sent it, if it came from outside: for whoever passes it on.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// It is for the person who reads the mailbox, and is not forwarded.
    #[serde(default)]
    pub stays: bool,
    /// It calls a partner to the portal and holds no content.
    #[serde(default)]
    pub calls_to_portal: bool,
    /// What must protect this message, beside what is demanded for its recipients; each must be met.
    #[serde(default)]
    pub demands: Vec<mail::protection::Demand>,
    /// Mailboxes here put it where junk goes.
    #[serde(default)]
    pub junk: bool,
    /// Traces that tell what becomes of it: the first of all its recipients, further ones each of those of its organisation alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traced: Vec<Traced>,
    /// What was found of the message is kept under this number.
    #[serde(default)]
    pub judged: Option<i64>,
    /// Keywords that it gets in mailboxes here.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Header fields of ours that go before the message, each ended by CRLF; may be empty.
    #[serde(default)]
    pub trace: String,
}

impl Envelope {
    /// The envelope of what an account or a group of `organisation` sends on: its way is that organisation's to know.
    #[must_use]
    pub fn traced_by(mut self, organisation: i64) -> Self {
        self.traced.retain(|traced| traced.organisation == organisation);
        self
    }
}

/// What was found, on arrival, of who sent a message from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// The author's domain, if it was proven (DMARC).
    pub author: Option<String>,
    /// State of the chain of seals that the message brought, in the word of RFC 8601 section 2.7 for `arc`.
    pub chain: String,
}

/// How much of a message a failure notification returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Return {
    /// The whole message.
    Full,
    /// Its header alone.
    Headers,
}

/// When the sender wants to hear of a recipient (RFC 3461 section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Once it is delivered.
    pub success: bool,
    /// If it cannot be delivered.
    pub failure: bool,
    /// If it takes long.
    pub delay: bool,
}

impl Notify {
    /// `NOTIFY=NEVER`.
    pub const NEVER: Self = Self { success: false, failure: false, delay: false };
}

impl Default for Notify {
    /// What holds without a NOTIFY parameter: failures and delays.
    fn default() -> Self {
        Self { success: false, failure: true, delay: true }
    }
}

/// A recipient of a message that enters the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRecipient {
    /// Forward path, `local@domain`.
    pub address: String,
    /// When the sender wants to hear of it.
    #[serde(default)]
    pub notify: Notify,
    /// The address that the sender first used, with its type, as in ORCPT (RFC 3461 section 4.2), decoded from xtext.
    #[serde(default)]
    pub orcpt: Option<String>,
}

impl NewRecipient {
    /// A recipient with the usual wishes.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), notify: Notify::default(), orcpt: None }
    }
}

/// One attempt to deliver and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Name or address of the server that answered, or that was to be reached; may be empty.
    pub host: String,
    /// Reply code; 0 without a reply.
    pub code: u16,
    /// Enhanced status code (RFC 3463), such as `4.4.1`.
    pub status: String,
    /// What the server said, or what failed, in plain words.
    pub text: String,
}

/// What is kept of a recipient besides its state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    #[serde(default)]
    pub(crate) last: Option<Attempt>,
    /// The sender has been told that it takes long.
    #[serde(default)]
    pub(crate) delay_notified: bool,
}

/// Puts a message into the queue; gives its identifier. Wakes the delivery process once the transaction is committed.
///
/// # Errors
/// [`QueueError`] if there are none or too many recipients, an address has no domain, or the store fails.
pub fn enqueue(tx: &mut Tx<'_>, message: &NewMessage<'_>, recipients: &[NewRecipient]) -> Result<i64, QueueError> {
    if recipients.is_empty() {
        return Err(QueueError::NoRecipients);
    }
    if recipients.len() > RECIPIENTS_MAX {
        return Err(QueueError::TooManyRecipients { count: recipients.len() });
    }
    let context = tx.context();
    let key = context.keys.organisation(tx, message.organisation)?;
    let entropy = &*context.entropy;
    let id = tx.next_id();
    let envelope = key.sealing().seal(entropy, &envelope_place(id), &encode(&message.envelope, "envelope", id)?);
    let wrapped = key.wrap_message(entropy, message.key, message.blob);
    let size = i64::try_from(message.size).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO queue_message (id, organisation, blob, key_wrapped, envelope, size, created, expires, held)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            id,
            message.organisation,
            message.blob,
            &wrapped,
            &envelope,
            size,
            message.created.millis(),
            message.expires.millis(),
            message.held
        ],
    )?;
    let state = if message.held { "held" } else { "due" };
    for (number, recipient) in (0_i64..).zip(recipients) {
        let destination = destination_of(&key, domain_of(&recipient.address)?);
        let sealed = key.sealing().seal(entropy, &recipient_place(id, number), &encode(recipient, "recipient", id)?);
        tx.execute(
            "INSERT INTO queue_recipient (message, number, destination, state, due, attempts, lease_until, lease_fence,
                                          recipient, outcome)
             VALUES ($1, $2, $3, $4, $5, 0, 0, 0, $6, NULL)",
            params![id, number, destination, state, message.due.millis(), &sealed],
        )?;
    }
    if let Some(traced) = message.envelope.traced.first() {
        let to = recipients.iter().map(|recipient| recipient.address.clone()).collect();
        let queued = What::Queued { to, more: 0, number: id, held: message.held };
        trace::note(tx, *traced, &[Step::at(tx.now(), queued)], Change::opened(recipients.len() as u64))?;
    }
    tx.notify(Notice::Queue);
    Ok(id)
}

/// The keyed hash by which the queue groups recipients of one `domain`, in any spelling, of an organisation.
#[must_use]
pub fn destination_of(key: &Key<Organisation>, domain: &str) -> i64 {
    let mut place = b"queue destination ".to_vec();
    place.extend_from_slice(canonical_domain(domain).as_bytes());
    key.hashing().hash_i64(&place)
}

/// The one spelling of `domain`; what is no domain is refused when it is looked up, and stays as it is here.
pub(crate) fn canonical_domain(domain: &str) -> String {
    mail::domain::canonical(domain).unwrap_or_else(|_| domain.to_lowercase())
}

/// The domain of `address`, as written.
pub(crate) fn domain_of(address: &str) -> Result<&str, QueueError> {
    match address.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => Ok(domain),
        _ => Err(QueueError::BadAddress { address: address.to_owned() }),
    }
}

pub(crate) fn open_envelope(key: &Key<Organisation>, message: i64, sealed: &[u8]) -> Result<Envelope, QueueError> {
    decode(&key.sealing().open("queue envelope", &envelope_place(message), sealed)?, "envelope", message)
}

pub(crate) fn open_recipient(
    key: &Key<Organisation>,
    message: i64,
    number: i64,
    sealed: &[u8],
) -> Result<NewRecipient, QueueError> {
    let plain = key.sealing().open("queue recipient", &recipient_place(message, number), sealed)?;
    decode(&plain, "recipient", message)
}

pub(crate) fn open_progress(
    key: &Key<Organisation>,
    message: i64,
    number: i64,
    sealed: Option<&[u8]>,
) -> Result<Progress, QueueError> {
    let Some(sealed) = sealed else { return Ok(Progress::default()) };
    decode(&key.sealing().open("queue outcome", &outcome_place(message, number), sealed)?, "outcome", message)
}

pub(crate) fn seal_progress(
    tx: &Tx<'_>,
    key: &Key<Organisation>,
    message: i64,
    number: i64,
    progress: &Progress,
) -> Result<Vec<u8>, QueueError> {
    let plain = encode(progress, "outcome", message)?;
    Ok(key.sealing().seal(&*tx.context().entropy, &outcome_place(message, number), &plain))
}

fn encode<T: Serialize>(value: &T, what: &'static str, message: i64) -> Result<Vec<u8>, QueueError> {
    let mut plain = vec![SEALED_FORM];
    serde_json::to_writer(&mut plain, value).map_err(|_| QueueError::Unreadable { what, message })?;
    Ok(plain)
}

fn decode<T: DeserializeOwned>(plain: &[u8], what: &'static str, message: i64) -> Result<T, QueueError> {
    match plain.split_first() {
        Some((&SEALED_FORM, json)) => {
            serde_json::from_slice(json).map_err(|_| QueueError::Unreadable { what, message })
        }
        _ => Err(QueueError::Unreadable { what, message }),
    }
}

fn envelope_place(message: i64) -> Vec<u8> {
    place(b"queue_message.envelope", &[message])
}

fn recipient_place(message: i64, number: i64) -> Vec<u8> {
    place(b"queue_recipient.recipient", &[message, number])
}

fn outcome_place(message: i64, number: i64) -> Vec<u8> {
    place(b"queue_recipient.outcome", &[message, number])
}

fn place(column: &[u8], row: &[i64]) -> Vec<u8> {
    let mut place = column.to_vec();
    row.iter().for_each(|number| place.extend_from_slice(&number.to_le_bytes()));
    place
}
