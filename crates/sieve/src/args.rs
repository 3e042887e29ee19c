//! Takes the arguments of a command one by one; what is left over is wrong.

use std::collections::BTreeSet;

use crate::ScriptError;
use crate::compare::{Comparator, MatchKind, Matcher, Relation};
use crate::syntax::{Arg, Node};
use crate::template::{Template, decode_characters};
use crate::tree::{AddressPart, Index};

/// Extensions that a script has asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Required(pub(crate) BTreeSet<String>);

impl Required {
    pub(crate) fn has(&self, extension: &str) -> bool {
        self.0.contains(extension)
    }

    /// The string as the script means it.
    pub(crate) fn template(&self, text: &str, line: u32) -> Result<Template, ScriptError> {
        let decoded = match self.has("encoded-character") {
            true => decode_characters(text).map_err(|what| ScriptError::new(line, what))?,
            false => text.to_owned(),
        };
        Ok(if self.has("variables") { Template::read(&decoded) } else { Template::plain(&decoded) })
    }
}

/// Arguments of a command or test.
pub(crate) struct Args<'a> {
    pub(crate) required: &'a Required,
    name: &'a str,
    line: u32,
    left: Vec<Arg>,
}

impl<'a> Args<'a> {
    pub(crate) fn of(node: &'a Node, required: &'a Required) -> Self {
        Self { required, name: &node.name, line: node.line, left: node.args.clone() }
    }

    pub(crate) fn error(&self, what: impl Into<String>) -> ScriptError {
        ScriptError::new(self.line, what)
    }

    /// That `extension` was asked for.
    pub(crate) fn require(&self, extension: &str, for_what: &str) -> Result<(), ScriptError> {
        match self.required.has(extension) {
            true => Ok(()),
            false => Err(self.error(format!("{for_what} needs require \"{extension}\"; at the head of the script"))),
        }
    }

    fn place(&self, tag: &str) -> Option<usize> {
        self.left.iter().position(|arg| matches!(arg, Arg::Tag(it) if it == tag))
    }

    /// Whether the tag is there.
    pub(crate) fn flag(&mut self, tag: &str) -> bool {
        let place = self.place(tag);
        if let Some(place) = place {
            self.left.remove(place);
        }
        place.is_some()
    }

    /// Whether the tag of an extension is there.
    pub(crate) fn flag_of(&mut self, tag: &str, extension: &str) -> Result<bool, ScriptError> {
        let is_there = self.flag(tag);
        if is_there {
            self.require(extension, &format!(":{tag}"))?;
        }
        Ok(is_there)
    }

    /// What stands behind the tag, if it is there.
    fn behind(&mut self, tag: &str) -> Result<Option<Arg>, ScriptError> {
        let Some(place) = self.place(tag) else { return Ok(None) };
        self.left.remove(place);
        match self.left.get(place) {
            Some(arg) if !matches!(arg, Arg::Tag(_)) => Ok(Some(self.left.remove(place))),
            _ => Err(self.error(format!("a value must stand behind :{tag}"))),
        }
    }

    /// The string behind a tag, as it stands.
    pub(crate) fn tagged_word(&mut self, tag: &str) -> Result<Option<String>, ScriptError> {
        match self.behind(tag)? {
            None => Ok(None),
            Some(Arg::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.error(format!("a string must stand behind :{tag}"))),
        }
    }

    pub(crate) fn tagged_text(&mut self, tag: &str) -> Result<Option<Template>, ScriptError> {
        let line = self.line;
        self.tagged_word(tag)?.map(|text| self.required.template(&text, line)).transpose()
    }

    pub(crate) fn tagged_texts(&mut self, tag: &str) -> Result<Option<Vec<Template>>, ScriptError> {
        match self.behind(tag)? {
            None => Ok(None),
            Some(arg) => self.strings(arg).map(Some),
        }
    }

    pub(crate) fn tagged_number(&mut self, tag: &str) -> Result<Option<u64>, ScriptError> {
        match self.behind(tag)? {
            None => Ok(None),
            Some(Arg::Number(number)) => Ok(Some(number)),
            Some(_) => Err(self.error(format!("a number must stand behind :{tag}"))),
        }
    }

    fn strings(&self, arg: Arg) -> Result<Vec<Template>, ScriptError> {
        let texts = match arg {
            Arg::Text(text) => vec![text],
            Arg::List(texts) => texts,
            Arg::Number(_) | Arg::Tag(_) => return Err(self.error("a string or a list of strings must stand here")),
        };
        texts.iter().map(|text| self.required.template(text, self.line)).collect()
    }

    fn next(&mut self, what: &str) -> Result<Arg, ScriptError> {
        match self.left.first() {
            Some(Arg::Tag(tag)) => Err(self.error(format!("{} has no argument :{tag}", self.name))),
            Some(_) => Ok(self.left.remove(0)),
            None => Err(self.error(format!("{} lacks {what}", self.name))),
        }
    }

