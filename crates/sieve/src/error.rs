/// What is wrong with a script, with the line where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ScriptError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong and what to write instead.
    pub what: String,
}

impl ScriptError {
    pub(crate) fn new(line: u32, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }

    /// The same script is wrong each time.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

/// Why a run of a script could not be finished: then the message is kept (RFC 5228 section 2.10.6).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct RunError {
    /// The line of the command.
    pub line: u32,
    /// What went wrong and what to change.
    pub why: RunFault,
}

impl RunError {
    /// Another message may do.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

/// What can go wrong while a script runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunFault {
    /// [`crate::limits::STEPS_MAX`].
    #[error("the script takes too much work for this message; make patterns and lists shorter")]
    Steps,
    /// [`crate::limits::ACTIONS_MAX`].
    #[error("the script asks for more than {max} actions; use fewer")]
    Actions {
        /// How many there may be.
        max: usize,
    },
    /// [`crate::limits::REDIRECTS_MAX`].
    #[error("the script sends the message on to more than {max} addresses; use a group instead")]
    Redirects {
        /// How many there may be.
        max: usize,
    },
    /// Actions that exclude one another (RFC 5429 section 2.4, RFC 5230 section 4.7).
    #[error("{one} cannot be combined with {other}; put one of them behind a condition")]
    Conflict {
        /// The one.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// What came out of variables is no address.
    #[error("{address:?} is no address that mail can be sent to; write one as name@domain")]
    Address {
        /// What it is.
        address: String,
    },
    /// What came out of variables cannot be a mailbox.
    #[error("the name of the mailbox is empty; give one")]
    Mailbox,
}
