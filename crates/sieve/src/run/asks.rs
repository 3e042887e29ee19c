//! The tests of a script, asked of a message.

use super::{Run, add_flags};
use crate::compare::Matcher;
use crate::dates::Zone;
use crate::error::RunFault;
use crate::limits::{DUPLICATES_MAX, STEP_COST};
use crate::outcome::Seen;
use crate::template::Template;
use crate::tree::{BodyOf, DateTest, Duplicate, DuplicateBy, Test};

impl Run<'_, '_> {
    /// Whether the test is true.
    pub(super) fn ask(&mut self, test: &Test) -> Result<bool, RunFault> {
        self.budget.spend(STEP_COST)?;
        match test {
            Test::Always(it) => Ok(*it),
            Test::Not(test) => Ok(!self.ask(test)?),
            Test::All(tests) => {
                for test in tests {
                    if !self.ask(test)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::Any(tests) => {
                for test in tests {
                    if self.ask(test)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::Address { fields, part, index, matcher, keys } => {
                let letter = self.letter;
                let values = self.of_each(fields, |field| letter.addresses(field, *index, *part));
                self.compare(*matcher, &values, keys)
            }
            Test::Envelope { fields, part, matcher, keys } => {
                let letter = self.letter;
                let values = self.of_each(fields, |field| letter.envelope(field, *part).into_iter().collect());
                self.compare(*matcher, &values, keys)
            }
            Test::Header { fields, index, matcher, keys } => {
                let letter = self.letter;
                let values = self.of_each(fields, |field| letter.values(field, *index));
                self.compare(*matcher, &values, keys)
            }
            Test::Exists(fields) => {
                let letter = self.letter;
                Ok(self.expand(fields).iter().all(|field| letter.has(field)))
            }
            Test::Size { is_over, octets } => {
                let size = self.letter.size();
                Ok(if *is_over { size > *octets } else { size < *octets })
            }
            Test::Body { of, matcher, keys } => self.body(of, *matcher, keys),
            Test::HasFlag { variables, matcher, keys } => self.has_flag(variables, *matcher, keys),
            Test::Text { sources, matcher, keys } => {
                let mut values = self.expand(sources);
                if matches!(matcher.kind, crate::compare::MatchKind::Count(_)) {
                    // RFC 5229 section 5: empty strings are not counted.
                    values.retain(|value| !value.is_empty());
                }
                self.compare(*matcher, &values, keys)
            }
            Test::Date(test) => self.date(test),
            Test::MailboxExists(names) => Ok(self.expand(names).iter().all(|name| self.around.has_mailbox(name))),
            Test::MailboxIdExists(ids) => Ok(self.expand(ids).iter().all(|id| self.around.has_mailbox_id(id))),
            Test::SpecialUseExists { mailbox, uses } => {
                let mailbox = mailbox.as_ref().map(|it| it.expand(&self.variables));
                let uses = self.expand(uses);
                let has = |it: &String| self.around.has_use(mailbox.as_deref(), it.trim_start_matches('\\'));
                Ok(uses.iter().all(has))
            }
            Test::Duplicate(it) => Ok(self.duplicate(it)),
            Test::Attachment => Ok(self.letter.has_attachment()),
        }
    }

    fn expand(&self, templates: &[Template]) -> Vec<String> {
        templates.iter().map(|it| it.expand(&self.variables)).collect()
    }

    fn of_each(&mut self, fields: &[Template], of: impl Fn(&str) -> Vec<String>) -> Vec<String> {
        self.expand(fields).iter().flat_map(|field| of(field)).collect()
    }

    fn compare(&mut self, matcher: Matcher, values: &[String], keys: &[Template]) -> Result<bool, RunFault> {
        let keys = self.expand(keys);
        let found = matcher.any(values, &keys, &mut self.budget)?;
        let is_so = found.is_some();
        if let Some(found) = found {
            self.note_matches(matcher.kind, found);
        }
        Ok(is_so)
    }

    /// RFC 5173 section 5. What wildcards stood for is not told (section 6).
    fn body(&mut self, of: &BodyOf, matcher: Matcher, keys: &[Template]) -> Result<bool, RunFault> {
        let values = match of {
            BodyOf::Raw => vec![self.letter.body_raw()],
            BodyOf::Text => self.letter.body_text(),
            BodyOf::Content(types) => self.letter.body_content(&self.expand(types)),
        };
        self.budget.spend(self.letter.size())?;
        let keys = self.expand(keys);
        Ok(matcher.any(&values, &keys, &mut self.budget)?.is_some())
    }

    /// RFC 5232 section 4.
    fn has_flag(&mut self, variables: &[String], matcher: Matcher, keys: &[Template]) -> Result<bool, RunFault> {
        let mut flags = Vec::new();
        match variables {
            [] => flags.clone_from(&self.flags),
            names => names.iter().for_each(|name| add_flags(&mut flags, self.variables.get(name))),
        }
        let keys = if matches!(matcher.kind, crate::compare::MatchKind::Count(_)) {
            self.expand(keys)
        } else {
            self.flag_list(keys)
        };
        let found = matcher.any(&flags, &keys, &mut self.budget)?;
        let is_so = found.is_some();
        if let Some(found) = found {
            self.note_matches(matcher.kind, found);
        }
        Ok(is_so)
    }

    fn date(&mut self, test: &DateTest) -> Result<bool, RunFault> {
        let found = match &test.field {
            None => Some((self.letter.now, 0)),
            Some(field) => self.letter.date(&field.expand(&self.variables), test.index),
        };
        let values: Vec<String> = found
            .map(|(moment, original)| {
                let offset = match test.zone {
                    Zone::Here => 0,
                    Zone::Original => original,
                    Zone::Offset(minutes) => minutes,
                };
                test.part.of(moment, offset)
            })
            .into_iter()
            .collect();
        self.compare(test.matcher, &values, &test.keys)
    }

    /// RFC 7352 section 3. What has no name is no duplicate.
    fn duplicate(&mut self, test: &Duplicate) -> bool {
        let (kind, id) = match &test.by {
            DuplicateBy::Header(field) => {
                let field = field.expand(&self.variables);
                ("header", self.letter.values(&field, None).into_iter().next().unwrap_or_default())
            }
            DuplicateBy::UniqueId(id) => ("id", id.expand(&self.variables)),
        };
        if id.is_empty() {
            return false;
        }
        let handle = test.handle.as_ref().map(|it| it.expand(&self.variables)).unwrap_or_default();
        let name = [handle.as_str(), kind, &id].join("\u{0}");
        let is_seen = self.around.has_seen(&name);
        // Asked twice in one run, it is still the first time.
        let is_noted = self.seen.iter().any(|seen| seen.name == name);
        if (!is_seen || test.last) && !is_noted && self.seen.len() < DUPLICATES_MAX {
            self.seen.push(Seen { name, seconds: test.seconds });
        }
        is_seen
    }
}
