//! Whole worlds: the same by seed, all that is promised in them, nothing that no parser reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use mail_parser::{MessageParser, MimeHeaders as _};

use crate::course::Size;
use crate::wordings::{RESERVED_FROM, Wordings};
use crate::{attacks, make, make_bulk};

const SIZE: Size = Size { partners: 30, deals: 1, months: 6, attacks: 1 };

fn made(seed: u64) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let wordings = Wordings::read(None, seed).unwrap();
    make(seed, SIZE, &wordings, directory.path(), false).unwrap();
    directory
}

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect()
}

fn rows(directory: &Path) -> Vec<Vec<String>> {
    let truth = fs::read_to_string(directory.join("truth.tsv")).unwrap();
    truth.lines().skip(2).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn a_seed_makes_the_same_world_again() {
    let (one, other, third) = (made(7), made(7), made(8));
    for part in ["messages", "history/cur"] {
        assert_eq!(files(&one.path().join(part)), files(&other.path().join(part)));
        assert_ne!(files(&one.path().join(part)), files(&third.path().join(part)));
    }
    assert_eq!(rows(one.path()), rows(other.path()));
}

#[test]
fn all_kinds_of_attack_and_of_honest_change_are_there() {
    let mut kinds: BTreeSet<(String, String)> = BTreeSet::new();
    let mut languages = BTreeSet::new();
    for seed in 1..=6 {
        let directory = made(seed);
        for row in rows(directory.path()) {
            kinds.insert((row[1].clone(), row[2].clone()));
            languages.insert(row[5].clone());
        }
    }
    for attack in attacks::ALL {
        assert!(kinds.contains(&("attack".to_owned(), attack.word().to_owned())), "{attack:?}");
    }
    let honest = [
        "assistant",
        "bank_change_confirmed",
        "executive",
        "first_contact",
        "forwarded",
        "free_mail",
        "internal",
        "mailing_list",
        "mistyped",
        "near_name",
        "new_colleague",
        "new_colleague_shown",
        "new_domain",
        "new_domain_announced",
        "new_partner",
        "new_software",
        "newsletter",
        "no_change_notice",
        "ordinary",
        "own_letter",
        "phone",
        "reminder",
        "second_account",
        "travels",
        "urgent",
    ];
    for kind in honest {
        assert!(kinds.contains(&("honest".to_owned(), kind.to_owned())), "{kind}");
    }
    assert!(languages.len() >= 10, "{languages:?}");
}

#[test]
fn each_letter_parses_and_says_what_the_truth_says() {
    for seed in 3..=6 {
        parses_and_is_true(seed);
    }
}

fn parses_and_is_true(seed: u64) {
    let directory = made(seed);
    let own = fs::read_to_string(directory.path().join("own-domains.txt")).unwrap();
    let own: Vec<&str> = own.lines().collect();
    let mut before = 0;
    for row in rows(directory.path()) {
        let octets = fs::read(directory.path().join(&row[0])).unwrap();
        let message = MessageParser::default().parse(&octets).unwrap();
        let from = message.from().and_then(|from| from.first()).and_then(|from| from.address()).unwrap();
        let domain = from.rsplit_once('@').unwrap().1;
        assert_eq!(own.contains(&domain) && row[2] != "executive_spoofed", row[6] != "in", "{row:?} {from}");
        assert_eq!(message.header("Authentication-Results").is_some(), row[6] == "in", "{row:?}");
        let at = message.date().unwrap().to_timestamp();
        assert!(at >= before, "{row:?}: not in order of Date");
        before = at;
        assert!(
            message.message_id().is_some() && message.subject().is_some_and(|subject| !subject.is_empty()),
            "{row:?}"
        );
        let text: String = message.body_text(0).unwrap().chars().filter(|letter| letter.is_alphanumeric()).collect();
        assert!(!text.contains('{'), "{row:?}: something is not filled in");
        let has_file = message.attachments().any(|part| part.attachment_name().is_some());
        for detail in row[3].split(';').filter(|detail| *detail != "-") {
            let (_, value) = detail.split_once('=').unwrap();
            assert!(has_file || text.to_uppercase().contains(value), "{row:?}: {detail} is not in the text");
        }
        if row[2] == "altered_quote" {
            let earlier =
                fs::read_dir(directory.path().join("history/cur")).unwrap().map(|entry| entry.unwrap().path());
            let judged = (1..).map(|number| directory.path().join(format!("messages/{number:05}.eml")));
            let judged = judged.take_while(|path| !path.ends_with(&row[0]));
            let known: String = earlier.chain(judged).map(|path| letters(&path)).collect();
            let is_new = |detail: &str| detail.split_once('=').is_some_and(|(_, value)| !known.contains(value));
            assert!(row[3].split(';').any(is_new), "{row:?}: nothing is altered");
        }
        // What changes bank details tells some.
        assert!(row[4] != "yes" || row[3] != "-", "{row:?}");
        assert!(row[4] != "yes" || row[1] == "attack", "{row:?}");
    }
}

/// Letters and digits of a message's text, capitals.
fn letters(path: &Path) -> String {
    let octets = fs::read(path).unwrap();
    let message = MessageParser::default().parse(&octets).unwrap();
    let text = message.body_text(0).unwrap_or_default();
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

#[test]
fn nobody_lives_at_the_addresses() {
    let directory = made(5);
    let mut all = files(&directory.path().join("messages"));
    all.extend(files(&directory.path().join("history/cur")));
    for (name, octets) in all {
        let message = MessageParser::default().parse(&octets).unwrap();
        let parties = [message.from(), message.to(), message.cc(), message.reply_to()].into_iter().flatten();
        for address in parties.flat_map(|list| list.iter()).filter_map(|party| party.address()) {
            let (local, domain) = address.rsplit_once('@').unwrap();
            let reserved = ["example", "test", "invalid"].iter().any(|top| domain.ends_with(&format!(".{top}")));
            assert!(reserved || local.contains("example"), "{name}: {address}");
        }
    }
}

#[test]
fn each_language_has_wordings_for_all_that_is_said() {
    let learned = Wordings::read(None, 1).unwrap();
    let held = Wordings::read(None, RESERVED_FROM).unwrap();
    let english = learned.counts("en");
    for language in ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "tr", "vi", "zh"] {
        let counts = learned.counts(language);
        for intent in english.keys().filter(|intent| !intent.starts_with("label.") && *intent != "list") {
            assert!(counts.contains_key(intent), "{language} lacks {intent}");
        }
        for intent in counts.keys().filter(|intent| intent.starts_with("a.")) {
            assert!(counts[intent] >= 2 && held.counts(language)[intent] >= 1, "{language} {intent}: too few");
        }
    }
}

#[test]
fn reserved_seeds_use_wordings_that_others_do_not() {
    let (learned, held) = (Wordings::read(None, 1).unwrap(), Wordings::read(None, RESERVED_FROM).unwrap());
    let seen: BTreeSet<_> = learned.all().collect();
    let both: Vec<_> = held.all().filter(|of| seen.contains(of) && of.1.starts_with("a.")).collect();
    assert!(both.is_empty(), "{both:?}");
}

#[test]
fn wordings_of_others_are_read_and_faults_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = Wordings::read(Some(directory.path()), 1).unwrap_err();
    assert!(error.contains("ar.tsv"), "{error}");
    for language in ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "tr", "vi", "zh"] {
        fs::write(directory.path().join(format!("{language}.tsv")), "greeting Hello\n").unwrap();
    }
    let error = Wordings::read(Some(directory.path()), 1).unwrap_err();
    assert!(error.contains("ar.tsv line 1"), "{error}");
}

#[test]
fn bulk_has_as_many_letters_as_were_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let wordings = Wordings::read(None, 1).unwrap();
    let (past, judged) = make_bulk(1, 3_000, &wordings, directory.path()).unwrap();
    assert_eq!((past, judged), (3_000, 0));
    let mbox = fs::read_to_string(directory.path().join("history.mbox")).unwrap();
    assert_eq!(mbox.lines().filter(|line| line.starts_with("From ")).count(), 3_000);
    // What is there is not written over.
    let again = make_bulk(1, 10, &wordings, directory.path()).unwrap_err();
    assert!(again.contains("not empty"), "{again}");
}
