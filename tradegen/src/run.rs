//! Many seeds: each is made, replayed by `tradewind guard replay` and scored.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::Scale;
use crate::score::Score;
use crate::wordings::Wordings;

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// First and last seed, as `10000-10049`.
    #[arg(long, value_parser = seeds)]
    seeds: (u64, u64),
    #[arg(long, value_enum, default_value = "small")]
    size: Scale,
    /// The program that judges; beside this one, or in the path, unless named.
    #[arg(long)]
    tradewind: Option<PathBuf>,
    /// Where the worlds are written, one at a time; each is removed when it is scored.
    #[arg(long, default_value = "tradegen-run")]
    work: PathBuf,
    /// Keeps worlds and verdicts.
    #[arg(long)]
    keep: bool,
    /// A directory with wordings in place of those shipped.
    #[arg(long)]
    wordings: Option<PathBuf>,
    #[arg(long)]
    json: bool,
    /// A file for each letter that was judged wrongly; nothing of reserved seeds.
    #[arg(long)]
    faults: Option<PathBuf>,
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text}: {error}; as 1-50"));
    let (first, last) = (number(first)?, number(last)?);
    if first > last { Err(format!("{first} is after {last}")) } else { Ok((first, last)) }
}

impl Plan {
    pub(crate) fn run(&self) -> Result<(), String> {
        let mut total = Score::default();
        for seed in self.seeds.0..=self.seeds.1 {
            let score = self.seed(seed)?;
            let (_, caught) = score.shares().swap_remove(0);
            eprintln!("seed {seed}: {} of {} attacks caught", caught.hits, caught.all);
            total.join(score);
        }
        if let Some(path) = &self.faults {
            let lines: String = total.faults.iter().map(|fault| format!("{fault}\n")).collect();
            fs::write(path, lines).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        if self.json {
            println!("{:#}", total.json());
        } else {
            println!("{}", total.text());
        }
        Ok(())
    }

    fn seed(&self, seed: u64) -> Result<Score, String> {
        let directory = self.work.join(format!("seed-{seed}"));
        let wordings = Wordings::read(self.wordings.as_deref(), seed)?;
        crate::make(seed, self.size.size(), &wordings, &directory, false)?;
        let verdicts = directory.join("verdicts.jsonl");
        self.replay(&directory, &verdicts)?;
        let score = Score::read(&directory.join("truth.tsv"), &verdicts)?;
        if !self.keep {
            fs::remove_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        }
        Ok(score)
    }

    fn replay(&self, directory: &Path, verdicts: &Path) -> Result<(), String> {
        let program = self.tradewind.clone().or_else(beside).unwrap_or_else(|| PathBuf::from("tradewind"));
        let out = File::create(verdicts).map_err(|error| format!("{}: {error}", verdicts.display()))?;
        let domains = directory.join("own-domains.txt");
        let domains = fs::read_to_string(&domains).map_err(|error| format!("{}: {error}", domains.display()))?;
        let mut command = Command::new(&program);
        command.args(["guard", "replay", "--json", "--history"]).arg(directory.join("history"));
        for domain in domains.lines() {
            command.args(["--own-domain", domain]);
        }
        command.arg("--messages").arg(directory.join("messages"));
        let output = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| format!("{}: {error}; build it, or name it with --tradewind", program.display()))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{} guard replay: {}: {}", program.display(), output.status, said.trim()))
    }
}

/// The program in the directory of this one.
fn beside() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.with_file_name("tradewind");
    path.exists().then_some(path)
}
