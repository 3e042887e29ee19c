//! The command line of judging mail.

use std::path::PathBuf;

use api::actions::{Action, JudgedWanted, NewThreshold};
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct JudgeOptions {
    /// Messages, one in each file.
    pub(crate) messages: Vec<PathBuf>,
    /// Judge the messages that this table names, too; its paths begin at its own directory.
    #[arg(long)]
    pub(crate) manifest: Option<PathBuf>,
    /// Address in MAIL FROM; empty for the null sender.
    #[arg(long)]
    pub(crate) envelope_from: Option<String>,
    /// Address of the client that brought the messages.
    #[arg(long)]
    pub(crate) client_ip: Option<std::net::IpAddr>,
    /// Model file; the one that is shipped by default.
    #[arg(long)]
    pub(crate) model: Option<PathBuf>,
    /// Judge the message of this number, which stands in its X-Tradewind-Verdict field, once more from what was kept of it.
    #[arg(long, conflicts_with_all = ["messages", "manifest", "envelope_from", "client_ip", "model"])]
    pub(crate) again: Option<String>,
    /// Language of what is found: en or zh; for --again.
    #[arg(long, default_value = "en", requires = "again")]
    pub(crate) language: String,
    /// Directory of rule files that complete and change those that are shipped.
    #[arg(long)]
    pub(crate) rules: Option<PathBuf>,
    /// Directory of feeds of bad addresses: `*.txt` (one entry a line), `*.csv`, `*.misp.json`, `*.stix.json`.
    #[arg(long)]
    pub(crate) feeds: Option<PathBuf>,
    /// Directory of rules of YARA (`*.yar`, `*.yara`), run by the programs `yara` and `yarac`.
    #[arg(long)]
    pub(crate) yara: Option<PathBuf>,
    /// Library of templates, instead of the one that is shipped.
    #[arg(long)]
    pub(crate) templates: Option<PathBuf>,
    /// Do not look into attached files; otherwise confined processes do.
    #[arg(long)]
    pub(crate) no_inspect: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TemplatesCommand {
    /// Add messages to a library; their text is not kept.
    Add {
        /// Library file; made if it is not there.
        #[arg(long)]
        library: PathBuf,
        /// What they are: spam or phish.
        #[arg(long)]
        label: String,
        /// What they are called; names of the files by default.
        #[arg(long)]
        name: Option<String>,
        /// Messages, one in each file.
        #[arg(required = true)]
        messages: Vec<PathBuf>,
    },
    /// Say which template each message is like.
    Find {
        /// Library file; the one that is shipped by default.
        #[arg(long)]
        library: Option<PathBuf>,
        /// Messages, one in each file.
        #[arg(required = true)]
        messages: Vec<PathBuf>,
    },
}

/// How a process that looks into files is started.
#[derive(Debug, Args)]
pub(crate) struct WorkerOptions {
    /// MiB of memory that it may have.
    #[arg(long)]
    pub(crate) memory_mib: u64,
    /// Seconds of processor time that it may have.
    #[arg(long)]
    pub(crate) processor_seconds: u64,
    /// Tries what it must not be able to do.
    #[arg(long)]
    pub(crate) trial: bool,
    /// File or directory that a program which reads pictures may read.
    #[arg(long)]
    pub(crate) readable: Vec<String>,
    /// Becomes this program, which reads a picture, with its arguments.
    #[arg(long, num_args = 1.., allow_hyphen_values = true)]
    pub(crate) recognise: Vec<String>,
    /// Becomes this program, which runs rules over parts, with its arguments.
    #[arg(long = "match", num_args = 1.., allow_hyphen_values = true)]
    pub(crate) match_parts: Vec<String>,
    /// Becomes this program, which compiles rules, with its arguments.
    #[arg(long, num_args = 1.., allow_hyphen_values = true)]
    pub(crate) compile: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List messages that wait.
    List {
        /// Address of an account; all of the organisation if left out.
        address: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Show a message with everything that was found of it.
    Show {
        /// Number from the list.
        id: String,
        /// Language of what was found: en or zh.
        #[arg(long, default_value = "en")]
        language: String,
    },
    /// Deliver a message after all.
    Release {
        /// Number from the list.
        id: String,
        /// For this account alone.
        #[arg(long)]
        address: Option<String>,
        /// Why, for the record.
        #[arg(long)]
        reason: Option<String>,
        /// Learn from it for the whole organisation that it is honest.
        #[arg(long, conflicts_with = "address")]
        teach: bool,
    },
    /// Deliver a message and all others there that are made from the same template or come from the same sender.
    ReleaseTrain {
        /// Number from the list.
        id: String,
    },
    /// Say of a message, for the whole organisation, that it is junk, or that it is honest.
    Report {
        /// Number, which stands in the message's X-Tradewind-Verdict field.
        id: String,
        /// It is honest; else it is junk.
        #[arg(long)]
        honest: bool,
    },
    /// List messages that were pulled back, to Junk or into quarantine, after they had been delivered.
    Pulled {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Bring the copies of a message that were pulled back to the inbox.
    Return {
        /// Number from the list of pulled messages.
        id: String,
    },
    /// Delete a message.
    Delete {
        /// Number from the list.
        id: String,
        /// For this account alone.
        #[arg(long)]
        address: Option<String>,
        /// Say that it is meant.
        #[arg(long, required = true)]
        yes: bool,
    },
}

impl From<QuarantineCommand> for Action {
    fn from(command: QuarantineCommand) -> Self {
        match command {
            QuarantineCommand::List { address, organisation } => {
                Self::QuarantineList { address, organisation, language: None }
            }
            QuarantineCommand::Show { id, language } => Self::QuarantineShow { id, address: None, language },
            QuarantineCommand::Release { id, address, reason, teach } => {
                Self::QuarantineRelease { id, address, reason, teach: Some(teach) }
            }
            QuarantineCommand::ReleaseTrain { id } => Self::QuarantineReleaseTrain { id },
            QuarantineCommand::Report { id, honest } => Self::JudgedReport { id, junk: !honest },
            QuarantineCommand::Pulled { organisation } => Self::PulledList { organisation },
            QuarantineCommand::Return { id } => Self::PulledReturn { id },
            QuarantineCommand::Delete { id, address, .. } => Self::QuarantineDelete { id, address },
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum JudgingCommand {
    /// Show what holds for an organisation, and what its level says.
    Show {
        /// Everything that was ever set, with the reasons.
        #[arg(long)]
        history: bool,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Depart from the level.
    Set {
        /// warn, junk, quarantine, refuse or unjudged.
        setting: String,
        /// Probability of being unwanted from which that is done (0 to 1, or never); of unjudged: warn or junk.
        value: String,
        /// Why; needed to protect less than the level does.
        #[arg(long)]
        reason: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List judged messages, the latest first: which way they went and what became of them.
    List {
        /// Only those that went in, or out.
        #[arg(long)]
        direction: Option<String>,
        /// Only those with which this was done: deliver, warn, junk, quarantine, hold, refuse.
        #[arg(long)]
        done: Option<String>,
        /// Where to go on, as the page before says.
        #[arg(long)]
        cursor: Option<String>,
        /// Rows of a page.
        #[arg(long)]
        limit: Option<u32>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Go back to what the level says.
    Clear {
        /// warn, junk, quarantine, refuse or unjudged.
        setting: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

impl From<JudgingCommand> for Action {
    fn from(command: JudgingCommand) -> Self {
        match command {
            JudgingCommand::Show { history, organisation } => Self::JudgingPolicy { organisation, history },
            JudgingCommand::Set { setting, value, reason, organisation } => {
                Self::JudgingPolicySet(NewThreshold { setting, value, reason, organisation })
            }
            JudgingCommand::List { direction, done, cursor, limit, organisation } => {
                Self::JudgedList(JudgedWanted { direction, done, cursor, limit, organisation })
            }
            JudgingCommand::Clear { setting, organisation } => Self::JudgingPolicyClear { setting, organisation },
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ComplaintCommand {
    /// List complaints about mail that went out here, and ours to others.
    List {
        /// Days that are looked back.
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Send a complaint about a judged message; it tells what the message says of itself, and not for whom it was.
    Send {
        /// Number, which stands in the message's X-Tradewind-Verdict field.
        id: String,
        /// Address of whoever answers for its sender, such as abuse@provider.example.
        to: String,
    },
}

impl From<ComplaintCommand> for Action {
    fn from(command: ComplaintCommand) -> Self {
        match command {
            ComplaintCommand::List { days, organisation } => Self::ComplaintList { days, organisation },
            ComplaintCommand::Send { id, to } => Self::ComplaintSend { id, to },
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReputationCommand {
    /// Show what is known of an address, a domain or a network.
    Show {
        /// Such as buyer@partner.example, partner.example or 192.0.2.0/24.
        what: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Forget everything that is known.
    Forget {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
        /// Say that it is meant.
        #[arg(long, required = true)]
        yes: bool,
    },
}

impl From<ReputationCommand> for Action {
    fn from(command: ReputationCommand) -> Self {
        match command {
            ReputationCommand::Show { what, organisation } => Self::ReputationShow { what, organisation },
            ReputationCommand::Forget { organisation, .. } => Self::ReputationForget { organisation },
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Try all examples: each rule must find those under `hits` and none of those under `misses`.
    Test {
        /// Directory of rule files that complete and change those that are shipped.
        directory: Option<PathBuf>,
    },
    /// List all rules with their weights.
    List {
        /// Directory of rule files that complete and change those that are shipped.
        directory: Option<PathBuf>,
    },
    /// Count how often each rule holds in labelled messages.
    Measure {
        /// Table of messages (columns path, label, lang, source, cluster, parted by tabs) or of honest texts (language, origin, text);
        /// may be given more than once.
        #[arg(long, required = true)]
        manifest: Vec<PathBuf>,
        /// Directory of rule files that complete and change those that are shipped.
        directory: Option<PathBuf>,
        /// Name the honest messages in which a rule holds, too; may be given more than once.
        #[arg(long)]
        show: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Train a model on labelled messages and on what is made for it.
    Train(ModelTrain),
    /// Measure a model, with all rules, on labelled messages.
    Eval(ModelEval),
    /// Show what a model was trained on.
    Card {
        /// Model file; the one that is shipped by default.
        #[arg(long)]
        model: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ModelTrain {
    /// Table of messages (columns path, label, lang, source, cluster, parted by tabs) or of honest texts (language, origin, text);
    /// may be given more than once.
    #[arg(long)]
    pub(crate) manifest: Vec<PathBuf>,
    /// File to write.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Only sources whose name begins so; may be given more than once.
    #[arg(long)]
    pub(crate) source: Vec<String>,
    /// Without the samples that are made for training.
    #[arg(long)]
    pub(crate) no_made: bool,
    /// Leave everything of the header out but the subject.
    #[arg(long)]
    pub(crate) text_only: bool,
    /// Begins the row of random numbers; the same seed and messages give the same model.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct ModelEval {
    /// Table of messages or of honest texts, as for training; may be given more than once.
    #[arg(long, required = true)]
    pub(crate) manifest: Vec<PathBuf>,
    /// Model file; the one that is shipped by default.
    #[arg(long)]
    pub(crate) model: Option<PathBuf>,
    /// Only sources whose name begins so; may be given more than once.
    #[arg(long)]
    pub(crate) source: Vec<String>,
    /// Also train anew: on parts of a split by clusters, and without each source in turn.
    #[arg(long)]
    pub(crate) retrain: bool,
    /// Leave everything of the header out but the subject.
    #[arg(long)]
    pub(crate) text_only: bool,
    /// Leave the rules out.
    #[arg(long)]
    pub(crate) model_alone: bool,
    /// Measure on the made samples that training never sees, too.
    #[arg(long)]
    pub(crate) made: bool,
    /// Do not look into attached files; otherwise confined processes do.
    #[arg(long)]
    pub(crate) no_inspect: bool,
    /// Begins the row of random numbers.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}
