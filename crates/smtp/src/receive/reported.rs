//! Reports of others in mail that comes in: read before the transaction, kept in it.

use judgement::{JudgementError, complaints};
use reports::ReportError;
use reports::received::{self, Arrival, Sealed};
use store::{Context, Tx};
use tokio::sync::SemaphorePermit;

use super::conversation::Conversation;
use super::recipients::{Home, Taken};

/// To whom DMARC reports on our domains are sent, as the proposed zone says.
const POSTMASTER: &str = "postmaster";

/// What others report, to be kept in the message's transaction.
#[derive(Debug, Clone)]
pub(super) enum Report {
    /// Of our domains, or of connections to us.
    Domain(Sealed),
    /// Of a message, to this organisation.
    Complaint(i64, complaints::Received),
}

impl Report {
    /// Keeps it, once however often it comes.
    pub(super) fn keep<E: From<ReportError> + From<JudgementError>>(&self, tx: &mut Tx<'_>) -> Result<bool, E> {
        match self {
            Self::Domain(report) => Ok(received::keep(tx, report)?),
            Self::Complaint(organisation, complaint) => Ok(complaints::keep(tx, *organisation, complaint)?),
        }
    }
}

/// A report that may be in a message.
pub(super) struct Reading<'r> {
    /// What is known of the message.
    pub(super) asked: Asked,
    /// The turn to read it: few are read at once.
    pub(super) turn: SemaphorePermit<'r>,
}

/// What is known of a message that may hold a report.
pub(super) struct Asked {
    author: Option<String>,
    to_postmaster: bool,
    reads_dmarc: bool,
    /// Whose address for complaints it is for.
    complaints_of: Option<i64>,
}

impl Asked {
    fn arrival<'a>(&'a self, raw: &'a [u8]) -> Arrival<'a> {
        let Self { author, to_postmaster, reads_dmarc, complaints_of: _ } = self;
        Arrival { raw, author: author.as_deref(), to_postmaster: *to_postmaster, reads_dmarc: *reads_dmarc }
    }

    /// The report, ready to be kept, if there is one. Takes time and memory.
    pub(super) fn read(&self, raw: &[u8], context: &Context) -> Option<Report> {
        if let Some(organisation) = self.complaints_of
            && let Some(complaint) = complaints::read(raw, self.author.as_deref())
        {
            return Some(Report::Complaint(organisation, complaint));
        }
        let found = received::recognise(&self.arrival(raw))?;
        found.seal(context, self.author.as_deref(), context.clock.now()).map(Report::Domain)
    }

    fn is_candidate(&self, raw: &[u8]) -> bool {
        received::is_candidate(&self.arrival(raw)) || (self.complaints_of.is_some() && complaints::is_candidate(raw))
    }
}

impl Conversation<'_> {
    /// Whether a report may be in the message: mail of others to one of ours with the header of one. Waits for its turn.
    pub(super) async fn reading(&self, origin: Option<&queue::Origin>, body: &[u8]) -> Option<Reading<'_>> {
        let here = |taken: &&Taken| matches!(taken.home, Home::Here { .. } | Home::Group { .. });
        if self.principal.is_some() || !self.taken.iter().any(|taken| here(&taken)) {
            return None;
        }
        let is_postmaster = |taken: &Taken| taken.address.local.eq_ignore_ascii_case(POSTMASTER);
        let receiver = &self.door.receiver;
        let asked = Asked {
            author: origin.and_then(|origin| origin.author.clone()),
            to_postmaster: self.taken.iter().filter(here).any(is_postmaster),
            reads_dmarc: receiver.reporting.reads_dmarc,
            complaints_of: self.taken.iter().find_map(|taken| match taken.home {
                Home::Here { organisation, .. } | Home::Group { organisation, .. }
                    if receiver.judging.reads_complaints_at(&taken.address) =>
                {
                    Some(organisation)
                }
                _ => None,
            }),
        };
        if !asked.is_candidate(body) {
            return None;
        }
        // The semaphore is never closed.
        let turn = receiver.reading.acquire().await.ok()?;
        Some(Reading { asked, turn })
    }
}
