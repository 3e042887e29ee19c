//! Checkpoints posted to addresses on the Web and sent by letter, and time stamps of others on them (RFC 3161).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use audit::witness::{handed, keep_stamp, newest, note_handed};
use backup::{Accesses, keep_object};
use bytes::Bytes;
use crypto::tls::{ClientTls, Roots};
use env::Timestamp;
use env::dns::Resolver;
use identity::Language;
use letters::{Letter, Mailer, Texts};
use mail::Address;
use mail::notice::{self, Notice};
use net::{Https, HttpsAnswer, PlainHttp};
use smime::{Certificate, Trust, stamp};
use store::Store;
use url::Url;

use crate::settings::AuditSettings;

/// Longest time for one answer.
const WAIT: Duration = Duration::from_secs(30);

/// Octets of an answer that are read.
const ANSWER_OCTETS_MAX: usize = 64 << 10;

/// Under this name stands what was stamped.
const STAMP: &str = "stamp";

/// Hands checkpoints on to who is far away.
pub(super) struct Elsewhere {
    pub(super) store: Store,
    pub(super) mailer: Mailer,
    pub(super) dns: Arc<dyn Resolver>,
    pub(super) settings: AuditSettings,
    /// File with what opens buckets.
    pub(super) credentials: PathBuf,
}

impl Elsewhere {
    /// Gives the newest checkpoint to everybody who does not have it and is due. What fails is logged, and done at the next time.
    pub(super) async fn hand_on(&self) {
        let (size, checkpoint) = match self.store.read(newest).await {
            Ok(Some(newest)) => newest,
            Ok(None) => return,
            Err(error) => return tracing::error!(%error, "the newest checkpoint cannot be read"),
        };
        for url in &self.settings.witness_urls {
            self.once(url, size, Duration::ZERO, self.post_checkpoint(url, &checkpoint)).await;
        }
        for bucket in &self.settings.witness_buckets {
            self.once(bucket, size, Duration::ZERO, self.put_into(bucket, size, &checkpoint)).await;
        }
        let daily = Duration::from_secs(self.settings.witness_hours.max(1) * 3_600);
        for address in &self.settings.witness_addresses {
            self.once(address, size, daily, self.write_to(address, size, &checkpoint)).await;
        }
        if let Some(url) = &self.settings.stamp_url {
            self.once(STAMP, size, daily, self.stamp(url, size, &checkpoint)).await;
        }
    }

    /// Does `work` for `place` if it has no checkpoint so new and the last time is longer ago than `every`.
    async fn once(&self, place: &str, size: u64, every: Duration, work: impl Future<Output = Result<(), String>>) {
        let wanted = place.to_owned();
        let is_due = match self.store.read(move |tx| handed(tx, &wanted)).await {
            Ok(Some((last, at))) => last < size && self.now().since(at) >= every,
            Ok(None) => true,
            Err(error) => return tracing::error!(%error, "what was handed on cannot be read"),
        };
        if !is_due {
            return;
        }
        if let Err(error) = work.await {
            return tracing::error!(place, error, "a checkpoint of the audit log cannot be handed on; the next one is");
        }
        let place = place.to_owned();
        if let Err(error) = self.store.write(move |tx| note_handed(tx, &place, size)).await {
            tracing::error!(%error, "that a checkpoint was handed on cannot be noted");
        }
    }

    async fn post_checkpoint(&self, url: &str, checkpoint: &str) -> Result<(), String> {
        let body = Bytes::from(checkpoint.to_owned());
        self.post(url, "text/plain; charset=utf-8", body).await.map(drop)
    }

    async fn put_into(&self, bucket: &str, size: u64, checkpoint: &str) -> Result<(), String> {
        let (file, bucket, checkpoint) = (self.credentials.clone(), bucket.to_owned(), checkpoint.to_owned());
        let work = move || {
            let access = Accesses::read(&file)?.of(&bucket);
            keep_object(&bucket, &access, &format!("checkpoint-{size:020}"), checkpoint.as_bytes())
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(kept) => kept.map_err(|error| error.to_string()),
            Err(_) => Err("the work on a bucket panicked".to_owned()),
        }
    }

