//! The pool and its workers as processes: what a worker cannot do, what it costs when one fails, and that nothing is lost in silence.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use inspect::{Confinement, InspectSettings, Kind, Part, Pool, Program, Reason, Report, Trial, Tried, Unlooked};

fn program() -> Program {
    Program { path: PathBuf::from(env!("CARGO_BIN_EXE_inspect-worker")), arguments: Vec::new() }
}

fn pool(settings: InspectSettings) -> Pool {
    Pool::new(program(), settings)
}

fn looked(pool: &Pool, name: &str, octets: &[u8]) -> Report {
    pool.inspect(Part { name, declared: "application/octet-stream", octets, words: &[] })
}

#[test]
fn a_worker_can_do_nothing_but_look() {
    let pool = pool(InspectSettings::default());
    for trial in [Trial::OpenFile, Trial::MakeFile, Trial::Connect, Trial::StartProcess, Trial::StartThread] {
        assert_eq!(pool.try_out(trial), Tried::Held, "{trial:?}");
    }
    assert!(!std::path::Path::new("/tmp/tradewind-escaped").exists());
    // What is held is held by the walls, not by a worker that does nothing at all.
    assert_eq!(looked(&pool, "a.pdf", b"%PDF-1.4").kind(), Kind::Pdf);
}

#[test]
fn it_says_how_well_it_is_confined() {
    let confinement = pool(InspectSettings::default()).confinement().unwrap();
    let has_landlock = std::fs::read_to_string("/sys/kernel/security/lsm").is_ok_and(|all| all.contains("landlock"));
    assert!(confinement == Confinement::Full || !has_landlock, "{confinement:?}");
}

#[test]
fn a_parser_that_fails_costs_one_part() {
    let pool = pool(InspectSettings { seconds: 1, memory_mib: 256, ..InspectSettings::default() });
    for trial in [Trial::Panic, Trial::TakeMemory, Trial::Recurse] {
        assert_eq!(pool.try_out(trial), Tried::Held, "{trial:?}");
    }
    let before = Instant::now();
    assert_eq!(pool.try_out(Trial::Loop), Tried::Held);
    assert!(before.elapsed() < Duration::from_secs(8));
    assert_eq!(looked(&pool, "a.pdf", b"%PDF-1.4").unlooked, []);
}

#[test]
fn a_worker_that_is_killed_is_replaced_and_the_part_looked_at() {
    let pool = pool(InspectSettings::default());
    assert_eq!(looked(&pool, "a.pdf", b"%PDF-1.4").unlooked, []);
    let [id] = pool.waiting_process_ids()[..] else { panic!("one waits") };
    let id = rustix::process::Pid::from_raw(id.try_into().unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
    let report = looked(&pool, "a.pdf", b"%PDF-1.4");
    assert_eq!((report.kind(), report.unlooked.len()), (Kind::Pdf, 0));
}

#[test]
fn what_nobody_can_look_into_is_told() {
    let nobody =
        Pool::new(Program { path: PathBuf::from("/nonexistent"), arguments: Vec::new() }, InspectSettings::default());
    assert_eq!(looked(&nobody, "a.pdf", b"%PDF-1.4").unlooked[0].why, Reason::NoWorker);
    assert!(nobody.confinement().is_err());
    // A program that is no worker: it ends, or says what no worker says.
    let other =
        Pool::new(Program { path: PathBuf::from("/bin/echo"), arguments: Vec::new() }, InspectSettings::default());
    assert_eq!(looked(&other, "a.pdf", b"%PDF-1.4").unlooked[0].why, Reason::NoWorker);
    let large = vec![0; inspect::PART_OCTETS_MAX + 1];
    assert_eq!(looked(&pool(InspectSettings::default()), "a", &large).unlooked[0].why, Reason::TooLarge);
}

#[test]
fn a_hundred_parts_at_once() {
    let pool = pool(InspectSettings { wait_seconds: 120, ..InspectSettings::default() });
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..100 {
            let (pool, done) = (&pool, &done);
            scope.spawn(move || {
                let name = format!("{number}.pdf");
                let report = looked(pool, &name, &[b"%PDF-1.4".as_slice(), &vec![b' '; 200_000]].concat());
                assert_eq!((report.files[0].name.as_str(), report.kind()), (name.as_str(), Kind::Pdf));
                assert_eq!(report.unlooked, []);
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(done.into_inner(), 100);
    assert!(pool.waiting_process_ids().len() <= InspectSettings::default().workers);
}

#[test]
fn who_waits_too_long_is_told() {
    let pool = pool(InspectSettings { workers: 1, wait_seconds: 0, ..InspectSettings::default() });
    let reasons: Vec<Option<Reason>> = std::thread::scope(|scope| {
        let large = vec![0; 8 << 20];
        let ask = |_| {
            let (pool, large) = (&pool, large.clone());
            scope.spawn(move || looked(pool, "a", &large).unlooked.first().map(|unlooked| unlooked.why))
        };
        let all: Vec<_> = (0..8).map(ask).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(reasons.contains(&Some(Reason::Overloaded)) && reasons.contains(&None), "{reasons:?}");
    assert!(reasons.iter().all(|reason| matches!(reason, None | Some(Reason::Overloaded))), "{reasons:?}");
}

/// A tape archive of two files, as small as it can be.
fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in entries {
        let start = out.len();
        out.extend_from_slice(name.as_bytes());
        out.resize(start + 124, 0);
        out.extend_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        out.resize(start + 156, 0);
        out.push(b'0');
        out.resize(start + 257, 0);
        out.extend_from_slice(b"ustar");
        out.resize(start + 512, 0);
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out
}

#[test]
fn a_file_that_hangs_a_parser_does_not_hide_the_one_beside_it() {
    let pool = pool(InspectSettings { seconds: 1, ..InspectSettings::default() }).on_trial(Trial::LoopOverTexts);
    let before = Instant::now();
    let report = looked(&pool, "a.tar", &tar(&[("slow.txt", b"words"), ("bill.exe", b"MZ\x01")]));
    assert!(before.elapsed() < Duration::from_secs(15), "{:?}", before.elapsed());
    let kinds: Vec<Kind> = report.files.iter().map(|file| file.kind).collect();
    assert_eq!(kinds, [Kind::Tar, Kind::Text, Kind::Program]);
    assert_eq!(report.unlooked, [Unlooked { file: 0, why: Reason::TimedOut }]);
    // The next part is looked at as if nothing had been.
    assert_eq!(looked(&pool, "a.pdf", b"%PDF-1.4").unlooked, []);
}

#[test]
fn a_message_whose_time_is_over_is_told() {
    let pool = pool(InspectSettings::default()).on_trial(Trial::LoopOverTexts);
    let part = Part { name: "a.txt", declared: "text/plain", octets: b"words", words: &[] };
    let before = Instant::now();
    let report = pool.inspect_until(part, Some(before + Duration::from_millis(300)));
    assert_eq!(report.unlooked, [Unlooked { file: 0, why: Reason::TimedOut }]);
    assert!(before.elapsed() < Duration::from_secs(4), "{:?}", before.elapsed());
    let late = pool.inspect_until(part, Some(before));
    assert_eq!(late.unlooked, [Unlooked { file: 0, why: Reason::TimedOut }]);
}
