//! The overview as a report by mail.

use api::actions::{Action, OverviewReader, OverviewReportToSet};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum OverviewReportCommand {
    /// List who gets the overview, how often, and what was sent last.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Have the overview sent as a PDF by mail.
    Set(Box<SetReport>),
    /// Have a report sent no longer.
    Remove {
        /// Its number, as the list gives it.
        id: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Send a report now, of the last whole day, week or month.
    Send {
        /// Its number, as the list gives it.
        id: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SetReport {
    /// What people call it.
    name: String,
    /// daily, weekly (on Mondays) or monthly (on the first).
    rhythm: String,
    /// Hour of the day, 0 to 23.
    #[arg(long, default_value_t = 8)]
    hour: u8,
    /// Time zone of the hour and of the days that are counted, as Asia/Shanghai.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    /// Who gets it; ":zh" or ":en" after an address says in which language.
    #[arg(long = "to", required = true)]
    to: Vec<String>,
    /// Number of the one that is changed.
    #[arg(long)]
    id: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    #[arg(long)]
    organisation: Option<String>,
}

fn reader(text: &str) -> OverviewReader {
    let language = ["zh", "en"].into_iter().find(|word| text.ends_with(&format!(":{word}")));
    let address = language.map_or(text, |word| &text[..text.len() - word.len() - 1]).to_owned();
    OverviewReader { address, language: language.map(str::to_owned) }
}

impl OverviewReportCommand {
    pub(crate) fn action(self) -> Action {
        match self {
            Self::List { organisation } => Action::OverviewReportList { organisation },
            Self::Set(of) => Action::OverviewReportSet(OverviewReportToSet {
                id: of.id,
                name: of.name,
                rhythm: of.rhythm,
                hour: of.hour,
                time_zone: of.time_zone,
                recipients: of.to.iter().map(|text| reader(text)).collect(),
                organisation: of.organisation,
            }),
            Self::Remove { id, organisation } => Action::OverviewReportRemove { id, organisation },
            Self::Send { id, organisation } => Action::OverviewReportSend { id, organisation },
        }
    }
}
