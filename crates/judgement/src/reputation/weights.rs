//! What counts are worth.

use env::Timestamp;
use filter::{Finding, Signal};

use super::counts::Counts;
use super::marks::{Kind, Mark};
use super::rows::Rows;

/// Messages that say as much as nothing known: who is new is neutral.
const PRIOR: f32 = 3.0;

/// How much heavier bad counts than good: trust is slow to come and quick to go.
const BAD_FACTOR: f32 = 3.0;

/// More good than this counts no further: no history outweighs many bad messages.
const GOOD_MAX: f32 = 10.0;

/// Messages that nothing was wrong with speak for a network a little, as it has many senders; more than this count no further.
const SEEN_MAX: f32 = 20.0;
const SEEN_PART: f32 = 0.1;

/// Below this nothing is said.
const LEAST: f32 = 0.25;

/// What others than the organisation have seen counts for so much of it.
const OTHERS_PART: f32 = 0.5;

/// Organisations that it takes.
const OTHERS_MIN: usize = 2;

/// All together are worth no more.
const SUM_MAX: f32 = 3.0;
const SUM_MIN: f32 = -1.5;

/// What people told of, in thousandths, from which a reputation stands on more than what the filter made of texts.
const TOLD_MIN: i64 = 500;

/// Begins the names of our findings.
const PREFIX: &str = "reputation-";

/// Whether a finding is of a reputation.
pub(super) fn is_ours(finding: &Finding) -> bool {
    finding.id.starts_with(PREFIX)
}

/// What each kind can be worth: at worst, and at best. Only who is proven earns trust.
const fn bounds(kind: Kind) -> (f32, f32) {
    match kind {
        Kind::Sender => (2.0, -1.2),
        Kind::Claimed => (1.5, 0.0),
        Kind::Domain => (1.5, -0.8),
        Kind::Network | Kind::Link => (1.0, 0.0),
    }
}

/// From -1, proven good, to 1, bad.
fn score(kind: Kind, counts: &Counts) -> f32 {
    let messages = |thousandths: i64| thousandths as f32 / 1_000.0;
    let good = messages(counts.good).min(GOOD_MAX);
    let bad = BAD_FACTOR * messages(counts.bad);
    let seen = if kind.counts_seen() { (SEEN_PART * messages(counts.seen)).min(SEEN_MAX) } else { 0.0 };
    (bad - good) / (bad + good + seen + PRIOR)
}

/// What a thing adds to the log odds; 0 for what is new.
pub(super) fn weight(mark: &Mark, rows: &Rows, now: Timestamp) -> f32 {
    let own = rows.own.get(&mark.number).map_or(0.0, |counts| score(mark.kind, &counts.faded(now)));
    let others = rows.others.get(&mark.number).map(Vec::as_slice).unwrap_or_default();
    let others = if others.len() >= OTHERS_MIN {
        others.iter().map(|counts| score(mark.kind, &counts.faded(now))).sum::<f32>() / others.len() as f32
    } else {
        0.0
    };
    let (worst, best) = bounds(mark.kind);
    let sum = (own + OTHERS_PART * others).clamp(-1.0, 1.0);
    if sum.abs() < LEAST {
        0.0
    } else if sum > 0.0 {
        sum * worst
    } else {
        // Not -0.0 for those who earn no trust.
        (sum * best.abs()).min(0.0) + 0.0
    }
}

/// At most one finding of each kind and direction, that of the strongest.
pub(super) fn findings(marks: &[Mark], rows: &Rows, now: Timestamp) -> Vec<Finding> {
    let mut found: Vec<(&Mark, f32)> = Vec::new();
    for mark in marks {
        let weight = weight(mark, rows, now);
        match found.iter_mut().find(|(other, _)| other.kind == mark.kind) {
            Some(slot) if weight.abs() > slot.1.abs() => *slot = (mark, weight),
            Some(_) => {}
            None => found.push((mark, weight)),
        }
    }
    found.retain(|(_, weight)| *weight != 0.0);
    let sum: f32 = found.iter().map(|(_, weight)| weight).sum();
    let scale = if sum > SUM_MAX {
        SUM_MAX / sum
    } else if sum < SUM_MIN {
        SUM_MIN / sum
    } else {
        1.0
    };
    found.into_iter().map(|(mark, weight)| finding(mark, weight * scale, rows)).collect()
}

