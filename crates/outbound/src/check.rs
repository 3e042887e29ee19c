//! Reading a rule, and refusing one that cannot be: with the field that is wrong and what to do about it.

use access::Role;

use crate::keywords::lists;
use crate::rule::{Action, Approve, Condition, Direction, Keywords, People, Rule};
use crate::{NAME_CHARS_MAX, OutboundError};

/// Conditions within one another.
const DEPTH_MAX: usize = 8;

/// Conditions of one rule.
const CONDITIONS_MAX: usize = 100;

/// Words, names and other entries of one list in a rule.
const ENTRIES_MAX: usize = 500;

/// Letters that a keyword without ideographs has at least: a single one is everywhere.
const KEYWORD_CHARS_MIN: usize = 2;

/// Different numbers or words that a rule may ask for.
const MIN_MAX: u32 = 10_000;

/// Hours that a message may wait for approval.
const HOURS_MAX: u32 = 24 * 30;

/// Octets of a rule as text.
const RULE_BYTES_MAX: usize = 48 << 10;

fn wrong<T>(field: impl Into<String>, cause: impl Into<String>) -> Result<T, OutboundError> {
    Err(OutboundError::Impossible { field: field.into(), cause: cause.into() })
}

impl Rule {
    /// Reads a rule in JSON.
    ///
    /// # Errors
    /// [`OutboundError`] with the field that is wrong.
    pub fn read(text: &str) -> Result<Self, OutboundError> {
        if text.len() > RULE_BYTES_MAX {
            return wrong("the text", format!("is longer than {RULE_BYTES_MAX} octets; make several rules"));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let rule: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { "the rule".to_owned() } else { path };
            OutboundError::Unreadable { field, cause: error.into_inner().to_string() }
        })?;
        json.end().map_err(|error| OutboundError::Unreadable {
            field: "the end".to_owned(),
            cause: format!("{error}; a file holds one rule"),
        })?;
        rule.check()?;
        Ok(rule)
    }

    /// Refuses a rule that cannot be.
    ///
    /// # Errors
    /// [`OutboundError::Impossible`] with the field that is wrong.
    pub fn check(&self) -> Result<(), OutboundError> {
        let name = self.name.trim();
        if name.is_empty() || self.name.chars().count() > NAME_CHARS_MAX || self.name.chars().any(char::is_control) {
            return wrong("name", format!("must be 1 to {NAME_CHARS_MAX} characters on one line"));
        }
        check_people("scope", &self.scope)?;
        let mut count = 0;
        check_condition("when", &self.when, self.direction, 1, &mut count)?;
        if let Some(unless) = &self.unless {
            check_condition("unless", unless, self.direction, 1, &mut count)?;
            if *unless == self.when || parts(&self.when).contains(&unless) {
                return wrong("unless", "is what `when` asks for, so the rule never holds; take one of them away");
            }
        }
        contradictions("when", &self.when)?;
        self.check_actions()
    }

    fn check_actions(&self) -> Result<(), OutboundError> {
        let has = |word: &str| self.actions.iter().any(|it| it.word() == word);
        let Some(first) = self.actions.first() else {
            return wrong("actions", "is empty; name one of: record, warn, justify, approve, encrypt, portal, block");
        };
        for (at, action) in self.actions.iter().enumerate() {
            if self.actions.iter().take(at).any(|before| before.word() == action.word()) {
                return wrong(format!("actions[{at}]"), format!("names {} a second time; take it away", action.word()));
            }
            if let Action::Approve(approve) = action {
                self.check_approve(&format!("actions[{at}].approve"), approve)?;
            }
        }
        if self.actions.len() > 1 {
            for alone in ["block", "record"] {
                if has(alone) {
                    let why =
                        if alone == "block" { "what is blocked needs nothing else" } else { "everything is recorded" };
                    return wrong("actions", format!("has {alone} beside others; {why}: leave {alone} or the others"));
                }
            }
        }
        if has("encrypt") && has("portal") {
            return wrong(
                "actions",
                "has encrypt and portal; encrypt allows the portal, portal allows it alone: leave one",
            );
        }
        if has("warn") && has("justify") {
            return wrong("actions", "has warn and justify; who gives a reason has been warned: leave one");
        }
        if self.direction == Direction::Inside && (has("encrypt") || has("portal")) {
            let word = first.word();
            return wrong("actions", format!("cannot be {word} for mail that stays inside; set direction to outside"));
        }
        Ok(())
    }

    fn check_approve(&self, field: &str, approve: &Approve) -> Result<(), OutboundError> {
        if approve.by.is_nobody() {
            return wrong(format!("{field}.by"), "names nobody; name accounts, groups or roles that may approve");
        }
        check_people(&format!("{field}.by"), &approve.by)?;
        if approve.hours == 0 || approve.hours > HOURS_MAX {
            return wrong(format!("{field}.hours"), format!("must be from 1 to {HOURS_MAX}"));
        }
        // Who is asked is never the sender: of these, nobody would be left.
        let People { accounts, groups, roles } = &approve.by;
        let asks_accounts_alone = groups.is_empty() && roles.is_empty();
        if asks_accounts_alone && accounts.len() == 1 {
            let only = accounts.first().map(String::as_str).unwrap_or_default();
            let named = self.named_senders();
            if named.iter().any(|sender| sender.eq_ignore_ascii_case(only)) {
                let cause = format!(
                    "asks {only}, whose own mail the rule is about; nobody approves his own mail: name another"
                );
                return wrong(format!("{field}.by.accounts"), cause);
            }
        }
        Ok(())
    }

    /// Accounts whose mail the rule is about, if it names accounts alone.
    fn named_senders(&self) -> Vec<&String> {
        let of = |people: &'_ People| people.groups.is_empty() && people.roles.is_empty();
        let mut named: Vec<&String> = Vec::new();
        if of(&self.scope) {
            named.extend(&self.scope.accounts);
        }
        for part in parts(&self.when) {
            if let Condition::Sender(people) = part
                && of(people)
            {
                named.extend(&people.accounts);
            }
        }
        named
    }
}