    /// Number of arguments that are left.
    pub(crate) fn count(&self) -> usize {
        self.left.len()
    }

    /// The next string as it stands.
    pub(crate) fn word(&mut self, what: &str) -> Result<String, ScriptError> {
        match self.next(what)? {
            Arg::Text(text) => Ok(text),
            _ => Err(self.error(format!("{} needs one string as {what}", self.name))),
        }
    }

    pub(crate) fn text(&mut self, what: &str) -> Result<Template, ScriptError> {
        let text = self.word(what)?;
        self.required.template(&text, self.line)
    }

    pub(crate) fn texts(&mut self, what: &str) -> Result<Vec<Template>, ScriptError> {
        let arg = self.next(what)?;
        self.strings(arg)
    }

    /// The next strings as they stand.
    pub(crate) fn words(&mut self, what: &str) -> Result<Vec<String>, ScriptError> {
        match self.next(what)? {
            Arg::Text(text) => Ok(vec![text]),
            Arg::List(texts) => Ok(texts),
            _ => Err(self.error(format!("{} needs strings as {what}", self.name))),
        }
    }

    /// That nothing is left.
    pub(crate) fn finish(mut self) -> Result<(), ScriptError> {
        match self.left.pop() {
            None => Ok(()),
            Some(Arg::Tag(tag)) => Err(self.error(format!("{} has no argument :{tag}", self.name))),
            Some(_) => Err(self.error(format!("{} has too many arguments", self.name))),
        }
    }

    /// Comparator and kind of match (RFC 5228 sections 2.7.1 and 2.7.3, RFC 5231).
    pub(crate) fn matcher(&mut self) -> Result<Matcher, ScriptError> {
        let comparator = match self.tagged_word("comparator")? {
            None => Comparator::AsciiCasemap,
            Some(name) => self.comparator(&name)?,
        };
        let mut kinds = Vec::new();
        for (tag, kind) in [("is", MatchKind::Is), ("contains", MatchKind::Contains), ("matches", MatchKind::Matches)] {
            if self.flag(tag) {
                kinds.push(kind);
            }
        }
        for (tag, kind) in [("count", MatchKind::Count as fn(Relation) -> MatchKind), ("value", MatchKind::Value)] {
            if let Some(word) = self.tagged_word(tag)? {
                self.require("relational", &format!(":{tag}"))?;
                let relation = Relation::read(&word);
                let wrong = || self.error(format!("{word:?} is no relation; one of gt, ge, lt, le, eq, ne is"));
                kinds.push(kind(relation.ok_or_else(wrong)?));
            }
        }
        let kind = kinds.first().copied().unwrap_or(MatchKind::Is);
        if kinds.len() > 1 {
            return Err(self.error("one kind of match only: :is, :contains, :matches, :count or :value"));
        }
        if comparator == Comparator::AsciiNumeric && matches!(kind, MatchKind::Contains | MatchKind::Matches) {
            return Err(self.error("i;ascii-numeric compares numbers: use :is, :value or :count with it"));
        }
        Ok(Matcher { comparator, kind })
    }

    fn comparator(&self, name: &str) -> Result<Comparator, ScriptError> {
        let found = Comparator::read(name).ok_or_else(|| {
            let known = Comparator::NAMES.map(|(name, _)| name).join(", ");
            self.error(format!("there is no comparator {name:?}; there are {known}"))
        })?;
        // RFC 5228 section 2.7.3: two need not be asked for.
        if !matches!(found, Comparator::Octet | Comparator::AsciiCasemap) {
            self.require(&format!("comparator-{name}"), &format!("the comparator {name:?}"))?;
        }
        Ok(found)
    }

    pub(crate) fn address_part(&mut self) -> Result<AddressPart, ScriptError> {
        let mut parts = Vec::new();
        for (tag, part) in [
            ("all", AddressPart::All),
            ("localpart", AddressPart::Local),
            ("domain", AddressPart::Domain),
            ("user", AddressPart::User),
            ("detail", AddressPart::Detail),
        ] {
            if self.flag(tag) {
                parts.push(part);
                if matches!(part, AddressPart::User | AddressPart::Detail) {
                    self.require("subaddress", &format!(":{tag}"))?;
                }
            }
        }
        match parts.as_slice() {
            [] => Ok(AddressPart::All),
            [part] => Ok(*part),
            _ => Err(self.error("one part of an address only: :all, :localpart, :domain, :user or :detail")),
        }
    }

    pub(crate) fn index(&mut self) -> Result<Option<Index>, ScriptError> {
        let number = self.tagged_number("index")?;
        let is_from_last = self.flag("last");
        let Some(number) = number else {
            return if is_from_last { Err(self.error(":last needs :index")) } else { Ok(None) };
        };
        self.require("index", ":index")?;
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        if number == 0 {
            return Err(self.error(":index counts from 1"));
        }
        Ok(Some(Index { number, is_from_last }))
    }
}
