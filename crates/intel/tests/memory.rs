//! What two million entries cost. Run by hand, as it takes its time without optimisation:
//! `cargo test --release -p tradewind-intel --test memory -- --ignored --nocapture`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;

use env::Timestamp;
use intel::Never;
use intel::feeds::{Loaded, read_directory};

const ENTRIES: usize = 2_000_000;

#[test]
#[ignore = "takes a minute without optimisation"]
fn two_million_entries_stay_below_150_mb() {
    // A figure of this process in KiB.
    let status = |name: &str| -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
    };
    let directory = tempfile::tempdir().unwrap();
    let mut file = std::io::BufWriter::new(std::fs::File::create(directory.path().join("made.txt")).unwrap());
    let mut line = String::new();
    for number in 0..ENTRIES {
        line.clear();
        match number % 4 {
            0 => writeln!(line, "https://host{number}.bad.example/login/{number}?id={}", number * 7).unwrap(),
            1 => writeln!(line, "host{number}.example").unwrap(),
            2 => writeln!(line, "2001:db8:{:x}::{:x}", number >> 16, number & 0xffff).unwrap(),
            _ => writeln!(line, "box{number}@host.example").unwrap(),
        }
        file.write_all(line.as_bytes()).unwrap();
    }
    drop(file);
    let begun = Instant::now();
    let never = Never::new(["trade.example"]);
    let loaded =
        read_directory(directory.path(), &never, (1, 4_000_000), Timestamp::from_seconds(1_800_000_000)).unwrap();
    let read = begun.elapsed();
    let feed = loaded.into_iter().find_map(Loaded::feed).unwrap();
    assert_eq!(feed.set.len(), ENTRIES);
    let begun = Instant::now();
    let found = (1..ENTRIES)
        .step_by(20)
        .filter(|number| feed.set.domain_above(&format!("www.host{number}.example")).is_some())
        .count();
    let asked = begun.elapsed();
    println!(
        "{ENTRIES} entries: {} octets; process {} KiB, peak {} KiB; read in {read:?}; {found} of {} hosts found in {asked:?}",
        feed.set.memory_octets(),
        status("VmRSS"),
        status("VmHWM"),
        ENTRIES / 20
    );
    assert_eq!(found, ENTRIES / 20);
    assert!(status("VmHWM") < 150 * 1024);
}