fn finding(mark: &Mark, weight: f32, rows: &Rows) -> Finding {
    let direction = if weight > 0.0 { "bad" } else { "good" };
    let kind = if mark.kind == Kind::Claimed { Kind::Sender } else { mark.kind };
    let id = format!("{PREFIX}{direction}-{}", kind.word());
    let others = rows.others.get(&mark.number).into_iter().flatten();
    let told = rows.own.get(&mark.number).into_iter().chain(others).map(|counts| counts.told).max().unwrap_or(0);
    // What only the filter thought of earlier texts is no second sign beside the text: it may have been wrong the same way each time.
    let signal = match mark.kind {
        _ if told < TOLD_MIN => Signal::Text,
        Kind::Link => Signal::Link,
        Kind::Sender | Kind::Claimed | Kind::Domain | Kind::Network => Signal::Sender,
    };
    Finding { key: format!("finding-{id}"), id, signal, spam: weight, phish: weight, evidence: mark.shown.clone() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Event;
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn mark(kind: Kind) -> Mark {
        Mark { kind, number: 7, shown: "x".to_owned() }
    }

    fn after(events: &[(Event, usize)]) -> Counts {
        let mut counts = Counts::none(NOW);
        for (event, times) in events {
            for _ in 0..*times {
                counts.add(&Counts::of(*event, NOW));
            }
        }
        counts
    }

    fn of(kind: Kind, own: Counts) -> f32 {
        weight(&mark(kind), &Rows { own: BTreeMap::from([(7, own)]), others: BTreeMap::new() }, NOW)
    }

    #[test]
    fn who_is_new_or_only_sends_harmless_mail_is_neutral() {
        for kind in [Kind::Sender, Kind::Claimed, Kind::Domain, Kind::Network, Kind::Link] {
            assert_eq!(of(kind, Counts::none(NOW)), 0.0);
            assert_eq!(of(kind, after(&[(Event::Seen, 1_000)])), 0.0, "{kind:?}");
            assert_eq!(of(kind, after(&[(Event::Unwanted, 1)])), 0.0, "once is no habit");
            assert!(of(kind, after(&[(Event::Unwanted, 4)])) > 0.2, "{kind:?}");
        }
        assert_eq!(of(Kind::Sender, after(&[(Event::Answered, 1), (Event::ToldJunk, 1)])).signum(), 1.0);
    }

    #[test]
    fn trust_is_bounded_and_only_for_who_is_proven() {
        let liked = after(&[(Event::Answered, 500), (Event::Kept, 500)]);
        assert!((-1.2..-0.5).contains(&of(Kind::Sender, liked)), "{}", of(Kind::Sender, liked));
        for kind in [Kind::Claimed, Kind::Network, Kind::Link] {
            assert_eq!(of(kind, liked), 0.0, "{kind:?}");
        }
        // However good the past was, a handful of bad messages ends it.
        let turned = after(&[(Event::Answered, 500), (Event::ToldJunk, 6)]);
        assert!(of(Kind::Sender, turned) > 0.4, "{}", of(Kind::Sender, turned));
    }

    #[test]
    fn all_together_stay_within_their_bounds() {
        let kinds = [Kind::Sender, Kind::Domain, Kind::Network, Kind::Link];
        let marks: Vec<Mark> = kinds.into_iter().map(mark).collect();
        let sum = |counts| {
            let rows = Rows { own: BTreeMap::from([(7, counts)]), others: BTreeMap::from([(7, vec![counts; 5])]) };
            findings(&marks, &rows, NOW).iter().map(|finding| finding.spam).sum::<f32>()
        };
        assert!((sum(after(&[(Event::ToldJunk, 1_000)])) - SUM_MAX).abs() < 0.01);
        assert!((sum(after(&[(Event::Answered, 1_000)])) - SUM_MIN).abs() < 0.01);
    }

    #[test]
    fn counts_fade() {
        let told = after(&[(Event::ToldJunk, 8)]);
        let later = Timestamp::from_millis(NOW.millis() + 90 * 86_400_000);
        assert_eq!(told.faded(later).bad, 1_000);
        let rows = Rows { own: BTreeMap::from([(7, told)]), others: BTreeMap::new() };
        assert!(weight(&mark(Kind::Sender), &rows, later) < weight(&mark(Kind::Sender), &rows, NOW));
    }

    #[test]
    fn one_other_organisation_says_nothing_and_several_count_for_half() {
        let told = after(&[(Event::ToldJunk, 20)]);
        let at = |others: usize| {
            let rows = Rows { own: BTreeMap::new(), others: BTreeMap::from([(7, vec![told; others])]) };
            weight(&mark(Kind::Sender), &rows, NOW)
        };
        assert_eq!(at(1), 0.0);
        assert!((0.5..=1.0).contains(&at(2)), "{}", at(2));
    }

    #[test]
    fn what_only_the_filter_thought_is_no_second_sign() {
        let signal = |counts| {
            let rows = Rows { own: BTreeMap::from([(7, counts)]), others: BTreeMap::new() };
            findings(&[mark(Kind::Sender)], &rows, NOW).first().map(|finding| finding.signal)
        };
        assert_eq!(signal(after(&[(Event::Dangerous, 50)])), Some(Signal::Text));
        assert_eq!(signal(after(&[(Event::ToldJunk, 2)])), Some(Signal::Sender));
    }
}
