//! Which command is allowed when (RFC 9051 section 6).

use super::{Code, Reply, Session, State};
use crate::imap::command::{Command, StatusItem};
use crate::imap::fetch::FetchItem;

/// The states in which a command makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    NobodySignedIn,
    SignIn,
    NoSelection,
    Selection,
}

const fn needs(command: &Command) -> Needs {
    match command {
        Command::Capability | Command::Noop | Command::Logout | Command::Id(_) => Needs::Nothing,
        Command::StartTls | Command::Authenticate { .. } | Command::Login { .. } => Needs::NobodySignedIn,
        // RFC 9051 section 6.3.1: before any mailbox is selected
        Command::Enable(_) => Needs::NoSelection,
        Command::Check
        | Command::Close
        | Command::Unselect
        | Command::Expunge(_)
        | Command::Search(_)
        | Command::Sort(_)
        | Command::Thread(_)
        | Command::Fetch(_)
        | Command::Store(_)
        | Command::Copy(_)
        | Command::Move(_) => Needs::Selection,
        _ => Needs::SignIn,
    }
}

impl Session {
    /// Whether the command is allowed here; if not, the answer.
    pub(super) fn check(&self, command: &Command) -> Result<(), Reply<'static>> {
        let is_signed_in = self.state != State::NotAuthenticated;
        match (needs(command), self.state) {
            (Needs::NobodySignedIn, _) if is_signed_in => Err(Reply::bad("already signed in")),
            (Needs::SignIn | Needs::NoSelection | Needs::Selection, State::NotAuthenticated) => {
                Err(Reply::bad("sign in first"))
            }
            (Needs::Selection, State::Authenticated) => Err(Reply::bad("no mailbox is selected")),
            (Needs::NoSelection, State::Selected { .. }) => Err(Reply::bad("not while a mailbox is selected")),
            _ => self.check_layer(command).and_then(|()| self.check_arguments(command)),
        }
    }

    /// Rules about TLS and compression.
    fn check_layer(&self, command: &Command) -> Result<(), Reply<'static>> {
        match command {
            Command::StartTls if self.is_tls => Err(Reply::bad("TLS is already in use")),
            Command::StartTls if !self.settings.starttls => Err(Reply::bad("TLS is not available")),
            // RFC 9051 sections 6.2.3 and 11.3: no password in clear
            Command::Login { .. } | Command::Authenticate { .. } if !self.is_tls => {
                Err(Reply::no("sign-in needs TLS").with(Code::PrivacyRequired))
            }
            Command::Authenticate { mechanism, .. }
                if !self.settings.mechanisms.contains(mechanism) || self.withheld.contains(&mechanism.as_str()) =>
            {
                Err(Reply::no("mechanism not offered"))
            }
            // RFC 4978 section 3
            Command::Compress if self.is_compressed => {
                Err(Reply::no("already compressed").with(Code::CompressionActive))
            }
            Command::Compress if !self.settings.compress => Err(Reply::no("compression is not offered")),
            _ => Ok(()),
        }
    }

    /// Rules about what has been enabled and selected.
    fn check_arguments(&self, command: &Command) -> Result<(), Reply<'static>> {
        let read_only = matches!(self.state, State::Selected { read_only: true });
        match command {
            // RFC 7162 section 3.2.5
            Command::Select(select) if select.qresync.is_some() && !self.enabled.qresync => {
                Err(Reply::bad("enable QRESYNC first"))
            }
            Command::Fetch(fetch) if fetch.vanished && !self.enabled.qresync => Err(Reply::bad("enable QRESYNC first")),
            Command::Append { messages, .. } => {
                if messages.iter().any(|message| message.is_utf8) && !self.enabled.utf8() {
                    return Err(Reply::bad("enable UTF8=ACCEPT first"));
                }
                // RFC 3502 section 6.3.11: an empty message takes the APPEND back.
                if messages.iter().any(|message| message.data.is_empty()) {
                    return Err(Reply::no("cancelled by an empty message"));
                }
                Ok(())
            }
            Command::Store(_) | Command::Expunge(_) | Command::Move(_) if read_only => {
                Err(Reply::no("mailbox is open for reading only"))
            }
            _ => Ok(()),
        }
    }
}

/// Commands that enable CONDSTORE by themselves (RFC 7162 section 3.1).
pub(super) fn implies_condstore(command: &Command) -> bool {
    match command {
        Command::Select(select) => select.condstore || select.qresync.is_some(),
        Command::Status { items, .. } => items.contains(&StatusItem::HighestModSeq),
        Command::Fetch(fetch) => fetch.changed_since.is_some() || fetch.items.contains(&FetchItem::ModSeq),
        Command::Store(store) => store.unchanged_since.is_some(),
        Command::Search(search) => search.key.uses_mod_seq(),
        Command::Sort(sort) => sort.key.uses_mod_seq(),
        Command::Thread(thread) => thread.key.uses_mod_seq(),
        _ => false,
    }
}
