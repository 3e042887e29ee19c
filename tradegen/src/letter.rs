//! A letter before it is written down as octets.

use crate::bank::Detail;
use crate::documents::File;
use crate::software::{Route, Software};

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) name: String,
    pub(crate) address: String,
}

impl Party {
    pub(crate) fn new(name: &str, address: &str) -> Self {
        Self { name: name.to_owned(), address: address.to_owned() }
    }

    pub(crate) fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// What our receiving host found of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// SPF, DKIM and DMARC pass for the domain in From.
    Passes,
    /// The domain publishes a policy, and nothing passes.
    Fails,
    /// SPF passes; the domain signs nothing and publishes no policy.
    SpfAlone,
    /// The domain publishes nothing.
    Nothing,
    /// A list has rewritten From: all passes for the list's domain.
    OfList,
}

/// Whose letter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
    Internal,
}

/// What it truly is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    pub(crate) is_attack: bool,
    pub(crate) kind: String,
    pub(crate) changes_bank: bool,
}

impl Truth {
    pub(crate) fn honest(kind: &str) -> Self {
        Self { is_attack: false, kind: kind.to_owned(), changes_bank: false }
    }

    pub(crate) fn attack(kind: &str, changes_bank: bool) -> Self {
        Self { is_attack: true, kind: kind.to_owned(), changes_bank }
    }
}

/// A letter.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) at: i64,
    pub(crate) zone: i64,
    pub(crate) from: Party,
    pub(crate) to: Vec<Party>,
    pub(crate) cc: Vec<Party>,
    pub(crate) reply_to: Option<Party>,
    pub(crate) sender: Option<Party>,
    pub(crate) message_id: String,
    pub(crate) references: Vec<String>,
    pub(crate) subject: String,
    pub(crate) language: &'static str,
    /// What is said, with signature, without what is quoted.
    pub(crate) said: String,
    /// Lines of bank details that stand after what is said: word and value.
    pub(crate) bank_lines: Vec<(String, String)>,
    /// What stands after the bank details: regards and signature.
    pub(crate) ending: String,
    /// What is quoted, as plain text.
    pub(crate) quoted: String,
    /// Payment details in the letter and its files.
    pub(crate) details: Vec<Detail>,
    pub(crate) files: Vec<File>,
    /// Fields beside the usual ones.
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) software: Software,
    pub(crate) route: Route,
    pub(crate) proof: Proof,
    pub(crate) direction: Direction,
    pub(crate) truth: Truth,
}

impl Letter {
    /// What its writer says, as plain text.
    pub(crate) fn own_text(&self) -> String {
        let mut text = self.said.clone();
        if !self.bank_lines.is_empty() {
            text.push_str("\n\n");
            let lines = self.bank_lines.iter().map(|(label, value)| format!("{label}: {value}"));
            text.push_str(&lines.collect::<Vec<_>>().join("\n"));
        }
        if !self.ending.is_empty() {
            text.push_str("\n\n");
            text.push_str(&self.ending);
        }
        text
    }

    /// All of its text.
    pub(crate) fn text(&self) -> String {
        if self.quoted.is_empty() { self.own_text() } else { format!("{}\n\n{}", self.own_text(), self.quoted) }
    }
}
