//! What is in attached files, as the confined processes tell it.

use inspect::{Kind, Reason, Trait};

use super::hosts::{is_cheap_suffix, is_free_host, is_shortener};
use super::{Rule, Seen, claimed_brand};
use crate::facts::inside::InnerFile;
use crate::facts::{Link, Place};
use crate::findings::Signal::{File, Link as OfLink};
use crate::lexicon::Concept::{
    Account, Billing, Credential, Document, Parcel, Quota, Refund, Security, Threat, Urgent, Verify,
};
use crate::lexicon::concepts;
use crate::normal::normal;

fn file(seen: &Seen<'_>, is: impl Fn(&InnerFile) -> bool) -> Option<String> {
    seen.facts.inside.as_ref()?.files.iter().find(|file| is(file)).map(|file| file.name.clone())
}

/// The file that shows a trait, and what shows it.
fn sign(seen: &Seen<'_>, what: Trait) -> Option<String> {
    let sign = seen.facts.inside.as_ref()?.signs.iter().find(|sign| sign.what == what)?;
    Some(if sign.evidence.is_empty() || sign.file.ends_with(&sign.evidence) {
        sign.file.clone()
    } else {
        format!("{}: {}", sign.file, sign.evidence)
    })
}

fn link(seen: &Seen<'_>, is: impl Fn(&Link) -> bool) -> Option<String> {
    let link = seen.facts.inside.as_ref()?.links.iter().find(|link| is(link))?;
    Some(if link.host.is_empty() { link.url.clone() } else { link.host.clone() })
}

fn unlooked(seen: &Seen<'_>, is: impl Fn(Reason) -> bool) -> Option<String> {
    let unlooked = seen.facts.inside.as_ref()?.unlooked.iter().find(|unlooked| is(unlooked.why))?;
    let why = match unlooked.why {
        Reason::TooLarge => "too large",
        Reason::TimedOut => "timed out",
        Reason::Crashed => "crashed",
        Reason::Damaged => "damaged",
        Reason::Locked => "locked",
        Reason::Unsupported => "unknown form",
        Reason::Bomb => "bomb",
        Reason::TooDeep => "too deep",
        Reason::TooMany => "too many files",
        Reason::NoWorker => "no process",
        Reason::Overloaded => "overloaded",
    };
    Some(format!("{} ({why})", unlooked.file))
}

/// Whether looking failed as a file makes it fail that is built for it.
const fn resists(why: Reason) -> bool {
    matches!(why, Reason::TimedOut | Reason::Crashed | Reason::TooDeep)
}

/// Whether the text of files wants something that thieves want.
fn is_wanting(seen: &Seen<'_>) -> bool {
    let Some(inside) = &seen.facts.inside else { return false };
    let spoken = concepts(["", &inside.normal_text]);
    let wishes = [Credential, Verify, Threat, Urgent, Security, Quota, Parcel, Refund, Billing, Document, Account];
    wishes.into_iter().filter(|wish| spoken.has(*wish)).count() >= 3
}

/// A link that no honest file needs: to a number, to a look-alike, to somebody else's name, behind a shortener.
fn is_doubtful(link: &Link) -> bool {
    let claims = || {
        let words = link.host.replace(['.', '-'], " ");
        claimed_brand(&words).is_some_and(|brand| !brand.owns(&link.domain))
    };
    let looks_alike =
        || link.host.contains("xn--") && normal(&mail::domain::unicode(&link.host)).disguises.mixed_script_words > 0;
    link.is_numeric_host || link.has_user || is_shortener(&link.domain) || claims() || looks_alike()
}

/// A rule on a sign of a file.
macro_rules! signs {
    ($($id:literal: $what:expr, $spam:literal, $phish:literal;)+) => {
        &[$(Rule { id: $id, signal: File, spam: $spam, phish: $phish, holds: |seen| sign(seen, $what) },)+]
    };
}

