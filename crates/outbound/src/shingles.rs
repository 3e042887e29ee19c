//! Documents known again by runs of their words, though they were cut, filled in or laid out anew.
//!
//! Of a marked document hashes of runs of six words are kept (of characters, where words are not parted by spaces), of each four neighbours the
//! smallest. A message is compared by how many of them its own runs have. No text is kept.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use crate::content::{Piece, Place};
use crate::plain::{self, is_ideograph};

/// Words of one run.
const RUN: usize = 6;

/// Neighbours of which the smallest is kept.
const WINDOW: usize = 4;

/// Hashes that a document must have to be known again.
pub(crate) const HASHES_MIN: usize = 12;

/// Hashes that are kept of one document: the smallest, which are as good as drawn by lot.
pub(crate) const HASHES_MAX: usize = 2_048;

/// Hashes of all runs of `text`.
fn runs(text: &str) -> Vec<u64> {
    let folded = plain::words(text);
    let mut words: Vec<u64> = Vec::new();
    let mut word: Option<usize> = None;
    let end = |word: &mut Option<usize>, at: usize, words: &mut Vec<u64>| {
        if let Some(start) = word.take() {
            words.push(xxh3_64(folded.get(start..at).unwrap_or_default().as_bytes()));
        }
    };
    for (at, c) in folded.char_indices() {
        if is_ideograph(c) {
            end(&mut word, at, &mut words);
            words.push(u64::from(u32::from(c)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        } else if c.is_alphanumeric() {
            word.get_or_insert(at);
        } else {
            end(&mut word, at, &mut words);
        }
    }
    end(&mut word, folded.len(), &mut words);
    let hash = |run: &[u64]| {
        let octets: Vec<u8> = run.iter().flat_map(|word| word.to_le_bytes()).collect();
        xxh3_64(&octets)
    };
    words.windows(RUN).map(hash).collect()
}

/// What is kept of a document, in order; fewer than [`HASHES_MIN`] are too few to know it by.
pub(crate) fn of_document(text: &str) -> Vec<u64> {
    let runs = runs(text);
    let mut kept: Vec<u64> = match runs.len() {
        0 => Vec::new(),
        few if few < WINDOW => runs,
        _ => runs.windows(WINDOW).filter_map(|near| near.iter().min().copied()).collect(),
    };
    kept.sort_unstable();
    kept.dedup();
    kept.truncate(HASHES_MAX);
    kept
}

/// Marked documents, ready to be looked for.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// Name and number of hashes of each.
    documents: Vec<(String, usize)>,
    by_hash: HashMap<u64, Vec<u16>>,
}

/// How much of a marked document is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copied {
    /// The document.
    pub(crate) name: String,
    /// Percent of it.
    pub(crate) share: u8,
    /// Where most of it stands.
    pub(crate) place: Place,
}

impl Marks {
    pub(crate) fn add(&mut self, name: &str, hashes: &[u64]) {
        let Ok(number) = u16::try_from(self.documents.len()) else { return };
        self.documents.push((name.to_owned(), hashes.len()));
        for hash in hashes {
            self.by_hash.entry(*hash).or_default().push(number);
        }
    }

    /// Documents of which something is in `pieces`.
    pub(crate) fn find(&self, pieces: &[Piece]) -> Vec<Copied> {
        let mut seen: HashSet<u64> = HashSet::new();
        let mut counts: HashMap<u16, HashMap<Place, usize>> = HashMap::new();
        for piece in pieces {
            for run in runs(&piece.text) {
                let Some(documents) = self.by_hash.get(&run).filter(|_| seen.insert(run)) else { continue };
                for number in documents {
                    *counts.entry(*number).or_default().entry(piece.place).or_default() += 1;
                }
            }
        }
        let mut found: Vec<Copied> = counts
            .into_iter()
            .filter_map(|(number, places)| {
                let (name, hashes) = self.documents.get(usize::from(number))?;
                let there: usize = places.values().sum();
                let (place, _) = places.into_iter().max_by_key(|(place, count)| (*count, std::cmp::Reverse(*place)))?;
                let share = there * 100 / hashes.max(&1);
                Some(Copied { name: name.clone(), share: u8::try_from(share).unwrap_or(100), place })
            })
            .collect();
        found.sort_by(|one, other| other.share.cmp(&one.share).then_with(|| one.name.cmp(&other.name)));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: &str = "Price list for ball valves, valid from the first of March. DN25 stainless, forty-two dollars a piece; DN50 stainless, \
        eighty-eight dollars a piece; DN80 cast steel, one hundred and twenty dollars. Orders above two hundred pieces take seven percent off, \
        orders above five hundred eleven percent. Payment thirty percent in advance, the rest against a copy of the bill of lading.";
    const CHINESE: &str = "本合同由买卖双方于宁波签订。卖方向买方供应不锈钢球阀二百件，规格为DN50，单价为人民币六百二十元。货款分两次支付，合同签订后支付百分之三十，\
        其余货款见提单副本后七日内付清。交货期为收到预付款后四十五天，装运港为宁波港。质量保证期为十八个月，自货物到港之日起计算。";

    fn shares(document: &str, message: &str) -> Option<u8> {
        let mut marks = Marks::default();
        let hashes = of_document(document);
        assert!(hashes.len() >= HASHES_MIN, "{}", hashes.len());
        marks.add("one", &hashes);
        marks.find(&[Piece { place: Place::Body, text: message.to_owned() }]).first().map(|it| it.share)
    }

    #[test]
    fn copies_are_known_though_cut_or_changed() {
        for document in [ENGLISH, CHINESE] {
            assert_eq!(shares(document, document), Some(100));
            let chars: Vec<char> = document.chars().collect();
            let half: String = chars[..chars.len() / 2].iter().collect();
            assert!((35..65).contains(&shares(document, &half).unwrap()), "{:?}", shares(document, &half));
        }
        let filled_in = ENGLISH.replace("forty-two", "39.50").replace("eighty-eight", "81").replace(". ", ".\n\n  ");
        assert!(shares(ENGLISH, &filled_in).unwrap() > 50, "{:?}", shares(ENGLISH, &filled_in));
        assert!(shares(CHINESE, &CHINESE.replace("二百件", "500 件")).unwrap() > 70);
    }

    #[test]
    fn others_share_nothing() {
        let other = "Thank you for the price list. Please tell us whether ball valves of DN25 are in stock, and which port you ship from; we \
            would order two hundred pieces in March and pay against documents as last year.";
        assert!(shares(ENGLISH, other).unwrap_or(0) < 5);
        assert_eq!(shares(CHINESE, "请问不锈钢球阀的交货期是多少天？我们下个月需要二百件。"), None);
    }
}
