//! Some messages of a FETCH, read and rendered together.

use std::ops::Range;
use std::sync::Arc;

use env::Timestamp;
use mail::message::SummaryRef;
use mailbox::{Entry, MailboxError, OpenedSummaries, Source, UidRange};
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
    origin: Origin,
}

/// Where a message belongs and when it came.
#[derive(Debug, Clone, Copy, Default)]
struct Origin {
    thread: i64,
    saved: Timestamp,
}

/// What a page is rendered from, beside its messages.
pub(super) struct Reading<'r> {
    pub(super) opened: &'r OpenedSummaries,
    pub(super) blobs: &'r Blobs,
    pub(super) account: i64,
    pub(super) mailbox: i64,
    pub(super) wanted: &'r Wanted,
    /// Names of the account's keywords.
    pub(super) keywords: &'r [String],
    pub(super) utf8: bool,
}

impl Page {
    pub(super) fn new(messages: Vec<(u32, Entry, SystemFlags)>) -> Self {
        Self(messages)
    }

    /// Renders the page's responses. A message that another session has removed is left out.
    pub(super) fn render(&self, tx: &mut Tx<'_>, reading: &Reading<'_>) -> Result<Rendered, MailboxError> {
        let loaded = self.load(tx, reading)?;
        let mut output = Output { pieces: Vec::new(), bytes: Vec::new() };
        let mut rendered = 0;
        let mut render = |at: usize, summary: Option<SummaryRef<'_>>| {
            let (Some((number, entry, flags)), Some((source, origin))) = (self.0.get(at), loaded.at(at)) else {
                return Ok(());
            };
            let message = Message { entry, summary, source, origin };
            rendered += 1;
            render_message(*number, &message, *flags, reading, &mut output)
        };
        if reading.wanted.needs_summary() {
            self.with_summaries(tx, reading, render)?;
        } else {
            (0..self.0.len()).try_for_each(|at| render(at, None))?;
        }
        Ok(Rendered { pieces: output.finish(), is_whole: rendered == self.0.len() })
    }

    /// Calls `render` with the place of each message in the page and its summary.
    fn with_summaries(
        &self,
        tx: &mut Tx<'_>,
        reading: &Reading<'_>,
        mut render: impl FnMut(usize, Option<SummaryRef<'_>>) -> Result<(), MailboxError>,
    ) -> Result<(), MailboxError> {
        let uids: Vec<u32> = self.0.iter().map(|(_, entry, _)| entry.uid).collect();
        let mut next = self.0.iter().enumerate().peekable();
        let mut failure = None;
        let visited = reading.opened.visit(tx, reading.account, reading.mailbox, &uids, |uid, summary| {
            while next.next_if(|(_, (_, entry, _))| entry.uid < uid).is_some() {}
            let Some((at, (_, entry, _))) = next.next_if(|(_, (_, entry, _))| entry.uid == uid) else { return Ok(()) };
            let summary = SummaryRef::parse(summary)
                .map_err(|error| StoreError::Corrupt { what: format!("message {}: {error}", entry.message) })?;
            match render(at, Some(summary)) {
                Ok(()) => Ok(()),
                Err(MailboxError::Store(error)) => Err(error),
                Err(error) => {
                    failure = Some(error);
                    Err(StoreError::Abandoned("a message cannot be read"))
                }
            }
        });
        visited.map_err(|error| failure.take().unwrap_or(error))
    }

    fn load(&self, tx: &mut Tx<'_>, reading: &Reading<'_>) -> Result<Loaded, MailboxError> {
        let (account, mailbox) = (reading.account, reading.mailbox);
        let ranges = UidRange::collect(self.0.iter().map(|(_, entry, _)| entry.uid));
        let mut loaded = Loaded::default();
        if reading.wanted.needs_content() {
            let mut found = Vec::with_capacity(self.0.len());
            mailbox::sources(tx, account, mailbox, &ranges, |uid, source| {
                found.push((uid, Arc::new(source)));
                Ok(())
            })?;
            loaded.sources = Some(self.by_place(&found));
        }
        if reading.wanted.items.iter().any(|item| matches!(item, FetchItem::ThreadId | FetchItem::SaveDate)) {
            let mut found = Vec::with_capacity(self.0.len());
            mailbox::objects(tx, account, mailbox, &ranges, |object| {
                found.push((object.uid, Origin { thread: object.thread, saved: object.saved }));
                Ok(())
            })?;
            loaded.origins = Some(self.by_place(&found));
        }
        Ok(loaded)
    }

    /// What was `found` for each message of the page; `found` is in the order of UIDs.
    fn by_place<T: Clone>(&self, found: &[(u32, T)]) -> Vec<Option<T>> {
        let mut found = found.iter().peekable();
        let of = |entry: &Entry| {
            while found.next_if(|(uid, _)| *uid < entry.uid).is_some() {}
            found.next_if(|(uid, _)| *uid == entry.uid).map(|(_, it)| it.clone())
        };
        self.0.iter().map(|(_, entry, _)| entry).map(of).collect()
    }
}

/// What was read of a page's messages, by their places; none of a kind that nobody wants.
#[derive(Default)]
struct Loaded {
    sources: Option<Vec<Option<Arc<Source>>>>,
    origins: Option<Vec<Option<Origin>>>,
}

impl Loaded {
    /// What was read of the message at a place; nothing if the message was gone.
    fn at(&self, at: usize) -> Option<(Option<&Arc<Source>>, Origin)> {
        let source = match &self.sources {
            Some(sources) => Some(sources.get(at)?.as_ref()?),
            None => None,
        };
        let origin = match &self.origins {
            Some(origins) => (*origins.get(at)?)?,
            None => Origin::default(),
        };
        Some((source, origin))
    }
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

fn render_message(
    number: u32,
    message: &Message<'_>,
    flags: SystemFlags,
    reading: &Reading<'_>,
    output: &mut Output,
) -> Result<(), MailboxError> {
    let mut fetch = Writer::new(&mut output.bytes, reading.utf8).fetch(number);
    if reading.wanted.with_uid {
        fetch.uid(message.entry.uid);
    }
    let mut is_first = !reading.wanted.with_uid;
    for item in &reading.wanted.items {
        if item.needs_content() {
            fetch = content::render(item, message, reading.utf8, is_first, reading.blobs, output)?;
        } else {
            if matches!(item, FetchItem::Flags) {
                fetch.flags(flags, keyword_names(reading.keywords, message.entry.keywords));
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
        FetchItem::EmailId => fetch.email_id(&mailbox::object_id::show(entry.message)),
        FetchItem::ThreadId => fetch.thread_id(&mailbox::object_id::show(message.origin.thread)),
        FetchItem::SaveDate => fetch.save_date(Some(date_time(message.origin.saved))),
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
