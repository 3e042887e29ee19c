use std::hint::black_box;

use super::*;

const KNOWN: &str = "acme-valves.example";

fn trick(host: &str, known: &str) -> Option<Trick> {
    likeness(host, known).map(|like| like.trick)
}

#[test]
fn tricks_are_told_apart() {
    for (host, known, wanted) in [
        ("acrne-valves.example", KNOWN, Trick::LooksSame),
        ("acme-va1ves.example", KNOWN, Trick::LooksSame),
        ("xn--cme-valves-yqi.example", KNOWN, Trick::LooksSame),
        ("аcmе-valves.example", KNOWN, Trick::LooksSame),
        ("acmé-valves.example", KNOWN, Trick::LooksSame),
        ("vvestport.example", "westport.example", Trick::LooksSame),
        ("acmevalves.example", KNOWN, Trick::Hyphen),
        ("acme-valves.test", KNOWN, Trick::Suffix),
        ("acme-valves.co", "acme-valves.com", Trick::Suffix),
        ("acme-valvse.example", KNOWN, Trick::Misspelt),
        ("acme-vallves.example", KNOWN, Trick::Misspelt),
        ("acme-valvs.example", KNOWN, Trick::Misspelt),
        ("acne-valves.example", KNOWN, Trick::Misspelt),
        ("acme-vaives.example", KNOWN, Trick::LooksSame),
        ("acme-valves-group.example", KNOWN, Trick::Word),
        ("acmevalvesintl.example", KNOWN, Trick::Word),
        ("acme-valves-trade.example", "acme-valves-group.example", Trick::Word),
        ("pay-acme-valves.example", KNOWN, Trick::Word),
        ("acme-valves.example.docs-view.test", KNOWN, Trick::Below),
        ("acme-valves-example.test", KNOWN, Trick::Below),
        ("acme-valves.docs-view.test", KNOWN, Trick::Below),
    ] {
        assert_eq!(trick(host, known), Some(wanted), "{host} for {known}");
    }
}

#[test]
fn other_companies_are_not_look_alikes() {
    for (host, known) in [
        (KNOWN, KNOWN),
        ("mail.acme-valves.example", KNOWN),
        ("acme-pumps.example", KNOWN),
        ("baltic-valves.example", KNOWN),
        ("abc.example", "abd.example"),
        ("nord.example", "lord.example"),
        ("sino.example", "sina.example"),
        ("delta.example", "dalia.example"),
        ("orient-textile.example", "orient-textures.example"),
        ("northgate.example", "southgate.example"),
        ("global-trade.example", "global-export.example"),
    ] {
        let found = likeness(host, known).filter(|like| like.closeness >= 0.5);
        assert_eq!(found, None, "{host} for {known}");
    }
}

#[test]
fn the_index_finds_what_comparing_finds() {
    let mut index = DomainIndex::default();
    for domain in made_domains(3000).chain([
        KNOWN.to_owned(),
        "hanse-logistik.example".to_owned(),
        "brandenburg-armaturen.example".to_owned(),
    ]) {
        index.insert(&domain);
    }
    for host in [
        "acrne-valves.example",
        "acme-valvse.example",
        "acme-vallves.test",
        "acme-valves-group.example",
        "acmevalves.example",
        "acme-valves.test",
        "acme-valves.example.docs-view.test",
        "acme-valves-example.test",
        "acme-valves-berlin.example",
        "acmevalvesberlin.example",
        "brondenborg-armaturen.example",
        "hanse-1ogistik.example",
        "hanse-logistic.example",
        "hanselogistik-gmbh.example",
    ] {
        let near = index.near(host);
        assert!(
            near.iter().any(|(known, _)| *known == KNOWN || known.starts_with("hanse-") || known.starts_with("brand")),
            "{host}: {near:?}"
        );
    }
    assert!(index.near(KNOWN).is_empty() && index.near("quite-another-name.example").is_empty());
    index.remove(KNOWN);
    assert!(index.near("acrne-valves.example").is_empty());
}

#[test]
fn every_slip_of_a_long_name_is_found() {
    let mut index = DomainIndex::default();
    index.insert("brandenburg-armaturen.example");
    let name: Vec<char> = "brandenburg-armaturen".chars().collect();
    for at in 1..name.len() - 1 {
        let mut dropped = name.clone();
        dropped.remove(at);
        let mut swapped = name.clone();
        swapped.swap(at, at + 1);
        let mut other = name.clone();
        other[at] = 'x';
        for made in [dropped, swapped, other] {
            let host = format!("{}.example", made.iter().collect::<String>());
            if host != "brandenburg-armaturen.example" {
                assert_eq!(index.near(&host).len(), 1, "{host}");
            }
        }
    }
}

/// Domains as companies have them, made of syllables by a fixed rule.
fn made_domains(count: u32) -> impl Iterator<Item = String> {
    const FRONT: [&str; 16] = [
        "bal", "cor", "dan", "fel", "gru", "han", "jin", "kor", "lum", "mar", "nov", "per", "qui", "ros", "ste", "tal",
    ];
    const MIDDLE: [&str; 16] =
        ["a", "e", "en", "i", "ia", "in", "o", "on", "or", "u", "um", "an", "es", "ir", "ol", "ut"];
    const BACK: [&str; 16] = [
        "tex", "metal", "foods", "valves", "marine", "plast", "wood", "steel", "cargo", "tools", "glass", "paper",
        "pumps", "foam", "cable", "motor",
    ];
    (0..count).map(|n| {
        let pick = |list: &[&'static str; 16], by: u32| list[(n.wrapping_mul(2_654_435_761) >> by) as usize % 16];
        format!("{}{}{}-{}{}.example", pick(&FRONT, 3), pick(&MIDDLE, 9), pick(&FRONT, 14), pick(&BACK, 20), n % 97)
    })
}

#[test]
fn fifty_thousand_domains_are_looked_up_by_few_comparisons() {
    let mut index = DomainIndex::default();
    made_domains(50_000).for_each(|domain| index.insert(&domain));
    // What is bounded is the work, whatever the machine: entries per domain.
    assert!(index.entries.len() < 50_000 * 40, "{}", index.entries.len());
    black_box(index.near("balacor-tex1.test"));
}

proptest::proptest! {
    #[test]
    fn any_names_can_be_compared(host in "\\PC{0,70}", known in "\\PC{0,70}") {
        let mut index = DomainIndex::default();
        index.insert(&known);
        let _ = (likeness(&host, &known), index.near(&host));
    }
}
