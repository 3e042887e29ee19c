//! Reads what a client wants to be sent (RFC 9007 section 2).

use serde_json::Value;
use wire::jmap::{Object, SetError};

use super::DISPOSITION;

/// Longest text of a notification, in octets.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Longest line of a field, in octets: with its name it stays below what a line may have (RFC 5322 section 2.1.1).
const LINE_BYTES_MAX: usize = 800;

/// Fields of extensions that one notification may have.
const EXTENSIONS_MAX: usize = 32;

/// Properties that a client may set.
const SETTABLE: [&str; 8] = [
    "forEmailId",
    "subject",
    "textBody",
    "includeOriginalMessage",
    "reportingUA",
    "disposition",
    "finalRecipient",
    "extensionFields",
];

/// What a client wants to be sent.
pub(super) struct Wanted {
    pub(super) email: String,
    pub(super) subject: Option<String>,
    pub(super) text: Option<String>,
    pub(super) includes_original: bool,
    pub(super) reporting_ua: Option<String>,
    pub(super) final_recipient: Option<String>,
    /// Name and value.
    pub(super) extensions: Vec<(String, String)>,
    /// In the order of [`DISPOSITION`].
    pub(super) disposition: [&'static str; 3],
}

impl Wanted {
    pub(super) fn read(object: &Object) -> Result<Self, SetError> {
        let is_unknown = |(name, value): &(&String, &Value)| !SETTABLE.contains(&name.as_str()) && !value.is_null();
        if let Some((name, _)) = object.iter().find(is_unknown) {
            return Err(SetError::property(name.clone(), "the server sets this"));
        }
        let includes_original = match object.get("includeOriginalMessage") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(includes)) => *includes,
            Some(_) => return Err(SetError::property("includeOriginalMessage", "must be true or false")),
        };
        let email = text(object, "forEmailId")?;
        Ok(Self {
            email: email.ok_or_else(|| SetError::property("forEmailId", "names the message that is answered"))?,
            subject: line(object, "subject")?,
            text: text(object, "textBody")?,
            includes_original,
            reporting_ua: line(object, "reportingUA")?,
            final_recipient: line(object, "finalRecipient")?,
            extensions: extensions(object.get("extensionFields"))?,
            disposition: disposition(object.get("disposition"))?,
        })
    }

    /// A person did it, and a person had it told (RFC 8098 section 3.2.6.1).
    pub(super) fn is_sent_by_person(&self) -> bool {
        let [_, sending, _] = self.disposition;
        sending == "mdn-sent-manually"
    }
}

fn text(object: &Object, name: &str) -> Result<Option<String>, SetError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= TEXT_BYTES_MAX && !text.contains('\0') => Ok(Some(text.clone())),
        Some(_) => Err(SetError::property(name, format!("must be a text of at most {TEXT_BYTES_MAX} octets"))),
    }
}

/// A text that becomes one line of a field.
fn line(object: &Object, name: &str) -> Result<Option<String>, SetError> {
    let is_line = |text: &String| text.len() <= LINE_BYTES_MAX && !text.contains(char::is_control);
    match text(object, name)? {
        Some(text) if !is_line(&text) => {
            Err(SetError::property(name, format!("must be one line of at most {LINE_BYTES_MAX} octets")))
        }
        text => Ok(text),
    }
}

fn disposition(value: Option<&Value>) -> Result<[&'static str; 3], SetError> {
    let Some(Value::Object(given)) = value else {
        return Err(SetError::property("disposition", "says what was done with the message"));
    };
    let mut words = [""; 3];
    for (word, (name, known)) in words.iter_mut().zip(DISPOSITION) {
        let given = given.get(name).and_then(Value::as_str).unwrap_or_default();
        let found = known.iter().find(|known| known.eq_ignore_ascii_case(given));
        *word = found.ok_or_else(|| {
            SetError::property(format!("disposition/{name}"), format!("must be one of {}", known.join(", ")))
        })?;
    }
    Ok(words)
}

fn extensions(value: Option<&Value>) -> Result<Vec<(String, String)>, SetError> {
    let given = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(given)) if given.len() <= EXTENSIONS_MAX => given,
        Some(_) => {
            let why = format!("must be an object of at most {EXTENSIONS_MAX} texts");
            return Err(SetError::property("extensionFields", why));
        }
    };
    let field = |(name, value): (&String, &Value)| {
        let is_name = (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            // Whoever is told must not be told something else in the fields that have their own properties.
            && !super::parse::is_known_field(name);
        let value = value
            .as_str()
            .filter(|value| value.len() <= LINE_BYTES_MAX && value.is_ascii() && !value.contains(char::is_control));
        match value.filter(|_| is_name) {
            Some(value) => Ok((name.clone(), value.to_owned())),
            None => Err(SetError::property(
                format!("extensionFields/{name}"),
                "must be a field of one line in ASCII that has no property of its own",
            )),
        }
    };
    given.iter().map(field).collect()
}
