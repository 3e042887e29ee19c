//! How fast the web application is in Chromium, before a server whose inbox is full.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use harness::{Failure, Options, Outcome, Tradewind};

use crate::imap::Work;

/// Size of the messages in bytes.
const LETTER_BYTES: usize = 2048;

/// Fills an inbox and has `web/bench/page.mjs` look at it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Pages {
    /// Messages in the inbox.
    #[arg(long, default_value_t = 100_000)]
    fill: usize,
    /// Messages that are opened one after the other to see what memory that takes.
    #[arg(long, default_value_t = 1000)]
    opened: usize,
}

impl Pages {
    /// Measures; gives a table.
    pub(crate) fn run(&self) -> Outcome<String> {
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
        let built: PathBuf =
            web.join("dist").canonicalize().map_err(|_| Failure::new("web/dist is missing; run: make web"))?;
        let directory = format!("{:?}", built.display().to_string());
        let tradewind = Tradewind::start(Options::default().set("web", "directory", &directory))?;
        let access = tradewind.access("sales")?;
        let work = Work::filling(tradewind.listen("imaps")?, &access.user, &access.password, self.fill, LETTER_BYTES);
        eprintln!("filled in {:.1} s", work.only_fill("INBOX")?.as_secs_f64());
        let settings: serde_json::Value =
            serde_json::from_str(tradewind.command(&["--json", "config", "show"])?.success()?.stdout.trim())?;
        let host = settings["server"]["hostname"].as_str().ok_or_else(|| Failure::new("no host name"))?.to_owned();
        let told = Command::new("node")
            .arg("bench/page.mjs")
            .current_dir(&web)
            .env("WEB_HOST", host)
            .env("WEB_PORT", tradewind.listen("https")?.port().to_string())
            .env("IMAP_USER", &access.user)
            .env("IMAP_PASSWORD", &access.password)
            .env("BENCH_OPENED", self.opened.to_string())
            .stderr(std::process::Stdio::inherit())
            .output()?;
        if !told.status.success() {
            return Err(Failure::new(format!("web/bench/page.mjs failed\n{}", tradewind.log_tail())));
        }
        Ok(String::from_utf8_lossy(&told.stdout).into_owned())
    }
}
