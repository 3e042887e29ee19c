//! `Email/get` (RFC 8621 section 4.2).

use std::sync::Arc;

use env::Timestamp;
use mail::message::{Structure, SummaryRef};
use mailbox::Flags;
use mailbox::keywords::Keyword;
use serde_json::Value;
use store::Tx;
use wire::jmap::{MethodErrorKind, Object, format_utc_date};

use super::body::{Body, Values, is_measured_by_structure, measure};
use super::properties::{DEFAULT, PART_DEFAULT, PartProperty, Property};
use super::{header, keywords};
use crate::answer;
use crate::args::Args;
use crate::error::Failure;
use crate::ids::{self, BlobId};
use crate::opened::Known;
use crate::reach::Reach;
use crate::{Asker, Server};

/// What is wanted of each message.
pub(super) struct Wanted {
    pub(super) properties: Vec<Property>,
    pub(super) parts: Vec<PartProperty>,
    pub(super) values: Values,
}

impl Wanted {
    pub(super) fn take(args: &mut Args, default: &[&str]) -> Result<Self, Failure> {
        Ok(Self {
            properties: Property::parse_all(args.texts("properties")?, default)?,
            parts: PartProperty::parse_all(args.texts("bodyProperties")?, PART_DEFAULT)?,
            values: Values {
                text: args.flag("fetchTextBodyValues")?,
                html: args.flag("fetchHTMLBodyValues")?,
                all: args.flag("fetchAllBodyValues")?,
                bytes_max: usize::try_from(args.count("maxBodyValueBytes")?.unwrap_or(0)).unwrap_or(usize::MAX),
            },
        })
    }

    fn needs_head(&self) -> bool {
        self.properties.iter().any(Property::needs_head)
    }

    fn needs_structure(&self) -> bool {
        self.properties.iter().any(Property::needs_structure)
    }

    /// Whether the content itself is needed.
    fn needs_raw(&self, known: &Known, structure: &Structure) -> bool {
        let shows_parts = self.properties.iter().any(|it| it.needs_structure() && *it != Property::BodyValues);
        let values = self.properties.contains(&Property::BodyValues) && self.values.any();
        let headers = self.parts.iter().any(PartProperty::needs_header);
        let sizes =
            self.parts.contains(&PartProperty::Size) && known.sizes().is_none() && !is_measured_by_structure(structure);
        values || (shows_parts && (headers || sizes))
    }
}

/// Where a message lies for who asks.
struct Place {
    id: i64,
    thread: i64,
    received: i64,
    size: u32,
    flags: Flags,
    mailboxes: Vec<i64>,
}

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let asked = args.texts("ids")?;
    let wanted = Wanted::take(&mut args, DEFAULT)?;
    args.finish()?;
    let max = server.limits().objects_get_max;
    let too_many = || Failure::say(MethodErrorKind::RequestTooLarge, format!("at most {max} messages at once"));
    if asked.as_ref().is_some_and(|ids| ids.len() > max) {
        return Err(too_many());
    }
    let mut missing: Vec<String> = Vec::new();
    let (state, places, known_keywords) = server.indexes.with(tx, reach.account, |index| {
        let place = |email: &crate::index::Email| place_of(email, &reach);
        let places: Vec<Place> = match &asked {
            Some(asked) => {
                let mut places: Vec<Place> = Vec::with_capacity(asked.len());
                for text in asked {
                    match ids::read(text).and_then(|id| index.email(&reach, id)) {
                        Some(email) if places.iter().any(|known| known.id == email.id) => {}
                        Some(email) => places.push(place(email)),
                        None => missing.push(text.clone()),
                    }
                }
                places
            }
            None if index.emails.len() > max => return Err(too_many()),
            None => index.emails.values().filter(|email| email.is_seen_by(&reach)).map(place).collect(),
        };
        Ok((index.email_state(), places, index.keywords.clone()))
    })?;
    let ids: Vec<i64> = places.iter().map(|place| place.id).collect();
    let known = server.opened.read(tx, reach.account, &ids)?;
    if known.len() < places.len() {
        // Gone since, so that the snapshot is the older one.
        return Err(Failure::Behind);
    }
    let mut list = Vec::with_capacity(places.len());
    for (place, (_, known)) in places.iter().zip(&known) {
        list.push(render(server, tx, &reach, place, known, &known_keywords, &wanted)?);
    }
    Ok(answer::got(&account_id, Some(&state.to_string()), list, missing))
}

fn place_of(email: &crate::index::Email, reach: &Reach) -> Place {
    let mut mailboxes: Vec<i64> = email.seen_by(reach).map(|place| place.mailbox).collect();
    mailboxes.dedup();
    Place {
        id: email.id,
        thread: email.thread,
        received: email.received,
        size: email.size,
        flags: email.flags(),
        mailboxes,
    }
}

