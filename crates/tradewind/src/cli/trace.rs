//! The command line of the message trace.

use api::actions::{Action, TracesWanted};
use clap::{Args, Subcommand};

use super::page::PageOptions;

#[derive(Debug, Subcommand)]
pub(crate) enum TraceCommand {
    /// List messages, the latest first.
    List(Box<ListTraces>),
    /// Show what happened to a message, step by step.
    Show {
        /// Its number, as the list, the reply to the message or its Received field gives it.
        id: String,
        /// Language: en or zh.
        #[arg(long, default_value = "en")]
        language: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ListTraces {
    /// From or for this address.
    #[arg(long)]
    address: Option<String>,
    /// From or for an address at this domain.
    #[arg(long)]
    domain: Option<String>,
    /// With this Message-ID.
    #[arg(long)]
    message_id: Option<String>,
    /// That came from this address of a client.
    #[arg(long)]
    client: Option<String>,
    /// At this moment or later: 2026-11-27, or 2026-11-27T08:30:00Z.
    #[arg(long)]
    since: Option<String>,
    /// Before this moment.
    #[arg(long)]
    until: Option<String>,
    /// delivered, waiting, held, quarantined, failed, refused, put-off, passed-on, removed or pulled.
    #[arg(long)]
    outcome: Option<String>,
    /// in or out.
    #[arg(long)]
    direction: Option<String>,
    /// What the filter said: none, deliver, warn, junk, quarantine, hold or refuse.
    #[arg(long)]
    verdict: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    #[arg(long)]
    organisation: Option<String>,
    #[command(flatten)]
    page: PageOptions,
}

impl TraceCommand {
    /// What it asks for.
    pub(crate) fn action(self) -> Action {
        match self {
            Self::List(wanted) => {
                let ListTraces {
                    address,
                    domain,
                    message_id,
                    client,
                    since,
                    until,
                    outcome,
                    direction,
                    verdict,
                    organisation,
                    page: PageOptions { cursor, limit },
                } = *wanted;
                Action::TraceList(TracesWanted {
                    address,
                    domain,
                    message_id,
                    client,
                    since,
                    until,
                    outcome,
                    direction,
                    verdict,
                    organisation,
                    cursor,
                    limit,
                })
            }
            Self::Show { id, language } => Action::TraceShow { id, language },
        }
    }
}