/// What must hold together: a condition, or the members of `all`.
fn parts(condition: &Condition) -> Vec<&Condition> {
    match condition {
        Condition::All(all) => all.iter().flat_map(parts).collect(),
        other => vec![other],
    }
}

/// What `all` and `any` make never, or always, hold.
fn contradictions(field: &str, condition: &Condition) -> Result<(), OutboundError> {
    let opposite = |all: &[&Condition]| {
        let found = all.iter().find_map(|it| match it {
            Condition::Not(inner) => all.iter().any(|other| **other == **inner).then(|| inner.word()),
            Condition::Outside(is) => all.contains(&&Condition::Outside(!is)).then_some("outside"),
            Condition::Unreadable(is) => all.contains(&&Condition::Unreadable(!is)).then_some("unreadable"),
            Condition::LookalikeRecipient(is) => {
                all.contains(&&Condition::LookalikeRecipient(!is)).then_some("lookalike-recipient")
            }
            _ => None,
        });
        found.map(str::to_owned)
    };
    match condition {
        Condition::All(all) => {
            if let Some(word) = opposite(&parts(condition)) {
                return wrong(field, format!("asks for {word} and its opposite, so it never holds; take one away"));
            }
            all.iter().try_for_each(|it| contradictions(field, it))
        }
        Condition::Any(any) => {
            if let Some(word) = opposite(&any.iter().collect::<Vec<_>>()) {
                return wrong(
                    field,
                    format!("asks for {word} or its opposite, so it always holds; that is no condition"),
                );
            }
            any.iter().try_for_each(|it| contradictions(field, it))
        }
        Condition::Not(inner) => contradictions(field, inner),
        _ => Ok(()),
    }
}

