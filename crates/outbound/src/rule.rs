//! A rule as data, in the form in which people write it (JSON).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A rule on what may be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rule {
    /// What it is called; another rule of that name is replaced.
    pub name: String,
    /// Rules of a lower number are asked first.
    #[serde(default = "priority")]
    pub priority: u16,
    /// Whether it does anything.
    #[serde(default)]
    pub mode: Mode,
    /// Which recipients it is about.
    #[serde(default)]
    pub direction: Direction,
    /// Whose mail it is about; everybody's if nothing is named.
    #[serde(default, skip_serializing_if = "People::is_nobody")]
    pub scope: People,
    /// What must hold.
    pub when: Condition,
    /// What must not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<Condition>,
    /// What is done then.
    pub actions: Vec<Action>,
    /// Rules behind it are not asked then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stop: bool,
}

const fn priority() -> u16 {
    100
}

/// Whether a rule does anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It is not asked.
    Off,
    /// What it finds is recorded, and the message goes.
    Audit,
    /// Its actions are carried out.
    #[default]
    Enforce,
}

/// Which recipients a rule is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// At least one of them is not of the organisation.
    #[default]
    Outside,
    /// All are of the organisation.
    Inside,
    /// Whoever they are.
    Any,
}

/// People of the organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct People {
    /// Addresses of accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// Addresses or names of groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

impl People {
    /// Whether nobody is named.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.accounts.is_empty() && self.groups.is_empty() && self.roles.is_empty()
    }

    /// Whether `person` is one of them.
    #[must_use]
    pub fn has(&self, person: &Person) -> bool {
        let names = |list: &[String], known: &[String]| {
            list.iter().any(|it| known.iter().any(|known| known.eq_ignore_ascii_case(it)))
        };
        names(&self.accounts, &person.addresses)
            || names(&self.groups, &person.groups)
            || names(&self.roles, &person.roles)
    }
}

impl fmt::Display for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.accounts.iter().chain(&self.groups).chain(&self.roles);
        f.write_str(&all.map(String::as_str).collect::<Vec<_>>().join(", "))
    }
}

/// Who somebody is, as rules name people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// All addresses of the account.
    pub addresses: Vec<String>,
    /// Addresses and names of the groups that it is in.
    pub groups: Vec<String>,
    /// Its roles.
    pub roles: Vec<String>,
}

/// What must hold of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Each of these.
    All(Vec<Condition>),
    /// One of these.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// It holds numbers of this kind.
    Detect(Detect),
    /// It holds words.
    Keywords(Keywords),
    /// It holds text of a marked document.
    Fingerprint(Fingerprint),
    /// It is labelled with one of these.
    Label(Vec<String>),
    /// One of these sends it.
    Sender(People),
    /// It goes to one of these domains.
    RecipientDomain(Domains),
    /// It goes to one of these countries (ISO 3166-1, two letters).
    RecipientCountry(Vec<String>),
    /// Whether it goes to anybody outside the organisation.
    Outside(bool),
    /// It has more recipients than this.
    RecipientsAbove(u32),
    /// It has a file for which all that is named holds.
    Attachment(Attachment),
    /// Whether something in it could not be read: encrypted by its author, locked, damaged, of a form that is not known.
    Unreadable(bool),
    /// Whether a recipient looks like somebody else who is known: a partner, a correspondent, or us.
    LookalikeRecipient(bool),
}

