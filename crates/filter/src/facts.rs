//! What a message is made of: taken out once, within limits, and kept, so that it can be judged again the same way.

pub mod attachments;
pub mod forgery;
pub mod form;
pub mod html;
pub mod inside;
pub(crate) mod language;
pub mod links;
pub mod signs;
pub mod trade;

use std::net::IpAddr;

use mail::message::{Envelope, EnvelopeAddress, Part, Structure, charset, encoding, words};

pub use attachments::{Attachment, FileKind};
pub use forgery::{Contradiction, Forgery};
pub use form::{Form, HeaderField};
pub use html::Counts;
pub use inside::Inside;
pub use links::{Link, Place, registered_domain};
pub use signs::Signs;
pub use trade::Trade;

use crate::normal::{Disguises, Normal, normal};
use crate::templates::{self, Sketch};

/// Octets of shown text that are kept.
pub const TEXT_OCTETS_MAX: usize = 128 * 1024;

/// Text parts of one message that are read.
pub const TEXT_PARTS_MAX: usize = 32;

/// Octets of text that are brought to their one form; what a reader sees first is there.
const NORMAL_OCTETS_MAX: usize = 24 * 1024;

/// A message as it came in, with what is known of its way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Received<'a> {
    /// The message.
    pub raw: &'a [u8],
    /// Address in MAIL FROM; empty for the null sender, none if not known.
    pub envelope_from: Option<&'a str>,
    /// Address of the client.
    pub client: Option<IpAddr>,
    /// Who vouches for it.
    pub authentication: Option<&'a mailauth::Facts>,
    /// What is in its attached files, as [`inside::inspect`] gives it; none where nobody looked into them.
    pub inspected: Option<&'a [inspect::Report]>,
}

/// A mailbox in a header field.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sender {
    /// Display name, decoded.
    pub name: String,
    /// Address in lowercase.
    pub address: String,
    /// Host of the address in lowercase.
    pub host: String,
    /// The domain that somebody registered.
    pub domain: String,
}

/// What the checks of the sender came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authenticated {
    /// Its author's domain vouches for it.
    Yes,
    /// Its author's domain publishes a policy and does not vouch for it.
    Failed,
    /// Nobody can say.
    Unknown,
}

/// What is odd about the build of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Oddities {
    /// A limit ended the reading of parts.
    pub truncated: bool,
    /// A multipart without parts.
    pub empty_multipart: bool,
    /// A transfer encoding that does not exist.
    pub unknown_encoding: bool,
    /// A field that may stand once stands more often.
    pub repeated_fields: bool,
    /// Text encoded in base64 though it is ASCII.
    pub needless_base64: bool,
    /// A character set that is not known.
    pub unknown_charset: bool,
    /// There is a plain and an HTML text.
    pub has_both_texts: bool,
    /// There is an HTML text.
    pub has_html: bool,
}

/// The facts of one message.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Facts {
    /// Subject, decoded.
    pub subject: String,
    /// The one author.
    pub from: Option<Sender>,
    /// Where answers go, if not to the author.
    pub reply_to: Option<Sender>,
    /// Registered domain of the envelope's sender.
    pub envelope_domain: Option<String>,
    /// Domain that vouches for the message, or whether one refuses to.
    pub authenticated: Option<Authenticated>,
    /// Recipients that the header names.
    pub recipients: u32,
    /// Answers a message, by its fields.
    pub is_answer: bool,
    /// Has fields of a message at all; a text alone has none.
    pub has_header: bool,
    /// How the header is written.
    #[serde(default)]
    pub form: Form,
    /// Text that a reader sees.
    pub text: String,
    /// Text that is there and not shown.
    pub hidden_text: String,
    /// What HTML parts hold.
    pub html: Counts,
    /// Of the row of elements of the first HTML part, to know it again.
    #[serde(default)]
    pub structure: Option<Sketch>,
    /// Addresses of pages.
    pub links: Vec<Link>,
    /// Attached files.
    pub attachments: Vec<Attachment>,
    /// What is in attached files; none where nobody looked into them. The learned model does not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Inside>,
    /// What is odd about its build.
    pub oddities: Oddities,
    /// Language of subject and text, by ISO 639-1.
    pub language: Option<String>,
    /// What trade writes down.
    pub trade: Trade,
    /// How it was written and addressed.
    #[serde(default)]
    pub signs: Signs,
    /// Where the header contradicts itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<Contradiction>,
    /// Subject in its one form.
    pub(crate) normal_subject: String,
    /// Text in its one form.
    pub(crate) normal_text: String,
    /// What was undone to come to that form.
    pub disguises: Disguises,
}

