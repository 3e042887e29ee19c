use std::collections::BTreeMap;

use super::*;
use crate::corpus::Label;
use crate::facts::Received;
use crate::made::{Part, Written, all, message};
use crate::verdict::Action;

pub(super) fn judged(judge: &Judge, raw: &str) -> Verdict {
    judge.judge(&Facts::read(Received { raw: raw.as_bytes(), ..Received::default() }), Vec::new())
}

/// What was never learned from, as messages.
fn held(label: Label) -> Vec<Written> {
    all().into_iter().filter(|one| one.label == label && one.part == Part::Held).collect()
}

#[test]
fn the_shipped_model_is_whole_small_and_of_sources_that_allow_it() {
    let model = Model::shipped().unwrap();
    assert!(model.encode().len() < 8 * 1024 * 1024);
    let allowed = ["spamassassin", "enron", "linux_mips", "glitchyzorua", "made"];
    for source in model.card().sources.keys() {
        assert!(allowed.iter().any(|name| source.starts_with(name)), "{source}");
    }
    assert!(!model.card().limits.is_empty());
}

#[test]
fn honest_trade_mail_reaches_the_inbox_in_every_language() {
    let judge = Judge::shipped().unwrap();
    let honest: Vec<Written> =
        all().into_iter().filter(|one| one.label == Label::Ham && !one.subject.is_empty()).collect();
    assert!(honest.len() >= 400);
    let mut in_junk = Vec::new();
    for one in &honest {
        let verdict = judged(&judge, &message(one));
        assert!(verdict.action < Action::Quarantine, "{one:?}");
        if verdict.action == Action::Junk {
            in_junk.push(format!("{} {}", one.language, one.kind));
        }
    }
    assert!(in_junk.len() <= 2, "{in_junk:?}");
}

#[test]
fn phish_that_was_never_seen_is_found_in_every_language() {
    let judge = Judge::shipped().unwrap();
    let mut found: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for one in held(Label::Phish) {
        let counts = found.entry(one.language).or_default();
        counts[0] += 1;
        counts[1] += usize::from(judged(&judge, &message(&one)).action >= Action::Junk);
    }
    for (language, [count, found]) in found {
        let wanted = if matches!(language, "en" | "zh") { 60 } else { 15 };
        assert!(count >= wanted && found * 100 >= count * 95, "{language}: {found} of {count}");
    }
}

#[test]
fn what_was_held_back_of_the_made_samples_lands_where_it_belongs() {
    let model = Model::shipped().unwrap();
    let junk = Thresholds::default().junk;
    let mut found: BTreeMap<(&str, String), [usize; 2]> = BTreeMap::new();
    for sample in crate::made::samples(Part::Held) {
        let counts = found.entry((sample.label.word(), sample.shown_language.clone())).or_default();
        counts[0] += 1;
        counts[1] += usize::from(crate::evaluate::probability(&model, &sample) >= junk);
    }
    let of = |label: &str| {
        let rows = found.iter().filter(|((of, _), _)| *of == label);
        rows.fold([0, 0], |sum, (_, counts)| [sum[0] + counts[0], sum[1] + counts[1]])
    };
    let (ham, spam, phish) = (of("ham"), of("spam"), of("phish"));
    // A sentence alone, out of its letter, is the hardest of them.
    assert!(ham[0] >= 1000 && ham[1] * 200 <= ham[0], "honest in Junk: {ham:?} {found:?}");
    assert!(phish[0] >= 800 && phish[1] * 100 >= phish[0] * 94, "phish found: {phish:?} {found:?}");
    assert!(spam[0] >= 100 && spam[1] * 100 >= spam[0] * 80, "spam found: {spam:?} {found:?}");
    for ((label, language), [count, in_junk]) in &found {
        assert!(*label != "ham" || *in_junk <= 2, "{language}: {in_junk} of {count} honest ones");
    }
}

#[test]
fn many_rules_about_one_thing_count_less() {
    let sums = |sum: f32| Sums { spam: sum, phish: sum }.bounded().phish;
    assert!((sums(2.5) - 2.5).abs() < 1e-6 && (sums(-4.0) + 4.0).abs() < 1e-6);
    assert!(sums(8.0) < 5.0 && sums(8.0) > sums(6.0));
}

#[test]
fn a_disguise_changes_little() {
    let judge = Judge::shipped().unwrap();
    let of = |text: &str| {
        let raw = format!(
            "From: Support <s@old-shop.example>\r\nSubject: account\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{text} <a href=\"http://x.example/a\">link</a>"
        );
        judged(&judge, &raw).probability_phish
    };
    let plain = of("Your account will be suspended. Verify your password within 24 hours.");
    for disguised in [
        "Your acc\u{200b}ount will be sus\u{ad}pended. Ver\u{200d}ify your pass\u{200b}word within 24 hours.",
        "Your \u{430}ccount will be susp\u{435}nded. V\u{435}rify your p\u{430}ssword within 24 hours.",
        "Your ac<!-- x -->count will be sus<b></b>pended. Ver<span></span>ify your pass<i></i>word within 24 hours.",
        "Your a c c o u n t will be s u s p e n d e d. V e r i f y your p a s s w o r d within 24 hours.",
        "Your <span style='font-size:0'>quotation for valves</span> account will be suspended. Verify your password within 24 hours.",
    ] {
        assert!(of(disguised) > plain - 0.15, "{disguised}: {} against {plain}", of(disguised));
    }
}

#[test]
fn kept_facts_give_the_same_verdict() {
    let judge = Judge::shipped().unwrap();
    for one in held(Label::Phish).iter().take(20) {
        let facts = Facts::read(Received { raw: message(one).as_bytes(), ..Received::default() });
        let kept: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
        assert_eq!(judge.judge(&kept, Vec::new()), judge.judge(&facts, Vec::new()));
    }
}

#[test]
fn findings_of_trade_enter_no_odds_of_phish() {
    let judge = Judge::shipped().unwrap();
    let facts = Facts::of_text("", "please pay the invoice");
    let trade = Finding {
        id: "guard".into(),
        signal: Signal::Trade,
        spam: 4.0,
        phish: 4.0,
        evidence: String::new(),
        key: String::new(),
    };
    let (with, without) = (judge.judge(&facts, vec![trade]), judge.judge(&facts, Vec::new()));
    assert_eq!(with.probability_unwanted.to_bits(), without.probability_unwanted.to_bits());
    assert_eq!(with.probability_phish.to_bits(), without.probability_phish.to_bits());
}