impl Condition {
    /// Its word in rules.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::All(_) => "all",
            Self::Any(_) => "any",
            Self::Not(_) => "not",
            Self::Detect(_) => "detect",
            Self::Keywords(_) => "keywords",
            Self::Fingerprint(_) => "fingerprint",
            Self::Label(_) => "label",
            Self::Sender(_) => "sender",
            Self::RecipientDomain(_) => "recipient-domain",
            Self::RecipientCountry(_) => "recipient-country",
            Self::Outside(_) => "outside",
            Self::RecipientsAbove(_) => "recipients-above",
            Self::Attachment(_) => "attachment",
            Self::Unreadable(_) => "unreadable",
            Self::LookalikeRecipient(_) => "lookalike-recipient",
        }
    }

    /// Whether it holds by what stands in the message, so that this must be read.
    pub(crate) fn reads(&self) -> bool {
        match self {
            Self::All(list) | Self::Any(list) => list.iter().any(Self::reads),
            Self::Not(inner) => inner.reads(),
            Self::Detect(_)
            | Self::Keywords(_)
            | Self::Fingerprint(_)
            | Self::Label(_)
            | Self::Attachment(_)
            | Self::Unreadable(_) => true,
            Self::Sender(_)
            | Self::RecipientDomain(_)
            | Self::RecipientCountry(_)
            | Self::Outside(_)
            | Self::RecipientsAbove(_)
            | Self::LookalikeRecipient(_) => false,
        }
    }
}

const fn one() -> u32 {
    1
}

/// Numbers of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Detect {
    /// Of which kind.
    pub what: Detector,
    /// At least so many different ones.
    #[serde(default = "one")]
    pub min: u32,
}

/// A kind of numbers that is known by its form and its check digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detector {
    /// International bank account numbers (ISO 13616).
    Iban,
    /// Other bank accounts, behind a word that says so.
    BankAccount,
    /// Numbers of payment cards (ISO/IEC 7812).
    PaymentCard,
    /// Resident identity numbers of China (GB 11643).
    ChineseId,
    /// Passport numbers, by the machine-readable lines (ICAO 9303) or behind a word that says so.
    Passport,
    /// Mobile telephone numbers of China.
    ChineseMobile,
}

impl Detector {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Iban, Self::BankAccount, Self::PaymentCard, Self::ChineseId, Self::Passport, Self::ChineseMobile];

    /// Its word in rules.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Iban => "iban",
            Self::BankAccount => "bank-account",
            Self::PaymentCard => "payment-card",
            Self::ChineseId => "chinese-id",
            Self::Passport => "passport",
            Self::ChineseMobile => "chinese-mobile",
        }
    }
}

/// Words, whole and in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Keywords {
    /// Words and phrases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Lists that come with the program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<String>,
    /// At least so many different ones.
    #[serde(default = "one")]
    pub min: u32,
}

/// Text of marked documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fingerprint {
    /// Names of the marks; any of them if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
    /// Percent of a marked document's text that must be there.
    #[serde(default = "share")]
    pub share: u8,
}

const fn share() -> u8 {
    30
}

/// Domains of recipients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Domains {
    /// `partner.example` alone, or `*.partner.example` for it and all below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Where private people have their mailboxes, by the list that comes with the program.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub personal: bool,
}

/// A file of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Attachment {
    /// It, or a file in it, is of one of these kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<FileKind>,
    /// Its name has one of these forms, with `*` for anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// It is larger than so many KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub larger_kib: Option<u32>,
    /// Whether it, or a file in it, needs a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
}

/// What a file is, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// Programs and scripts.
    Program,
    /// Archives and disk images.
    Archive,
    /// Text, tables and slides of an office program.
    Office,
    /// PDF.
    Pdf,
    /// Pictures.
    Picture,
    /// Plain text and HTML.
    Text,
    /// Messages.
    Message,
    /// Whatever else.
    Other,
}

/// What is done with a message for which a rule holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is recorded, and goes.
    Record,
    /// Its sender must confirm it.
    Warn,
    /// Its sender must give a reason.
    Justify,
    /// A second person must allow it.
    Approve(Approve),
    /// It must be encrypted, or go by the portal.
    Encrypt,
    /// It must go by the portal.
    Portal,
    /// It does not go.
    Block,
}

impl Action {
    /// Its word in rules.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Warn => "warn",
            Self::Justify => "justify",
            Self::Approve(_) => "approve",
            Self::Encrypt => "encrypt",
            Self::Portal => "portal",
            Self::Block => "block",
        }
    }
}

/// Who may allow a message, which is never its sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Approve {
    /// One of these.
    pub by: People,
    /// Hours after which the message is returned to its sender.
    #[serde(default = "hours")]
    pub hours: u32,
}

const fn hours() -> u32 {
    72
}
