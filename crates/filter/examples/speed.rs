//! Processor time of judging: `cargo run --release -p tradewind-filter --example speed -- FILE...`.

use std::process::ExitCode;
use std::time::Duration;

use filter::{Facts, Judge, Received};
use rustix::time::{ClockId, clock_gettime};

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
        let begin = processor_time();
        let verdict = judge.judge(&Facts::read(Received { raw, ..Received::default() }), Vec::new());
        std::hint::black_box(verdict);
        processor_time().saturating_sub(begin)
    };
    // Tables are built at their first use.
    messages.iter().take(10).for_each(|raw| _ = judged(raw));
    let mut times: Vec<_> = messages.iter().map(judged).collect();
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() - 1) * share / 1000).copied().unwrap_or_default();
    let total: Duration = times.iter().sum();
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

/// What this thread has had of a processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
