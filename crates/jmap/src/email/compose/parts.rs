//! The tree of parts that a client describes.

use serde_json::Value;
use wire::jmap::{Object, SetError};

use super::encode::{base64_lines, parameter, text_content};
use super::fields::{starts_with_content, wanted, write_field};
use super::{Making, missing_blobs, wrong};

/// Deepest nesting of parts that is made.
const DEPTH_MAX: usize = 10;

/// A part to be written.
pub(super) enum Node {
    Multipart { subtype: String, fields: Vec<u8>, children: Vec<Node> },
    Leaf(Leaf),
}

/// A part without parts of its own.
pub(super) struct Leaf {
    /// Its header.
    header: String,
    encoding: &'static str,
    content: Vec<u8>,
    is_inline_in_html: bool,
}

impl Leaf {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.header.as_bytes());
        out.extend_from_slice(format!("Content-Transfer-Encoding: {}\r\n\r\n", self.encoding).as_bytes());
        out.extend_from_slice(&self.content);
    }
}

/// The blobs that parts are made of.
pub(super) fn collect_blob_ids(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_blob_ids(item, found)),
        Value::Object(members) => {
            if let Some(Value::String(id)) = members.get("blobId") {
                found.push(id.clone());
            }
            if let Some(below) = members.get("subParts") {
                collect_blob_ids(below, found);
            }
        }
        _ => {}
    }
}

/// Reads the body from its properties.
pub(super) fn read(body: &Object, making: &Making<'_>) -> Result<Node, SetError> {
    let mut missing: Vec<String> = Vec::new();
    for name in ["bodyStructure", "textBody", "htmlBody", "attachments"] {
        if let Some(value) = body.get(name) {
            collect_blob_ids(value, &mut missing);
        }
    }
    missing.retain(|id| !making.blobs.contains_key(id));
    if !missing.is_empty() {
        return Err(missing_blobs(&missing));
    }
    let empty = Object::new();
    let values = match body.get("bodyValues") {
        None => &empty,
        Some(Value::Object(values)) => values,
        Some(_) => return Err(wrong("bodyValues", "must be an object")),
    };
    check_values(values)?;
    let reading = Reading { making, values };
    if let Some(structure) = body.get("bodyStructure") {
        if ["textBody", "htmlBody", "attachments"].iter().any(|name| body.contains_key(*name)) {
            return Err(wrong("bodyStructure", "give either the structure or its parts by what they are for"));
        }
        return reading.node("bodyStructure", structure, 0);
    }
    reading.assemble(body)
}

/// RFC 8621 section 4.6: these must be false.
fn check_values(values: &Object) -> Result<(), SetError> {
    for (id, value) in values {
        let is_false = |name: &str| matches!(value.get(name), None | Some(Value::Bool(false) | Value::Null));
        if !value.get("value").is_some_and(Value::is_string)
            || !is_false("isEncodingProblem")
            || !is_false("isTruncated")
        {
            return Err(wrong(&format!("bodyValues/{id}"), "must have a whole text as its value"));
        }
    }
    Ok(())
}

struct Reading<'a> {
    making: &'a Making<'a>,
    values: &'a Object,
}

