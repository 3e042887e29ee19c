//! A script as it is run.

use crate::Script;
use crate::compare::Matcher;
use crate::dates::{DatePart, Zone};
use crate::template::Template;

/// A command, and the line where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) line: u32,
    pub(crate) deed: Deed,
}

#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// Branches in order; the last may have no test.
    If(Vec<(Option<Test>, Vec<Command>)>),
    Stop,
    Keep {
        flags: Option<Vec<Template>>,
    },
    Discard,
    FileInto(Box<FileInto>),
    Redirect {
        address: Template,
        copy: bool,
    },
    Reject {
        reason: Template,
    },
    Vacation(Box<Vacation>),
    Set {
        name: String,
        value: Template,
        modifiers: Vec<Modifier>,
    },
    Flags {
        change: FlagChange,
        variable: Option<String>,
        flags: Vec<Template>,
    },
}

/// RFC 5228 section 4.1 with what extensions add.
#[derive(Debug, Clone)]
pub(crate) struct FileInto {
    pub(crate) mailbox: Template,
    pub(crate) copy: bool,
    /// Made if it is not there (RFC 5490 section 3.2).
    pub(crate) create: bool,
    /// The mailbox for this, if there is one (RFC 8579 section 5).
    pub(crate) special_use: Option<Template>,
    /// The mailbox with this identifier, if there is one (RFC 9042 section 3).
    pub(crate) mailbox_id: Option<Template>,
    pub(crate) flags: Option<Vec<Template>>,
}

/// RFC 5230 section 4.
#[derive(Debug, Clone)]
pub(crate) struct Vacation {
    pub(crate) seconds: Option<u64>,
    pub(crate) subject: Option<Template>,
    pub(crate) from: Option<Template>,
    pub(crate) addresses: Vec<Template>,
    pub(crate) mime: bool,
    pub(crate) handle: Option<Template>,
    pub(crate) reason: Template,
}

/// How a variable's value is changed (RFC 5229 section 4.1), the first to be applied first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Modifier {
    Lower,
    Upper,
    LowerFirst,
    UpperFirst,
    QuoteWildcard,
    Length,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagChange {
    Set,
    Add,
    Remove,
}

/// A part of an address (RFC 5228 section 2.7.4, RFC 5233 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddressPart {
    All,
    Local,
    Domain,
    User,
    Detail,
}

/// Which of several fields of one name (RFC 5260 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) number: usize,
    pub(crate) is_from_last: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Test {
    Always(bool),
    Not(Box<Test>),
    All(Vec<Test>),
    Any(Vec<Test>),
    Address {
        fields: Vec<Template>,
        part: AddressPart,
        index: Option<Index>,
        matcher: Matcher,
        keys: Vec<Template>,
    },
    Envelope {
        fields: Vec<Template>,
        part: AddressPart,
        matcher: Matcher,
        keys: Vec<Template>,
    },
    Header {
        fields: Vec<Template>,
        index: Option<Index>,
        matcher: Matcher,
        keys: Vec<Template>,
    },
    Exists(Vec<Template>),
    Size {
        is_over: bool,
        octets: u64,
    },
    Body {
        of: BodyOf,
        matcher: Matcher,
        keys: Vec<Template>,
    },
    HasFlag {
        variables: Vec<String>,
        matcher: Matcher,
        keys: Vec<Template>,
    },
    Text {
        sources: Vec<Template>,
        matcher: Matcher,
        keys: Vec<Template>,
    },
    Date(Box<DateTest>),
    MailboxExists(Vec<Template>),
    MailboxIdExists(Vec<Template>),
    SpecialUseExists {
        mailbox: Option<Template>,
        uses: Vec<Template>,
    },
    Duplicate(Box<Duplicate>),
    /// Files are attached: our own.
    Attachment,
}

/// RFC 5260 sections 4 and 5.
#[derive(Debug, Clone)]
pub(crate) struct DateTest {
    /// None: now.
    pub(crate) field: Option<Template>,
    pub(crate) index: Option<Index>,
    pub(crate) zone: Zone,
    pub(crate) part: DatePart,
    pub(crate) matcher: Matcher,
    pub(crate) keys: Vec<Template>,
}

/// RFC 7352 section 3.
#[derive(Debug, Clone)]
pub(crate) struct Duplicate {
    pub(crate) handle: Option<Template>,
    pub(crate) by: DuplicateBy,
    pub(crate) seconds: u64,
    pub(crate) last: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum DuplicateBy {
    Header(Template),
    UniqueId(Template),
}

/// RFC 5173 section 5.
#[derive(Debug, Clone)]
pub(crate) enum BodyOf {
    Raw,
    Text,
    /// Parts of these types.
    Content(Vec<Template>),
}

/// What a script does with mail so that its reader does not see it where it would be expected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hides {
    /// It is sent on to this address, as it stands in the script.
    SendsOn(String),
    /// It is put into this mailbox.
    Files(String),
    /// It is thrown away or refused.
    Drops,
}

impl Script {
    /// What the script can do that hides mail, each with the words and addresses that are looked for on the way there.
    #[must_use]
    pub fn hides(&self) -> Vec<(Hides, Vec<String>)> {
        let mut found = Vec::new();
        gather(&self.commands, &[], &mut found);
        found
    }

    /// Whether the script can ask for a reply to the sender.
    #[must_use]
    pub fn replies(&self) -> bool {
        any(&self.commands, &|deed| matches!(deed, Deed::Vacation(_)))
    }
}

fn any(commands: &[Command], wanted: &dyn Fn(&Deed) -> bool) -> bool {
    commands.iter().any(|command| match &command.deed {
        Deed::If(branches) => branches.iter().any(|(_, block)| any(block, wanted)),
        deed => wanted(deed),
    })
}

fn gather(commands: &[Command], looked_for: &[String], found: &mut Vec<(Hides, Vec<String>)>) {
    let told = |text: &Template| text.constant().unwrap_or("${…}").to_owned();
    for command in commands {
        let hides = match &command.deed {
            Deed::If(branches) => {
                for (test, block) in branches {
                    let mut words = looked_for.to_vec();
                    test.iter().for_each(|test| test.words(&mut words));
                    gather(block, &words, found);
                }
                continue;
            }
            Deed::Redirect { address, .. } => Hides::SendsOn(told(address)),
            Deed::FileInto(it) => {
                let place = it.special_use.as_ref().or(it.mailbox_id.as_ref()).unwrap_or(&it.mailbox);
                Hides::Files(told(place))
            }
            Deed::Discard | Deed::Reject { .. } => Hides::Drops,
            _ => continue,
        };
        found.push((hides, looked_for.to_vec()));
    }
}

impl Test {
    /// What is looked for.
    fn words(&self, words: &mut Vec<String>) {
        match self {
            Self::Not(test) => test.words(words),
            Self::All(tests) | Self::Any(tests) => tests.iter().for_each(|test| test.words(words)),
            Self::Address { keys, .. }
            | Self::Envelope { keys, .. }
            | Self::Header { keys, .. }
            | Self::Body { keys, .. } => words.extend(keys.iter().filter_map(|key| Some(key.constant()?.to_owned()))),
            _ => {}
        }
    }
}
