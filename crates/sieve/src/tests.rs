mod forms;
mod property;
mod reading;
mod running;

use std::collections::BTreeSet;

use env::Timestamp;

use crate::{Action, Letter, Script, Surroundings};

/// 2026-11-27 02:03:04, a Friday.
pub(super) const NOW: i64 = 1_795_744_984;

pub(super) const MESSAGE: &str = "Received: from a by b; Thu, 26 Nov 2026 23:30:00 -0500\n\
    From: \"Wang, Fang\" <sales+cn@acme.example>\n\
    To: Li <li@trade.test>, boss@trade.test\n\
    Cc: anna@other.example\n\
    Subject: =?utf-8?B?5Y+R56Wo?= Invoice 42\n\
    Date: Thu, 26 Nov 2026 23:30:00 -0500\n\
    List-Id: Valves <valves.lists.example>\n\
    Message-ID: <1@acme.example>\n\
    X-Spam-Score: 7\n\
    Keywords: one\n\
    Keywords: two\n\
    MIME-Version: 1.0\n\
    Content-Type: multipart/mixed; boundary=b\n\n\
    --b\nContent-Type: text/html; charset=utf-8\n\n<p>Please <b>pay</b> now</p>\n\
    --b\nContent-Type: application/pdf; name=\"a.pdf\"\nContent-Disposition: attachment; filename=\"a.pdf\"\n\
    Content-Transfer-Encoding: base64\n\naGVsbG8=\n--b--\n";

/// An account with the mailboxes INBOX, Work (7) and Junk, which is for junk.
#[derive(Default)]
pub(super) struct Account {
    pub(super) seen: BTreeSet<String>,
}

impl Surroundings for Account {
    fn has_mailbox(&mut self, name: &str) -> bool {
        ["INBOX", "Work", "Junk"].contains(&name)
    }

    fn has_mailbox_id(&mut self, id: &str) -> bool {
        id == "7"
    }

    fn has_use(&mut self, mailbox: Option<&str>, special_use: &str) -> bool {
        special_use.eq_ignore_ascii_case("Junk") && mailbox.is_none_or(|name| name == "Junk")
    }

    fn has_seen(&mut self, name: &str) -> bool {
        self.seen.contains(name)
    }
}

/// What `script` does with [`MESSAGE`], in short; or what goes wrong.
pub(super) fn outcome(script: &str) -> String {
    outcome_of(script, MESSAGE, &mut Account::default())
}

pub(super) fn outcome_of(script: &str, message: &str, account: &mut Account) -> String {
    let script = match Script::read(script) {
        Ok(script) => script,
        Err(error) => return error.to_string(),
    };
    let raw = message.replace('\n', "\r\n");
    let now = Timestamp::from_seconds(NOW);
    let letter = Letter::new(raw.as_bytes(), b"X-Ours: yes\r\n", "bounce@acme.example", "li+shop@trade.test", now);
    match script.run(&letter, account) {
        Err(error) => error.to_string(),
        Ok(outcome) => {
            account.seen.extend(outcome.seen.iter().map(|seen| seen.name.clone()));
            outcome.actions.iter().map(shown).collect::<Vec<String>>().join("; ")
        }
    }
}

fn shown(action: &Action) -> String {
    let with = |flags: &BTreeSet<String>| flags.iter().map(|flag| format!(" {flag}")).collect::<String>();
    match action {
        Action::Keep { flags } => format!("keep{}", with(flags)),
        Action::FileInto { mailbox, mailbox_id, special_use, create, flags } => {
            let id = mailbox_id.as_ref().map(|id| format!(" #{id}")).unwrap_or_default();
            let special_use = special_use.as_ref().map(|it| format!(" \\{it}")).unwrap_or_default();
            format!("into {mailbox}{id}{special_use}{}{}", if *create { " new" } else { "" }, with(flags))
        }
        Action::Redirect { address } => format!("to {address}"),
        Action::Reject { reason } => format!("reject {reason}"),
        Action::Reply(reply) => format!("reply {} every {}", reply.reason, reply.seconds),
    }
}

/// Whether `test`, with extensions, is true of [`MESSAGE`].
pub(super) fn holds(extensions: &str, test: &str) -> bool {
    let names = format!("variables {extensions}");
    let names: Vec<String> = names.split_whitespace().map(|name| format!("\"{name}\"")).collect();
    let script = format!("require [{}];\nif {test} {{ discard; }}", names.join(","));
    match outcome(&script).as_str() {
        "" => true,
        "keep" => false,
        other => panic!("{test}: {other}"),
    }
}
