//! All payment details of a message.

use crate::bind::{self, Bound};
use crate::detail::{Block, Detail, Kind, Place, Source, same_account};
use crate::fold::{Letter, fold};
use crate::items;

/// Blocks that are read.
pub const BLOCKS_MAX: usize = 4096;

/// Characters of all blocks that are read.
pub const TEXT_CHARS_MAX: usize = 400_000;

/// Details of one message that are kept.
pub const DETAILS_MAX: usize = 64;

/// Characters of what is kept as written.
const SHOWN_CHARS_MAX: usize = 80;

/// The payment details in `blocks`, in the order in which they stand there; each account once for each [`Source`].
///
/// An account beside which its bank or holder does not stand takes the only holder that its source names. Codes of banks
/// ([`Kind::Bic`], [`Kind::BankCode`]) are details of their own only where no account of the source has them.
#[must_use]
pub fn find(blocks: &[Block]) -> Vec<Detail> {
    let mut found: Vec<Detail> = Vec::new();
    let mut chars_left = TEXT_CHARS_MAX;
    for (number, block) in blocks.iter().enumerate().take(BLOCKS_MAX) {
        let letters = fold(&block.text, chars_left);
        chars_left -= letters.len();
        let items = items::read(&block.text, &letters, matches!(block.source, Source::Picture(_)));
        for bound in bind::bind(&items) {
            if found.len() >= DETAILS_MAX {
                return found;
            }
            add(detail(bound, block, number, &letters), &mut found);
        }
    }
    complete(&mut found);
    found
}

fn detail(bound: Bound, block: &Block, number: usize, letters: &[Letter]) -> Detail {
    let start = letters.get(bound.letters.start).map_or(0, |letter| letter.start);
    let end = bound.letters.end.checked_sub(1).and_then(|last| letters.get(last)).map_or(start, |letter| letter.end);
    let shown = block.text.get(start as usize..end as usize).unwrap_or_default();
    Detail {
        kind: bound.kind,
        value: bound.value,
        shown: shown.chars().take(SHOWN_CHARS_MAX).collect(),
        clearing: bound.clearing,
        bic: bound.bic,
        holder: bound.holder,
        bank: bound.bank,
        bank_country: bound.country,
        currency: bound.currency.map(str::to_owned),
        place: Place { source: block.source, block: number as u32, start, end },
        checks: bound.checks,
        confidence: bound.confidence,
        is_disguised: bound.is_disguised,
        is_intermediary: bound.is_intermediary,
    }
}

/// Adds a detail, or what it says beyond one that is known.
fn add(detail: Detail, found: &mut Vec<Detail>) {
    let is_same = |known: &&mut Detail| known.place.source == detail.place.source && same_account(known, &detail);
    let Some(known) = found.iter_mut().find(is_same) else {
        found.push(detail);
        return;
    };
    // The international number says all that the national one does.
    let takes_over = detail.kind == Kind::Iban && known.kind != Kind::Iban;
    let (mut better, other) = if takes_over { (detail, known.clone()) } else { (known.clone(), detail) };
    let fill = |mine: &mut Option<String>, theirs: Option<String>| *mine = mine.take().or(theirs);
    fill(&mut better.holder, other.holder);
    fill(&mut better.bank, other.bank);
    fill(&mut better.bic, other.bic);
    fill(&mut better.currency, other.currency);
    fill(&mut better.bank_country, other.bank_country);
    better.clearing = better.clearing.take().or(other.clearing);
    better.confidence = better.confidence.max(other.confidence);
    better.is_disguised |= other.is_disguised;
    *known = better;
}

/// Holders that a source names once are those of all its accounts; codes that an account has are none of their own.
fn complete(found: &mut Vec<Detail>) {
    let all = found.clone();
    let has_code = |detail: &Detail| {
        let of_account = all.iter().filter(|other| other.place.source == detail.place.source && other.is_payable());
        let mut accounts = of_account.filter(|other| other.is_intermediary == detail.is_intermediary);
        match detail.kind {
            Kind::Bic => accounts.any(|account| account.bic.as_deref() == Some(detail.value.as_str())),
            Kind::BankCode => accounts.any(|account| account.clearing == detail.clearing),
            _ => false,
        }
    };
    found.retain(|detail| !has_code(detail));
    for detail in found
        .iter_mut()
        .filter(|detail| detail.holder.is_none() && !detail.is_intermediary && takes_holder(detail.kind))
    {
        let mut holders: Vec<&String> = all
            .iter()
            .filter(|other| other.place.source == detail.place.source && takes_holder(other.kind))
            .filter_map(|other| other.holder.as_ref())
            .collect();
        holders.dedup();
        if let [only] = holders.as_slice() {
            detail.holder = Some((*only).clone());
        }
    }
}

const fn takes_holder(kind: Kind) -> bool {
    matches!(kind, Kind::Iban | Kind::Account | Kind::Card | Kind::Clabe | Kind::Bic | Kind::BankCode)
}

#[cfg(test)]
mod tests;
