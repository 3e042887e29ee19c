//! How the message is built, and what is attached.

use super::{Rule, Seen};
use crate::facts::{Attachment, FileKind};
use crate::findings::Signal::{Build, File};

fn file(seen: &Seen<'_>, is: impl Fn(&Attachment) -> bool) -> Option<String> {
    seen.facts
        .attachments
        .iter()
        .find(|file| is(file))
        .map(|file| if file.name.is_empty() { file.declared.clone() } else { file.name.clone() })
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "asks-password-in-mail",
        signal: Build,
        spam: 0.5,
        phish: 3.0,
        holds: |seen| (seen.facts.html.password_fields > 0).then(|| "<input type=password>".to_owned()),
    },
    Rule {
        id: "form-in-mail",
        signal: Build,
        spam: 0.2,
        phish: 0.6,
        holds: |seen| (seen.facts.html.forms > 0).then(|| "<form>".to_owned()),
    },
    Rule {
        id: "smuggled-file",
        signal: Build,
        spam: 1.0,
        phish: 3.0,
        holds: |seen| (seen.facts.html.smuggling > 0).then(|| "<script>".to_owned()),
    },
    Rule {
        id: "pictures-instead-of-text",
        signal: Build,
        spam: 0.7,
        phish: 0.7,
        holds: |seen| {
            let facts = seen.facts;
            let pictures = facts.html.pictures > 0 && facts.html.pictures < 6;
            (pictures && facts.normal_text.len() < 60 && !facts.links.is_empty())
                .then(|| facts.html.pictures.to_string())
        },
    },
    Rule {
        id: "much-hidden-text",
        signal: Build,
        spam: 0.6,
        phish: 0.5,
        holds: |seen| {
            let (hidden, shown) = (seen.facts.hidden_text.trim(), seen.facts.text.len());
            (hidden.len() > 300 && hidden.len() * 2 > shown).then(|| hidden.chars().take(60).collect())
        },
    },
    Rule {
        id: "program-attached",
        signal: File,
        spam: 1.5,
        phish: 2.5,
        holds: |seen| file(seen, |file| matches!(file.kind, FileKind::Program | FileKind::Script | FileKind::Shortcut)),
    },
    Rule {
        id: "disk-image-attached",
        signal: File,
        spam: 0.5,
        phish: 2.0,
        holds: |seen| file(seen, |file| file.kind == FileKind::DiskImage),
    },
    Rule {
        id: "deceptive-file-name",
        signal: File,
        spam: 1.0,
        phish: 2.5,
        holds: |seen| file(seen, |file| file.has_deceptive_name),
    },
    Rule {
        id: "page-attached",
        signal: File,
        spam: 0.2,
        phish: 1.2,
        holds: |seen| {
            file(seen, |file| {
                matches!(file.kind, FileKind::Html | FileKind::Svg) && !file.declared.starts_with("text/plain")
            })
        },
    },
    Rule {
        id: "macros-attached",
        signal: File,
        spam: 0.2,
        phish: 1.0,
        holds: |seen| file(seen, |file| file.kind == FileKind::MacroOffice),
    },
    Rule {
        id: "locked-archive",
        signal: File,
        spam: 0.3,
        phish: 1.0,
        holds: |seen| file(seen, |file| file.is_encrypted),
    },
];
