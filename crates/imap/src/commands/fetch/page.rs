//! Some messages of a FETCH, read and rendered together.

use std::ops::Range;
use std::sync::Arc;

use mail::message::SummaryRef;
use mailbox::{Entry, MailboxError, Source, UidRange};
use store::{Blobs, StoreError, Tx};
use wire::imap::{FetchItem, FetchWriter, SystemFlags, Writer};

use super::{Wanted, content};
use crate::commands::keyword_names;
use crate::render::{body_structure, date_time, envelope};

/// Contents from this length on are sent by themselves.
const LONG_BYTES: u64 = 256 << 10;

/// What is to be sent.
pub(super) enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A part of a message, read as it is sent.
    Content { source: Arc<Source>, range: Range<u64> },
}

/// A page ready to be sent.
pub(super) struct Rendered {
    pub(super) pieces: Vec<Piece>,
    /// No message of the page is gone.
    pub(super) is_whole: bool,
}

/// Messages with their numbers and the flags as this session shows them.
pub(super) struct Page(Vec<(u32, Entry, SystemFlags)>);

/// What is at hand of one message.
pub(super) struct Message<'m> {
    pub(super) entry: &'m Entry,
    pub(super) summary: Option<SummaryRef<'m>>,
    pub(super) source: Option<&'m Arc<Source>>,
    thread: i64,
    saved: env::Timestamp,
}

impl Page {
    pub(super) fn new(messages: Vec<(u32, Entry, SystemFlags)>) -> Self {
        Self(messages)
    }

    /// Renders the page's responses.
    #[expect(clippy::too_many_arguments, reason = "everything comes from the one caller, which must not be borrowed")]
    pub(super) fn render(
        &self,
        tx: &mut Tx<'_>,
        blobs: &Blobs,
        account: i64,
        mailbox: i64,
        wanted: &Wanted,
        keywords: &[String],
        utf8: bool,
    ) -> Result<Rendered, MailboxError> {
        let Loaded { sources, objects } = self.load(tx, account, mailbox, wanted)?;
        let mut output = Output { pieces: Vec::new(), bytes: Vec::new() };
        let mut next = self.0.iter().enumerate().peekable();
        let mut failure = None;
        let mut rendered = 0;
        let ranges = UidRange::collect(self.0.iter().map(|(_, entry, _)| entry.uid));
        mailbox::summaries(tx, account, mailbox, &ranges, |found, summary| {
            while next.next_if(|(_, (_, entry, _))| entry.uid < found.uid).is_some() {}
            let Some((at, (number, entry, flags))) = next.next_if(|(_, (_, entry, _))| entry.uid == found.uid) else {
                return Ok(());
            };
            let parsed = SummaryRef::parse(summary);
            let summary =
                parsed.map_err(|error| StoreError::Corrupt { what: format!("message {}: {error}", entry.message) })?;
            let (thread, saved) = objects.get(at).copied().unwrap_or_default();
            let source = sources.get(at).and_then(Option::as_ref);
            let message = Message { entry, summary: Some(summary), source, thread, saved };
            let outcome = render_message(*number, &message, *flags, wanted, keywords, utf8, blobs, &mut output);
            rendered += 1;
            match outcome {
                Ok(()) => Ok(()),
                Err(MailboxError::Store(error)) => Err(error),
                Err(error) => {
                    failure = Some(error);
                    Err(StoreError::Abandoned("a message cannot be read"))
                }
            }
        })
        .map_err(|error| failure.take().unwrap_or(error))?;
        let pieces = output.finish();
        Ok(Rendered { pieces, is_whole: rendered == self.0.len() })
    }

    fn load(&self, tx: &mut Tx<'_>, account: i64, mailbox: i64, wanted: &Wanted) -> Result<Loaded, MailboxError> {
        let mut loaded = Loaded::default();
        if wanted.needs_content() {
            for (_, entry, _) in &self.0 {
                loaded.sources.push(match mailbox::source(tx, account, entry.message) {
                    Ok(source) => Some(Arc::new(source)),
                    // Another session has removed it; it is left out and told as gone.
                    Err(MailboxError::NoSuchMessage) => None,
                    Err(error) => return Err(error),
                });
            }
        }
        if wanted.items.iter().any(|item| matches!(item, FetchItem::ThreadId | FetchItem::SaveDate)) {
            let ranges = UidRange::collect(self.0.iter().map(|(_, entry, _)| entry.uid));
            let mut found = Vec::new();
            mailbox::objects(tx, account, mailbox, &ranges, |object| {
                found.push((object.uid, (object.thread, object.saved)));
                Ok(())
            })?;
            loaded.objects = self
                .0
                .iter()
                .map(|(_, entry, _)| {
                    let at = found.binary_search_by_key(&entry.uid, |(uid, _)| *uid).ok();
                    at.and_then(|at| found.get(at)).map(|(_, object)| *object).unwrap_or_default()
                })
                .collect();
        }
        Ok(loaded)
    }
}

