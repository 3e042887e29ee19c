//! Which messages belong to one conversation.
//!
//! A message joins the thread of the nearest message that it refers to, provided the base subject is the same (RFC 8621
//! section 3, RFC 5256 section 2.1). What it refers to is remembered under keyed hashes, so that a message that arrives after
//! its answer joins the answer's thread. The thread of a message never changes afterwards, as clients may rely on (RFC 8474
//! section 5.2, RFC 8621 section 4.1.1): where a message connects two threads it joins the one and the other stays.

use crypto::keys::{Account, Key};
use smallvec::SmallVec;
use store::{Tx, params};

use crate::MailboxError;

/// Messages that one message is linked to: itself and the nearest that it refers to.
pub(crate) const LINKS_MAX: usize = 16;

/// What a message is linked by, nearest first after itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Links(Vec<Vec<u8>>);

impl Links {
    /// The links of a message with this base subject and Message-ID to those that it refers to, furthest first.
    pub(crate) fn new<'a>(
        subject_base: &str,
        message_id: Option<&'a str>,
        references: impl DoubleEndedIterator<Item = &'a str>,
    ) -> Self {
        let ids = message_id.into_iter().chain(references.rev()).filter(|id| !id.is_empty());
        let mut links: Vec<Vec<u8>> = Vec::new();
        for id in ids {
            let link = [b"thread:", id.as_bytes(), b"\0", subject_base.as_bytes()].concat();
            if links.len() < LINKS_MAX && !links.contains(&link) {
                links.push(link);
            }
        }
        Self(links)
    }
}

/// The thread that a message with these links belongs to; links that are new will lead to it.
pub(crate) fn assign(tx: &mut Tx<'_>, account: i64, key: &Key<Account>, links: &Links) -> Result<i64, MailboxError> {
    let hashes: SmallVec<[i64; LINKS_MAX]> = links.0.iter().map(|link| key.hashing().hash_i64(link)).collect();
    let mut known: SmallVec<[(i64, i64); LINKS_MAX]> = SmallVec::new();
    for hash in &hashes {
        let thread = tx.row(
            "SELECT thread FROM thread_ref WHERE account = $1 AND reference = $2",
            params![account, *hash],
            |row| row.int(0),
        )?;
        known.extend(thread.map(|thread| (*hash, thread)));
    }
    // The nearest that it refers to, or what refers to it, which comes first among the links.
    let own = hashes.first();
    let referred = known.iter().find(|(hash, _)| Some(hash) != own).or(known.first());
    let thread = referred.map_or_else(|| tx.next_id(), |&(_, thread)| thread);
    for hash in hashes {
        if !known.iter().any(|&(known, _)| known == hash) {
            tx.execute(
                "INSERT INTO thread_ref (account, reference, thread) VALUES ($1, $2, $3)",
                params![account, hash, thread],
            )?;
        }
    }
    Ok(thread)
}