/// Rules on signs of files: id, sign, weight for spam, weight for phish.
pub(super) const SIGNS: &[Rule] = signs! {
    "file-macros": Trait::Macros, 0.1, 0.5;
    "file-macros-at-opening": Trait::MacrosAtOpening, 0.5, 2.0;
    "file-macro-sheet": Trait::MacroSheet, 0.5, 2.0;
    "file-data-exchange": Trait::DataExchange, 0.5, 2.5;
    "file-external-content": Trait::ExternalContent, 0.5, 2.5;
    "file-embedded-object": Trait::EmbeddedObject, 0.0, 0.4;
    "file-equation-object": Trait::EquationObject, 0.5, 2.5;
    "file-script": Trait::DocumentScript, 0.1, 0.8;
    "file-starts-program": Trait::StartsProgram, 0.5, 3.0;
    "file-picture-script": Trait::PictureScript, 0.5, 2.5;
    "file-shortcut-command": Trait::ShortcutCommand, 0.5, 2.5;
    "file-password-in-message": Trait::NamedPassword, 0.5, 1.5;
    "file-other-than-named": Trait::OtherThanNamed, 0.5, 2.0;
    "file-name-escapes": Trait::EscapingName, 0.5, 2.0;
    "file-bomb": Trait::Bomb, 1.0, 2.0;
    "file-smuggled": Trait::SmuggledFile, 0.5, 3.0;
    "file-hidden-in-document": Trait::HiddenFile, 0.0, 0.4;
};

/// Rules on files, links and texts.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "program-in-archive",
        signal: File,
        spam: 1.0,
        phish: 3.0,
        holds: |seen| file(seen, |file| file.is_packed && file.kind.runs()),
    },
    Rule {
        id: "program-in-document",
        signal: File,
        spam: 0.5,
        phish: 3.0,
        holds: |seen| file(seen, |file| file.depth > 0 && !file.is_packed && file.kind.runs()),
    },
    Rule {
        id: "image-or-page-in-archive",
        signal: File,
        spam: 0.3,
        phish: 1.5,
        holds: |seen| {
            file(seen, |file| file.is_packed && matches!(file.kind, Kind::DiskImage | Kind::Html | Kind::Svg))
        },
    },
    Rule {
        id: "deceptive-name-inside",
        signal: File,
        spam: 1.0,
        phish: 2.5,
        holds: |seen| file(seen, |file| file.depth > 0 && file.has_deceptive_name),
    },
    Rule { id: "locked-file", signal: File, spam: 0.1, phish: 0.5, holds: |seen| file(seen, |file| file.is_locked) },
    Rule {
        id: "password-field-in-file",
        signal: File,
        spam: 0.5,
        phish: 3.0,
        holds: |seen| {
            let inside = seen.facts.inside.as_ref()?;
            (inside.html.password_fields > 0).then(|| "<input type=password>".to_owned())
        },
    },
    Rule {
        id: "code-leads-out",
        signal: OfLink,
        spam: 0.3,
        phish: 1.0,
        holds: |seen| link(seen, |link| link.place == Place::Code && matches!(link.scheme.as_str(), "http" | "https")),
    },
    Rule { id: "doubtful-link-in-file", signal: OfLink, spam: 0.5, phish: 1.5, holds: |seen| link(seen, is_doubtful) },
    Rule {
        id: "link-in-file-to-free-host",
        signal: OfLink,
        spam: 0.3,
        phish: 1.0,
        holds: |seen| {
            link(seen, |link| is_free_host(&link.host) || is_cheap_suffix(&link.host)).filter(|_| is_wanting(seen))
        },
    },
    Rule {
        id: "lure-in-file",
        signal: File,
        spam: 0.3,
        phish: 1.5,
        holds: |seen| link(seen, |link| !link.host.is_empty()).filter(|_| is_wanting(seen)),
    },
    Rule { id: "resists-inspection", signal: File, spam: 0.3, phish: 1.0, holds: |seen| unlooked(seen, resists) },
    Rule {
        id: "could-not-inspect",
        signal: File,
        spam: 0.0,
        phish: 0.0,
        holds: |seen| unlooked(seen, |why| !resists(why)),
    },
];
