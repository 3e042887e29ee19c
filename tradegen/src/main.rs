//! Makes trading histories and attacks on them, seeded, and scores what a guard says of them.
//!
//! `tradegen make` writes one world, `tradegen score` holds verdicts against its truth, `tradegen run` does both over many seeds with
//! `tradewind guard replay` between. docs/tradegen.md tells the form of what is written.

mod attacks;
mod bank;
mod calendar;
mod chance;
mod changes;
mod course;
mod documents;
mod honest;
mod letter;
mod mime;
mod names;
mod output;
mod quote;
mod run;
mod scene;
mod score;
mod software;
#[cfg(test)]
mod tests;
mod thread;
mod wordings;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use course::Size;
use output::Output;
use score::Score;
use wordings::Wordings;

#[derive(Debug, Parser)]
#[command(name = "tradegen", about = "Makes trading histories and attacks on them, and scores what a guard says.")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Writes the history, the messages and the truth of one seed.
    Make(Make),
    /// Holds verdicts against a truth.
    Score(ScoreArguments),
    /// Makes, replays and scores many seeds.
    Run(run::Plan),
}

#[derive(Debug, Args)]
struct Make {
    /// Decides everything. Seeds from 10000 on are for measuring and use wordings of their own.
    #[arg(long)]
    seed: u64,
    /// A directory that does not exist or is empty.
    #[arg(long)]
    out: PathBuf,
    #[arg(long, value_enum, default_value = "medium")]
    size: Scale,
    /// A directory with wordings in place of those shipped, a file `<language>.tsv` for each language.
    #[arg(long)]
    wordings: Option<PathBuf>,
    /// Writes the history as one file `history.mbox` in place of a Maildir.
    #[arg(long)]
    mbox: bool,
    /// Writes a history of so many letters alone, without documents, as an mbox.
    #[arg(long)]
    bulk: Option<usize>,
}

/// How large a world is.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scale {
    /// 30 partners, some 900 letters of history, 300 to judge.
    Small,
    /// 60 partners, some 3,000 letters of history, 600 to judge.
    Medium,
    /// 200 partners, some 16,000 letters of history, 2,000 to judge.
    Large,
}

impl Scale {
    const fn size(self) -> Size {
        match self {
            Self::Small => Size { partners: 30, deals: 2, months: 14, attacks: 1 },
            Self::Medium => Size { partners: 60, deals: 4, months: 18, attacks: 2 },
            Self::Large => Size { partners: 200, deals: 8, months: 24, attacks: 4 },
        }
    }
}

#[derive(Debug, Args)]
struct ScoreArguments {
    /// The `truth.tsv` that `make` wrote.
    #[arg(long)]
    truth: PathBuf,
    /// What `tradewind guard replay --json` printed.
    #[arg(long)]
    verdicts: PathBuf,
    #[arg(long)]
    json: bool,
    /// Also lists each letter that was judged wrongly; nothing of reserved seeds.
    #[arg(long)]
    faults: bool,
}

fn main() -> ExitCode {
    let done = match Cli::parse().what {
        What::Make(make) => make.run(),
        What::Score(arguments) => arguments.run(),
        What::Run(plan) => plan.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tradegen: {failure}");
            ExitCode::FAILURE
        }
    }
}

impl Make {
    fn run(&self) -> Result<(), String> {
        let wordings = Wordings::read(self.wordings.as_deref(), self.seed)?;
        let (past, judged) = match self.bulk {
            Some(letters) => make_bulk(self.seed, letters, &wordings, &self.out)?,
            None => make(self.seed, self.size.size(), &wordings, &self.out, self.mbox)?,
        };
        println!("{}: {past} letters of history, {judged} to judge", self.out.display());
        Ok(())
    }
}

/// Writes the world of a seed.
fn make(
    seed: u64,
    size: Size,
    wordings: &Wordings,
    out: &std::path::Path,
    mbox: bool,
) -> Result<(usize, usize), String> {
    let mut output = Output::begin(out, seed, mbox)?;
    let world = course::run(seed, size, wordings, &mut |world, is_judged, letter| {
        let own = &world.own.domain;
        if is_judged { output.judged(letter, own) } else { output.past(letter, own) }
    })?;
    output.finish(&world.own_domains())
}

fn make_bulk(seed: u64, letters: usize, wordings: &Wordings, out: &std::path::Path) -> Result<(usize, usize), String> {
    let mut output = Output::begin(out, seed, true)?;
    let world =
        course::run_bulk(seed, letters, wordings, &mut |world, _, letter| output.past(letter, &world.own.domain))?;
    output.finish(&world.own_domains())
}

impl ScoreArguments {
    fn run(&self) -> Result<(), String> {
        let score = Score::read(&self.truth, &self.verdicts)?;
        if self.json {
            println!("{:#}", score.json());
        } else {
            println!("{}", score.text());
        }
        if self.faults {
            for fault in &score.faults {
                eprintln!("{fault}");
            }
        }
        Ok(())
    }
}
