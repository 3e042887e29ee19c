//! The tests of a script (RFC 5228 section 5).

use crate::args::{Args, Required};
use crate::dates::{self, DatePart, Zone};
use crate::error::ScriptError;
use crate::limits::{DUPLICATE_SECONDS_DEFAULT, DUPLICATE_SECONDS_MAX};
use crate::syntax::Node;
use crate::template::{Template, is_variable_name};
use crate::tree::{BodyOf, DateTest, Duplicate, DuplicateBy, Test};

/// Reads a test.
pub(super) fn test(node: &Node, required: &Required) -> Result<Test, ScriptError> {
    let mut args = Args::of(node, required);
    let within = |node: &Node| node.tests.iter().map(|it| test(it, required)).collect::<Result<Vec<_>, _>>();
    let found = match node.name.as_str() {
        "not" => match within(node)?.as_slice() {
            [inner] => Test::Not(Box::new(inner.clone())),
            _ => return Err(args.error("not has one test")),
        },
        "allof" | "anyof" if node.tests.is_empty() => {
            return Err(args.error(format!("{} needs tests in parentheses", node.name)));
        }
        "allof" => Test::All(within(node)?),
        "anyof" => Test::Any(within(node)?),
        _ if !node.tests.is_empty() => {
            return Err(args.error(format!("{} cannot have a test behind it", node.name)));
        }
        "true" => Test::Always(true),
        "false" => Test::Always(false),
        "address" => address(&mut args)?,
        "envelope" => envelope(&mut args)?,
        "header" => {
            let (index, matcher) = (args.index()?, args.matcher()?);
            Test::Header { index, matcher, fields: fields(&mut args)?, keys: args.texts("keys")? }
        }
        "exists" => Test::Exists(fields(&mut args)?),
        "size" => size(&mut args)?,
        "body" => body(&mut args)?,
        "hasflag" => has_flag(&mut args)?,
        "string" => {
            args.require("variables", "string")?;
            let matcher = args.matcher()?;
            Test::Text { matcher, sources: args.texts("strings")?, keys: args.texts("keys")? }
        }
        "date" | "currentdate" => date(&mut args, node.name == "currentdate")?,
        "mailboxexists" => {
            args.require("mailbox", "mailboxexists")?;
            Test::MailboxExists(args.texts("names of mailboxes")?)
        }
        "mailboxidexists" => {
            args.require("mailboxid", "mailboxidexists")?;
            Test::MailboxIdExists(args.texts("identifiers of mailboxes")?)
        }
        "specialuse_exists" => {
            args.require("special-use", "specialuse_exists")?;
            let mailbox = if args.count() > 1 { Some(args.text("the name of a mailbox")?) } else { None };
            Test::SpecialUseExists { mailbox, uses: args.texts("uses")? }
        }
        "duplicate" => duplicate(&mut args)?,
        "attachment" => {
            args.require("vnd.tradewind.attachment", "attachment")?;
            Test::Attachment
        }
        name => return Err(args.error(format!("there is no test {name:?}"))),
    };
    if node.block.is_some() {
        return Err(args.error("a test has no block"));
    }
    args.finish()?;
    Ok(found)
}

/// Names of header fields. Those with variables are looked at when they are known.
fn fields(args: &mut Args<'_>) -> Result<Vec<Template>, ScriptError> {
    let fields = args.texts("names of header fields")?;
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    match fields.iter().filter_map(Template::constant).find(|name| !is_name(name)) {
        Some(wrong) => Err(args.error(format!("{wrong:?} is no name of a header field; write it without colon"))),
        None => Ok(fields),
    }
}

/// RFC 5228 section 5.1.
fn address(args: &mut Args<'_>) -> Result<Test, ScriptError> {
    let (part, index, matcher) = (args.address_part()?, args.index()?, args.matcher()?);
    Ok(Test::Address { part, index, matcher, fields: fields(args)?, keys: args.texts("keys")? })
}

/// RFC 5228 section 5.4.
fn envelope(args: &mut Args<'_>) -> Result<Test, ScriptError> {
    args.require("envelope", "envelope")?;
    let (part, matcher) = (args.address_part()?, args.matcher()?);
    let fields = args.texts("from or to")?;
    let is_known = |name: &&str| name.eq_ignore_ascii_case("from") || name.eq_ignore_ascii_case("to");
    if let Some(unknown) = fields.iter().filter_map(Template::constant).find(|name| !is_known(name)) {
        return Err(args.error(format!("the envelope has no {unknown:?}; it has from and to")));
    }
    Ok(Test::Envelope { part, matcher, fields, keys: args.texts("keys")? })
}

