//! Time of one search among many templates: `cargo run --release -p tradewind-filter --example templates -- 100000`.

use std::process::ExitCode;
use std::time::Duration;

use filter::Facts;
use filter::corpus::Label;
use filter::templates::{Library, Template};
use rustix::time::{ClockId, clock_gettime};

fn main() -> ExitCode {
    let count: usize = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let mut library = Library::default();
    let begin = processor_time();
    for number in 0..count {
        let added = Template::of("made", Label::Spam, &letter(number)).and_then(|template| library.add(template));
        if let Err(error) = added {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    println!("{count} templates made in {:?}", processor_time().saturating_sub(begin));
    let asked: Vec<Facts> = (0..1000).map(|number| letter(number * 97 % (2 * count))).collect();
    let begin = processor_time();
    let found = asked.iter().filter(|facts| !library.find(facts).is_empty()).count();
    println!("{found} of {} found, {:?} each", asked.len(), processor_time().saturating_sub(begin) / 1000);
    ExitCode::SUCCESS
}

/// A letter of forty words, different for each number.
fn letter(number: usize) -> Facts {
    let mut state = number as u64 + 1;
    let words: Vec<String> = (0..40)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let letter = |shift: u32| char::from(b'a' + u8::try_from(state >> shift & 15).unwrap_or(0));
            [60, 56, 52, 48].map(letter).into_iter().collect()
        })
        .collect();
    Facts::of_text("", &words.join(" "))
}

/// What this thread has had of a processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
