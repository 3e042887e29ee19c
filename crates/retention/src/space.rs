//! What takes the room of an account: large attached files, those that nobody has opened, those that are there twice, and what its owner keeps
//! here that never was mail.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use mail::message::{Envelope, EnvelopeAddress, SummaryRef};
use mailbox::Flags;
use store::{Tx, params};

use crate::RetentionError;

/// From this size on a message counts as large, in bytes.
pub const LARGE_BYTES: u64 = 1 << 20;

/// Large messages that are looked at, the largest first.
const LOOKED_MAX: i64 = 5_000;

/// How long a large message lies unopened before it is told of.
const UNOPENED_AFTER: Duration = Duration::from_secs(30 * 86_400);

/// From this share of the room on, what never was mail makes a mailbox a store of files, in percent.
const FILES_PERCENT: u64 = 50;

/// Less than this is no store of files, in bytes.
const FILES_BYTES_MIN: u64 = 100 << 20;

/// How many, and how large together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heap {
    /// How many.
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Heap {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

/// What takes an account's room. No word of its mail is in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Space {
    /// All that it holds.
    pub all: Heap,
    /// Bytes that it may hold; 0 for no limit.
    pub quota_bytes: u64,
    /// Messages of [`LARGE_BYTES`] and more; at most as many are looked at as are counted here.
    pub large: Heap,
    /// Files attached to those.
    pub attached: Heap,
    /// Large messages with files that came a month ago and that nobody has opened.
    pub unopened: Heap,
    /// Attached files beyond the first of those with the same name, type and size.
    pub doubled: Heap,
    /// Large messages that were put here and never sent or received: drafts, and letters of the owner to himself.
    pub never_mail: Heap,
    /// Whether there are more large messages than were looked at.
    pub is_more: bool,
}

impl Space {
    /// Whether the mailbox serves as a store of files.
    #[must_use]
    pub const fn is_file_store(&self) -> bool {
        self.never_mail.bytes >= FILES_BYTES_MIN && self.never_mail.bytes * 100 >= self.all.bytes * FILES_PERCENT
    }
}

/// Looks at the largest messages of an account: their structure is opened, not their content.
///
/// # Errors
/// If there is no such account, or the store fails.
pub fn space(tx: &mut Tx<'_>, account: i64) -> Result<Space, RetentionError> {
    let usage = mailbox::usage(tx, account)?;
    let mut found = Space {
        all: Heap { count: usage.messages, bytes: usage.bytes },
        quota_bytes: usage.quota_bytes,
        ..Space::default()
    };
    let own = identity::list_addresses(tx, account)?;
    let since = tx.now().millis() - i64::try_from(UNOPENED_AFTER.as_millis()).unwrap_or(i64::MAX);
    let large = large_messages(tx, account)?;
    found.is_more = large.len() > usize::try_from(LOOKED_MAX).unwrap_or(usize::MAX);
    let mut files = HashSet::new();
    let looked: Vec<&Large> = large.iter().take(usize::try_from(LOOKED_MAX).unwrap_or(usize::MAX)).collect();
    let by_id: HashMap<i64, &Large> = looked.iter().map(|message| (message.id, *message)).collect();
    let ids: Vec<i64> = looked.iter().map(|message| message.id).collect();
    for message in &looked {
        found.large.add(message.bytes);
    }
    mailbox::overview::summaries_of(tx, account, &ids, |id, summary| {
        if let (Some(message), Ok(summary)) = (by_id.get(&id), SummaryRef::parse(summary)) {
            look(message, &summary, since, &own, &mut found, &mut files);
        }
        Ok(())
    })?;
    Ok(found)
}

/// A message that is looked at.
struct Large {
    id: i64,
    bytes: u64,
    received: i64,
    is_seen: bool,
    is_draft: bool,
}

/// The largest first, one more than are looked at.
fn large_messages(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Large>, RetentionError> {
    let rows = tx.rows(
        "SELECT m.id, m.size, m.received, MAX(c.flags & $3), MAX(c.flags & $4) FROM message m
         JOIN mailbox_message c ON c.account = m.account AND c.message = m.id
         WHERE m.account = $1 AND m.size >= $2
         GROUP BY m.id, m.size, m.received ORDER BY m.size DESC, m.id LIMIT $5",
        params![
            account,
            i64::try_from(LARGE_BYTES).unwrap_or(i64::MAX),
            i64::from(Flags::SEEN),
            i64::from(Flags::DRAFT),
            LOOKED_MAX + 1
        ],
        |row| {
            Ok(Large {
                id: row.int(0)?,
                bytes: row.int(1)?.unsigned_abs(),
                received: row.int(2)?,
                is_seen: row.int(3)? != 0,
                is_draft: row.int(4)? != 0,
            })
        },
    )?;
    Ok(rows)
}

/// A file by its name, type and size.
type File = (String, String, u64);

/// What one message adds. A summary that is damaged adds nothing; the walk that mends finds it.
fn look(
    message: &Large,
    summary: &SummaryRef<'_>,
    since: i64,
    own: &[String],
    found: &mut Space,
    files: &mut HashSet<File>,
) {
    let Ok(summary) = summary.to_summary() else { return };
    let mut has_files = false;
    for part in summary.structure.leaves().filter(|part| part.is_attachment()) {
        let bytes = u64::from(part.body_end.saturating_sub(part.body_start));
        let kind = format!("{}/{}", part.media_type, part.subtype);
        has_files = true;
        found.attached.add(bytes);
        if !files.insert((part.file_name().unwrap_or_default(), kind, bytes)) {
            found.doubled.add(bytes);
        }
    }
    if has_files && !message.is_seen && message.received < since {
        found.unopened.add(message.bytes);
    }
    if message.is_draft || is_to_oneself(&summary.envelope, own) {
        found.never_mail.add(message.bytes);
    }
}

/// Whether the owner wrote it to nobody but himself.
fn is_to_oneself(envelope: &Envelope, own: &[String]) -> bool {
    let is_own = |it: &EnvelopeAddress| {
        let (Some(mailbox), Some(host)) = (&it.mailbox, &it.host) else { return false };
        own.iter().any(|known| known.eq_ignore_ascii_case(&format!("{mailbox}@{host}")))
    };
    let mut readers = envelope.to.iter().chain(&envelope.cc).chain(&envelope.bcc);
    !envelope.from.is_empty() && envelope.from.iter().all(is_own) && readers.all(is_own)
}
