//! A worker alone, for tests of the pool: `inspect-worker [--trial]`.

use std::process::ExitCode;

use inspect::confine::Limits;
use inspect::worker::{Options, run};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    run(Options {
        limits: Limits {
            memory_octets: number("--memory-mib").unwrap_or(768) << 20,
            processor_seconds: number("--processor-seconds").unwrap_or(60),
        },
        is_trial: arguments.iter().any(|argument| argument == "--trial"),
    })
}
