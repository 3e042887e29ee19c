//! What can be asked of the message as a whole.

use super::{Vocabulary, count};
use crate::facts::{Authenticated, Facts, Forgery, Place, Sender};
use crate::normal::normal;
use crate::rules::claimed_brand;
use crate::rules::hosts::{is_cheap_suffix, is_free_mail, is_jumble, looks_random};
use crate::rules::seen::Seen;

static NOBODY: Sender =
    Sender { name: String::new(), address: String::new(), host: String::new(), domain: String::new() };

fn from<'a>(seen: &'a Seen<'_>) -> &'a Sender {
    seen.facts.from.as_ref().unwrap_or(&NOBODY)
}

fn reply<'a>(seen: &'a Seen<'_>) -> &'a Sender {
    seen.facts.reply_to.as_ref().unwrap_or(&NOBODY)
}

fn local(sender: &Sender) -> &str {
    sender.address.split('@').next().unwrap_or_default()
}

/// The message; what is asked of it stands in [`Seen`].
pub(in crate::rules) struct Message;

pub(in crate::rules) static MESSAGE: Vocabulary<Message> = Vocabulary {
    of: "a message",
    flags: &[
        // The message.
        ("header", |_, seen| seen.facts.has_header),
        ("answer", |_, seen| seen.facts.is_answer && !is_sent_on(seen.facts)),
        ("says-answer", |_, seen| says_answer(seen.facts)),
        ("short", |_, seen| seen.is_short()),
        ("long", |_, seen| seen.facts.normal_text.len() >= 8000),
        ("way", |_, seen| seen.has_way),
        ("html", |_, seen| seen.facts.oddities.has_html),
        ("html-alone", |_, seen| seen.facts.oddities.has_html && !seen.facts.oddities.has_both_texts),
        // The sender.
        ("from", |_, seen| seen.facts.from.is_some()),
        ("from.free-mail", |_, seen| is_free_mail(&from(seen).domain)),
        ("from.cheap", |_, seen| is_cheap_suffix(&from(seen).host)),
        ("from.random", |_, seen| is_jumble(local(from(seen))) || looks_random(&from(seen).host)),
        ("from.borrows-brand", |_, seen| borrows_brand(from(seen))),
        ("from.names-other-address", |_, seen| names_other_address(from(seen))),
        ("reply", |_, seen| seen.facts.reply_to.is_some()),
        ("reply.elsewhere", |_, seen| seen.facts.reply_to.is_some() && reply(seen).domain != from(seen).domain),
        ("reply.free-mail", |_, seen| is_free_mail(&reply(seen).domain)),
        ("envelope.elsewhere", |_, seen| envelope_elsewhere(seen.facts)),
        ("authenticated", |_, seen| seen.facts.authenticated == Some(Authenticated::Yes)),
        ("disowned", |_, seen| seen.facts.authenticated == Some(Authenticated::Failed)),
        // The build.
        ("truncated", |_, seen| seen.facts.oddities.truncated),
        ("empty-multipart", |_, seen| seen.facts.oddities.empty_multipart),
        ("unknown-encoding", |_, seen| seen.facts.oddities.unknown_encoding),
        ("unknown-charset", |_, seen| seen.facts.oddities.unknown_charset),
        ("repeated-fields", |_, seen| seen.facts.oddities.repeated_fields),
        ("needless-base64", |_, seen| seen.facts.oddities.needless_base64),
        ("valid-date", |_, seen| seen.facts.form.has_valid_date),
        ("raw-octets", |_, seen| seen.facts.form.has_raw_octets),
    ],
    texts: &[
        ("subject", |_, seen| seen.facts.normal_subject.as_str().into()),
        ("text", |_, seen| seen.facts.normal_text.as_str().into()),
        ("written-subject", |_, seen| seen.facts.subject.as_str().into()),
        ("written-text", |_, seen| seen.facts.text.as_str().into()),
        ("hidden-text", |_, seen| seen.facts.hidden_text.as_str().into()),
        ("language", |_, seen| seen.facts.language.as_deref().unwrap_or_default().into()),
        ("from.name", |_, seen| normal(&from(seen).name).text.into()),
        ("from.written-name", |_, seen| from(seen).name.as_str().into()),
        ("from.address", |_, seen| from(seen).address.as_str().into()),
        ("from.local", |_, seen| local(from(seen)).into()),
        ("from.host", |_, seen| from(seen).host.as_str().into()),
        ("from.domain", |_, seen| from(seen).domain.as_str().into()),
        ("reply.address", |_, seen| reply(seen).address.as_str().into()),
        ("reply.local", |_, seen| local(reply(seen)).into()),
        ("reply.domain", |_, seen| reply(seen).domain.as_str().into()),
        ("envelope.domain", |_, seen| seen.facts.envelope_domain.as_deref().unwrap_or_default().into()),
        // Where the header contradicts itself.
        ("forged.zone", |_, seen| seen.facts.forged(Forgery::Zone).into()),
        ("forged.ahead", |_, seen| seen.facts.forged(Forgery::Ahead).into()),
        ("forged.bit-ahead", |_, seen| seen.facts.forged(Forgery::BitAhead).into()),
        ("forged.version", |_, seen| seen.facts.forged(Forgery::Version).into()),
        ("forged.identifier", |_, seen| seen.facts.forged(Forgery::Identifier).into()),
        ("forged.borrowed", |_, seen| seen.facts.forged(Forgery::Borrowed).into()),
        ("forged.boundary", |_, seen| seen.facts.forged(Forgery::Boundary).into()),
        ("forged.companion", |_, seen| seen.facts.forged(Forgery::Companion).into()),
        ("forged.page", |_, seen| seen.facts.forged(Forgery::Page).into()),
        ("forged.identifier-clock", |_, seen| seen.facts.forged(Forgery::IdentifierClock).into()),
        ("forged.boundary-clock", |_, seen| seen.facts.forged(Forgery::BoundaryClock).into()),
        ("forged.thread-clock", |_, seen| seen.facts.forged(Forgery::ThreadClock).into()),
        ("forged.dial-up", |_, seen| seen.facts.forged(Forgery::DialUp).into()),
        ("forged.greeting", |_, seen| seen.facts.forged(Forgery::Greeting).into()),
    ],
    numbers: &[
        ("wishes", |_, seen| count(seen.wishes())),
        ("recipients", |_, seen| seen.facts.recipients),
        ("authors", |_, seen| seen.facts.form.authors),
        ("fields", |_, seen| count(seen.facts.form.fields.len())),
        ("long-lines", |_, seen| seen.facts.form.long_lines),
        ("text-length", |_, seen| count(seen.facts.normal_text.trim().len())),
        ("subject-length", |_, seen| count(seen.facts.subject.chars().count())),
        ("subject-capitals", |_, seen| capitals(&seen.facts.subject)),
        ("capitals", |_, seen| capitals(&seen.facts.text)),
        ("exclamations", |_, seen| {
            count(seen.facts.text.chars().take(4000).filter(|c| matches!(c, '!' | '！')).count())
        }),
        ("hidden-length", |_, seen| count(seen.facts.hidden_text.trim().len())),
        ("hidden-percent", |_, seen| hidden_percent(seen.facts)),
        ("domains", |_, seen| domains(seen)),
        // HTML.
        ("elements", |_, seen| seen.facts.html.elements),
        ("forms", |_, seen| seen.facts.html.forms),
        ("password-fields", |_, seen| seen.facts.html.password_fields),
        ("scripts", |_, seen| seen.facts.html.scripts),
        ("frames", |_, seen| seen.facts.html.frames),
        ("pictures", |_, seen| seen.facts.html.pictures),
        ("own-pictures", |_, seen| seen.facts.html.own_pictures),
        ("leading-pictures", |_, seen| seen.facts.html.leading_pictures),
        ("tracking-pictures", |_, seen| seen.facts.html.tracking_pictures),
        ("comments", |_, seen| seen.facts.html.comments),
        ("tables", |_, seen| seen.facts.html.tables),
        ("unknown-elements", |_, seen| seen.facts.html.unknown_elements),
        ("smuggling", |_, seen| seen.facts.html.smuggling),
        // Disguises.
        ("invisible", |_, seen| seen.facts.disguises.invisible),
        ("mixed-scripts", |_, seen| seen.facts.disguises.mixed_script_words),
        ("spaced-words", |_, seen| seen.facts.disguises.spaced_words),
        ("substituted-words", |_, seen| seen.facts.disguises.substituted_words),
        ("direction-marks", |_, seen| seen.facts.disguises.direction_marks),
        // Trade.
        ("amounts", |_, seen| count(seen.facts.trade.amounts.len())),
        ("accounts", |_, seen| count(seen.facts.trade.ibans.len())),
        ("incoterms", |_, seen| count(seen.facts.trade.incoterms.len())),
        ("references", |_, seen| count(seen.facts.trade.references.len())),
        ("wallets", |_, seen| count(seen.facts.trade.wallets.len())),
    ],
};