impl Facts {
    /// Reads a message. Never fails: what cannot be read is odd, not an error.
    #[must_use]
    pub fn read(received: Received<'_>) -> Self {
        let structure = Structure::parse(received.raw);
        let envelope = Envelope::parse(received.raw);
        let mut facts = Self {
            subject: envelope.subject.as_deref().map(|subject| words::decode(subject).into_owned()).unwrap_or_default(),
            recipients: u32::try_from(envelope.to.len() + envelope.cc.len()).unwrap_or(u32::MAX),
            is_answer: envelope.in_reply_to.as_deref().is_some_and(signs::names_message),
            has_header: !envelope.from.is_empty(),
            envelope_domain: received
                .envelope_from
                .and_then(|from| from.rsplit_once('@'))
                .map(|(_, host)| registered_domain(&host.trim_end_matches('>').to_lowercase())),
            authenticated: received.authentication.map(authenticated),
            attachments: attachments::read(received.raw, &structure.parts),
            inside: received.inspected.map(inside::read),
            ..Self::default()
        };
        if facts.has_header {
            let header = structure.parts.first().and_then(|part| received.raw.get(part.header_range()));
            facts.signs = Signs::read(header.unwrap_or_default(), &envelope);
        }
        if let [from] = envelope.from.as_slice() {
            facts.from = Some(sender(from));
        }
        facts.reply_to = envelope.reply_to.first().map(sender).filter(|reply| {
            facts.from.as_ref().is_some_and(|from| from.address != reply.address) && !reply.address.is_empty()
        });
        if facts.has_header {
            let header = structure.parts.first().and_then(|part| received.raw.get(part.header_range()));
            facts.form = Form::read(header.unwrap_or_default(), envelope.from.len());
            facts.contradictions = forgery::read(header.unwrap_or_default());
        }
        facts.oddities.truncated = structure.truncated;
        facts.oddities.repeated_fields = has_repeated_fields(received.raw, &structure);
        facts.read_texts(received.raw, &structure);
        facts.finish();
        facts
    }

    /// The facts of a text alone, without any header.
    #[must_use]
    pub fn of_text(subject: &str, text: &str) -> Self {
        let mut facts = Self { subject: subject.to_owned(), text: text.to_owned(), ..Self::default() };
        links::in_text(text, &mut facts.links);
        facts.finish();
        facts
    }

    /// What shows a contradiction of a kind; empty if there is none.
    #[must_use]
    pub fn forged(&self, kind: Forgery) -> &str {
        self.contradictions.iter().find(|found| found.kind == kind).map_or("", |found| found.shown.as_str())
    }

    /// Leaves out everything that only the header says but the subject: what a filter of texts would know.
    pub fn forget_header(&mut self) {
        self.from = None;
        self.reply_to = None;
        self.envelope_domain = None;
        self.authenticated = None;
        self.recipients = 0;
        self.is_answer = false;
        self.has_header = false;
        self.signs = Signs { texts_differ: self.signs.texts_differ, ..Signs::default() };
        self.form = Form::default();
        self.contradictions.clear();
    }

