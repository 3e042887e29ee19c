//! Numbers that are known by their form and check digits: cards, identity numbers, passports, telephones; accounts by crate `payment`.
//!
//! A number counts once for each kind, however often it stands there. What is found is given masked.

mod card;
mod identity;
mod passport;
mod runs;

use std::collections::BTreeSet;

use payment::{Block, Kind, Source};

use crate::content::{Piece, Place};
use crate::plain;
use crate::rule::Detector;

/// Numbers of a kind that are kept of one message.
const FOUND_MAX: usize = 10_000;

/// Characters before a number in which words about it are looked for.
const CONTEXT_CHARS: usize = 40;

/// Words after which a number is none of those looked for, but one of trade.
const OF_TRADE: &[&str] = &[
    "order",
    "invoice",
    "tracking",
    "waybill",
    "awb",
    "b/l",
    "imei",
    "serial",
    "s/n",
    "sku",
    "ean",
    "barcode",
    "ticket",
    "reference",
    "ref.",
    "ref:",
    "ref no",
    "p/o",
    "po no",
    "po:",
    "po ",
    "hs code",
    "container",
    "booking",
    "seal",
    "lot",
    "batch",
    "article",
    "quotation no",
    "订单",
    "运单",
    "单号",
    "发票",
    "序列号",
    "条码",
    "编号",
    "提单",
    "货号",
    "箱号",
    "海关编码",
    "批号",
    "pedido",
    "factura",
    "guia",
    "seguimiento",
    "serie",
    "referencia",
    "contenedor",
    "albaran",
    "lote",
    "طلب",
    "فاتوره",
    "تتبع",
    "شحنه",
    "مرجع",
    "حاويه",
    "تسلسلي",
];

/// A number that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its kind.
    pub(crate) what: Detector,
    /// Where it stands first.
    pub(crate) place: Place,
    /// Its ends, without what is between.
    pub(crate) shown: String,
}

/// Numbers of the kinds in `wanted`, each once for its kind.
pub(crate) fn find(pieces: &[Piece], wanted: &BTreeSet<Detector>) -> Vec<Found> {
    collect(pieces, wanted).found
}

/// The numbers themselves.
pub(crate) fn values(pieces: &[Piece], wanted: &BTreeSet<Detector>) -> BTreeSet<String> {
    collect(pieces, wanted).known.into_iter().map(|(_, value)| value).collect()
}

fn collect(pieces: &[Piece], wanted: &BTreeSet<Detector>) -> Collected {
    let mut all = Collected::default();
    if wanted.contains(&Detector::Iban) || wanted.contains(&Detector::BankAccount) {
        accounts(pieces, wanted, &mut all);
    }
    let of_own = [Detector::PaymentCard, Detector::ChineseId, Detector::Passport, Detector::ChineseMobile];
    if of_own.iter().any(|it| wanted.contains(it)) {
        for piece in pieces {
            let text = plain::digits(&piece.text);
            let mut add = |what, value: &str| {
                if wanted.contains(&what) {
                    all.add(what, piece.place, value);
                }
            };
            numbers(&text, &mut add);
            if wanted.contains(&Detector::Passport) {
                passport::find(&text, &mut |value| add(Detector::Passport, value));
            }
        }
    }
    all
}

#[derive(Default)]
struct Collected {
    known: BTreeSet<(Detector, String)>,
    found: Vec<Found>,
}

impl Collected {
    fn add(&mut self, what: Detector, place: Place, value: &str) {
        if self.found.len() < FOUND_MAX && self.known.insert((what, value.to_owned())) {
            self.found.push(Found { what, place, shown: masked(value) });
        }
    }
}

/// Its first and last two characters; of a short one the last alone.
pub(crate) fn masked(value: &str) -> String {
    let chars: Vec<char> = value.chars().collect();
    let (head, tail) = if chars.len() >= 9 { (2, 2) } else { (0, 1) };
    let shown = |(at, c): (usize, &char)| if at < head || at + tail >= chars.len() { *c } else { '•' };
    chars.iter().enumerate().map(shown).collect()
}

fn accounts(pieces: &[Piece], wanted: &BTreeSet<Detector>, all: &mut Collected) {
    let source = |place: Place| match place {
        Place::Subject => Source::Subject,
        Place::Body => Source::Body,
        Place::File(number) | Place::FileName(number) => Source::File(number),
    };
    let block = |piece: &Piece| Block { source: source(piece.place), text: piece.text.clone() };
    let blocks: Vec<Block> = pieces.iter().map(block).collect();
    for detail in payment::find(&blocks) {
        let what = match detail.kind {
            Kind::Iban => Detector::Iban,
            Kind::Account | Kind::Card | Kind::Clabe => Detector::BankAccount,
            _ => continue,
        };
        let place = pieces.get(detail.place.block as usize).map_or(Place::Body, |piece| piece.place);
        if wanted.contains(&what) {
            all.add(what, place, &detail.value);
        }
    }
}

/// Numbers that consist of digits: what is an identity number is no card.
fn numbers(text: &[char], add: &mut impl FnMut(Detector, &str)) {
    for run in runs::runs(text) {
        let mut at = 0;
        while at < run.groups.len() {
            let before = context(text, run.groups.get(at).map_or(0, |group| group.start));
            if let Some((groups, value)) = identity::read(text, &run, at, &before) {
                add(Detector::ChineseId, &value);
                at += groups;
            } else if let Some((groups, value)) = card::read(text, &run, at, &before) {
                add(Detector::PaymentCard, &value);
                at += groups;
            } else if let Some((groups, value)) = mobile(text, &run, at, &before) {
                add(Detector::ChineseMobile, &value);
                at += groups;
            } else {
                at += 1;
            }
        }
    }
}

/// What stands before a number on its line and at the end of the one before, in the form of [`plain::words`].
fn context(text: &[char], start: usize) -> String {
    let from = start.saturating_sub(CONTEXT_CHARS);
    let before: String = text.get(from..start).unwrap_or_default().iter().collect();
    // Of what is further up nothing belongs to the number.
    let lines: Vec<&str> = before.rsplitn(3, '\n').take(2).collect();
    plain::words(&lines.into_iter().rev().collect::<Vec<_>>().join(" "))
}

/// Whether a word about trade is the last that says what the number is.
fn is_of_trade(before: &str) -> bool {
    OF_TRADE.iter().any(|word| before.contains(word))
}

fn mobile(text: &[char], run: &runs::Run, at: usize, before: &str) -> Option<(usize, String)> {
    for layout in [&[11][..], &[3, 4, 4], &[13]] {
        let Some(value) = run.digits(text, at, layout) else { continue };
        let number = if layout == [13] { value.strip_prefix("86").unwrap_or_default() } else { &value };
        let octets = number.as_bytes();
        let is_mobile = octets.len() == 11
            && octets.first() == Some(&b'1')
            && octets.get(1).is_some_and(|c| (b'3'..=b'9').contains(c));
        if is_mobile && !is_of_trade(before) {
            return Some((layout.len(), number.to_owned()));
        }
    }
    None
}

#[cfg(test)]
mod tests;
