//! The command line of the trade-fraud guard.

use std::path::PathBuf;

use api::actions::Action;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum GuardCommand {
    /// Learn from mail of the past and judge messages by it, in the order of their dates, without a server. Nothing is kept.
    Replay(ReplayOptions),
    /// Learn from mail that lies in mailboxes, as after an import. Again goes on where it stopped.
    Learn {
        /// The account; all of the company if none is named.
        #[arg(long)]
        account: Option<String>,
        /// The company; needed if there are several and no account is named.
        #[arg(long, conflicts_with = "account")]
        organisation: Option<String>,
    },
    /// Show how far learning from mailboxes is.
    Learning {
        /// The company; needed if there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List domains that look like ours and were named by mail.
    LookAlikes {
        /// The company; needed if there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List cases that wait for finance.
    Cases {
        /// Those that are closed, too.
        #[arg(long)]
        all: bool,
        /// The company; needed if there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Show a case: the chain of evidence, both payment details, the telephone number on file, what was done.
    Explain {
        /// Its number.
        case: String,
        /// Language: en or zh.
        #[arg(long, default_value = "en")]
        language: String,
    },
    /// Note something at a case.
    Note {
        /// Its number.
        case: String,
        /// What: phoned (the number called comes first in the note), partner-told, or noted.
        what: String,
        /// In your words.
        note: String,
    },
    /// Close a case as fraud; or as honest, which takes two persons where the message is held.
    Close {
        /// Its number.
        case: String,
        /// It is honest.
        #[arg(long, conflicts_with = "fraud", required_unless_present = "fraud")]
        honest: bool,
        /// It is fraud.
        #[arg(long)]
        fraud: bool,
        /// Why.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List partners, or show one.
    Partners {
        /// The partner, by its domain; or by its address where it uses free mail. `@own` for our own payment details.
        name: Option<String>,
        /// Go on behind this row of the last list.
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// The company; needed if there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Put a partner together with another.
    Merge {
        /// The one.
        name: String,
        /// The other, whose name both have from then on.
        into: String,
        /// The company; needed if there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Take a partner apart from the one that it was put together with.
    Split {
        /// The partner.
        name: String,
        /// The company; needed if there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Forget all that is known of a partner.
    Forget {
        /// The partner.
        name: String,
        /// The company; needed if there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Say what is thought of payment details on file.
    Ledger {
        /// The partner; `@own` for our own.
        partner: String,
        /// The account, as it is listed.
        value: String,
        /// confirmed, disputed, retired or learned.
        state: String,
        /// Why.
        #[arg(long, default_value = "")]
        note: String,
        /// The company; needed if there are several.
        #[arg(long)]
        organisation: Option<String>,
    },
}

impl GuardCommand {
    /// The action; none for what needs no server.
    pub(crate) fn action(self) -> Option<Action> {
        Some(match self {
            Self::Replay(_) => return None,
            Self::Learn { account, organisation } => Action::GuardLearn { address: account, organisation },
            Self::Learning { organisation } => Action::GuardLearning { organisation },
            Self::LookAlikes { organisation } => Action::GuardAlikes { organisation },
            Self::Cases { all, organisation } => Action::GuardCases { all, organisation },
            Self::Explain { case, language } => Action::GuardCaseShow { id: case, language },
            Self::Note { case, what, note } => Action::GuardCaseNote { id: case, what, note },
            Self::Close { case, honest, note, .. } => Action::GuardCaseClose { id: case, honest, note },
            Self::Partners { name: Some(name), organisation, .. } => Action::GuardPartnerShow { name, organisation },
            Self::Partners { name: None, after, organisation } => Action::GuardPartners { after, organisation },
            Self::Merge { name, into, organisation } => Action::GuardPartnerMerge { name, into, organisation },
            Self::Split { name, organisation } => Action::GuardPartnerSplit { name, organisation },
            Self::Forget { name, organisation } => Action::GuardPartnerForget { name, organisation },
            Self::Ledger { partner, value, state, note, organisation } => {
                Action::GuardLedgerSet { partner, value, state, note, organisation }
            }
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct ReplayOptions {
    /// Mail of the past, received and sent: a Maildir, an mbox file, or a directory of these and of messages, one in each file.
    #[arg(long, required = true)]
    pub(crate) history: Vec<PathBuf>,
    /// A domain of ours; what comes from it was sent, all else was received.
    #[arg(long = "own-domain", required = true)]
    pub(crate) own_domains: Vec<String>,
    /// Messages to judge, in any of the same forms.
    #[arg(long, required = true)]
    pub(crate) messages: Vec<PathBuf>,
    /// The host of ours whose Authentication-Results fields are believed; by default the topmost field of each message is.
    #[arg(long)]
    pub(crate) trusted_host: Option<String>,
    /// What a level does with what is found: basic, enhanced or trade.
    #[arg(long, default_value = "trade")]
    pub(crate) level: String,
    /// Do not look into attached files; otherwise confined processes do.
    #[arg(long)]
    pub(crate) no_inspect: bool,
}
