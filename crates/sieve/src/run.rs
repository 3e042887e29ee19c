//! Runs a script over a message.

mod asks;

use std::collections::BTreeSet;

use crate::compare::{Budget, MatchKind};
use crate::error::{RunError, RunFault};
use crate::limits::{ACTIONS_MAX, FLAGS_MAX, REDIRECTS_MAX, REPLY_SECONDS_DEFAULT, STEP_COST};
use crate::outcome::{Action, Outcome, Reply, Seen};
use crate::template::{Template, Variables};
use crate::tree::{Command, Deed, FileInto, FlagChange, Modifier, Vacation};
use crate::{Letter, Script};

/// What a script asks beyond the message.
pub trait Surroundings {
    /// Whether the account has a mailbox of this name.
    fn has_mailbox(&mut self, name: &str) -> bool;
    /// Whether it has one with this identifier.
    fn has_mailbox_id(&mut self, id: &str) -> bool;
    /// Whether a mailbox, of this name if one is given, is for this use, named without backslash.
    fn has_use(&mut self, mailbox: Option<&str>, special_use: &str) -> bool;
    /// Whether a message of this name has been remembered (RFC 7352).
    fn has_seen(&mut self, name: &str) -> bool;
}

impl Script {
    /// Runs the script over `letter`. What it tells to do has not been done.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be finished: then the message is to be kept, and the owner of the script to be told.
    pub fn run(&self, letter: &Letter<'_>, around: &mut dyn Surroundings) -> Result<Outcome, RunError> {
        let mut run = Run {
            letter,
            around,
            budget: Budget::new(),
            variables: Variables::default(),
            keeps_matches: self.keeps_matches,
            flags: Vec::new(),
            is_kept: true,
            actions: Vec::new(),
            seen: Vec::new(),
        };
        run.block(&self.commands)?;
        Ok(run.finish())
    }
}

/// Whether the script goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Stop,
}

/// A script under way.
struct Run<'a, 'b> {
    letter: &'a Letter<'b>,
    around: &'a mut dyn Surroundings,
    budget: Budget,
    variables: Variables,
    keeps_matches: bool,
    /// The flags that `keep` and `fileinto` give where they name none (RFC 5232 section 2).
    flags: Vec<String>,
    /// The message is kept at the end (RFC 5228 section 2.10.2).
    is_kept: bool,
    actions: Vec<Action>,
    seen: Vec<Seen>,
}

