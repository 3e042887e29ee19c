//! Mail in and out: messages a second taken over from Dovecot by IMAP, taken out, and brought in, in each form.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use harness::{Chance, Dovecot, DovecotOptions, Failure, Letter, Options, Outcome, Scratch, Tradewind, run};
use serde_json::Value;

use crate::figures::{rate, short};
use crate::machine;
use crate::report::Table;

/// Longest that one command may take.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Messages of one APPEND.
const BATCH: usize = 100;

/// Mail brought and taken out.
#[derive(Debug, Clone, Args)]
pub(crate) struct Moving {
    /// Messages of the mailbox.
    #[arg(long, default_value_t = 20_000)]
    messages: usize,
    /// Octets of each.
    #[arg(long, default_value_t = 10 << 10)]
    size: usize,
}

impl Moving {
    /// Prints the table.
    pub(crate) fn run(&self) -> Outcome {
        let scratch = Scratch::new("bench-moving")?;
        let dovecot = Dovecot::start(DovecotOptions::default())?;
        let tradewind = Tradewind::start(Options::default())?;
        eprintln!("filling");
        self.fill(&dovecot)?;
        let password = scratch.file("password", format!("{}\n", Dovecot::PASSWORD))?.display().to_string();
        let (ca, port) = (dovecot.certificate.display().to_string(), dovecot.imaps.port().to_string());
        let mut table = Table::new(&["step", "messages", "seconds", "messages/s"]);
        let mut step = |name: &str, arguments: &[&str]| -> Outcome {
            let mut command = Command::new(Tradewind::binary()?);
            command.arg("--config").arg(tradewind.config()?).arg("--json").args(arguments);
            let begun = Instant::now();
            let told: Value = serde_json::from_str(run(command, PATIENCE)?.success()?.stdout.trim())?;
            let took = begun.elapsed();
            let count = ["imported", "messages"].iter().find_map(|field| told[*field].as_u64());
            let count =
                count.and_then(|count| usize::try_from(count).ok()).ok_or_else(|| Failure::new(told.to_string()))?;
            let cells = [took.as_secs_f64(), rate(count, took)].map(short);
            table.row(&[vec![name.to_owned(), count.to_string()], cells.to_vec()].concat());
            Ok(())
        };
        let imap = [
            "import",
            "imap",
            "--host",
            "localhost",
            "--port",
            &port,
            "--ca",
            &ca,
            "--user",
            "sales@trade.test",
            "--remote-user",
            "sales",
            "--password-file",
            &password,
            "--mailbox",
            "Old",
        ];
        step("by IMAP from Dovecot, first", &imap)?;
        step("by IMAP from Dovecot, nothing new", &imap)?;
        for (form, role) in [("mbox", "finance"), ("maildir", "manager"), ("zip", "admin")] {
            let user = tradewind.account(role)?.address;
            let path = scratch.join(form).display().to_string();
            let (from, folder) = ("sales@trade.test", ["--folder", "Old"]);
            step(
                &format!("out as {form}"),
                &[&["export", form, &path, "--user", from, "--reason", "measured"][..], &folder].concat(),
            )?;
            step(&format!("in from {form}"), &["import", form, &path, "--user", &user])?;
            let removed = if form == "maildir" { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed?;
        }
        println!("Machine: {}. Messages of {} octets.\n", machine::description(), self.size);
        println!("{}", table.finish());
        Ok(())
    }

    fn fill(&self, dovecot: &Dovecot) -> Outcome {
        let mut session = dovecot.session("sales")?;
        for first in (0..self.messages).step_by(BATCH) {
            let letter = |number: usize| {
                let id = format!("{number}@old.example");
                Letter { from: "a@old.example", to: "sales@trade.test", id: &id, size_bytes: self.size }
                    .build(&mut Chance::seeded(number as u64))
            };
            let letters: Vec<Vec<u8>> = (first..self.messages.min(first + BATCH)).map(letter).collect();
            let letters: Vec<&[u8]> = letters.iter().map(Vec::as_slice).collect();
            session.append("INBOX", &letters)?.ok()?;
        }
        session.logout()
    }
}
