//! FETCH (RFC 9051 section 6.4.5).
//!
//! What the snapshot holds is answered from it. Everything else is read a page at a time, and a page is sent while the next ones are
//! read, so that memory stays flat and both processors have work. Long contents are sent a chunk at a time.

mod content;
mod page;

use std::collections::VecDeque;
use std::sync::Arc;

use mailbox::{FlagChange, Flags, MailboxError};
use store::Tx;
use wire::imap::{Code, Fetch, FetchItem, NumberSet, SectionText, Writer};

use self::page::{Page, Piece, Reading};
use super::{Outcome, keyword_names};
use crate::answer::{Answer, ImapError};
use crate::connection::Connection;
use crate::render::date_time;

/// Messages of one page.
const PAGE_MESSAGES: usize = 500;

/// Pages that are read at the same time, ahead of the one that is sent.
const PAGES_AHEAD: usize = 3;

/// Bytes of content of one page; a page has at least one message.
const PAGE_CONTENT_BYTES: usize = 512 << 10;

/// Bytes of a long content that are read and sent at a time.
const CHUNK_BYTES: u64 = 256 << 10;

/// What is fetched of each message.
struct Wanted {
    items: Vec<FetchItem>,
    with_uid: bool,
}

impl Wanted {
    fn new(fetch: &Fetch, tells_flags: bool, condstore: bool) -> Self {
        let mut items = fetch.items.clone();
        if tells_flags && !items.contains(&FetchItem::Flags) {
            items.push(FetchItem::Flags);
        }
        // RFC 7162 section 3.1.4.1: with CHANGEDSINCE the modseq is always told.
        if (fetch.changed_since.is_some() || tells_flags && condstore) && !items.contains(&FetchItem::ModSeq) {
            items.push(FetchItem::ModSeq);
        }
        let with_uid = fetch.uid && !items.contains(&FetchItem::Uid);
        Self { items, with_uid }
    }

    /// Whether everything is in the snapshot.
    fn is_light(&self) -> bool {
        self.items.iter().all(|item| {
            matches!(
                item,
                FetchItem::Uid
                    | FetchItem::Flags
                    | FetchItem::InternalDate
                    | FetchItem::Rfc822Size
                    | FetchItem::ModSeq
                    | FetchItem::EmailId
            )
        })
    }

    /// Whether anything is told that is in the summary: what is known of a message without its content, parts of it included.
    fn needs_summary(&self) -> bool {
        self.items.iter().any(|item| match item {
            FetchItem::Section { section, .. } => !section.part.is_empty() || section.text != SectionText::Whole,
            FetchItem::Rfc822
            | FetchItem::Uid
            | FetchItem::Flags
            | FetchItem::InternalDate
            | FetchItem::Rfc822Size
            | FetchItem::ModSeq
            | FetchItem::EmailId
            | FetchItem::ThreadId
            | FetchItem::SaveDate => false,
            _ => true,
        })
    }

    fn needs_content(&self) -> bool {
        self.items.iter().any(FetchItem::needs_content)
    }
}