fn check_people(field: &str, people: &People) -> Result<(), OutboundError> {
    for (part, list) in [("accounts", &people.accounts), ("groups", &people.groups), ("roles", &people.roles)] {
        check_entries(&format!("{field}.{part}"), list)?;
    }
    if let Some(address) = people.accounts.iter().find(|it| mail::Address::parse(it).is_err()) {
        return wrong(format!("{field}.accounts"), format!("has {address:?}, which is no address"));
    }
    if let Some(role) = people.roles.iter().find(|it| it.parse::<Role>().is_err()) {
        let all: Vec<&str> = Role::ALL.iter().map(|it| it.as_str()).collect();
        return wrong(
            format!("{field}.roles"),
            format!("has {role:?}, which is no role; use one of: {}", all.join(", ")),
        );
    }
    Ok(())
}

fn check_entries(field: &str, list: &[String]) -> Result<(), OutboundError> {
    if list.len() > ENTRIES_MAX {
        return wrong(field, format!("has more than {ENTRIES_MAX} entries; make several rules"));
    }
    if list.iter().any(|it| it.trim().is_empty() || it.chars().count() > NAME_CHARS_MAX) {
        return wrong(field, format!("has an entry that is empty or longer than {NAME_CHARS_MAX} characters"));
    }
    Ok(())
}

fn check_condition(
    field: &str,
    condition: &Condition,
    direction: Direction,
    depth: usize,
    count: &mut usize,
) -> Result<(), OutboundError> {
    *count += 1;
    if depth > DEPTH_MAX {
        return wrong(field, format!("is nested deeper than {DEPTH_MAX}; make several rules"));
    }
    if *count > CONDITIONS_MAX {
        return wrong(field, format!("has more than {CONDITIONS_MAX} conditions; make several rules"));
    }
    let at = format!("{field}.{}", condition.word());
    let is_inside = direction == Direction::Inside;
    match condition {
        Condition::All(list) | Condition::Any(list) => {
            if list.is_empty() {
                return wrong(at, "is empty, and a rule without a condition would hold for all mail; name a condition");
            }
            let mut numbered = list.iter().enumerate();
            numbered.try_for_each(|(n, it)| check_condition(&format!("{at}[{n}]"), it, direction, depth + 1, count))
        }
        Condition::Not(inner) => check_condition(&at, inner, direction, depth + 1, count),
        Condition::RecipientDomain(_)
        | Condition::RecipientCountry(_)
        | Condition::Outside(true)
        | Condition::LookalikeRecipient(true)
            if is_inside =>
        {
            wrong(at, "never holds for mail that stays inside; set direction to outside or any")
        }
        Condition::Outside(false) if direction == Direction::Outside => {
            wrong(at, "never holds, as the direction is outside; set direction to inside")
        }
        other => check_leaf(&at, other),
    }
}

