//! Processor time of judging: `cargo run --release -p tradewind-filter --example speed -- FILE...`.

use std::process::ExitCode;
use std::time::Instant;

use filter::{Facts, Judge, Received};

fn main() -> ExitCode {
    let Ok(judge) = Judge::shipped() else {
        eprintln!("the shipped model is damaged");
        return ExitCode::FAILURE;
    };
    let messages: Vec<Vec<u8>> = std::env::args().skip(1).filter_map(|path| std::fs::read(path).ok()).collect();
    if messages.is_empty() {
        eprintln!("name messages to judge");
        return ExitCode::FAILURE;
    }
    let judged = |raw: &Vec<u8>| {
        let begin = Instant::now();
        let verdict = judge.judge(&Facts::read(Received { raw, ..Received::default() }));
        std::hint::black_box(verdict);
        begin.elapsed()
    };
    // Tables are built at their first use.
    messages.iter().take(10).for_each(|raw| _ = judged(raw));
    let mut times: Vec<_> = messages.iter().map(judged).collect();
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() - 1) * share / 1000).copied().unwrap_or_default();
    let total: std::time::Duration = times.iter().sum();
    println!(
        "{} messages: median {:?}, p99 {:?}, greatest {:?}, {:.0} a second on one core",
        times.len(),
        at(500),
        at(990),
        at(1000),
        times.len() as f64 / total.as_secs_f64()
    );
    ExitCode::SUCCESS
}