impl Connection<'_> {
    pub(super) async fn fetch(&mut self, fetch: Fetch) -> Outcome {
        let enabled = self.session.enabled();
        let Some(selected) = &self.selected else { return Ok(Answer::bad("no mailbox is selected")) };
        if !fetch.uid && selected.is_beyond(&fetch.set) {
            return Ok(Answer::bad("no such message"));
        }
        let mut positions = selected.positions(fetch.uid, &fetch.set, &self.saved);
        if let Some(since) = fetch.changed_since {
            let entries = &selected.entries;
            positions.retain(|at| entries.get(*at).is_some_and(|entry| entry.modseq.unsigned_abs() > since));
            if fetch.vanished {
                self.tell_vanished(&fetch, since).await?;
            }
        }
        let newly_seen = self.mark_seen(&fetch, &positions).await?;
        let wanted = Wanted::new(&fetch, newly_seen, enabled.condstore);
        if wanted.is_light() {
            self.fetch_light(&wanted, &positions).await?;
            return Ok(Answer::ok("fetched"));
        }
        self.fetch_pages(wanted, &positions).await
    }

    /// VANISHED (EARLIER) (RFC 7162 section 3.2.6).
    async fn tell_vanished(&mut self, fetch: &Fetch, since: u64) -> Result<(), ImapError> {
        let account = self.selected_account();
        let Some(selected) = &self.selected else { return Ok(()) };
        let (mailbox, uidnext) = (selected.mailbox, selected.uidnext);
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        let gone = self.server.store.read(move |tx| mailbox::expunged_since(tx, account, mailbox, since)).await?;
        let asked = fetch.set.resolve(uidnext.saturating_sub(1));
        let gone = gone.iter().flat_map(|range| range.first..=range.last).filter(|uid| asked.contains(*uid));
        let gone = NumberSet::from_ascending(gone);
        if !gone.is_empty() {
            self.writer().vanished(&gone, true);
        }
        Ok(())
    }

    /// Sets \Seen on what is read, all at once; says whether any message got it.
    async fn mark_seen(&mut self, fetch: &Fetch, positions: &[usize]) -> Result<bool, ImapError> {
        if !fetch.items.iter().any(FetchItem::sets_seen) {
            return Ok(false);
        }
        let account = self.selected_account();
        let Some(selected) = self.selected.as_ref().filter(|selected| !selected.read_only) else { return Ok(false) };
        let unseen: Vec<usize> = positions
            .iter()
            .copied()
            .filter(|at| selected.entries.get(*at).is_some_and(|entry| !entry.flags().has(Flags::SEEN)))
            .collect();
        if unseen.is_empty() {
            return Ok(false);
        }
        let (mailbox, ranges) = (selected.mailbox, selected.ranges(&unseen));
        let outcome = self
            .server
            .store
            .write(move |tx| {
                let change = FlagChange::Add(Flags::system(Flags::SEEN));
                mailbox::store_flags(tx, account, mailbox, &ranges, change, None)
            })
            .await?;
        if let Some(selected) = &mut self.selected {
            for changed in &outcome.changed {
                selected.set_flags(changed.uid, changed.flags, outcome.modseq);
            }
        }
        Ok(true)
    }

    /// Answers from the snapshot alone.
    async fn fetch_light(&mut self, wanted: &Wanted, positions: &[usize]) -> Result<(), ImapError> {
        for at in positions {
            if let Some(selected) = &self.selected
                && let Some(entry) = selected.entries.get(*at)
            {
                let utf8 = self.session.enabled().utf8();
                let mut fetch = Writer::new(&mut self.out, utf8).fetch(u32::try_from(at + 1).unwrap_or(u32::MAX));
                if wanted.with_uid {
                    fetch.uid(entry.uid);
                }
                for item in &wanted.items {
                    match item {
                        FetchItem::Uid => fetch.uid(entry.uid),
                        FetchItem::Flags => {
                            let system = selected.system_flags(entry);
                            if entry.keywords == 0 {
                                fetch.flags(system, []);
                            } else {
                                fetch.flags(system, keyword_names(&self.keywords, entry.keywords));
                            }
                        }
                        FetchItem::InternalDate => fetch.internal_date(date_time(entry.received())),
                        FetchItem::Rfc822Size => fetch.size(u64::from(entry.size)),
                        FetchItem::ModSeq => fetch.mod_seq(entry.modseq.unsigned_abs()),
                        FetchItem::EmailId => fetch.email_id(&mailbox::object_id::show(entry.message)),
                        _ => {}
                    }
                }
                fetch.finish();
            }
            self.flush_full().await?;
        }
        Ok(())
    }

    /// Reads page after page, some ahead of the one that is sent.
    async fn fetch_pages(&mut self, wanted: Wanted, positions: &[usize]) -> Outcome {
        let wanted = Arc::new(wanted);
        let mut pages = self.divide(&wanted, positions).into_iter();
        let mut is_whole = true;
        let mut reading = VecDeque::new();
        loop {
            while reading.len() < PAGES_AHEAD
                && let Some(page) = pages.next()
            {
                reading.push_back(tokio::spawn(self.read_page(&wanted, page)));
            }
            let Some(next) = reading.pop_front() else { break };
            let Ok(page) = next.await else {
                return Ok(Answer::no(Code::ServerBug, "reading the messages failed"));
            };
            let page = page?;
            is_whole &= page.is_whole;
            self.send_page(page).await?;
        }
        if is_whole {
            Ok(Answer::ok("fetched"))
        } else {
            // RFC 9051 section 7.1, EXPUNGEISSUED: another session has removed some of them.
            Ok(Answer::no(Code::ExpungeIssued, "some of the messages are gone"))
        }
    }

    fn divide(&self, wanted: &Wanted, positions: &[usize]) -> Vec<Page> {
        let Some(selected) = &self.selected else { return Vec::new() };
        let content = wanted.needs_content();
        let mut pages = Vec::new();
        let (mut page, mut bytes) = (Vec::new(), 0);
        for at in positions {
            let Some(entry) = selected.entries.get(*at) else { continue };
            let size = if content { entry.size as usize } else { 0 };
            if page.len() >= PAGE_MESSAGES || !page.is_empty() && bytes + size > PAGE_CONTENT_BYTES {
                pages.push(Page::new(std::mem::take(&mut page)));
                bytes = 0;
            }
            bytes += size;
            let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            page.push((number, *entry, selected.system_flags(entry)));
        }
        if !page.is_empty() {
            pages.push(Page::new(page));
        }
        pages
    }

    /// Renders a page on a thread that may block. Does not borrow the connection, which meanwhile sends.
    fn read_page(
        &self,
        wanted: &Arc<Wanted>,
        page: Page,
    ) -> impl Future<Output = Result<page::Rendered, MailboxError>> + Send + 'static {
        let (store, opened) = (self.server.store.clone(), Arc::clone(&self.server.summaries));
        let (account, mailbox) =
            (self.selected_account(), self.selected.as_ref().map_or(0, |selected| selected.mailbox));
        let (wanted, keywords) = (Arc::clone(wanted), self.keywords.clone());
        let utf8 = self.session.enabled().utf8();
        async move {
            let blobs = store.clone();
            let render = move |tx: &mut Tx<'_>| {
                let (blobs, keywords) = (blobs.blobs(), keywords.as_slice());
                let opened = &*opened;
                page.render(tx, &Reading { opened, blobs, account, mailbox, wanted: &wanted, keywords, utf8 })
            };
            store.read(render).await
        }
    }

    async fn send_page(&mut self, rendered: page::Rendered) -> Result<(), ImapError> {
        for piece in rendered.pieces {
            match piece {
                Piece::Bytes(bytes) => self.send_part(&bytes).await?,
                Piece::Content { source, range } => {
                    let mut at = range.start;
                    while at < range.end {
                        let end = range.end.min(at + CHUNK_BYTES);
                        let (store, source) = (self.server.store.clone(), Arc::clone(&source));
                        let reading = tokio::task::spawn_blocking(move || {
                            let mut chunk = Vec::new();
                            source.reader(store.blobs()).read_range(at..end, &mut chunk).map(|()| chunk)
                        });
                        let chunk = reading.await.map_err(|_| broken())?.map_err(|error| {
                            tracing::error!(%error, "a message cannot be read");
                            broken()
                        })?;
                        self.send_part(&chunk).await?;
                        at = end;
                    }
                }
            }
        }
        Ok(())
    }
}

/// In the middle of a literal nothing can be told any more: the connection has to end.
fn broken() -> ImapError {
    ImapError::Stream(net::StreamError::Io(std::io::Error::other("a message cannot be read")))
}
