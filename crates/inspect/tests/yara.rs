//! Rules of YARA: what Debian's program finds, what becomes of rules that are wrong, and what a program in its place cannot do.

#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use inspect::yara::{Matcher, Rules, YaraError};
use inspect::{InspectSettings, Program};

const RULES: &str = r#"
rule Made_Up : malware { meta: description = "Made up" tradewind_weight = 4 strings: $a = "evil" condition: $a }
rule Slow { condition: filesize == 11 and for all i in (1..1000000000) : ( uint8(i % 11) != 300 ) }
"#;

fn matcher(command: &[&str]) -> Matcher {
    Matcher {
        program: Program { path: PathBuf::from(env!("CARGO_BIN_EXE_inspect-worker")), arguments: Vec::new() },
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        compiler: "yarac".to_owned(),
        reads: InspectSettings::default().recogniser_reads,
        memory_mib: 768,
        seconds: 5,
    }
}

fn is_missing() -> bool {
    let is_missing = std::process::Command::new("yarac").arg("--version").output().is_err();
    if is_missing {
        eprintln!("SKIPPED: yara is not installed; tools/install peers installs it");
    }
    is_missing
}

/// Compiles rules of one file.
fn compiled(matcher: &Matcher, rules: &str) -> Result<Rules, YaraError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made.yar");
    std::fs::write(&path, rules).unwrap();
    matcher.compile(directory.path(), &[("made".to_owned(), path)])
}

#[test]
fn rules_are_compiled_and_find() {
    if is_missing() {
        return;
    }
    let matcher = matcher(&["yara"]);
    let rules = compiled(&matcher, RULES).unwrap();
    let large = [vec![b'x'; 3 << 20], b"evil".to_vec()].concat();
    let found = matcher.scan(&rules, &[b"nothing", b"an evil file", &large]).unwrap();
    let found: Vec<_> = found.iter().map(|one| (one.part, one.rule.as_str(), one.found.clone())).collect();
    let at = |octet| Some(("$a".to_owned(), octet));
    assert_eq!(found, [(1, "Made_Up", at(3)), (2, "Made_Up", at(3 << 20))]);
    assert_eq!(matcher.scan(&rules, &[]).unwrap(), []);
}

#[test]
fn wrong_rules_are_told_with_file_and_line() {
    if is_missing() {
        return;
    }
    let error = compiled(&matcher(&["yara"]), "rule a { condition: true }\nrule b {\n condition: $zz }").unwrap_err();
    let told = error.to_string();
    assert!(matches!(error, YaraError::Rules(_)) && told.contains("made.yar(3)") && told.contains("$zz"), "{told}");
    // What lies elsewhere cannot be included.
    assert!(compiled(&matcher(&["yara"]), "include \"/etc/passwd\"\nrule a { condition: true }").is_err());
}

#[test]
fn a_rule_that_does_not_end_is_ended() {
    if is_missing() {
        return;
    }
    let matcher = Matcher { seconds: 1, ..matcher(&["yara"]) };
    let rules = compiled(&matcher, RULES).unwrap();
    let begun = Instant::now();
    assert!(matches!(matcher.scan(&rules, &[b"eleven char"]), Err(YaraError::Time)));
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(matcher.scan(&rules, &[b"evil"]).unwrap().len(), 1);
}

#[test]
fn a_program_can_neither_write_nor_read_nor_connect_nor_change_the_rules() {
    if is_missing() {
        return;
    }
    let honest = matcher(&["yara"]);
    let rules = compiled(&honest, RULES).unwrap();
    let script = "(echo x > /tmp/tradewind-matcher-escaped) 2>&- && echo 'Wrote [] [] /proc/self/fd/4'
        (read -r line < /etc/passwd) 2>&- && echo 'Read [] [] /proc/self/fd/4'
        (exec 9<>/dev/tcp/127.0.0.1/9) 2>&1 | grep -q refused && echo 'Connected [] [] /proc/self/fd/4'
        (echo x > /proc/self/fd/0) 2>&- && echo 'Changed [] [] /proc/self/fd/4'
        echo 'Held [] [] /proc/self/fd/4'";
    let found = matcher(&["bash", "-c", script]).scan(&rules, &[b"part"]).unwrap();
    let names: Vec<&str> = found.iter().map(|one| one.rule.as_str()).collect();
    assert_eq!(names, ["Held"]);
    assert!(!Path::new("/tmp/tradewind-matcher-escaped").exists());
    let crashed = matcher(&["bash", "-c", "kill -SEGV $$"]).scan(&rules, &[b"part"]);
    assert!(matches!(crashed, Err(YaraError::Failed(_))), "{crashed:?}");
    assert!(matcher(&["/nowhere/yara"]).scan(&rules, &[b"part"]).is_err());
}
