//! Responses, read.

use super::super::datetime::DateTime;
use super::frame::Answer;
use super::value::{Value, Walk};

/// Something that the server said without a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// A status without a tag; the greeting is one.
    Status(Status),
    /// What the server can do, in capitals.
    Capability(Vec<String>),
    /// A mailbox.
    List(Listed),
    /// What names of mailboxes begin with (RFC 2342): the user's own, and those of others and of all.
    Namespace {
        /// The user's own.
        own: Vec<Vec<u8>>,
        /// Those of others and of all.
        others: Vec<Vec<u8>>,
    },
    /// Number of messages in the mailbox.
    Exists(u32),
    /// A message, or some of it.
    Fetch(Box<Fetched>),
    /// Anything else.
    Other,
}

/// The words that begin a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusKind {
    /// Done.
    Ok,
    /// Not done.
    No,
    /// Not understood.
    Bad,
    /// The server goes.
    Bye,
    /// Signed in by the connection itself.
    PreAuth,
}

/// A status: what came of a command, or what the server tells by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it is.
    pub kind: StatusKind,
    /// What is in brackets.
    pub code: Option<Code>,
    /// Text for people.
    pub text: String,
}

/// What a status has in brackets (RFC 9051 section 7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The first word, in capitals.
    pub name: String,
    /// What follows it.
    pub rest: String,
}

impl Status {
    /// Reads what stands behind the tag.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let kind = match word.to_ascii_uppercase().as_str() {
            "OK" => StatusKind::Ok,
            "NO" => StatusKind::No,
            "BAD" => StatusKind::Bad,
            "BYE" => StatusKind::Bye,
            "PREAUTH" => StatusKind::PreAuth,
            _ => return None,
        };
        let bracketed = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (code, text) = match bracketed {
            None => (None, rest),
            Some((inside, text)) => {
                let (name, rest) = inside.split_once(' ').unwrap_or((inside, ""));
                (Some(Code { name: name.to_ascii_uppercase(), rest: rest.to_owned() }), text.trim_start())
            }
        };
        Some(Self { kind, code, text: text.trim_end().to_owned() })
    }

    /// Whether it is `OK`.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.kind == StatusKind::Ok
    }

    /// Whether its code has this name.
    #[must_use]
    pub fn has_code(&self, name: &str) -> bool {
        self.code.as_ref().is_some_and(|code| code.name == name)
    }

    /// The number of its code, if it has this name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u32> {
        self.code.as_ref().filter(|code| code.name == name)?.rest.trim().parse().ok()
    }
}

/// A mailbox as LIST gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its attributes, without the backslash, in capitals.
    pub attributes: Vec<String>,
    /// What divides levels; none if it has none.
    pub delimiter: Option<u8>,
    /// Its name as the server writes it.
    pub name: Vec<u8>,
}

impl Listed {
    /// Whether it has the attribute (without the backslash, in capitals).
    #[must_use]
    pub fn is(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|one| one == attribute)
    }
}

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// It was longer than is kept; so many octets.
    TooLong(u64),
}

/// What is told of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fetched {
    /// Its UID.
    pub uid: Option<u32>,
    /// Its flags as the server writes them.
    pub flags: Option<Vec<String>>,
    /// When it was received.
    pub received: Option<DateTime>,
    /// What the server says that it has of octets.
    pub size: Option<u64>,
    /// Its content.
    pub body: Option<Body>,
    /// The number that Gmail has for it, the same in all its folders.
    pub gmail_message: Option<u64>,
    /// Labels of Gmail, as the server writes them.
    pub gmail_labels: Vec<Vec<u8>>,
}

/// Reads a response that begins with `* `.
pub(super) fn read(answer: &mut Answer) -> Response {
    let text = String::from_utf8_lossy(&answer.text[2..]).into_owned();
    if let Some(status) = Status::read(&text) {
        return Response::Status(status);
    }
    let mut words = text.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match first.to_ascii_uppercase().as_str() {
        "CAPABILITY" => Response::Capability(text.split_whitespace().skip(1).map(str::to_ascii_uppercase).collect()),
        "LIST" | "XLIST" => {
            let from = 2 + first.len();
            list(&Walk::new(answer, from).all()).map_or(Response::Other, Response::List)
        }
        "NAMESPACE" => {
            let values = Walk::new(answer, 2 + first.len()).all();
            let prefixes = |value: &Value| -> Vec<Vec<u8>> {
                value.list().iter().filter_map(|one| one.list().first()?.bytes().map(<[u8]>::to_vec)).collect()
            };
            let mut kinds = values.iter().map(prefixes);
            let own = kinds.next().unwrap_or_default();
            Response::Namespace { own, others: kinds.flatten().collect() }
        }
        number => match (number.parse::<u32>(), second.to_ascii_uppercase().as_str()) {
            (Ok(count), "EXISTS") => Response::Exists(count),
            (Ok(_), "FETCH") => {
                let from = 2 + text.find(second).unwrap_or(0) + second.len();
                let values = Walk::new(answer, from).all();
                Response::Fetch(Box::new(fetched(values)))
            }
            _ => Response::Other,
        },
    }
}

fn list(values: &[Value]) -> Option<Listed> {
    let [attributes, delimiter, name, ..] = values else { return None };
    let attributes = attributes.list().iter().filter_map(Value::text);
    // A name that looks like no word at all is one nevertheless.
    let name = if *name == Value::Nil { b"NIL".to_vec() } else { name.bytes()?.to_vec() };
    Some(Listed {
        attributes: attributes.map(|word| word.trim_start_matches('\\').to_ascii_uppercase()).collect(),
        delimiter: delimiter.bytes().and_then(|bytes| bytes.first().copied()),
        name,
    })
}

fn fetched(values: Vec<Value>) -> Fetched {
    let mut fetched = Fetched::default();
    let Some(Value::List(items)) = values.into_iter().next() else { return fetched };
    let mut items = items.into_iter();
    while let Some(name) = items.next() {
        let Some(name) = name.text().map(|name| name.to_ascii_uppercase()) else { continue };
        let Some(value) = items.next() else { break };
        match name.as_str() {
            "UID" => fetched.uid = value.number().and_then(|uid| u32::try_from(uid).ok()),
            "FLAGS" => fetched.flags = Some(value.list().iter().filter_map(Value::text).collect()),
            "INTERNALDATE" => fetched.received = value.bytes().and_then(read_date),
            "RFC822.SIZE" => fetched.size = value.number(),
            "BODY[]" | "RFC822" => fetched.body = body(value),
            "X-GM-MSGID" => fetched.gmail_message = value.number(),
            "X-GM-LABELS" => {
                fetched.gmail_labels = value.list().iter().filter_map(|it| it.bytes().map(<[u8]>::to_vec)).collect();
            }
            _ => {}
        }
    }
    fetched
}

fn body(value: Value) -> Option<Body> {
    match value {
        Value::Text(bytes) | Value::Atom(bytes) => Some(Body::Whole(bytes)),
        Value::TooLong(bytes) => Some(Body::TooLong(bytes)),
        Value::Nil | Value::List(_) => None,
    }
}

/// `17-Jul-1996 02:44:25 -0700`; a day of one digit may stand without the space that belongs before it.
fn read_date(text: &[u8]) -> Option<DateTime> {
    DateTime::parse(text).or_else(|| DateTime::parse(&[b" ", text].concat()))
}
