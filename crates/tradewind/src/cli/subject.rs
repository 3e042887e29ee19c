//! The command line of what people ask about their data. Erasing, and looking into content, take two people who have signed in: that is not for the
//! machine.

use std::path::PathBuf;

use api::actions::{
    Action, ConsentToAdd, Refused, SubjectAnswer, SubjectCorrection, SubjectMailPage, SubjectPage, SubjectToOpen,
    SubjectToRefuse,
};
use clap::{Args, Subcommand};

/// Which organisation is meant.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// Organisation, by name; may be left out where there is only one.
    #[arg(long)]
    organisation: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SubjectCommand {
    /// Enter a request.
    Open(SubjectOpen),
    /// List requests, a hundred at a time, the latest first.
    List {
        /// In this state alone: open, done, refused or withdrawn.
        #[arg(long)]
        state: Option<String>,
        /// Before this number, the last of the page before.
        #[arg(long)]
        before: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Show a request with all that was done about it.
    Show {
        /// Number from the list.
        id: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Note how whoever asks has proved who he is.
    Identify {
        /// Number from the list.
        id: String,
        /// How: a letter to the address was answered, a document was shown.
        #[arg(long)]
        how: String,
        /// Where answers go from now on.
        #[arg(long)]
        answer_to: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Extend the deadline, once.
    Extend {
        /// Number from the list.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Refuse a request.
    Refuse {
        /// Number from the list.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Number of the legal hold that stands against it.
        #[arg(long)]
        hold: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Close a request as done.
    Close {
        /// Number from the list.
        id: String,
        /// It was taken back instead.
        #[arg(long)]
        withdrawn: bool,
        /// What whoever asked is told beside.
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Look for the person in all mailboxes and everywhere else.
    Search {
        /// Number from the list.
        id: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// List messages that name the person: mailbox, fields, folders, day.
    Mail {
        /// Number from the list.
        id: String,
        /// Behind this one, the last of the page before.
        #[arg(long)]
        after: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Write the report of what is held of the person.
    Report {
        /// Number from the list.
        id: String,
        /// zh or en.
        #[arg(long, default_value = "en")]
        language: String,
        /// json, csv or pdf.
        #[arg(long, default_value = "pdf")]
        format: String,
        /// File; "-" for standard output.
        #[arg(long)]
        output: Option<PathBuf>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Set something right: one of --name, --add and --remove.
    Correct {
        /// Number from the list.
        id: String,
        /// The right name.
        #[arg(long)]
        name: Option<String>,
        /// An address of the account that is missing.
        #[arg(long)]
        add: Option<String>,
        /// An address of the account that is not the person's.
        #[arg(long)]
        remove: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Have the data of the person rest and be used for nothing else.
    Restrict {
        /// Number from the list.
        id: String,
        /// End that.
        #[arg(long)]
        lift: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Prove that the keys of an erased account are gone.
    Proof {
        /// Number from the list.
        id: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Verify such a proof, without a server.
    Verify {
        /// File with the proof.
        proof: PathBuf,
        /// The audit log's public key, as somebody else wrote it down; tradewind audit head prints it.
        #[arg(long)]
        key: String,
    },
    /// List the letters to whoever asks.
    Letters {
        /// Number from the list.
        id: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Change a draft.
    Letter {
        /// Number of the request.
        id: String,
        /// Number of the letter.
        letter: String,
        /// Its subject.
        #[arg(long)]
        subject: String,
        /// File with its text.
        #[arg(long)]
        text: PathBuf,
        #[command(flatten)]
        whose: Whose,
    },
    /// Send a draft.
    Send {
        /// Number of the request.
        id: String,
        /// Number of the letter.
        letter: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Write the register of processing.
    Processing {
        /// zh or en.
        #[arg(long, default_value = "en")]
        language: String,
        /// json, csv or pdf.
        #[arg(long, default_value = "pdf")]
        format: String,
        /// File; "-" for standard output.
        #[arg(long)]
        output: Option<PathBuf>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Write a part of the register of processing in the organisation's own words.
    ProcessingSet {
        /// controller, officer, measures, mail.purpose, own.NAME; docs/subject-requests.md has all.
        part: String,
        /// zh or en.
        #[arg(long, default_value = "en")]
        language: String,
        /// File with the text; without one, what the program says stands again.
        #[arg(long)]
        text: Option<PathBuf>,
        #[command(flatten)]
        whose: Whose,
    },
    /// The register of consents.
    #[command(subcommand)]
    Consent(ConsentCommand),
}

#[derive(Debug, Args)]
pub(crate) struct SubjectOpen {
    /// access, export, correction, restriction, erasure or objection.
    kind: String,
    /// Addresses of whoever asks.
    #[arg(required = true)]
    addresses: Vec<String>,
    /// His name.
    #[arg(long)]
    name: String,
    /// gdpr, ccpa or pipl.
    #[arg(long)]
    law: String,
    /// Language of the answers: zh or en.
    #[arg(long, default_value = "en")]
    language: String,
    /// Where answers go; his first address if none is named.
    #[arg(long)]
    answer_to: Option<String>,
    /// The day on which it came, such as 2026-01-31.
    #[arg(long)]
    received: Option<String>,
    /// What he wrote.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConsentCommand {
    /// Enter a consent.
    Add {
        /// Address of the person.
        address: String,
        /// Name of the person.
        #[arg(long)]
        name: String,
        /// What for.
        #[arg(long)]
        purpose: String,
        /// Where it can be read.
        #[arg(long)]
        evidence: String,
        /// The day on which it was given, such as 2026-01-31.
        #[arg(long)]
        given: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Note that one was withdrawn.
    Withdraw {
        /// Number from the list.
        id: String,
        /// Where that can be read.
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// List consents, two hundred at a time.
    List {
        /// Of this person alone.
        #[arg(long)]
        address: Option<String>,
        /// Behind this one, the last of the page before.
        #[arg(long)]
        after: Option<String>,
        /// As a table for spreadsheets.
        #[arg(long)]
        csv: bool,
        #[command(flatten)]
        whose: Whose,
    },
}

fn read(path: &PathBuf) -> Result<String, Refused> {
    std::fs::read_to_string(path).map_err(|error| Refused(format!("{}: {error}", path.display())))
}

impl SubjectCommand {
    /// What it asks the server for.
    ///
    /// # Errors
    /// [`Refused`] if a file cannot be read, or nothing is asked for.
    pub(crate) fn action(self) -> Result<Action, Refused> {
        Ok(match self {
            Self::Open(open) => open.action(),
            Self::List { state, before, whose } => {
                Action::SubjectList(SubjectPage { state, before, limit: 0, organisation: whose.organisation })
            }
            Self::Show { id, whose } => Action::SubjectShow { id, organisation: whose.organisation },
            Self::Identify { id, how, answer_to, whose } => {
                Action::SubjectIdentify { id, how, answer_to, organisation: whose.organisation }
            }
            Self::Extend { id, reason, whose } => {
                Action::SubjectExtend { id, reason, organisation: whose.organisation }
            }
            Self::Refuse { id, reason, hold, whose } => {
                Action::SubjectRefuse(SubjectToRefuse { id, reason, hold, organisation: whose.organisation })
            }
            Self::Close { id, withdrawn, note, whose } => {
                Action::SubjectClose { id, withdrawn, note, organisation: whose.organisation }
            }
            Self::Search { id, whose } => Action::SubjectSearch { id, organisation: whose.organisation },
            Self::Mail { id, after, whose } => {
                Action::SubjectMail(SubjectMailPage { id, after, limit: 0, organisation: whose.organisation })
            }
            Self::Report { id, language, format, whose, .. } => {
                Action::SubjectReport { id, language, format, organisation: whose.organisation }
            }
            Self::Correct { id, name, add, remove, whose } => {
                Action::SubjectCorrect(SubjectCorrection { id, name, add, remove, organisation: whose.organisation })
            }
            Self::Restrict { id, lift, whose } => {
                Action::SubjectRestrict { id, lift, organisation: whose.organisation }
            }
            Self::Proof { id, whose } => Action::SubjectProof { id, organisation: whose.organisation },
            Self::Letters { id, whose } => Action::SubjectLetters { id, organisation: whose.organisation },
            other => return other.writing(),
        })
    }

    /// Those that read files, and registers.
    fn writing(self) -> Result<Action, Refused> {
        Ok(match self {
            Self::Letter { id, letter, subject, text, whose } => {
                let (text, organisation) = (read(&text)?, whose.organisation);
                Action::SubjectLetterSet(SubjectAnswer { id, letter, subject, text, organisation })
            }
            Self::Send { id, letter, whose } => {
                Action::SubjectLetterSend { id, letter, organisation: whose.organisation }
            }
            Self::Processing { language, format, whose, .. } => {
                Action::SubjectProcessing { language, format, organisation: whose.organisation }
            }
            Self::ProcessingSet { part, language, text, whose } => {
                let text = text.as_ref().map(read).transpose()?;
                Action::SubjectProcessingSet { part, language, text, organisation: whose.organisation }
            }
            Self::Consent(command) => command.action(),
            _ => return Err(Refused("this command needs no server".to_owned())),
        })
    }
}

impl SubjectOpen {
    fn action(self) -> Action {
        let Self { kind, addresses, name, law, language, answer_to, received, note, whose } = self;
        let organisation = whose.organisation;
        Action::SubjectOpen(SubjectToOpen {
            kind,
            law,
            name,
            addresses,
            answer_to,
            language,
            received,
            note,
            organisation,
        })
    }
}

impl ConsentCommand {
    fn action(self) -> Action {
        match self {
            Self::Add { address, name, purpose, evidence, given, whose } => {
                let organisation = whose.organisation;
                Action::ConsentAdd(ConsentToAdd { name, address, purpose, evidence, given, organisation })
            }
            Self::Withdraw { id, evidence, whose } => {
                Action::ConsentWithdraw { id, evidence, organisation: whose.organisation }
            }
            Self::List { address, after, csv, whose } => {
                Action::ConsentList { address, after, csv, organisation: whose.organisation }
            }
        }
    }
}
