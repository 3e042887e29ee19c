//! Files made into rules: words first, then conditions, then who asks about whom, then what is changed.

use std::fmt::Write as _;

use toml::Spanned;
use xxhash_rust::xxh3::xxh3_64;

use super::book::{Book, RuleError, Source, Written};
use super::condition::Condition;
use super::test::Check;
use super::words::Words;
use super::{Rule, Rules, syntax};

/// Rules of all files together.
const RULES_MAX: usize = 5000;

/// What one rule may weigh, either way.
const WEIGHT_MAX: f32 = 6.0;

/// Makes rules of files.
pub(super) fn rules(sources: &[Source]) -> Result<Rules, RuleError> {
    let books = sources.iter().map(|source| Ok((source, source.read()?))).collect::<Result<Vec<_>, RuleError>>()?;
    let mut made = Rules { words: words(&books)?, ..Rules::default() };
    for (source, book) in &books {
        for (id, written) in &book.rule {
            if made.rules.iter().any(|rule| rule.id == *id.as_ref()) {
                let what = format!("there is a rule `{}` already; change it under [change.{0}]", id.as_ref());
                return Err(source.error(id.span().start, what));
            }
            if made.rules.len() >= RULES_MAX {
                return Err(source.error(id.span().start, format!("there are more than {RULES_MAX} rules in all")));
            }
            made.rules.push(rule(source, id, written, &made.words)?);
        }
    }
    resolve(&mut made, &books)?;
    for (source, book) in &books {
        change(&mut made, source, book)?;
    }
    made.fingerprint = fingerprint(&made.rules);
    Ok(made)
}

fn fingerprint(rules: &[Rule]) -> u64 {
    let mut text = String::new();
    for rule in rules {
        let _ = writeln!(text, "{} {} {} {} {}", rule.id, rule.spam, rule.phish, rule.is_off, rule.when);
    }
    xxh3_64(text.as_bytes())
}

fn words(books: &[(&Source, Book)]) -> Result<Words, RuleError> {
    let mut words = Words::default();
    for (source, book) in books {
        for (name, languages) in &book.words {
            let at = name.span().start;
            check_name(name.as_ref()).map_err(|what| source.error(at, what))?;
            for phrases in languages.values() {
                words.add(name.as_ref(), phrases).map_err(|fault| source.error(at, fault.what))?;
            }
        }
    }
    words.finish().map_err(|fault| {
        books.last().map_or_else(|| nowhere(&fault.what), |(source, _)| source.error(0, &*fault.what))
    })?;
    Ok(words)
}

fn nowhere(what: &str) -> RuleError {
    RuleError { file: String::new(), line: 0, what: what.to_owned() }
}

fn check_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() <= 60 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits) {
        Ok(())
    } else {
        Err(format!("`{name}` is no name: use lowercase letters, digits and hyphens, a letter first, 60 at most"))
    }
}

fn rule(source: &Source, id: &Spanned<String>, written: &Written, words: &Words) -> Result<Rule, RuleError> {
    let wrong = |what: String| source.error(id.span().start, format!("rule `{}`: {what}", id.as_ref()));
    check_name(id.as_ref()).map_err(wrong)?;
    check_weights(written.spam, written.phish).map_err(wrong)?;
    for (language, text) in [("en", &written.en), ("zh", &written.zh)] {
        if !text.contains("{evidence}") {
            return Err(wrong(format!(
                "its text `{language}` has no {{evidence}}, so nobody could see what was found"
            )));
        }
    }
    let tree = syntax::read(written.when.as_ref());
    let condition = tree.and_then(|tree| Condition::of(&tree, &mut |test| Check::of(test, words)));
    let texts = |examples: &[Spanned<String>]| examples.iter().map(|example| example.as_ref().clone()).collect();
    Ok(Rule {
        id: id.as_ref().clone(),
        file: source.name.clone(),
        signal: written.signal,
        spam: written.spam,
        phish: written.phish,
        is_off: false,
        when: written.when.as_ref().clone(),
        english: written.en.clone(),
        chinese: written.zh.clone(),
        hits: texts(&written.hits),
        misses: texts(&written.misses),
        condition: condition.map_err(|fault| source.error_within(&written.when, fault.at, &fault.what))?,
    })
}

fn check_weights(spam: f32, phish: f32) -> Result<(), String> {
    let fits = |weight: f32| weight.is_finite() && weight.abs() <= WEIGHT_MAX;
    if fits(spam) && fits(phish) {
        Ok(())
    } else {
        Err(format!("weights lie between -{WEIGHT_MAX} and {WEIGHT_MAX} (they add to the log odds)"))
    }
}

/// Finds the rules that others ask about, and an order in which each comes behind those.
fn resolve(made: &mut Rules, books: &[(&Source, Book)]) -> Result<(), RuleError> {
    let ids: Vec<String> = made.rules.iter().map(|rule| rule.id.clone()).collect();
    let mut asked: Vec<Vec<usize>> = Vec::with_capacity(ids.len());
    for rule in &mut made.rules {
        let mut numbers = Vec::new();
        let mut missing = None;
        rule.condition.each_mut(&mut |check| {
            if let Check::Found(name, number) = check {
                *number = ids.iter().position(|id| id == name);
                match number {
                    Some(number) => numbers.push(*number),
                    None => missing = Some(name.clone()),
                }
            }
        });
        if let Some(missing) = missing {
            return Err(at_rule(books, &rule.id, &format!("asks about `{missing}`, and there is no such rule")));
        }
        asked.push(numbers);
    }
    let mut placed = vec![false; ids.len()];
    while made.order.len() < ids.len() {
        let before = made.order.len();
        for (number, others) in asked.iter().enumerate() {
            let is_ready = others.iter().all(|other| placed.get(*other) == Some(&true));
            if let Some(slot) = placed.get_mut(number).filter(|slot| !**slot && is_ready) {
                *slot = true;
                made.order.push(number);
            }
        }
        if made.order.len() == before {
            let stuck = placed.iter().position(|placed| !placed).and_then(|number| ids.get(number));
            return Err(at_rule(books, stuck.map_or("", String::as_str), "asks about rules that ask about it in turn"));
        }
    }
    Ok(())
}

/// An error at the place of a rule.
fn at_rule(books: &[(&Source, Book)], id: &str, what: &str) -> RuleError {
    let place = books.iter().find_map(|(source, book)| {
        let (name, written) = book.rule.iter().find(|(name, _)| name.as_ref() == id)?;
        Some(source.error(written.when.span().start, format!("rule `{}` {what}", name.as_ref())))
    });
    place.unwrap_or_else(|| nowhere(what))
}

fn change(made: &mut Rules, source: &Source, book: &Book) -> Result<(), RuleError> {
    for (id, change) in &book.change {
        let wrong = |what: String| source.error(id.span().start, what);
        let Some(rule) = made.rules.iter_mut().find(|rule| rule.id == *id.as_ref()) else {
            return Err(wrong(format!(
                "there is no rule `{}` to change; `tradewind rules list` shows all",
                id.as_ref()
            )));
        };
        rule.is_off |= change.off;
        rule.spam = change.spam.unwrap_or(rule.spam);
        rule.phish = change.phish.unwrap_or(rule.phish);
        check_weights(rule.spam, rule.phish).map_err(wrong)?;
    }
    Ok(())
}
