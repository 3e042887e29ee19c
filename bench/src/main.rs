//! Load generator, and the comparison with Postfix and Dovecot in docs/benchmarks.md.
//!
//! The generator is made to be cheap, since it shares the machine with what it measures: messages are made beforehand,
//! connections are kept, answers are counted and not understood. `bench smtp` says how much processor time it took itself.

mod at_rest;
mod backup;
mod compare;
mod figures;
mod imap;
mod jmap;
mod judged;
mod lists;
mod machine;
mod memory;
mod moving;
mod place;
mod report;
mod smtp;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "bench", about = "Measures mail servers on loopback.")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Messages accepted, and delivered, per second.
    Smtp(smtp::Load),
    /// Realistic mail received with judging on and off; prints Markdown. Wants an idle machine.
    Judged(judged::Judged),
    /// What keeping messages encrypted costs of their delivery; prints Markdown. Wants an idle machine.
    AtRest(at_rest::AtRest),
    /// Backups of a full server, restoring, and deliveries meanwhile; prints Markdown. Wants an idle machine.
    Backup(backup::Backup),
    /// Mail taken over from Dovecot, taken out and brought in; prints Markdown. Wants an idle machine.
    Moving(moving::Moving),
    /// What clients wait for in a large mailbox.
    Imap(imap::Work),
    /// Lists of messages over JMAP.
    Jmap(jmap::Lists),
    /// Long lists of the console, a page at a time, over HTTP; prints Markdown. Wants an idle machine.
    Lists(lists::LongLists),
    /// The web application in Chromium, its inbox full; prints Markdown. Wants an idle machine.
    Web(web::Pages),
    /// Memory that idle connections take.
    Memory(memory::Idle),
    /// Postfix, Dovecot and Tradewind in turn under the same loads; prints Markdown. Wants an idle machine.
    Compare(compare::Plan),
}

fn main() -> ExitCode {
    let done = match Cli::parse().what {
        What::Smtp(load) => load.run().map(|rates| println!("{rates}")),
        What::Judged(judged) => judged.run(),
        What::AtRest(cost) => cost.run(),
        What::Backup(backup) => backup.run(),
        What::Moving(moving) => moving.run(),
        What::Imap(work) => work.run().map(|lines| println!("{}", report::imap_lines(&lines))),
        What::Lists(lists) => lists.run(),
        What::Jmap(lists) => lists.run().map(|rates| println!("{rates}")),
        What::Web(pages) => pages.run().map(|table| println!("{table}")),
        What::Memory(idle) => idle.run().map(|growth| println!("{growth}")),
        What::Compare(plan) => plan.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure:?}");
            ExitCode::FAILURE
        }
    }
}