impl Run<'_, '_> {
    fn block(&mut self, commands: &[Command]) -> Result<Flow, RunError> {
        for command in commands {
            let at = |why| RunError { line: command.line, why };
            self.budget.spend(STEP_COST).map_err(at)?;
            let flow = match &command.deed {
                Deed::If(branches) => self.branches(branches, command.line)?,
                Deed::Stop => Flow::Stop,
                deed => {
                    self.perform(deed).map_err(at)?;
                    Flow::On
                }
            };
            if flow == Flow::Stop {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn branches(
        &mut self,
        branches: &[(Option<crate::tree::Test>, Vec<Command>)],
        line: u32,
    ) -> Result<Flow, RunError> {
        for (test, block) in branches {
            let is_so = match test {
                Some(test) => self.ask(test).map_err(|why| RunError { line, why })?,
                None => true,
            };
            if is_so {
                return self.block(block);
            }
        }
        Ok(Flow::On)
    }

    fn perform(&mut self, deed: &Deed) -> Result<(), RunFault> {
        match deed {
            Deed::If(_) | Deed::Stop => Ok(()),
            Deed::Keep { flags } => {
                let flags = self.flags_of(flags.as_deref());
                self.is_kept = false;
                self.add(Action::Keep { flags })
            }
            Deed::Discard => {
                self.is_kept = false;
                Ok(())
            }
            Deed::FileInto(it) => self.file_into(it),
            Deed::Redirect { address, copy } => self.redirect(address, *copy),
            Deed::Reject { reason } => {
                let reason = reason.expand(&self.variables);
                self.is_kept = false;
                self.add(Action::Reject { reason })
            }
            Deed::Vacation(it) => self.reply(it),
            Deed::Set { name, value, modifiers } => {
                let value = modified(value.expand(&self.variables), modifiers);
                self.variables.set(name, value);
                Ok(())
            }
            Deed::Flags { change, variable, flags } => {
                self.change_flags(*change, variable.as_deref(), flags);
                Ok(())
            }
        }
    }

    fn file_into(&mut self, it: &FileInto) -> Result<(), RunFault> {
        let mailbox = it.mailbox.expand(&self.variables);
        if mailbox.is_empty() {
            return Err(RunFault::Mailbox);
        }
        let expand = |template: &Option<Template>| template.as_ref().map(|it| it.expand(&self.variables));
        let special_use = expand(&it.special_use).map(|word| word.trim_start_matches('\\').to_owned());
        let mailbox_id = expand(&it.mailbox_id);
        let flags = self.flags_of(it.flags.as_deref());
        self.is_kept &= it.copy;
        self.add(Action::FileInto { mailbox, mailbox_id, special_use, create: it.create, flags })
    }

    fn redirect(&mut self, address: &Template, copy: bool) -> Result<(), RunFault> {
        let address = address.expand(&self.variables);
        let address = match mail::Address::parse(&address) {
            Ok(parsed) => parsed.canonical(),
            Err(_) => return Err(RunFault::Address { address }),
        };
        self.is_kept &= copy;
        self.add(Action::Redirect { address })
    }

    /// RFC 5230 section 4.
    fn reply(&mut self, it: &Vacation) -> Result<(), RunFault> {
        let text = |template: &Template| template.expand(&self.variables);
        let (subject, from) = (it.subject.as_ref().map(text), it.from.as_ref().map(text));
        let (reason, addresses) = (text(&it.reason), it.addresses.iter().map(text).collect());
        // Section 4.2: without a handle, what the reply says names it.
        let handle = it.handle.as_ref().map(text).unwrap_or_else(|| {
            let said = [subject.as_deref(), from.as_deref(), Some(&reason)];
            said.map(Option::unwrap_or_default).join("\u{0}") + if it.mime { "\u{0}mime" } else { "" }
        });
        let seconds = it.seconds.unwrap_or(REPLY_SECONDS_DEFAULT);
        let reply = Reply { reason, mime: it.mime, subject, from, addresses, handle, seconds };
        self.add(Action::Reply(Box::new(reply)))
    }

    /// Adds an action, unless it is there already (RFC 5228 section 2.10.3).
    fn add(&mut self, action: Action) -> Result<(), RunFault> {
        let action = match self.merge(action) {
            Some(action) => action,
            None => return Ok(()),
        };
        exclude(&self.actions, &action)?;
        if self.actions.len() >= ACTIONS_MAX {
            return Err(RunFault::Actions { max: ACTIONS_MAX });
        }
        let redirects = self.actions.iter().filter(|it| matches!(it, Action::Redirect { .. })).count();
        if matches!(action, Action::Redirect { .. }) && redirects >= REDIRECTS_MAX {
            return Err(RunFault::Redirects { max: REDIRECTS_MAX });
        }
        self.actions.push(action);
        Ok(())
    }

    /// The action, if it is another than those there are. Of two into one mailbox the flags are joined.
    fn merge(&mut self, action: Action) -> Option<Action> {
        for known in &mut self.actions {
            match (known, &action) {
                (Action::Keep { flags }, Action::Keep { flags: more }) => {
                    flags.extend(more.iter().cloned());
                    return None;
                }
                (
                    Action::FileInto { mailbox, mailbox_id, special_use, create, flags },
                    Action::FileInto {
                        mailbox: other,
                        mailbox_id: other_id,
                        special_use: other_use,
                        create: other_create,
                        flags: more,
                    },
                ) if mailbox == other && mailbox_id == other_id && special_use == other_use => {
                    flags.extend(more.iter().cloned());
                    *create |= other_create;
                    return None;
                }
                (Action::Redirect { address }, Action::Redirect { address: other }) if address == other => return None,
                _ => {}
            }
        }
        Some(action)
    }

    fn finish(mut self) -> Outcome {
        if self.is_kept {
            let flags = self.flags.iter().cloned().collect();
            // One more than the limit at most, as it is kept whatever else is done.
            if let Some(keep) = self.merge(Action::Keep { flags }) {
                self.actions.push(keep);
            }
        }
        Outcome { actions: self.actions, seen: self.seen }
    }

    /// The flags that an action gives.
    fn flags_of(&self, own: Option<&[Template]>) -> BTreeSet<String> {
        match own {
            Some(own) => self.flag_list(own).into_iter().collect(),
            None => self.flags.iter().cloned().collect(),
        }
    }

    /// Flags of strings that may hold several with spaces between them (RFC 5232 section 2).
    fn flag_list(&self, templates: &[Template]) -> Vec<String> {
        let mut flags: Vec<String> = Vec::new();
        for template in templates {
            add_flags(&mut flags, &template.expand(&self.variables));
        }
        flags
    }

    fn change_flags(&mut self, change: FlagChange, variable: Option<&str>, templates: &[Template]) {
        let given = self.flag_list(templates);
        let mut flags = match variable {
            None => self.flags.clone(),
            Some(name) => {
                let mut flags = Vec::new();
                add_flags(&mut flags, self.variables.get(name));
                flags
            }
        };
        match change {
            FlagChange::Set => flags = given,
            FlagChange::Add => given.iter().for_each(|flag| add_flags(&mut flags, flag)),
            FlagChange::Remove => flags.retain(|flag| !given.iter().any(|gone| gone.eq_ignore_ascii_case(flag))),
        }
        match variable {
            None => self.flags = flags,
            Some(name) => self.variables.set(name, flags.join(" ")),
        }
    }

    /// Notes what wildcards stood for.
    fn note_matches(&mut self, kind: MatchKind, found: Vec<String>) {
        if self.keeps_matches && kind == MatchKind::Matches {
            self.variables.matches = found;
        }
    }
}

fn add_flags(flags: &mut Vec<String>, text: &str) {
    for flag in text.split_ascii_whitespace() {
        if flags.len() < FLAGS_MAX && !flags.iter().any(|known| known.eq_ignore_ascii_case(flag)) {
            flags.push(flag.to_owned());
        }
    }
}

/// RFC 5429 section 2.4, RFC 5230 section 4.7.
fn exclude(known: &[Action], new: &Action) -> Result<(), RunFault> {
    for old in known {
        let is_so = matches!(
            (old, new),
            (Action::Reject { .. }, _) | (_, Action::Reject { .. }) | (Action::Reply(_), Action::Reply(_))
        );
        if is_so {
            return Err(RunFault::Conflict { one: name(new), other: name(old) });
        }
    }
    Ok(())
}

const fn name(action: &Action) -> &'static str {
    match action {
        Action::Keep { .. } => "keep",
        Action::FileInto { .. } => "fileinto",
        Action::Redirect { .. } => "redirect",
        Action::Reject { .. } => "reject",
        Action::Reply(_) => "vacation",
    }
}

/// RFC 5229 section 4.1.
fn modified(mut value: String, modifiers: &[Modifier]) -> String {
    let first = |value: &str, change: fn(&str) -> String| {
        let end = value.chars().next().map_or(0, char::len_utf8);
        let (head, rest) = value.split_at_checked(end).unwrap_or(("", value));
        change(head) + rest
    };
    for modifier in modifiers {
        value = match modifier {
            Modifier::Lower => value.to_lowercase(),
            Modifier::Upper => value.to_uppercase(),
            Modifier::LowerFirst => first(&value, str::to_lowercase),
            Modifier::UpperFirst => first(&value, str::to_uppercase),
            Modifier::QuoteWildcard => {
                let quoted = value.chars().flat_map(|c| {
                    let quote = matches!(c, '*' | '?' | '\\').then_some('\\');
                    quote.into_iter().chain([c])
                });
                quoted.collect()
            }
            Modifier::Length => value.chars().count().to_string(),
        };
    }
    value
}
