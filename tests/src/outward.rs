use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::{Failure, Options, Outcome, Tradewind, smtp, wait_until};

/// What one attempt, and the record of it, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Tradewind whose mail to other domains goes to servers of the test, and that soon loses patience with them.
pub struct Outward {
    /// The server itself.
    pub tradewind: Tradewind,
}

/// A way for mail: a domain or pattern, where it leads, and further settings of the route in TOML (`, tls = "required"`).
pub type RouteTo<'a> = (&'a str, SocketAddr, &'a str);

impl Outward {
    /// Starts it with these routes, the first that matches first, and short waits where `options` say nothing else.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(routes: &[RouteTo<'_>], options: Options) -> Outcome<Self> {
        let route =
            |(domain, to, more): &RouteTo<'_>| format!("{{ recipients = [\"{domain}\"], relay = \"{to}\"{more} }}");
        let routes: Vec<String> = routes.iter().map(route).collect();
        let options = options
            .set("delivery", "route", &format!("[{}]", routes.join(", ")))
            .set_first("delivery", "connect_seconds", "2")
            .set_first("delivery", "answer_seconds", "2")
            .set_first("delivery", "unreachable_pause_seconds", "1");
        Ok(Self { tradewind: Tradewind::start(options)? })
    }

    /// Sends a short letter of the sales account to `to`.
    ///
    /// # Errors
    /// If it is not taken.
    pub fn send(&self, to: &[&str]) -> Outcome {
        let letter = format!(
            "From: <sales@trade.test>\r\nTo: <{}>\r\nSubject: order\r\nMessage-ID: <{}>\r\n\
             Date: Tue, 24 Nov 2026 09:30:00 +0000\r\n\r\nTen pieces, please.\r\n",
            to.join(">, <"),
            to.join(".")
        );
        self.submit("", to, "", letter.as_bytes())
    }

    /// Submits `letter` of the sales account with parameters of MAIL and RCPT (each with a space before it).
    ///
    /// # Errors
    /// If it is not taken.
    pub fn submit(&self, mail: &str, to: &[&str], rcpt: &str, letter: &[u8]) -> Outcome {
        let sales = self.tradewind.account("sales")?.address;
        let mut client = self.tradewind.submission("sales")?;
        client.command(&format!("MAIL FROM:<{sales}>{mail}"))?.expect(250)?;
        for recipient in to {
            client.command(&format!("RCPT TO:<{recipient}>{rcpt}"))?.expect(250)?;
        }
        client.command("DATA")?.expect(354)?;
        client.stream.send(&smtp::for_wire(letter))?;
        client.reply()?.expect(250)?;
        client.quit()
    }

    /// What `tradewind queue` answers.
    ///
    /// # Errors
    /// If the command fails.
    pub fn queue(&self, arguments: &[&str]) -> Outcome<Value> {
        let arguments = [&["--json", "queue"], arguments].concat();
        let answer = self.tradewind.command(&arguments)?.success()?.stdout;
        Ok(serde_json::from_str(&answer)?)
    }

    /// Waits until no message is in the queue.
    ///
    /// # Errors
    /// If there still is one after half a minute.
    pub fn wait_for_empty_queue(&self) -> Outcome {
        let waited = wait_until("an empty queue", PATIENCE, || {
            let list = self.queue(&["list"])?;
            Ok(list.as_array().is_some_and(Vec::is_empty).then_some(()))
        });
        waited.map_err(|failure| failure.during(&self.tradewind.log_tail()))
    }

    /// Number of the queued message to `recipient`, if there is one.
    ///
    /// # Errors
    /// If the command fails.
    pub fn queued(&self, recipient: &str) -> Outcome<Option<String>> {
        let list = self.queue(&["list"])?;
        let is_it = |message: &&Value| message["to"].as_array().is_some_and(|to| to.iter().any(|to| to == recipient));
        Ok(list.as_array().and_then(|list| list.iter().find(is_it)).map(|message| message["id"].to_string()))
    }

    /// Waits until an attempt at `recipient` has been recorded and it waits for the next; gives what `queue show` says of it.
    ///
    /// # Errors
    /// If it has left the queue, or there is none after half a minute.
    pub fn wait_for_deferral(&self, recipient: &str) -> Outcome<Value> {
        wait_until(&format!("the deferral of {recipient}"), PATIENCE, || {
            let Some(id) = self.queued(recipient)? else {
                return Err(Failure::new(format!("{recipient} has left the queue")));
            };
            let message = self.queue(&["show", &id])?;
            let found =
                message["recipients"].as_array().and_then(|all| all.iter().find(|it| it["address"] == recipient));
            Ok(found.filter(|it| it["state"] == "waiting" && !it["last_answer"].is_null()).cloned())
        })
    }

    /// Waits for a notification in the sales mailbox that tells of `recipient`, and gives it with its fields unfolded.
    ///
    /// # Errors
    /// If there is none after half a minute.
    pub fn wait_for_report(&self, recipient: &str) -> Outcome<String> {
        let waited = wait_until(&format!("a report of {recipient}"), PATIENCE, || {
            let about = format!("Final-Recipient: rfc822; {recipient}");
            Ok(self.reports()?.into_iter().find(|report| report.contains(&about)))
        });
        waited.map_err(|failure| failure.during(&format!("{:?}", self.queue(&["list"]))))
    }

    /// All that is in the sales mailbox, with fields unfolded.
    ///
    /// # Errors
    /// If the mailbox cannot be read.
    pub fn reports(&self) -> Outcome<Vec<String>> {
        self.fetch("BODY.PEEK[]")
    }

    /// What people read of all that is in the sales mailbox: the first part of each message, decoded.
    ///
    /// # Errors
    /// If the mailbox cannot be read.
    pub fn letters(&self) -> Outcome<Vec<String>> {
        self.fetch("BINARY.PEEK[1]")
    }

    fn fetch(&self, item: &str) -> Outcome<Vec<String>> {
        let mut session = self.tradewind.imap("sales")?;
        if session.count("INBOX")? == 0 {
            return Ok(Vec::new());
        }
        session.command("SELECT INBOX")?.ok()?;
        let fetched = session.ask(&format!("FETCH 1:* {item}"))?.ok()?.kept;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace("\r\n\t", " ");
        Ok(fetched.into_iter().map(text).collect())
    }
}
