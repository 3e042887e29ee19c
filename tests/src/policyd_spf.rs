use std::process::Command;
use std::time::Duration;

use crate::{Bind, Failure, Outcome, Port53, Scratch, run};

/// What all questions together may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A question about a client: its address, what it calls itself, and the sender that it names.
pub type SpfQuestion<'a> = (&'a str, &'a str, &'a str);

/// What `policyd-spf`, as Postfix asks it, says to each question about the sender, by records of `names`: `pass`, `fail` and so on
/// (RFC 8601 section 2.7.2). Needs root.
///
/// # Errors
/// If it cannot be run, or answers fewer questions.
pub fn policyd_verdicts(names: &Bind, questions: &[SpfQuestion<'_>]) -> Outcome<Vec<String>> {
    let scratch = Scratch::new("policyd")?;
    let config = "debugLevel = 0\nTestOnly = 0\nHELO_reject = No_Check\nMail_From_reject = False\nHeader_Type = SPF\n\
                  Lookup_Time = 20\nskip_addresses = 127.0.0.0/8\n";
    let config = scratch.file("policyd-spf.conf", config)?;
    let mut asked = String::new();
    for (number, (client, helo, sender)) in questions.iter().enumerate() {
        asked.push_str(&format!(
            "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address={client}\nclient_name=unknown\n\
             helo_name={helo}\nsender={sender}\nrecipient=ops@receiver.test\ninstance={number}\n\n"
        ));
    }
    let asked = scratch.file("asked", asked)?;
    let mut command = Command::new("sh");
    command.args(["-c", "exec policyd-spf \"$0\" < \"$1\""]).arg(config).arg(asked);
    let finished = run(Port53::of(names)?.naming(&command), PATIENCE)?;
    let words: Vec<String> = finished
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("action=prepend Received-SPF: "))
        .filter_map(|rest| rest.split_ascii_whitespace().next())
        .map(str::to_ascii_lowercase)
        .collect();
    if words.len() == questions.len() {
        return Ok(words);
    }
    Err(Failure::new(format!("{} answers to {} questions: {finished:?}", words.len(), questions.len())))
}