#[derive(Default)]
struct Loaded {
    sources: Vec<Option<Arc<Source>>>,
    /// Thread and save date.
    objects: Vec<(i64, env::Timestamp)>,
}

/// Collects what is to be sent.
pub(super) struct Output {
    pieces: Vec<Piece>,
    pub(super) bytes: Vec<u8>,
}

impl Output {
    /// Adds a part of a message: read at once if it is short, else when it is sent.
    pub(super) fn content(
        &mut self,
        source: &Arc<Source>,
        blobs: &Blobs,
        range: Range<u64>,
    ) -> Result<(), MailboxError> {
        if range.end - range.start < LONG_BYTES {
            return source.reader(blobs).read_range(range, &mut self.bytes);
        }
        self.pieces.push(Piece::Bytes(std::mem::take(&mut self.bytes)));
        self.pieces.push(Piece::Content { source: Arc::clone(source), range });
        Ok(())
    }

    fn finish(mut self) -> Vec<Piece> {
        if !self.bytes.is_empty() {
            self.pieces.push(Piece::Bytes(self.bytes));
        }
        self.pieces
    }
}

#[expect(clippy::too_many_arguments, reason = "one message's share of the page's context")]
fn render_message(
    number: u32,
    message: &Message<'_>,
    flags: SystemFlags,
    wanted: &Wanted,
    keywords: &[String],
    utf8: bool,
    blobs: &Blobs,
    output: &mut Output,
) -> Result<(), MailboxError> {
    let mut fetch = Writer::new(&mut output.bytes, utf8).fetch(number);
    if wanted.with_uid {
        fetch.uid(message.entry.uid);
    }
    let mut is_first = !wanted.with_uid;
    for item in &wanted.items {
        if item.needs_content() {
            fetch = content::render(item, message, utf8, is_first, blobs, output)?;
        } else {
            if matches!(item, FetchItem::Flags) {
                fetch.flags(flags, keyword_names(keywords, message.entry.keywords));
            }
            render_known(&mut fetch, item, message)?;
        }
        is_first = false;
    }
    fetch.finish();
    Ok(())
}

/// What needs no content.
fn render_known(fetch: &mut FetchWriter<'_>, item: &FetchItem, message: &Message<'_>) -> Result<(), MailboxError> {
    let entry = message.entry;
    match item {
        FetchItem::Uid => fetch.uid(entry.uid),
        FetchItem::InternalDate => fetch.internal_date(date_time(entry.received())),
        FetchItem::Rfc822Size => fetch.size(u64::from(entry.size)),
        FetchItem::ModSeq => fetch.mod_seq(entry.modseq.unsigned_abs()),
        FetchItem::EmailId => fetch.email_id(&entry.message.to_string()),
        FetchItem::ThreadId => fetch.thread_id(&message.thread.to_string()),
        FetchItem::SaveDate => fetch.save_date(Some(date_time(message.saved))),
        FetchItem::Envelope => {
            if let Some(summary) = &message.summary {
                fetch.envelope(&envelope(&summary.envelope().map_err(|error| damaged(entry, &error))?));
            }
        }
        FetchItem::Body | FetchItem::BodyStructure => {
            if let Some(summary) = &message.summary {
                let structure = body_structure(&summary.structure().map_err(|error| damaged(entry, &error))?);
                if matches!(item, FetchItem::Body) { fetch.body(&structure) } else { fetch.body_structure(&structure) }
            }
        }
        FetchItem::Preview { .. } => {
            let preview = message.summary.as_ref().and_then(|summary| summary.preview().ok());
            fetch.preview(preview);
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn damaged(entry: &Entry, error: &mail::message::DecodeError) -> MailboxError {
    StoreError::Corrupt { what: format!("message {}: {error}", entry.message) }.into()
}
