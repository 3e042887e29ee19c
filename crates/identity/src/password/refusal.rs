//! Why a password may not be chosen: the rule, and what to do.

use env::Outlook;

use super::{PASSWORD_BYTES_MAX, PasswordError};
use crate::{IdentityError, Language};

/// Why a password may not be chosen.
#[derive(Debug, thiserror::Error)]
pub enum PasswordRefusal {
    /// It cannot be hashed at all.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store failed, or there is no such account.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Too short.
    #[error("the password has {have} characters and must have at least {min}; choose a longer one")]
    Short {
        /// What it has.
        have: usize,
        /// What it must have.
        min: usize,
    },
    /// Too few classes of characters.
    #[error(
        "the password has characters of {have} classes and must have {min} of: lower case, upper case, digits, others; add the missing"
    )]
    Classes {
        /// What it has.
        have: usize,
        /// What it must have.
        min: usize,
    },
    /// Holds something that belongs to its owner.
    #[error("the password contains {0:?}, which is part of the name, the company or the address; leave it out")]
    OwnWord(String),
    /// Easily guessed.
    #[error(
        "the password is easily guessed (score {score} of 4, at least {min} is needed); take several words without connection"
    )]
    Guessable {
        /// What it scores.
        score: u8,
        /// What it must.
        min: u8,
    },
    /// On a list of leaked passwords.
    #[error("the password is on a list of leaked passwords; choose one that you use nowhere else")]
    Breached,
    /// The password of another system of the company.
    #[error("the password is one of another system of the company; choose one for mail alone")]
    OtherSystem,
    /// Used before.
    #[error("the password is the present one or one of the last {0}; choose a new one")]
    Reused(usize),
    /// An app password.
    #[error("the password is an app password of this account; choose another")]
    AppPassword,
    /// Nobody knows whether it has leaked.
    #[error(
        "whether the password has leaked cannot be checked: {0}; try again later, or set passwords.breached_unknown to \"accept\""
    )]
    Unchecked(String),
}

impl PasswordRefusal {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Password(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            Self::Unchecked(_) => Outlook::Temporary,
            _ => Outlook::Permanent,
        }
    }

    /// What the person is told, with what to do.
    #[must_use]
    pub fn say(&self, language: Language) -> String {
        let (english, chinese) = match self {
            Self::Password(PasswordError::TooLong) => (
                format!("The password is too long. Use at most {PASSWORD_BYTES_MAX} bytes."),
                format!("密码过长，请不要超过 {PASSWORD_BYTES_MAX} 字节。"),
            ),
            Self::Password(PasswordError::Unpreparable) => (
                "The password is empty or has characters that cannot be typed everywhere. Use letters, digits and signs.".to_owned(),
                "密码为空或含有无法使用的字符，请使用字母、数字和符号。".to_owned(),
            ),
            Self::Password(_) | Self::Identity(_) | Self::Unchecked(_) => (
                "The password cannot be checked at the moment. Try again later.".to_owned(),
                "暂时无法检查该密码，请稍后重试。".to_owned(),
            ),
            Self::Short { have, min } => (
                format!("The password has {have} characters. Use at least {min}."),
                format!("密码只有 {have} 个字符，至少需要 {min} 个。"),
            ),
            Self::Classes { have, min } => (
                format!("The password has {have} kinds of characters. Use {min}: lower case, upper case, digits, other signs."),
                format!("密码只含 {have} 类字符，需要 {min} 类：小写字母、大写字母、数字、其他符号。"),
            ),
            Self::OwnWord(word) => (
                format!("The password contains “{word}”, which is part of your name, company or address. Leave it out."),
                format!("密码含有“{word}”，它出现在您的姓名、公司或邮箱中，请去掉。"),
            ),
            Self::Guessable { .. } => (
                "The password is easily guessed. Use several words without connection, or let one be generated.".to_owned(),
                "密码容易被猜到，请使用几个互不相关的词，或使用生成的密码。".to_owned(),
            ),
            Self::Breached => (
                "This password has leaked somewhere before. Choose one that you use nowhere else.".to_owned(),
                "该密码曾经泄露，请换一个从未在别处使用的密码。".to_owned(),
            ),
            Self::OtherSystem => (
                "This password is used in another system of the company. Choose one for mail alone.".to_owned(),
                "该密码与公司其他系统的密码相同，请为邮箱单独设置密码。".to_owned(),
            ),
            Self::Reused(count) => (
                format!("You have used this password before. The last {count} cannot be used again."),
                format!("该密码已经用过，最近 {count} 个密码不能重复使用。"),
            ),
            Self::AppPassword => (
                "This is one of your app passwords. Choose another.".to_owned(),
                "这是您的应用专用密码之一，请换一个。".to_owned(),
            ),
        };
        if language == Language::Chinese { chinese } else { english }
    }
}