fn render(
    server: &Server,
    tx: &mut Tx<'_>,
    reach: &Reach,
    place: &Place,
    known: &Arc<Known>,
    known_keywords: &[Keyword],
    wanted: &Wanted,
) -> Result<Value, Failure> {
    let blobs = server.store.blobs();
    if wanted.needs_head() {
        server.opened.read_head(tx, blobs, reach.account, place.id, known)?;
    }
    let mut raw = None;
    let structure = match wanted.needs_structure() {
        true => Some(SummaryRef::parse(&known.summary)?.structure()?.to_structure()?),
        false => None,
    };
    if let Some(structure) = &structure
        && wanted.needs_raw(known, structure)
    {
        let source = mailbox::source(tx, reach.account, place.id)?;
        let mut octets = Vec::new();
        source.reader(blobs).read_range(source.trace_bytes()..source.size(), &mut octets)?;
        if known.sizes().is_none() {
            known.keep_sizes(measure(structure, &octets));
        }
        raw = Some(octets);
    }
    let blob = BlobId::message(place.id);
    let content = Content { known, raw: raw.as_deref(), structure: structure.as_ref(), blob };
    let mut shown = Object::with_capacity(wanted.properties.len() + 1);
    shown.insert("id".to_owned(), ids::show(place.id).into());
    let summary = SummaryRef::parse(&known.summary)?;
    let lazily = content.prepare(&summary, wanted)?;
    for property in &wanted.properties {
        let value = match property {
            Property::Id => continue,
            Property::BlobId => content.blob.show().into(),
            Property::ThreadId => ids::show(place.thread).into(),
            Property::MailboxIds => {
                let listed = place.mailboxes.iter().map(|id| (ids::show(*id), Value::Bool(true)));
                Value::Object(listed.collect())
            }
            Property::Keywords => Value::Object(keywords::show(place.flags, known_keywords)),
            Property::Size => place.size.into(),
            Property::ReceivedAt => format_utc_date(whole_seconds(place.received)).into(),
            other => content.property(other, &lazily, wanted),
        };
        shown.insert(property.word().to_owned(), value);
    }
    Ok(Value::Object(shown))
}

/// RFC 8621 section 4.1.1: a `UTCDate`, which IMAP shows by the second.
fn whole_seconds(millis: i64) -> Timestamp {
    Timestamp::from_seconds(Timestamp::from_millis(millis).seconds())
}

/// What a message says itself.
pub(super) struct Content<'a> {
    pub(super) known: &'a Known,
    pub(super) raw: Option<&'a [u8]>,
    pub(super) structure: Option<&'a Structure>,
    pub(super) blob: BlobId,
}

/// Parts of a message that were read for the properties that are wanted.
pub(super) struct Prepared<'a> {
    envelope: mail::message::EnvelopeRef<'a>,
    index: mail::message::IndexRef<'a>,
    body: Option<(Body<'a>, super::body::Roles)>,
}

impl<'a> Content<'a> {
    pub(super) fn prepare(&self, summary: &SummaryRef<'a>, wanted: &Wanted) -> Result<Prepared<'a>, Failure> {
        let body = self.structure.filter(|_| wanted.needs_structure()).map(|structure| {
            let body = Body::new(structure, self.raw, self.known.sizes(), self.blob.clone());
            let roles = body.roles();
            (body, roles)
        });
        Ok(Prepared { envelope: summary.envelope()?, index: summary.index()?, body })
    }

    fn field(&self, name: &str) -> Option<mail::header::Field<'_>> {
        mail::header::Fields::new(self.known.head().unwrap_or_default()).filter(|field| field.is(name)).last()
    }

    /// A property that the message itself tells.
    pub(super) fn property(&self, property: &Property, from: &Prepared<'_>, wanted: &Wanted) -> Value {
        use wire::jmap::HeaderForm;
        let envelope = &from.envelope;
        let field = |name: &str, form| self.field(name).map_or(Value::Null, |field| header::show(&field, form));
        match property {
            Property::MessageId => envelope.message_id.map_or(Value::Null, |value| header::ids(value.as_bytes())),
            Property::InReplyTo => envelope.in_reply_to.map_or(Value::Null, |value| header::ids(value.as_bytes())),
            Property::References => field("References", HeaderForm::MessageIds),
            Property::Sender => field("Sender", HeaderForm::Addresses),
            Property::ReplyTo => field("Reply-To", HeaderForm::Addresses),
            Property::From => header::envelope_addresses(envelope.from.iter()),
            Property::To => header::envelope_addresses(envelope.to.iter()),
            Property::Cc => header::envelope_addresses(envelope.cc.iter()),
            Property::Bcc => header::envelope_addresses(envelope.bcc.iter()),
            Property::Subject => envelope.subject.map(header::text).into(),
            Property::SentAt => envelope.date.map_or(Value::Null, header::date),
            Property::HasAttachment => from.index.has_attachment.into(),
            Property::Preview => from.index.preview.into(),
            Property::Headers => header::list(self.known.head().unwrap_or_default()),
            Property::Header(wanted, _) => header::show_property(self.known.head().unwrap_or_default(), wanted),
            other => from.body.as_ref().map_or(Value::Null, |(body, roles)| {
                let list = |parts: &[usize]| parts.iter().map(|at| body.show(*at, &wanted.parts, false)).collect();
                match other {
                    Property::BodyStructure => body.show(0, &wanted.parts, true),
                    Property::BodyValues => body.values(roles, wanted.values),
                    Property::TextBody => list(&roles.text),
                    Property::HtmlBody => list(&roles.html),
                    Property::Attachments => list(&roles.attachments),
                    _ => Value::Null,
                }
            }),
        }
    }
}
