//! The automatic reply that people set without a script (RFC 8621 section 8). It acts as a script with one `vacation` would.

use env::Timestamp;
use serde::{Deserialize, Serialize};
use sieve::Reply;
use sieve::limits::REPLY_SECONDS_DEFAULT;
use store::{Notice, Tx, params};

use crate::{ScriptsError, open, seal};

/// Octets of its text, each of both forms.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Octets of its subject.
const SUBJECT_BYTES_MAX: usize = 998;

const COLUMN: &str = "auto_reply.detail";

/// An automatic reply.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AutoReply {
    /// Whether it is sent.
    pub is_enabled: bool,
    /// From then on, in milliseconds since 1970; `None`: at once.
    pub from: Option<i64>,
    /// Until then; `None`: until it is switched off.
    pub to: Option<i64>,
    /// Its subject; `None`: made from that of the message.
    pub subject: Option<String>,
    /// Its text.
    pub text: Option<String>,
    /// Its text as HTML.
    pub html: Option<String>,
}

impl AutoReply {
    /// The reply, if one is sent at `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Option<Reply> {
        let now = now.millis();
        let is_on = self.is_enabled && self.from.is_none_or(|from| from <= now) && self.to.is_none_or(|to| now < to);
        if !is_on {
            return None;
        }
        let (reason, mime) = self.content()?;
        // Another time or text is another reply: those who had the last one get this, too.
        let handle = format!("\u{1}auto-reply\u{0}{:?}{:?}{:?}{reason}", self.from, self.to, self.subject);
        Some(Reply {
            reason,
            mime,
            subject: self.subject.clone().filter(|it| !it.trim().is_empty()),
            from: None,
            addresses: Vec::new(),
            handle,
            seconds: REPLY_SECONDS_DEFAULT,
        })
    }

    fn content(&self) -> Option<(String, bool)> {
        let full = |text: &Option<String>| text.clone().filter(|it| !it.trim().is_empty());
        match (full(&self.text), full(&self.html)) {
            (Some(text), None) => Some((text, false)),
            (None, None) => None,
            (text, Some(html)) => {
                let text = text.unwrap_or_else(|| mail::message::html_to_text(&html));
                Some((alternatives(&text, &html), true))
            }
        }
    }
}

/// Both forms as one part of MIME (RFC 2046 section 5.1.4).
fn alternatives(text: &str, html: &str) -> String {
    let mut boundary = "=_alternatives".to_owned();
    while text.contains(&boundary) || html.contains(&boundary) {
        boundary.push('_');
    }
    let part = |kind: &str, content: &str| {
        let encoded = crate::reply::base64_lines(&crate::reply::crlf(content));
        format!(
            "--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n"
        )
    };
    let (plain, rich) = (part("plain", text), part("html", html));
    format!("Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n{plain}{rich}--{boundary}--\r\n")
}

/// The account's automatic reply.
///
/// # Errors
/// [`ScriptsError::Store`] if the store fails.
pub fn auto_reply(tx: &mut Tx<'_>, account: i64) -> Result<AutoReply, ScriptsError> {
    let sealed =
        tx.row("SELECT detail FROM auto_reply WHERE account = $1", params![account], |row| Ok(row.bytes(0)?.to_vec()))?;
    match sealed {
        Some(sealed) => Ok(open(tx, account, COLUMN, 0, &sealed)?),
        None => Ok(AutoReply::default()),
    }
}

/// Octets that are others once the automatic reply is set anew. Nothing is opened for them.
///
/// # Errors
/// [`ScriptsError::Store`] if the store fails.
pub fn auto_reply_version(tx: &mut Tx<'_>, account: i64) -> Result<Vec<u8>, ScriptsError> {
    let sql = "SELECT detail FROM auto_reply WHERE account = $1";
    Ok(tx.row(sql, params![account], |row| Ok(row.bytes(0)?.to_vec()))?.unwrap_or_default())
}

/// Sets the account's automatic reply.
///
/// # Errors
/// [`ScriptsError::TooLong`], or if the store fails.
pub fn set_auto_reply(tx: &mut Tx<'_>, account: i64, reply: &AutoReply) -> Result<(), ScriptsError> {
    store::account::next_modseq(tx, account)?;
    for (what, text, max) in [
        ("the subject", &reply.subject, SUBJECT_BYTES_MAX),
        ("the text", &reply.text, TEXT_BYTES_MAX),
        ("the text in HTML", &reply.html, TEXT_BYTES_MAX),
    ] {
        if text.as_ref().is_some_and(|text| text.len() > max) {
            return Err(ScriptsError::TooLong { what, max });
        }
    }
    let sealed = seal(tx, account, COLUMN, 0, reply)?;
    tx.execute(
        "INSERT INTO auto_reply (account, enabled, detail) VALUES ($1, $2, $3)
         ON CONFLICT (account) DO UPDATE SET enabled = $2, detail = $3",
        params![account, i64::from(reply.is_enabled), &sealed],
    )?;
    tx.notify(Notice::Account(account));
    Ok(())
}