/// RFC 5228 section 5.9.
fn size(args: &mut Args<'_>) -> Result<Test, ScriptError> {
    let over = args.tagged_number("over")?;
    let under = args.tagged_number("under")?;
    match (over, under) {
        (Some(octets), None) => Ok(Test::Size { is_over: true, octets }),
        (None, Some(octets)) => Ok(Test::Size { is_over: false, octets }),
        _ => Err(args.error("size needs :over or :under with a number")),
    }
}

/// RFC 5173 section 4.
fn body(args: &mut Args<'_>) -> Result<Test, ScriptError> {
    args.require("body", "body")?;
    let matcher = args.matcher()?;
    let content = args.tagged_texts("content")?;
    let (is_raw, is_text) = (args.flag("raw"), args.flag("text"));
    let of = match (content, is_raw, is_text) {
        (Some(types), false, false) => BodyOf::Content(types),
        (None, true, false) => BodyOf::Raw,
        (None, false, _) => BodyOf::Text,
        _ => return Err(args.error("one of :raw, :text and :content")),
    };
    Ok(Test::Body { of, matcher, keys: args.texts("keys")? })
}

/// RFC 5232 section 4.
fn has_flag(args: &mut Args<'_>) -> Result<Test, ScriptError> {
    args.require("imap4flags", "hasflag")?;
    let matcher = args.matcher()?;
    let variables = match args.count() {
        0 | 1 => Vec::new(),
        _ => {
            args.require("variables", "a variable of flags")?;
            args.words("names of variables")?
        }
    };
    if let Some(wrong) = variables.iter().find(|name| !is_variable_name(name)) {
        return Err(args.error(format!("{wrong:?} cannot be a variable's name; use letters, digits and _")));
    }
    let variables = variables.iter().map(|name| name.to_ascii_lowercase()).collect();
    Ok(Test::HasFlag { variables, matcher, keys: args.texts("flags")? })
}

/// RFC 5260 sections 4 and 5.
fn date(args: &mut Args<'_>, is_current: bool) -> Result<Test, ScriptError> {
    args.require("date", "date")?;
    let zone = match args.tagged_word("zone")? {
        Some(text) => {
            let wrong = || args.error(format!("{text:?} is no time zone; write it as +0800"));
            Zone::Offset(dates::offset(&text).ok_or_else(wrong)?)
        }
        None if !is_current && args.flag("originalzone") => Zone::Original,
        None => Zone::Here,
    };
    let index = if is_current { None } else { args.index()? };
    let matcher = args.matcher()?;
    let field = if is_current { None } else { Some(args.text("the name of a header field")?) };
    let word = args.word("a part of the date")?;
    let wrong = || args.error(format!("{word:?} is no part of a date; year, month, day, date, hour, weekday are"));
    let part = DatePart::read(&word).ok_or_else(wrong)?;
    let keys = args.texts("keys")?;
    Ok(Test::Date(Box::new(DateTest { field, index, zone, part, matcher, keys })))
}

/// RFC 7352 section 3.
fn duplicate(args: &mut Args<'_>) -> Result<Test, ScriptError> {
    args.require("duplicate", "duplicate")?;
    let handle = args.tagged_text("handle")?;
    let header = args.tagged_text("header")?;
    let unique = args.tagged_text("uniqueid")?;
    let seconds = args.tagged_number("seconds")?.unwrap_or(DUPLICATE_SECONDS_DEFAULT).min(DUPLICATE_SECONDS_MAX);
    let last = args.flag("last");
    let by = match (header, unique) {
        (Some(_), Some(_)) => return Err(args.error("either :header or :uniqueid")),
        (Some(header), None) => DuplicateBy::Header(header),
        (None, Some(id)) => DuplicateBy::UniqueId(id),
        (None, None) => DuplicateBy::Header(Template::plain("Message-ID")),
    };
    Ok(Test::Duplicate(Box::new(Duplicate { handle, by, seconds, last })))
}
