//! How fast a list of messages is shown over JMAP: the newest 50 of a mailbox with what a list shows of each.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use harness::{Failure, Outcome, Stream, Trust};

use crate::figures::{millis, rate};
use crate::machine::processor_time;

/// Requests on each connection before measuring, that warm the server up.
const WARM_UP: usize = 20;

/// Requests for lists of messages, one after the other on each connection.
#[derive(Debug, Clone, Args)]
pub(crate) struct Lists {
    /// HTTPS service of the server, `HOST:PORT`; any certificate will do.
    #[arg(long)]
    target: SocketAddr,
    /// Name to sign in with.
    #[arg(long)]
    user: String,
    /// Password.
    #[arg(long)]
    password: String,
    /// Process of the server: the processor time that it takes is told.
    #[arg(long)]
    pid: Option<u32>,
    /// Connections at the same time.
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Requests on each.
    #[arg(long, default_value_t = 1000)]
    requests: usize,
    /// Messages of a list.
    #[arg(long, default_value_t = 50)]
    messages: usize,
    /// Identifier of the mailbox that is listed; all messages if none is named.
    #[arg(long)]
    mailbox: Option<String>,
}

impl Lists {
    /// Asks and measures.
    pub(crate) fn run(&self) -> Outcome<String> {
        let request = self.request()?;
        let mut clients: Vec<Stream> = (0..self.connections)
            .map(|_| Stream::connect_tls(self.target, &Trust::Anything))
            .collect::<Outcome<_>>()?;
        for client in &mut clients {
            for _ in 0..WARM_UP {
                ask(client, &request)?;
            }
        }
        let processor = self.pid.map(processor_time).transpose()?;
        let start = Instant::now();
        let (request, count) = (&request, self.requests);
        let waits: Vec<Outcome<Vec<Duration>>> = std::thread::scope(|scope| {
            let work = |mut client: Stream| move || (0..count).map(|_| timed(&mut client, request)).collect();
            let running: Vec<_> = clients.into_iter().map(|client| scope.spawn(work(client))).collect();
            let ended = running.into_iter().map(std::thread::ScopedJoinHandle::join);
            ended.map(|ended| ended.unwrap_or_else(|_| Err(Failure::new("a client panicked")))).collect()
        });
        let took = start.elapsed();
        let mut all = Vec::new();
        for waits in waits {
            all.extend(waits?);
        }
        all.sort_unstable();
        let at = |share: usize| all.get(all.len() * share / 100).copied().map_or(0.0, millis);
        let mut told = format!(
            "{} requests on {} connections: {:.0}/s; ms at 50 %: {:.2}, at 99 %: {:.2}",
            all.len(),
            self.connections,
            rate(all.len(), took),
            at(50),
            at(99)
        );
        if let (Some(before), Some(pid)) = (processor, self.pid) {
            let used = processor_time(pid)?.saturating_sub(before);
            told.push_str(&format!("; {:.0} a second of the server's processor time", rate(all.len(), used)));
        }
        Ok(told)
    }

    /// The request with its HTTP header.
    fn request(&self) -> Outcome<Vec<u8>> {
        let authorization = STANDARD.encode(format!("{}:{}", self.user, self.password));
        let mut client = Stream::connect_tls(self.target, &Trust::Anything)?;
        let get = format!(
            "GET /jmap/session HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {authorization}\r\n\r\n",
            self.target
        );
        let session: serde_json::Value = serde_json::from_slice(&ask(&mut client, get.as_bytes())?)?;
        let account = &session["primaryAccounts"]["urn:ietf:params:jmap:mail"];
        let filter = self.mailbox.as_ref().map(|id| serde_json::json!({ "inMailbox": id }));
        let body = serde_json::json!({
            "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
            "methodCalls": [
                ["Email/query", {
                    "accountId": account, "filter": filter, "limit": self.messages,
                    "sort": [{ "property": "receivedAt", "isAscending": false }],
                }, "0"],
                ["Email/get", {
                    "accountId": account, "#ids": { "resultOf": "0", "name": "Email/query", "path": "/ids" },
                    "properties": [
                        "threadId", "mailboxIds", "keywords", "size", "receivedAt", "from", "to", "subject", "preview",
                        "hasAttachment", "header:List-Id:asText", "header:Reply-To:asAddresses",
                    ],
                }, "1"],
            ],
        })
        .to_string();
        let head = format!(
            "POST /jmap/api HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {authorization}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.target,
            body.len()
        );
        Ok((head + &body).into_bytes())
    }
}

fn timed(client: &mut Stream, request: &[u8]) -> Outcome<Duration> {
    let start = Instant::now();
    let answer = ask(client, request)?;
    if memchr::memmem::find(&answer, b"\"preview\"").is_none() {
        return Err(Failure::new(format!("no list: {}", String::from_utf8_lossy(&answer))));
    }
    Ok(start.elapsed())
}

/// Sends a request; gives the body of the answer.
pub(crate) fn ask(client: &mut Stream, request: &[u8]) -> Outcome<Vec<u8>> {
    client.send(request)?;
    let status = String::from_utf8_lossy(client.line()?).into_owned();
    let mut length = None;
    loop {
        let line = String::from_utf8_lossy(client.line()?).trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = Some(value.trim().parse::<usize>()?);
        }
    }
    let length = length.ok_or_else(|| Failure::new(format!("an answer without length: {status}")))?;
    let mut body = Vec::with_capacity(length);
    client.take(length, |piece| body.extend_from_slice(piece))?;
    if !status.starts_with("HTTP/1.1 200") {
        return Err(Failure::new(format!("{status}{}", String::from_utf8_lossy(&body))));
    }
    Ok(body)
}
