//! Why a factor is not taken: the reason for the log, and what the person is told.

use std::time::Duration;

use ::factors::FactorKind;
use ::factors::sms::{NumberError, SmsError};
use ::factors::totp::TotpError;
use ::factors::ukey::UkeyError;
use ::factors::webauthn::WebauthnError;

use crate::Language;

/// Why a factor is not taken. Its text is for the log; [`Self::say`] is for the person, and tells a thief nothing.
#[derive(Debug, thiserror::Error)]
pub enum FactorRefusal {
    /// There is no such challenge, or it is over.
    #[error(
        "there is no such challenge any more: it took too long, had too many wrong answers, or was answered before"
    )]
    Over,
    /// Too many wrong answers.
    #[error("too many wrong answers; the next is looked at in {} s", .0.as_secs())]
    Wait(Duration),
    /// The account has no such factor.
    #[error("the account has no factor of this kind")]
    NotEnrolled,
    /// Level or role does not allow the kind.
    #[error("{0} does not count at this level and role")]
    NotAllowed(FactorKind),
    /// The server does not offer the kind.
    #[error("{0} is not set up on this server")]
    NotOffered(FactorKind),
    /// As many factors as an account may have.
    #[error("the account has {0} factors, which is the limit; remove one first")]
    TooMany(usize),
    /// The label is empty or too long.
    #[error("the label must have 1 to {0} bytes")]
    Label(usize),
    /// Another account has enrolled this certificate, or this account has already.
    #[error("this certificate or credential is enrolled already")]
    Taken,
    /// A wrong code of an authenticator app.
    #[error("authenticator app: {0}")]
    Totp(#[from] TotpError),
    /// A wrong code by SMS or recovery code.
    #[error("the code is wrong")]
    Code,
    /// WebAuthn.
    #[error("WebAuthn: {0}")]
    Webauthn(#[from] WebauthnError),
    /// The certificate.
    #[error("UKey: {0}")]
    Ukey(#[from] UkeyError),
    /// The certificate is good but another person's.
    #[error("the certificate of {0} is good, but not this account's")]
    OthersCertificate(String),
    /// The telephone number.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The message cannot be sent.
    #[error(transparent)]
    Sms(#[from] SmsError),
    /// The number has got as many codes as it may.
    #[error("the number has got as many codes as it may for the time being")]
    TooManyMessages,
}

impl FactorRefusal {
    /// What the person is told, with what to do.
    #[must_use]
    pub fn say(&self, language: Language) -> String {
        let (english, chinese) = match self {
            Self::Over => ("That took too long or was answered before. Start again.", "已超时或已使用，请重新开始。"),
            Self::Wait(wait) => return Self::say_wait(*wait, language),
            Self::NotEnrolled => ("Choose another way to verify.", "请改用其他验证方式。"),
            Self::NotAllowed(_) => (
                "Your company does not accept this kind of verification. Choose another.",
                "贵公司不接受这种验证方式，请换一种。",
            ),
            Self::NotOffered(_) => (
                "This kind of verification is not set up on this server. Choose another, or ask your administrator.",
                "本服务器未启用这种验证方式，请换一种，或联系管理员。",
            ),
            Self::TooMany(_) => (
                "Remove a verification method first: you have the most there can be.",
                "验证方式已达上限，请先删除一个。",
            ),
            Self::Label(_) => ("Give it a name of 1 to 100 bytes.", "请填写 1 至 100 字节的名称。"),
            Self::Taken => ("This key or certificate is enrolled already.", "该密钥或证书已登记。"),
            Self::Totp(_) | Self::Code => (
                "The code is wrong, too old or was used before. Enter the newest one.",
                "验证码错误、过期或已使用，请输入最新的验证码。",
            ),
            Self::Webauthn(_) => (
                "The key could not be verified. Try again, or choose another way.",
                "密钥验证未通过，请重试或换一种方式。",
            ),
            Self::Ukey(_) | Self::OthersCertificate(_) => (
                "The certificate was not accepted. Ask your administrator whether it is still valid.",
                "证书未被接受，请向管理员确认证书是否仍然有效。",
            ),
            Self::Number(_) => (
                "Write the telephone number with its country code, as +8613800138000.",
                "请填写带国家代码的电话号码，例如 +8613800138000。",
            ),
            Self::Sms(_) => (
                "The message could not be sent. Try again later, or choose another way.",
                "短信未能发出，请稍后重试或换一种方式。",
            ),
            Self::TooManyMessages => (
                "This number has got too many codes. Try again later, or choose another way.",
                "该号码接收验证码过多，请稍后重试或换一种方式。",
            ),
        };
        if language == Language::Chinese { chinese.to_owned() } else { english.to_owned() }
    }

    fn say_wait(wait: Duration, language: Language) -> String {
        let minutes = wait.as_secs().div_ceil(60).max(1);
        match language {
            Language::English => format!("Too many wrong answers. Try again in {minutes} min."),
            Language::Chinese => format!("错误次数过多，请在 {minutes} 分钟后重试。"),
        }
    }
}