fn check_leaf(at: &str, condition: &Condition) -> Result<(), OutboundError> {
    match condition {
        Condition::Detect(detect) if detect.min == 0 || detect.min > MIN_MAX => {
            wrong(format!("{at}.min"), format!("must be from 1 to {MIN_MAX}"))
        }
        Condition::Keywords(keywords) => check_keywords(at, keywords),
        Condition::Fingerprint(fingerprint) => {
            check_entries(&format!("{at}.marks"), &fingerprint.marks)?;
            if fingerprint.share == 0 || fingerprint.share > 100 {
                return wrong(format!("{at}.share"), "must be from 1 to 100 percent");
            }
            Ok(())
        }
        Condition::Label(labels) => {
            check_entries(at, labels)?;
            if labels.is_empty() { wrong(at, "names no label; name one, such as confidential") } else { Ok(()) }
        }
        Condition::Sender(people) => {
            if people.is_nobody() {
                return wrong(at, "names nobody; name accounts, groups or roles");
            }
            check_people(at, people)
        }
        Condition::RecipientDomain(domains) => {
            check_entries(&format!("{at}.domains"), &domains.domains)?;
            if domains.domains.is_empty() && !domains.personal {
                return wrong(at, "names no domain; name domains, or set personal to true");
            }
            let bare = |it: &String| it.strip_prefix("*.").unwrap_or(it).to_owned();
            match domains.domains.iter().find(|it| mail::domain::canonical(&bare(it)).is_err()) {
                Some(bad) => wrong(
                    format!("{at}.domains"),
                    format!(
                        "has {bad:?}, which is no domain; write partner.example, or *.partner.example for all below too"
                    ),
                ),
                None => Ok(()),
            }
        }
        Condition::RecipientCountry(countries) => {
            let is_code = |it: &String| it.len() == 2 && it.bytes().all(|b| b.is_ascii_alphabetic());
            match countries.iter().find(|it| !is_code(it)) {
                Some(bad) => wrong(at, format!("has {bad:?}; countries have two letters (ISO 3166-1), such as CN")),
                None if countries.is_empty() => wrong(at, "names no country; name one, such as US"),
                None => check_entries(at, countries),
            }
        }
        Condition::RecipientsAbove(0) => wrong(at, "holds for all mail with 0; name a number from 1"),
        Condition::Attachment(attachment) => {
            check_entries(&format!("{at}.names"), &attachment.names)?;
            if attachment.names.iter().any(|name| name.chars().all(|c| c == '*')) {
                return wrong(format!("{at}.names"), "has a form that every name has; say more of the name");
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_keywords(at: &str, keywords: &Keywords) -> Result<(), OutboundError> {
    check_entries(&format!("{at}.words"), &keywords.words)?;
    if keywords.words.is_empty() && keywords.lists.is_empty() {
        return wrong(at, format!("names no word; name words, or one of the lists: {}", lists().join(", ")));
    }
    if let Some(list) = keywords.lists.iter().find(|it| !lists().contains(&it.as_str())) {
        return wrong(
            format!("{at}.lists"),
            format!("has {list:?}, which is no list; use one of: {}", lists().join(", ")),
        );
    }
    if keywords.min == 0 || keywords.min > MIN_MAX {
        return wrong(format!("{at}.min"), format!("must be from 1 to {MIN_MAX}"));
    }
    let known = keywords.lists.is_empty().then_some(keywords.words.len());
    if known.is_some_and(|words| words < keywords.min as usize) {
        return wrong(format!("{at}.min"), "is more than there are words, so it never holds; lower it");
    }
    let is_short = |word: &&String| word.trim().chars().count() < KEYWORD_CHARS_MIN;
    match keywords.words.iter().find(is_short) {
        Some(short) => {
            wrong(format!("{at}.words"), format!("has {short:?}; a word has at least {KEYWORD_CHARS_MIN} characters"))
        }
        None => Ok(()),
    }
}

/// Refuses a rule that is never asked because another before it stops for everything that it holds for.
///
/// # Errors
/// [`OutboundError::Impossible`] with the name of the other.
pub(crate) fn check_reached(rule: &Rule, all: &[Rule]) -> Result<(), OutboundError> {
    let key = |it: &Rule| (it.priority, it.name.clone());
    let hides = |other: &&Rule| {
        let is_wider = other.scope.is_nobody() || other.scope == rule.scope;
        let is_as_wide = other.direction == Direction::Any || other.direction == rule.direction;
        let holds = other.when == rule.when || parts(&rule.when).contains(&&other.when);
        other.name != rule.name
            && other.stop
            && other.mode == crate::Mode::Enforce
            && other.unless.is_none()
            && key(other) < key(rule)
            && is_wider
            && is_as_wide
            && holds
    };
    match all.iter().find(hides) {
        Some(other) => wrong(
            "priority",
            format!(
                "puts it behind the rule {:?}, which stops for all that it holds for, so it is never asked; give it a lower number",
                other.name
            ),
        ),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
