//! The command line of evidence: checks, standards and laws, signed reports, the overview.

use std::path::PathBuf;

use api::actions::{Action, EvidenceWanted};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// List how checks come out, or items of a standard or a law by them.
    List {
        /// iso27001, gdpr, csl (网络安全法), pipl (个人信息保护法) or mlps3 (等保 2.0 三级); the checks if left out.
        framework: Option<String>,
        /// Only what is passed, failed, or needs-a-person.
        #[arg(long)]
        state: Option<String>,
        /// Language: en or zh.
        #[arg(long, default_value = "en")]
        language: String,
        /// Where to go on, as the page before says.
        #[arg(long)]
        cursor: Option<String>,
        /// Rows of a page, 200 at most.
        #[arg(long, default_value_t = 200)]
        limit: u32,
    },
    /// Show an item, or a check, with what was read and how it came out before.
    Show {
        /// As for list; "checks" for a check.
        framework: String,
        /// Number of the item, or name of the check.
        item: String,
        /// Language: en or zh.
        #[arg(long, default_value = "en")]
        language: String,
    },
    /// Look at DNS and the machine now.
    Look,
    /// Make a signed report: the document and a note that names its SHA-256.
    Report(ReportOptions),
    /// Verify a document of a report by its note and the public key, without a server.
    Verify {
        /// The document.
        file: PathBuf,
        /// The note.
        #[arg(long)]
        note: PathBuf,
        /// The audit log's public key, as somebody else wrote it down (tradewind audit head).
        #[arg(long)]
        key: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// As for list.
    pub(crate) framework: Option<String>,
    /// Language: en or zh.
    #[arg(long, default_value = "en")]
    pub(crate) language: String,
    /// Form: pdf (with the JSON) or json.
    #[arg(long, default_value = "pdf")]
    pub(crate) format: String,
    /// Directory that the files are written into.
    #[arg(long, default_value = ".")]
    pub(crate) output: PathBuf,
}

impl EvidenceCommand {
    /// The action that it comes to; none for what needs no server.
    pub(crate) fn action(&self) -> Option<Action> {
        Some(match self {
            Self::List { framework, state, language, cursor, limit } => Action::EvidenceList(EvidenceWanted {
                framework: framework.clone(),
                language: language.clone(),
                state: state.clone(),
                cursor: cursor.clone(),
                limit: Some(*limit),
            }),
            Self::Show { framework, item, language } => {
                Action::EvidenceShow { framework: framework.clone(), item: item.clone(), language: language.clone() }
            }
            Self::Look => Action::EvidenceLook,
            Self::Report(of) => Action::EvidenceReport {
                framework: of.framework.clone(),
                language: of.language.clone(),
                format: of.format.clone(),
            },
            Self::Verify { .. } => return None,
        })
    }
}