    /// A letter with the checkpoint, from the first domain that is hosted here.
    async fn write_to(&self, to: &str, size: u64, checkpoint: &str) -> Result<(), String> {
        let to = Address::parse(to).map_err(|error| format!("audit.witness_addresses: {to}: {error}"))?;
        let domains = self.store.read(|tx| identity::list_domains(tx, None)).await;
        let domain = domains.map_err(|error| error.to_string())?.into_iter().next();
        let domain = domain.ok_or("no domain is hosted here yet, from which a letter could come")?;
        let (language, size) = (Language::English, size.to_string());
        let texts = Texts::of(language);
        let values = [("host", self.mailer.hostname()), ("size", &size), ("checkpoint", checkpoint)];
        let (from_name, subject) = (texts.say("notice-from", &[]), texts.say("audit-witness-subject", &values));
        let text = texts.say("audit-witness", &values);
        let letter = Notice {
            from_name: &from_name,
            from_domain: &domain.name,
            reply_to: None,
            to: &to,
            subject: &subject,
            text: &text,
            language: language.as_str(),
        };
        let raw = notice::build(&letter, self.now(), &self.mailer.message_id());
        let letter =
            Letter { utf8: !to.is_ascii_capable(), ..Letter::new(domain.organisation, vec![to.to_string()], raw) };
        let ready = self.mailer.ready(letter).await.map_err(|error| error.to_string())?;
        self.store.write(move |tx| ready.post(tx)).await.map(drop).map_err(|error| error.to_string())
    }

    /// Has the checkpoint stamped by the authority at `url`; keeps what it gives if it holds.
    async fn stamp(&self, url: &str, size: u64, checkpoint: &str) -> Result<(), String> {
        let file = self.settings.stamp_authorities.as_deref();
        let trust =
            trust(file.ok_or("set audit.stamp_authorities: without it nobody's time stamp is believed")?).await?;
        let hash = crypto::hash::sha256(checkpoint.as_bytes());
        let mut nonce = [0; 8];
        self.store.context().entropy.fill(&mut nonce);
        let nonce = u64::from_be_bytes(nonce);
        let body = Bytes::from(stamp::request(&hash, nonce));
        let answer = self.post(url, "application/timestamp-query", body).await?;
        let stamped = stamp::read_answer(&answer.body, &hash, nonce, &trust, self.now());
        let stamped = stamped.map_err(|fault| format!("{url}: {fault}"))?;
        tracing::info!(at = %stamped.at, by = stamped.by, size, "a checkpoint of the audit log was stamped");
        let kept = self.store.write(move |tx| keep_stamp(tx, size, stamped.at, &stamped.token)).await;
        kept.map_err(|error| error.to_string())
    }

    /// Posts to an address, over TLS if it says so; time stamps are signed and need none.
    async fn post(&self, url: &str, media_type: &str, body: Bytes) -> Result<HttpsAnswer, String> {
        let parsed = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
        let host = parsed.host_str().ok_or_else(|| format!("{url}: names no host"))?;
        let path =
            parsed.query().map_or_else(|| parsed.path().to_owned(), |query| format!("{}?{query}", parsed.path()));
        let port = parsed.port_or_known_default().ok_or_else(|| format!("{url}: is neither http nor https"))?;
        let address = intel::address_of(&*self.dns, host, port).await.map_err(|error| format!("{url}: {error}"))?;
        let answer = if parsed.scheme() == "https" {
            let roots = match &self.settings.elsewhere_ca {
                Some(file) => Roots::only(std::slice::from_ref(file)),
                None => Roots::system(&[]),
            };
            let tls =
                ClientTls::verified(&roots.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
            let https = Https { host, address, tls: &tls, wait: WAIT, body_bytes_max: ANSWER_OCTETS_MAX };
            https.post(&path, media_type, body).await
        } else {
            let authority = format!("{host}:{port}");
            let http = PlainHttp { authority: &authority, address, wait: WAIT, body_bytes_max: ANSWER_OCTETS_MAX };
            http.post(&path, media_type, body).await
        };
        let answer = answer.map_err(|error| format!("{url}: {error}"))?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(format!("{url}: answers with status {}", answer.status))
    }

    fn now(&self) -> Timestamp {
        self.store.context().clock.now()
    }
}

/// The authorities of time stamps in a file, in PEM.
async fn trust(file: &Path) -> Result<Trust, String> {
    let failed = |error: &dyn std::fmt::Display| format!("audit.stamp_authorities: {}: {error}", file.display());
    let octets = tokio::fs::read(file).await.map_err(|error| failed(&error))?;
    let roots = Certificate::read_file(&octets).map_err(|fault| failed(&fault))?;
    Ok(Trust::new(&roots).map_err(|fault| failed(&fault))?.of_time_stamps())
}
