//! Rules that people click together. They are kept as a script, so that there is one way in which mail is sorted: [`Rules::write`] makes
//! it, with the rules themselves in comments at its head, and [`Rules::read`] finds them there, as long as nobody has changed the script
//! by hand.

mod write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::limits::SCRIPT_BYTES_MAX;
use crate::{Script, ScriptError};

/// Rules of one account.
pub const RULES_MAX: usize = 200;

/// Conditions or actions of one rule.
pub const PARTS_MAX: usize = 32;

/// Values of one condition.
pub const VALUES_MAX: usize = 100;

/// Octets of a name or a value.
pub const TEXT_BYTES_MAX: usize = 1_000;

/// What begins the comment in which the rules stand.
const MARK: &str = "# tradewind-rules 1 ";

/// What begins a line that goes on with it.
const MORE: &str = "# + ";

/// Characters of the rules on one line.
const LINE_CHARS: usize = 100;

/// Rules in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rules(pub Vec<Rule>);

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// What its owner calls it.
    pub name: String,
    /// Whether it is in force.
    #[serde(default = "yes")]
    pub is_enabled: bool,
    /// How many of the conditions must hold.
    #[serde(rename = "match", default)]
    pub joined: Joined,
    /// The conditions; none: it is for all mail.
    pub conditions: Vec<Condition>,
    /// What is done, at least one.
    pub actions: Vec<RuleAction>,
    /// Whether the rules behind it are left out for mail that it is for.
    #[serde(default)]
    pub stop: bool,
}

const fn yes() -> bool {
    true
}