    fn read_texts(&mut self, raw: &[u8], structure: &Structure) {
        let is_text = |part: &&Part| part.media_type == "text" && part.children == 0 && !part.is_attachment();
        let texts: Vec<&Part> = structure.parts.iter().filter(is_text).take(TEXT_PARTS_MAX).collect();
        let is_html = |part: &Part| part.subtype == "html" || part.subtype == "xhtml+xml";
        self.oddities.empty_multipart = structure.parts.iter().any(|part| part.is_multipart() && part.children == 0);
        self.oddities.has_html = texts.iter().any(|part| is_html(part));
        let has_plain = texts.iter().any(|part| !is_html(part));
        self.oddities.has_both_texts = self.oddities.has_html && has_plain;
        let mut plain = String::new();
        for part in texts {
            let text = self.decoded(raw, part);
            // Some write HTML and call it plain.
            if is_html(part) || text.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("<html")) {
                self.add_page(&text);
            } else if part.subtype != "calendar" {
                push_bounded(&mut plain, &text);
            }
        }
        links::in_text(&self.text, &mut self.links);
        links::in_text(&plain, &mut self.links);
        self.signs.texts_differ = plain.len() > 200
            && self.text.len() > 200
            && signs::likeness(&plain, &self.text).min(signs::likeness(&self.text, &plain)) < 4;
        // What is shown is the HTML; the plain text counts where there is none, or where HTML shows next to nothing.
        if self.text.trim().len() * 4 < plain.len() {
            push_bounded(&mut self.text, &plain);
        }
    }

    fn decoded(&mut self, raw: &[u8], part: &Part) -> String {
        let body = raw.get(part.body_range()).unwrap_or_default();
        let body = body.get(..html::HTML_OCTETS_MAX * 2).unwrap_or(body);
        let octets = encoding::decode(body, part.encoding.as_deref()).unwrap_or_else(|_| {
            self.oddities.unknown_encoding = true;
            body.into()
        });
        let is_base64 = part.encoding.as_deref() == Some("base64");
        self.oddities.needless_base64 |= is_base64 && octets.is_ascii() && !octets.is_empty();
        charset::decode(&octets, part.param("charset")).into_owned()
    }

    fn add_page(&mut self, text: &str) {
        let page = html::read(text);
        links::in_page(&page.references, &mut self.links);
        push_bounded(&mut self.text, &page.text);
        push_bounded(&mut self.hidden_text, &page.hidden);
        self.html.add(page.counts);
        if self.structure.is_none() {
            self.structure = templates::of_structure(&page.row);
        }
    }

    /// What follows from the text.
    fn finish(&mut self) {
        let shown = links::without(cut(&self.text, NORMAL_OCTETS_MAX));
        let Normal { text, disguises } = normal(&shown);
        let subject = normal(&self.subject);
        self.normal_text = text;
        self.normal_subject = subject.text;
        self.disguises = disguises.plus(subject.disguises);
        self.language = language::of(&format!("{}\n{}", self.subject, shown.trim_start())).map(str::to_owned);
        self.trade = trade::read(&self.text);
    }
}

fn authenticated(facts: &mailauth::Facts) -> Authenticated {
    if facts.authenticated_domain().is_some() {
        Authenticated::Yes
    } else if facts.dmarc.result == mailauth::DmarcResult::Fail {
        Authenticated::Failed
    } else {
        Authenticated::Unknown
    }
}

fn sender(address: &EnvelopeAddress) -> Sender {
    let host = address.host.as_deref().unwrap_or_default().to_lowercase();
    Sender {
        name: address.display_name().unwrap_or_default(),
        address: address.email().unwrap_or_default().to_lowercase(),
        domain: registered_domain(&host),
        host,
    }
}

/// Fields that RFC 5322 section 3.6 allows once.
fn has_repeated_fields(raw: &[u8], structure: &Structure) -> bool {
    let header = structure.parts.first().and_then(|part| raw.get(part.header_range())).unwrap_or_default();
    ["From", "Subject", "Date", "Message-ID", "Content-Type"]
        .into_iter()
        .any(|name| mail::header::fields(header).filter(|field| field.is(name)).nth(1).is_some())
}

fn cut(text: &str, octets_max: usize) -> &str {
    let mut end = text.len().min(octets_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn push_bounded(slot: &mut String, text: &str) {
    if !slot.is_empty() {
        slot.push('\n');
    }
    slot.push_str(cut(text, TEXT_OCTETS_MAX.saturating_sub(slot.len())));
}

#[cfg(test)]
mod tests;
