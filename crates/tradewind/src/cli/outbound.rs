//! Outbound control: rules on what people may send.

use std::fs::File;
use std::io::{Read as _, stdin};
use std::path::{Path, PathBuf};

use api::actions::{Action, MailToReplay, MessageToTest, Refused};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use inspect::{InspectSettings, Part, Pool, Program};

use crate::judging::WORKER_COMMAND;

/// Octets of a file that holds a rule.
const RULE_BYTES_MAX: u64 = 48 << 10;

/// Octets of a document that is marked.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug, Subcommand)]
pub(crate) enum OutboundCommand {
    /// Rules on what people may send.
    #[command(subcommand)]
    Rule(RuleCommand),
    /// Marked documents, copies of which are found.
    #[command(subcommand)]
    Mark(MarkCommand),
    /// Show what rules would have done with what an account has sent; nothing is changed, and the look is recorded.
    Replay {
        /// Addresses of the accounts.
        #[arg(required = true)]
        addresses: Vec<String>,
        /// The first day, such as 2026-01-31.
        #[arg(long)]
        since: String,
        /// The day behind the last one; now if it is left out.
        #[arg(long)]
        before: Option<String>,
        /// File with a rule that is not set yet, in place of those that are.
        #[arg(long)]
        rule: Option<PathBuf>,
    },
    /// List messages that wait for approval. Those whom a rule names decide in the webmail.
    Waiting {
        /// Those that waited before, too.
        #[arg(long)]
        all: bool,
        /// Language of what was found: en or zh.
        #[arg(long, default_value = "en")]
        language: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RuleCommand {
    /// Set a rule in place of one of the same name. Try it with `test` and `replay`, and with \"mode\": \"audit\" first.
    Set {
        /// File with the rule in JSON; - for the standard input.
        file: PathBuf,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List the rules, in the order in which they are asked.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Remove a rule.
    Remove {
        /// Its name.
        name: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Show what the rules say of a message in a file.
    Test(RuleTest),
}

#[derive(Debug, Args)]
pub(crate) struct RuleTest {
    /// File with the message, which the server reads.
    message: PathBuf,
    /// Address of the account that would send it.
    #[arg(long)]
    address: String,
    /// Address that it would go to, several times for several; those that it names if none is given.
    #[arg(long)]
    to: Vec<String>,
    /// File with a rule that is not set yet, in place of those that are.
    #[arg(long)]
    rule: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MarkCommand {
    /// Mark a document: PDF, Office, text. Hashes of runs of its words are kept, and none of its text.
    Add {
        /// The document.
        file: PathBuf,
        /// What it is called; the name of the file if left out.
        #[arg(long)]
        name: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List the marked documents.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Take a mark away.
    Remove {
        /// Its name.
        name: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Refused> {
    let cannot = |error: std::io::Error| Refused(format!("cannot read {}: {error}", path.display()));
    let mut octets = Vec::new();
    if path == Path::new("-") {
        stdin().take(bytes_max + 1).read_to_end(&mut octets).map_err(cannot)?;
    } else {
        File::open(path).map_err(cannot)?.take(bytes_max + 1).read_to_end(&mut octets).map_err(cannot)?;
    }
    if octets.len() as u64 > bytes_max {
        return Err(Refused(format!("{} has more than {bytes_max} octets", path.display())));
    }
    Ok(octets)
}

fn read_rule(path: &Path) -> Result<String, Refused> {
    String::from_utf8(read(path, RULE_BYTES_MAX)?).map_err(|_| Refused(format!("{} is no UTF-8", path.display())))
}

/// Reads the text of a document in a confined process, and makes the hashes by which it is known again.
fn hashes_of(file: &Path, name: &str) -> Result<String, Refused> {
    let octets = read(file, DOCUMENT_BYTES_MAX)?;
    let pool = Pool::new(Program::this(WORKER_COMMAND), InspectSettings::default());
    let report = pool.inspect(Part { name, declared: "application/octet-stream", octets: &octets, words: &[] });
    let texts = report
        .texts
        .iter()
        .map(|text| if text.is_page { mail::message::html_to_text(&text.text) } else { text.text.clone() });
    let mut text = texts.collect::<Vec<String>>().join("\n");
    if text.trim().is_empty() {
        text = String::from_utf8(octets).unwrap_or_default();
    }
    let hashes = outbound::rules::hashes_of(name, &text).map_err(Refused::because)?;
    Ok(STANDARD.encode(outbound::rules::write_hashes(&hashes)))
}

impl OutboundCommand {
    /// The requests that it stands for; their answers are printed one after the other.
    pub(crate) fn actions(self) -> Result<Vec<Action>, Refused> {
        Ok(match self {
            Self::Rule(command) => vec![command.action()?],
            Self::Mark(MarkCommand::Add { file, name, organisation }) => {
                let of_file = file.file_name().map(|it| it.to_string_lossy().into_owned());
                let name = name.or(of_file).unwrap_or_default();
                vec![Action::OutboundMarkAdd { hashes: hashes_of(&file, &name)?, name, organisation }]
            }
            Self::Mark(MarkCommand::List { organisation }) => vec![Action::OutboundMarks { organisation }],
            Self::Mark(MarkCommand::Remove { name, organisation }) => {
                vec![Action::OutboundMarkRemove { name, organisation }]
            }
            Self::Replay { addresses, since, before, rule } => {
                let rule = rule.as_deref().map(read_rule).transpose()?;
                let one = |address| {
                    let (since, before, rule) = (since.clone(), before.clone(), rule.clone());
                    Action::OutboundReplay(MailToReplay { address, since, before, rule })
                };
                addresses.into_iter().map(one).collect()
            }
            Self::Waiting { all, language } => vec![Action::OutboundWaiting { all, language }],
        })
    }
}

impl RuleCommand {
    fn action(self) -> Result<Action, Refused> {
        Ok(match self {
            Self::Set { file, organisation } => Action::OutboundRuleSet { rule: read_rule(&file)?, organisation },
            Self::List { organisation } => Action::OutboundRules { organisation },
            Self::Remove { name, organisation } => Action::OutboundRuleRemove { name, organisation },
            Self::Test(RuleTest { message, address, to, rule }) => {
                let cannot = |error: std::io::Error| Refused(format!("cannot read {}: {error}", message.display()));
                // The server may work in another directory.
                let message = std::path::absolute(&message).map_err(cannot)?;
                let rule = rule.as_deref().map(read_rule).transpose()?;
                Action::OutboundTest(MessageToTest { message, address, to, rule })
            }
        })
    }
}