impl Reading<'_> {
    /// Text, HTML and attachments put together.
    fn assemble(&self, body: &Object) -> Result<Node, SetError> {
        let text = self.only(body, "textBody", "text/plain")?;
        let html = self.only(body, "htmlBody", "text/html")?;
        let mut attached = Vec::new();
        let mut related = Vec::new();
        if let Some(listed) = body.get("attachments") {
            let Value::Array(listed) = listed else { return Err(wrong("attachments", "must be a list")) };
            for part in listed {
                match self.node("attachments", part, 0)? {
                    Node::Leaf(leaf) if leaf.is_inline_in_html && html.is_some() => related.push(Node::Leaf(leaf)),
                    node => attached.push(node),
                }
            }
        }
        let multipart =
            |subtype: &str, children| Node::Multipart { subtype: subtype.to_owned(), fields: Vec::new(), children };
        let html = html.map(|html| match related.is_empty() {
            true => html,
            false => multipart("related", std::iter::once(html).chain(related).collect()),
        });
        let shown = match (text, html) {
            (Some(text), Some(html)) => Some(multipart("alternative", vec![text, html])),
            (one, other) => one.or(other),
        };
        match (shown, attached.is_empty()) {
            (Some(shown), true) => Ok(shown),
            (None, true) => Ok(Node::Leaf(Leaf::text("text/plain", ""))),
            (shown, false) => Ok(multipart("mixed", shown.into_iter().chain(attached).collect())),
        }
    }

    /// The one part of `textBody` or `htmlBody`.
    fn only(&self, body: &Object, property: &str, kind: &str) -> Result<Option<Node>, SetError> {
        let Some(value) = body.get(property) else { return Ok(None) };
        match value.as_array().map(Vec::as_slice) {
            Some([part]) => {
                let given = part.get("type").and_then(Value::as_str).unwrap_or(kind);
                if !given.eq_ignore_ascii_case(kind) {
                    return Err(wrong(property, &format!("its one part must be {kind}")));
                }
                let mut part = part.clone();
                if let Value::Object(members) = &mut part {
                    members.insert("type".to_owned(), kind.into());
                }
                self.node(property, &part, 0).map(Some)
            }
            Some([]) => Ok(None),
            _ => Err(wrong(property, "must be a list of one part")),
        }
    }

    fn node(&self, property: &str, value: &Value, depth: usize) -> Result<Node, SetError> {
        let Value::Object(part) = value else { return Err(wrong(property, "a part must be an object")) };
        if depth > DEPTH_MAX {
            return Err(wrong(property, "the parts are nested too deep"));
        }
        let kind = part.get("type").and_then(Value::as_str).unwrap_or("text/plain").to_ascii_lowercase();
        if !is_media_type(&kind) {
            return Err(wrong(&format!("{property}/type"), "is no media type"));
        }
        let fields = own_fields(property, part)?;
        if let Some(subtype) = kind.strip_prefix("multipart/") {
            let Some(Value::Array(below)) = part.get("subParts") else {
                return Err(wrong(&format!("{property}/subParts"), "a multipart must have parts"));
            };
            let children: Result<Vec<Node>, SetError> =
                below.iter().map(|child| self.node(&format!("{property}/subParts"), child, depth + 1)).collect();
            return Ok(Node::Multipart {
                subtype: subtype.to_owned(),
                fields: fields.into_bytes(),
                children: children?,
            });
        }
        self.leaf(property, part, &kind, fields).map(Node::Leaf)
    }

    fn leaf(&self, property: &str, part: &Object, kind: &str, fields: String) -> Result<Leaf, SetError> {
        let text = |name: &str| part.get(name).and_then(Value::as_str);
        let (part_id, blob_id) = (text("partId"), text("blobId"));
        let (encoding, content, charset) = match (part_id, blob_id) {
            (Some(id), None) => {
                let value = self.values.get(id).and_then(|value| value.get("value")).and_then(Value::as_str);
                let value = value.ok_or_else(|| wrong(&format!("{property}/partId"), "has no text in bodyValues"))?;
                if part.get("charset").is_some_and(|it| !it.is_null()) || !kind.starts_with("text/") {
                    return Err(wrong(
                        &format!("{property}/charset"),
                        "a part with a text has no charset of its own and is text",
                    ));
                }
                let (encoding, content) = text_content(value);
                (encoding, content, Some("utf-8".to_owned()))
            }
            (None, Some(id)) => {
                let octets = self.making.blobs.get(id).ok_or_else(|| missing_blobs(&[id.to_owned()]))?;
                let charset = text("charset").map(str::to_owned);
                let (encoding, content) = match kind {
                    // RFC 2046 section 5.2.1: a message is never encoded.
                    "message/rfc822" | "message/global" if octets.is_ascii() => ("7bit", octets.clone()),
                    "message/rfc822" | "message/global" => ("8bit", octets.clone()),
                    _ => ("base64", base64_lines(octets)),
                };
                (encoding, content, charset)
            }
            _ => return Err(wrong(property, "a part has either a partId or a blobId")),
        };
        let header = self.header(part, kind, charset.as_deref(), &fields);
        let is_inline_in_html = text("cid").is_some() && text("disposition") != Some("attachment");
        Ok(Leaf { header, encoding, content, is_inline_in_html })
    }

    fn header(&self, part: &Object, kind: &str, charset: Option<&str>, fields: &str) -> String {
        let text = |name: &str| part.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let clean =
            |text: &str| text.chars().filter(|c| c.is_ascii_graphic() && !"<>\"".contains(*c)).collect::<String>();
        let mut header = format!("Content-Type: {kind}");
        if let Some(charset) = charset {
            header.push_str(&parameter("charset", charset));
        }
        if let Some(name) = text("name") {
            header.push_str(&parameter("name", name));
        }
        header.push_str("\r\n");
        let disposition = text("disposition").map(clean).or_else(|| text("name").map(|_| "attachment".to_owned()));
        if let Some(disposition) = disposition {
            header.push_str(&format!("Content-Disposition: {disposition}"));
            if let Some(name) = text("name") {
                header.push_str(&parameter("filename", name));
            }
            header.push_str("\r\n");
        }
        if let Some(cid) = text("cid") {
            header.push_str(&format!("Content-ID: <{}>\r\n", clean(cid)));
        }
        if let Some(location) = text("location") {
            header.push_str(&format!("Content-Location: {}\r\n", clean(location)));
        }
        if let Some(Value::Array(tags)) = part.get("language") {
            let tags: Vec<String> = tags.iter().filter_map(Value::as_str).map(clean).collect();
            header.push_str(&format!("Content-Language: {}\r\n", tags.join(", ")));
        }
        header + fields
    }
}

impl Leaf {
    fn text(kind: &str, text: &str) -> Self {
        let (encoding, content) = text_content(text);
        let header = format!("Content-Type: {kind}; charset=\"utf-8\"\r\n");
        Self { header, encoding, content, is_inline_in_html: false }
    }
}

/// Header fields of a part that the client gives by their name.
fn own_fields(property: &str, part: &Object) -> Result<String, SetError> {
    const KNOWN: [&str; 11] = [
        "partId",
        "blobId",
        "size",
        "name",
        "type",
        "charset",
        "disposition",
        "cid",
        "language",
        "location",
        "subParts",
    ];
    let mut out = String::new();
    for (name, value) in part.iter().filter(|(name, value)| !KNOWN.contains(&name.as_str()) && !value.is_null()) {
        let place = format!("{property}/{name}");
        let field = name.strip_prefix("header:").and_then(|rest| rest.split(':').next()).unwrap_or_default();
        let is_taken = ["content-transfer-encoding", "content-type", "content-disposition", "content-id"]
            .iter()
            .any(|taken| field.eq_ignore_ascii_case(taken));
        if is_taken || !starts_with_content(field) {
            return Err(wrong(&place, "this header field of a part cannot be set by its name"));
        }
        write_field(&wanted(name, value).map_err(|error| SetError { properties: vec![place], ..error })?, &mut out)?;
    }
    Ok(out)
}

fn is_media_type(kind: &str) -> bool {
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    kind.split_once('/').is_some_and(|(one, other)| is_token(one) && is_token(other))
}