/// Somebody sends on what he got: programs note that as an answer, though the words are those of others.
fn is_sent_on(facts: &Facts) -> bool {
    let subject = facts.subject.trim_start().to_lowercase();
    ["fw:", "fwd:", "wg:", "tr:", "rv:", "enc:", "转发", "轉寄", "転送"].iter().any(|mark| subject.starts_with(mark))
}

fn says_answer(facts: &Facts) -> bool {
    let start: String = facts.subject.trim_start().chars().take(4).collect::<String>().to_lowercase();
    ["re:", "aw:", "sv:", "回复", "答复", "rv:", "re：", "odp:"].iter().any(|mark| start.starts_with(mark))
}

fn borrows_brand(sender: &Sender) -> bool {
    !sender.domain.is_empty()
        && claimed_brand(&normal(&sender.name).text).is_some_and(|brand| !brand.owns(&sender.domain))
}

/// The display name is an address, and not the one that follows.
fn names_other_address(sender: &Sender) -> bool {
    let Some((_, host)) = sender.name.trim().rsplit_once('@') else { return false };
    let host = host.trim_end_matches(['>', ')', '"', '\'']).to_lowercase();
    host.contains('.') && !host.contains(' ') && host != sender.host
}

fn envelope_elsewhere(facts: &Facts) -> bool {
    let envelope = facts.envelope_domain.as_ref().filter(|domain| !domain.is_empty());
    envelope.zip(facts.from.as_ref()).is_some_and(|(envelope, from)| *envelope != from.domain)
}

/// The share of capitals among letters that have them.
fn capitals(text: &str) -> u32 {
    let (mut capital, mut cased) = (0_u32, 0_u32);
    for c in text.chars().take(4000) {
        capital += u32::from(c.is_uppercase());
        cased += u32::from(c.is_uppercase() || c.is_lowercase());
    }
    if cased < 8 { 0 } else { capital * 100 / cased }
}

fn hidden_percent(facts: &Facts) -> u32 {
    let (hidden, shown) = (facts.hidden_text.trim().len(), facts.text.trim().len());
    count(hidden * 100 / (hidden + shown).max(1))
}

/// Different registered domains that a reader can be led to.
fn domains(seen: &Seen<'_>) -> u32 {
    let places = |place| matches!(place, Place::Anchor | Place::Form | Place::Text);
    let mut domains: Vec<&str> =
        seen.facts.links.iter().filter(|link| places(link.place)).map(|link| link.domain.as_str()).collect();
    domains.sort_unstable();
    domains.dedup();
    count(domains.len())
}