/// How many of the conditions must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Joined {
    /// All of them.
    #[default]
    All,
    /// One of them.
    Any,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// What is looked at.
    pub field: Field,
    /// How it is compared.
    pub op: Op,
    /// With what: one of these. None for sizes and attachments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Name of the header field, for [`Field::Header`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Octets, for [`Field::Size`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Field {
    /// The author.
    From,
    /// Who is in To and Cc.
    To,
    /// The subject.
    Subject,
    /// The discussion list that it came through (`List-Id`).
    List,
    /// The text.
    Body,
    /// Another header field.
    Header,
    /// How large it is.
    Size,
    /// Whether files are attached.
    Attachment,
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Op {
    /// It has a value in it.
    Contains,
    /// It has none of the values in it.
    NotContains,
    /// It is a value; of addresses, the address without the name.
    Is,
    /// It is none of the values.
    IsNot,
    /// It begins with a value.
    BeginsWith,
    /// It ends with a value.
    EndsWith,
    /// The domain of the address is a value; for authors and recipients only.
    DomainIs,
    /// It is larger; for sizes only.
    Over,
    /// It is smaller; for sizes only.
    Under,
    /// There are some; for attachments only.
    Has,
    /// There are none; for attachments only.
    HasNot,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum RuleAction {
    /// Into this mailbox instead of INBOX; INBOX if it is gone.
    Move {
        /// The mailbox.
        mailbox_id: String,
    },
    /// Into this mailbox, too.
    Copy {
        /// The mailbox.
        mailbox_id: String,
    },
    /// Into the archive.
    Archive {},
    /// Into Junk.
    Junk {},
    /// Into the bin.
    Trash {},
    /// A label.
    Label {
        /// The keyword as JMAP and IMAP have it.
        keyword: String,
    },
    /// The flag (`$flagged`).
    Flag {},
    /// It counts as read (`$seen`).
    MarkRead {},
    /// It is sent on.
    Forward {
        /// Where to.
        address: String,
        /// Whether it stays here, too.
        keep_copy: bool,
    },
}

/// What is wrong with rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// There are too many.
    #[error("there are more than {max} rules; join some")]
    TooMany {
        /// How many there may be.
        max: usize,
    },
    /// One is wrong.
    #[error("rule {} ({name:?}): {what}", place + 1)]
    Rule {
        /// Its place, from 0.
        place: usize,
        /// What it is called.
        name: String,
        /// What is wrong and what to write instead.
        what: String,
    },
    /// They make a script that is too long.
    #[error("the rules are too long as a script; at most {SCRIPT_BYTES_MAX} octets may be: shorten lists of values")]
    TooLong,
    /// They make a script that does not read.
    #[error("the rules make no script that can be run: {0}")]
    Script(#[from] ScriptError),
}

impl FormError {
    /// The same rules are wrong each time.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

impl Rules {
    /// The script that does what the rules say, lines ending in CRLF.
    ///
    /// # Errors
    /// [`FormError`] with the rule and what is wrong with it.
    pub fn write(&self) -> Result<String, FormError> {
        self.check()?;
        let text = self.text();
        if text.len() > SCRIPT_BYTES_MAX {
            return Err(FormError::TooLong);
        }
        Script::read(&text)?;
        Ok(text)
    }

    /// The rules that the script was made from; none if it was written or changed by hand.
    #[must_use]
    pub fn read(script: &str) -> Option<Self> {
        let mut lines = script.lines().skip_while(|line| !line.starts_with(MARK));
        let mut encoded = lines.next()?.strip_prefix(MARK)?.to_owned();
        for more in lines.map_while(|line| line.strip_prefix(MORE)) {
            encoded.push_str(more);
        }
        let rules: Self = serde_json::from_slice(&STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let same = |line: (&str, &str)| line.0.trim_end() == line.1.trim_end();
        let written = rules.write().ok()?;
        let is_same =
            written.lines().count() == script.lines().count() && written.lines().zip(script.lines()).all(same);
        is_same.then_some(rules)
    }

    fn text(&self) -> String {
        let encoded = STANDARD.encode(serde_json::to_vec(self).unwrap_or_default());
        let mut text = "# Rules made in the web application. Whoever changes this text goes on in text.\r\n".to_owned();
        let mut rest = encoded.as_str();
        let mut mark = MARK;
        loop {
            let (line, more) = rest.split_at_checked(LINE_CHARS).unwrap_or((rest, ""));
            text.extend([mark, line, "\r\n"]);
            if more.is_empty() {
                break;
            }
            (mark, rest) = (MORE, more);
        }
        write::script(self, &mut text);
        text
    }

    fn check(&self) -> Result<(), FormError> {
        if self.0.len() > RULES_MAX {
            return Err(FormError::TooMany { max: RULES_MAX });
        }
        for (place, rule) in self.0.iter().enumerate() {
            rule.check().map_err(|what| FormError::Rule { place, name: rule.name.clone(), what })?;
        }
        Ok(())
    }
}

impl Rule {
    fn check(&self) -> Result<(), String> {
        check_text("the name", &self.name)?;
        if self.conditions.len() > PARTS_MAX || self.actions.len() > PARTS_MAX {
            return Err(format!("a rule has at most {PARTS_MAX} conditions and {PARTS_MAX} actions"));
        }
        if self.actions.is_empty() {
            return Err("it does nothing; give it an action".to_owned());
        }
        self.conditions.iter().try_for_each(Condition::check)?;
        self.actions.iter().try_for_each(RuleAction::check)
    }
}

impl Condition {
    fn check(&self) -> Result<(), String> {
        let is_right = match self.field {
            Field::Size => matches!(self.op, Op::Over | Op::Under),
            Field::Attachment => matches!(self.op, Op::Has | Op::HasNot),
            Field::From | Field::To => !matches!(self.op, Op::Over | Op::Under | Op::Has | Op::HasNot),
            Field::Body => matches!(self.op, Op::Contains | Op::NotContains),
            Field::Subject | Field::List | Field::Header => {
                !matches!(self.op, Op::Over | Op::Under | Op::Has | Op::HasNot | Op::DomainIs)
            }
        };
        if !is_right {
            return Err(format!(
                "{:?} cannot be compared by {:?}; see the documentation of rules",
                self.field, self.op
            ));
        }
        let has_values = !matches!(self.field, Field::Size | Field::Attachment);
        if has_values == self.values.is_empty() {
            return Err(format!("{:?} {} values", self.field, if has_values { "needs" } else { "has no" }));
        }
        if self.values.len() > VALUES_MAX {
            return Err(format!("a condition has at most {VALUES_MAX} values"));
        }
        self.values.iter().try_for_each(|value| check_text("a value", value))?;
        if (self.field == Field::Size) != self.size.is_some() {
            return Err("a condition on the size, and no other, has size, in octets".to_owned());
        }
        if self.size.is_some_and(|size| size >= 1 << 40) {
            return Err("the size is too large".to_owned());
        }
        let is_name = |name: &String| {
            !name.is_empty() && name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
        };
        match &self.header {
            Some(name) if self.field == Field::Header && is_name(name) => Ok(()),
            None if self.field != Field::Header => Ok(()),
            _ => Err("a condition on another header field, and no other, has its name in header".to_owned()),
        }
    }
}

impl RuleAction {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::Move { mailbox_id } | Self::Copy { mailbox_id } => {
                // RFC 8474 section 5.1.
                let is_id_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                if (1..=255).contains(&mailbox_id.len()) && mailbox_id.bytes().all(is_id_byte) {
                    Ok(())
                } else {
                    Err(format!("{mailbox_id:?} is no mailbox"))
                }
            }
            Self::Label { keyword } => {
                let is_atom = |byte: u8| byte.is_ascii_graphic() && !br#"(){%*"\]"#.contains(&byte);
                match !keyword.is_empty() && keyword.len() <= 100 && keyword.bytes().all(is_atom) {
                    true => Ok(()),
                    false => Err(format!("{keyword:?} cannot be a keyword; use ASCII letters, digits, $, - and _")),
                }
            }
            Self::Forward { address, .. } => match mail::Address::parse(address) {
                Ok(_) => Ok(()),
                Err(error) => Err(format!("{address:?} is no address to forward to: {error}")),
            },
            Self::Archive {} | Self::Junk {} | Self::Trash {} | Self::Flag {} | Self::MarkRead {} => Ok(()),
        }
    }
}

fn check_text(what: &str, text: &str) -> Result<(), String> {
    match text {
        "" => Err(format!("{what} is empty")),
        text if text.len() > TEXT_BYTES_MAX => Err(format!("{what} has more than {TEXT_BYTES_MAX} octets")),
        text if text.chars().any(char::is_control) => Err(format!("{what} has control characters")),
        _ => Ok(()),
    }
}
