//! Wake-ups between nodes through LISTEN and NOTIFY.
//!
//! Sent after the commit, in transactions of their own that wait for no disk: NOTIFY inside a transaction makes all
//! committing transactions of the server wait for one another, each with a sync of its own. What is lost when a node dies in
//! between is a wake-up, never a change; see `docs/decisions`.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client};

use super::Server;
use crate::notice::Notice;
use crate::{Context, StoreError};

/// The channel that the nodes of one database share.
const CHANNEL: &str = "tradewind";

/// Notices that wait to be sent; beyond it the other nodes are told to look everywhere.
const WAITING_MAX: usize = 4096;

/// Bytes of one notification; PostgreSQL refuses 8,000.
const PAYLOAD_BYTES_MAX: usize = 7000;

/// Waits before a lost connection is made again.
const BACKOFF_MIN: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// How often the connection is tried while nothing is to be said, and how long an answer may take.
const HEARTBEAT: Duration = Duration::from_secs(30);
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// How long a stopping store waits for the last wake-ups to go out.
const STOP_WAIT: Duration = Duration::from_secs(2);

/// Stands for all notices in a payload.
const ALL: &str = "*";

/// Sends this node's notices to the others and publishes theirs.
pub(super) struct Broadcast {
    waiting: Mutex<Option<mpsc::Sender<Notice>>>,
    overflow: Arc<AtomicBool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Broadcast {
    pub(super) fn start(server: Server, context: Arc<Context>) -> Self {
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        let overflow = Arc::new(AtomicBool::new(false));
        let node = format!("{:016x}", context.entropy.next_u64());
        let relay = Relay { server, context, node, waiting, overflow: Arc::clone(&overflow) };
        let task = tokio::spawn(relay.run());
        Self { waiting: Mutex::new(Some(sender)), overflow, task: Mutex::new(Some(task)) }
    }

    /// Tells the other nodes, without waiting.
    pub(super) fn send(&self, notices: &[Notice]) {
        let waiting = self.waiting.lock();
        let Some(sender) = waiting.as_ref() else { return };
        for notice in notices {
            if sender.try_send(*notice).is_err() {
                self.overflow.store(true, Ordering::Relaxed);
            }
        }
    }

    pub(super) async fn stop(&self) {
        drop(self.waiting.lock().take());
        let task = self.task.lock().take();
        if let Some(mut task) = task
            && tokio::time::timeout(STOP_WAIT, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
    }
}

struct Relay {
    server: Server,
    context: Arc<Context>,
    /// Marks what this node has sent, which it has published already.
    node: String,
    waiting: mpsc::Receiver<Notice>,
    overflow: Arc<AtomicBool>,
}

impl Relay {
    async fn run(mut self) {
        let mut wait = BACKOFF_MIN;
        loop {
            match self.serve(&mut wait).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "wake-ups between nodes are interrupted"),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(BACKOFF_MAX);
        }
    }

    /// Relays until the store stops, or the connection fails.
    async fn serve(&mut self, wait: &mut Duration) -> Result<(), StoreError> {
        let (client, mut connection) = self.server.config.connect(self.server.tls.clone()).await?;
        let (context, node) = (Arc::clone(&self.context), self.node.clone());
        let mut driving = tokio::spawn(async move {
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                match message {
                    Ok(AsyncMessage::Notification(notification)) => hear(&context, &node, notification.payload()),
                    Ok(_) => {}
                    Err(error) => return Some(error),
                }
            }
            None
        });
        let outcome = tokio::select! {
            outcome = self.talk(&client, wait) => outcome,
            ended = &mut driving => Err(match ended {
                Ok(Some(error)) => error.into(),
                _ => StoreError::Unreachable { cause: "the server closed the connection".into() },
            }),
        };
        driving.abort();
        outcome
    }

    async fn talk(&mut self, client: &Client, wait: &mut Duration) -> Result<(), StoreError> {
        client.batch_execute("SET synchronous_commit = off; LISTEN tradewind").await?;
        *wait = BACKOFF_MIN;
        // What the others said while nobody listened is lost.
        self.context.notices.publish_all();
        let mut batch = Vec::new();
        loop {
            if self.overflow.swap(false, Ordering::Relaxed) {
                let told = self.tell(client, &format!("{} {ALL}", self.node)).await;
                told.inspect_err(|_| self.overflow.store(true, Ordering::Relaxed))?;
            }
            batch.clear();
            match tokio::time::timeout(HEARTBEAT, self.waiting.recv_many(&mut batch, WAITING_MAX)).await {
                Ok(0) => return Ok(()),
                Ok(_) => {
                    for payload in payloads(&self.node, &batch) {
                        let told = self.tell(client, &payload).await;
                        told.inspect_err(|_| self.overflow.store(true, Ordering::Relaxed))?;
                    }
                }
                Err(_) => answered(client.batch_execute("")).await?,
            }
        }
    }

    async fn tell(&self, client: &Client, payload: &str) -> Result<(), StoreError> {
        answered(async { client.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &payload]).await.map(drop) }).await
    }
}

async fn answered(asking: impl Future<Output = Result<(), tokio_postgres::Error>>) -> Result<(), StoreError> {
    match tokio::time::timeout(ANSWER_WAIT, asking).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Unreachable { cause: "the server does not answer".into() }),
    }
}

/// The notices of `batch`, each once, in as few payloads as hold them: the sender, then the notices.
fn payloads(node: &str, batch: &[Notice]) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut payloads = Vec::new();
    let mut payload = node.to_owned();
    for notice in batch.iter().filter(|notice| seen.insert(**notice)) {
        payload.push(' ');
        notice.write(&mut payload);
        if payload.len() > PAYLOAD_BYTES_MAX {
            payloads.push(std::mem::replace(&mut payload, node.to_owned()));
        }
    }
    if payload.len() > node.len() {
        payloads.push(payload);
    }
    payloads
}

/// Publishes what another node said. Words of newer programs are passed over.
fn hear(context: &Context, node: &str, payload: &str) {
    let mut words = payload.split(' ');
    if words.next() == Some(node) {
        return;
    }
    for word in words {
        if word == ALL {
            context.notices.publish_all();
        } else if let Some(notice) = Notice::read(word) {
            context.notices.publish(notice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_stay_below_the_servers_limit_and_say_each_thing_once() {
        let mut batch: Vec<Notice> = (0..2_000).map(|account| Notice::Account(i64::MAX - account)).collect();
        batch.extend([Notice::Queue, Notice::SignIns(7), Notice::Jobs, Notice::Queue]);
        let payloads = payloads("0123456789abcdef", &batch);
        assert!(payloads.iter().all(|payload| payload.len() < 8000));
        let read: Vec<Notice> =
            payloads.iter().flat_map(|payload| payload.split(' ').skip(1)).filter_map(Notice::read).collect();
        batch.pop();
        assert_eq!(read, batch);
    }
}
