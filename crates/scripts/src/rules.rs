//! Rules that people click together: one script of the account holds them.

use sieve::form::{RuleAction, Rules};
use store::Tx;

use crate::kept::{self, Change, Kept};
use crate::{Outside, ScriptsError, check_targets};

/// Name of the script that is made for rules, if it is free; else a number stands behind it.
pub const RULES_NAME: &str = "rules";

/// The rules of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RulesState {
    /// The rules; none if there never were any, or their script was changed by hand.
    pub rules: Rules,
    /// The script that holds them.
    pub script: Option<Kept>,
    /// Another script that is active, and was written by hand.
    pub by_hand: Option<Kept>,
}

/// The rules of the account: those that are in force, else those that were made last.
///
/// # Errors
/// [`ScriptsError`] if the store fails.
pub fn rules(tx: &mut Tx<'_>, account: i64) -> Result<RulesState, ScriptsError> {
    let mut state = RulesState::default();
    for kept in kept::list(tx, account)? {
        let (_, text) = kept::text(tx, account, kept.id)?;
        match Rules::read(&text) {
            Some(rules) if kept.is_active || !state.script.as_ref().is_some_and(|known| known.is_active) => {
                state.rules = rules;
                state.script = Some(kept);
            }
            None if kept.is_active => state.by_hand = Some(kept),
            _ => {}
        }
    }
    Ok(state)
}

/// Sets the rules of the account. They are in force from now on if `activate` is set or they were before; a script by hand is then
/// active no longer, and stays.
///
/// # Errors
/// [`ScriptsError`] if a rule is wrong, names a mailbox that is not there or sends mail on to where it may not go, or the store fails.
pub fn set_rules(
    tx: &mut Tx<'_>,
    account: i64,
    rules: &Rules,
    activate: bool,
    outside: &Outside,
) -> Result<(), ScriptsError> {
    store::account::next_modseq(tx, account)?;
    check_mailboxes(tx, account, rules)?;
    let text = rules.write()?;
    check_targets(tx, &kept::check(&text)?, outside)?;
    let state = self::rules(tx, account)?;
    let id = match state.script {
        Some(kept) => {
            kept::change(tx, account, kept.id, Change { name: None, text: Some(&text) })?;
            kept.id
        }
        None => {
            let name = free_name(tx, account)?;
            kept::add(tx, account, &name, &text)?
        }
    };
    if activate {
        kept::activate(tx, account, Some(id))?;
    }
    Ok(())
}

fn check_mailboxes(tx: &mut Tx<'_>, account: i64, rules: &Rules) -> Result<(), ScriptsError> {
    let mailboxes = mailbox::mailboxes::list(tx, account)?;
    for action in rules.0.iter().flat_map(|rule| &rule.actions) {
        if let RuleAction::Move { mailbox_id } | RuleAction::Copy { mailbox_id } = action
            && !mailboxes.iter().any(|mailbox| mailbox::object_id::show(mailbox.id) == *mailbox_id)
        {
            return Err(ScriptsError::NoMailbox(mailbox_id.clone()));
        }
    }
    Ok(())
}

fn free_name(tx: &mut Tx<'_>, account: i64) -> Result<String, ScriptsError> {
    let all = kept::list(tx, account)?;
    let names = std::iter::once(RULES_NAME.to_owned()).chain((2..).map(|number| format!("{RULES_NAME} {number}")));
    let mut free = names.take(kept::SCRIPTS_MAX + 1).filter(|name| !all.iter().any(|kept| kept.name == *name));
    free.next().ok_or(ScriptsError::TooMany(kept::SCRIPTS_MAX))
}
