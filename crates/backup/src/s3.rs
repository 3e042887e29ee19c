//! Repositories in an object store that speaks S3, laid out as restic does, so that it reads them too.
//!
//! Each request is signed (AWS Signature Version 4); each object is written with its SHA-256, which the store compares. An address with a
//! signature in it is shown to nobody.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use env::{Clock, SystemClock};
use reqwest::blocking::{Client, Response};
use reqwest::header::HeaderMap;
use reqwest::{Certificate, Method, StatusCode};
use rustic_core::jiff;
use rustic_core::{
    BytesList, ErrorKind, FileType, Id, ReadBackend, RepositoryBackends, RusticError, RusticResult, WriteBackend,
};
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use url::Url;

use crate::place::Access;

/// Tries of a request before its failure is told.
const TRIES: u32 = 4;

/// Wait before the second try; twice as long before each further one.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The longest that a connection may take to come about, and a request with its answer.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
const REQUEST_WAIT: Duration = Duration::from_secs(600);

/// How long a signature counts.
const SIGNED_FOR: Duration = Duration::from_secs(900);

/// Characters of an answer that are told.
const ANSWER_CHARS_MAX: usize = 300;

/// Region that stores without regions are called by.
const ANY_REGION: &str = "us-east-1";

/// The header fields of an object that is written.
const CHECKSUM: &str = "x-amz-checksum-sha256";
const LOCK_MODE: &str = "x-amz-object-lock-mode";
const LOCK_UNTIL: &str = "x-amz-object-lock-retain-until-date";

/// The field of an answer that names the version of an object.
const VERSION: &str = "x-amz-version-id";

/// Why the object store did not do what was asked.
#[derive(Debug, thiserror::Error)]
enum StoreFault {
    #[error("give the place as s3:https://HOST/BUCKET/FOLDER")]
    Place,
    #[error("no access_key and secret_key are given for it in backup.credentials_file")]
    NoCredentials,
    #[error("the authority's certificate {path}: {cause}")]
    Authority { path: String, cause: String },
    #[error("the object store cannot be reached: {0}")]
    Unreachable(String),
    #[error("the object store answers {status} to {what}: {answer}")]
    Answer { status: StatusCode, what: String, answer: String },
    #[error("the object store's list makes no sense: {0}")]
    List(String),
    #[error(
        "{key} is locked until {until}, and nobody can delete it before ({answer}); what is over stays until then, and the first backup after it deletes it"
    )]
    Locked { key: String, until: String, answer: String },
}

impl From<StoreFault> for Box<RusticError> {
    fn from(fault: StoreFault) -> Self {
        RusticError::with_source(ErrorKind::Backend, "The object store did not do what was asked.", fault)
    }
}

/// A folder of a bucket.
#[derive(Debug)]
pub(crate) struct ObjectStore {
    location: String,
    client: Client,
    bucket: Bucket,
    credentials: Credentials,
    /// Before every key; empty or with a slash at its end.
    prefix: String,
    lock_days: u32,
    has_versions: bool,
}

impl ObjectStore {
    /// The store at `location`, `s3:https://HOST/BUCKET/FOLDER`.
    pub(crate) fn backends(location: &str, access: &Access) -> RusticResult<RepositoryBackends> {
        Ok(RepositoryBackends::new(Arc::new(Self::new(location, access)?), None))
    }

    fn new(location: &str, access: &Access) -> Result<Self, StoreFault> {
        let place = location.strip_prefix("s3:").unwrap_or(location);
        let mut endpoint = Url::parse(place).map_err(|_| StoreFault::Place)?;
        let path = endpoint.path().trim_matches('/').to_owned();
        let (name, prefix) = path.split_once('/').unwrap_or((&path, ""));
        if name.is_empty() || !matches!(endpoint.scheme(), "http" | "https") || !endpoint.username().is_empty() {
            return Err(StoreFault::Place);
        }
        endpoint.set_path("/");
        if access.access_key.is_empty() || access.secret_key.expose().is_empty() {
            return Err(StoreFault::NoCredentials);
        }
        let region = if access.region.is_empty() { ANY_REGION } else { &access.region };
        let bucket = Bucket::new(endpoint, UrlStyle::Path, name.to_owned(), region.to_owned());
        let mut builder = Client::builder().connect_timeout(CONNECT_WAIT).timeout(REQUEST_WAIT);
        if let Some(path) = &access.authority {
            let told = |cause: String| StoreFault::Authority { path: path.display().to_string(), cause };
            let pem = std::fs::read(path).map_err(|error| told(error.to_string()))?;
            let certificate = Certificate::from_pem(&pem).map_err(|error| told(error.to_string()))?;
            builder = builder.add_root_certificate(certificate);
        }
        Ok(Self {
            location: location.to_owned(),
            client: builder.build().map_err(|error| StoreFault::Unreachable(error.without_url().to_string()))?,
            bucket: bucket.map_err(|_| StoreFault::Place)?,
            credentials: Credentials::new(access.access_key.clone(), access.secret_key.expose()),
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            lock_days: access.lock_days,
            has_versions: access.has_versions || access.lock_days > 0,
        })
    }

    /// Writes an object of its own name into the folder at `location`, locked as `access` says. Blocks.
    ///
    /// # Errors
    /// In words for people, with nothing of the signature.
    pub(crate) fn keep(location: &str, access: &Access, name: &str, octets: &[u8]) -> Result<(), String> {
        let store = Self::new(location, access).map_err(|fault| fault.to_string())?;
        let key = format!("{}{name}", store.prefix);
        store.put(&key, &Bytes::copy_from_slice(octets), store.lock_days > 0).map_err(|fault| fault.to_string())
    }

    fn key(&self, kind: FileType, id: &Id) -> String {
        let prefix = &self.prefix;
        let name = id.to_hex().to_string();
        match kind {
            FileType::Config => format!("{prefix}config"),
            FileType::Pack => format!("{prefix}data/{}/{name}", name.get(..2).unwrap_or_default()),
            kind => format!("{prefix}{}/{name}", kind.dirname()),
        }
    }

    /// Asks until there is an answer that another try would not better. `ask` gives an address signed for this try.
    fn ask(
        &self,
        what: &str,
        method: &Method,
        headers: &[(&str, String)],
        body: Option<&Bytes>,
        address: impl Fn() -> Url,
    ) -> Result<Response, StoreFault> {
        let (mut wait, mut tries) = (FIRST_WAIT, 1);
        loop {
            let mut request = self.client.request(method.clone(), address());
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            if let Some(body) = body {
                request = request.body(body.clone());
            }
            let fault = match request.send() {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) => {
                    let status = answer.status();
                    let text = answer.text().unwrap_or_default();
                    let fault = StoreFault::Answer { status, what: what.to_owned(), answer: told(&text) };
                    if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
                        return Err(fault);
                    }
                    fault
                }
                Err(error) => StoreFault::Unreachable(reason(error)),
            };
            if tries == TRIES {
                return Err(fault);
            }
            tracing::debug!(location = %self.location, %fault, "tried again");
            std::thread::sleep(wait);
            (wait, tries) = (wait * 2, tries + 1);
        }
    }

    fn get(&self, key: &str, range: Option<String>) -> Result<Bytes, StoreFault> {
        let headers: Vec<(&str, String)> = range.into_iter().map(|range| ("range", range)).collect();
        let sign = || self.bucket.get_object(Some(&self.credentials), key).sign(SIGNED_FOR);
        let answer = self.ask(&format!("reading {key}"), &Method::GET, &headers, None, sign)?;
        answer.bytes().map_err(|error| StoreFault::Unreachable(reason(error)))
    }

    fn put(&self, key: &str, body: &Bytes, locks: bool) -> Result<(), StoreFault> {
        let mut headers = vec![(CHECKSUM, STANDARD.encode(crypto::hash::sha256(body)))];
        if locks {
            let until = SystemClock.now().plus(Duration::from_secs(u64::from(self.lock_days) * 86_400));
            let until = jiff::Timestamp::from_millisecond(until.millis()).unwrap_or_default();
            // Stores want to be told that the request bears a checksum.
            headers.push(("x-amz-sdk-checksum-algorithm", "SHA256".to_owned()));
            headers.push((LOCK_MODE, "COMPLIANCE".to_owned()));
            headers.push((LOCK_UNTIL, until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
        }
        let sign = || {
            let mut action = self.bucket.put_object(Some(&self.credentials), key);
            for (name, value) in &headers {
                action.headers_mut().insert(*name, value.clone());
            }
            action.sign(SIGNED_FOR)
        };
        self.ask(&format!("writing {key}"), &Method::PUT, &headers, Some(body), sign).map(drop)
    }

    /// What the store says of the object, if it is there.
    fn look(&self, key: &str) -> Result<Option<HeaderMap>, StoreFault> {
        let sign = || self.bucket.head_object(Some(&self.credentials), key).sign(SIGNED_FOR);
        match self.ask(&format!("looking for {key}"), &Method::HEAD, &[], None, sign) {
            Ok(answer) => Ok(Some(answer.headers().clone())),
            Err(StoreFault::Answer { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Length of the object, if it is there.
    fn length(&self, key: &str) -> Result<Option<u64>, StoreFault> {
        let found = self.look(key)?;
        Ok(found.map(|headers| field(&headers, "content-length").and_then(|it| it.parse().ok()).unwrap_or(0)))
    }

    /// Deletes the object. Where objects can be locked the store keeps versions, and only a version that is named is deleted: all else hides it.
    fn delete(&self, key: &str) -> Result<(), StoreFault> {
        let found = if self.has_versions { self.look(key)?.unwrap_or_default() } else { HeaderMap::new() };
        let version = field(&found, VERSION);
        let sign = || {
            let mut action = self.bucket.delete_object(Some(&self.credentials), key);
            if let Some(version) = &version {
                action.query_mut().insert("versionId", version.clone());
            }
            action.sign(SIGNED_FOR)
        };
        match self.ask(&format!("deleting {key}"), &Method::DELETE, &[], None, sign) {
            Ok(_) => Ok(()),
            // With which status they say so differs among stores.
            Err(StoreFault::Answer { answer, .. })
                if answer.starts_with("AccessDenied")
                    && let Some(until) = field(&found, LOCK_UNTIL) =>
            {
                Err(StoreFault::Locked { key: key.to_owned(), until, answer })
            }
            Err(fault) => Err(fault),
        }
    }

    fn list(&self, kind: FileType) -> Result<Vec<(Id, u32)>, StoreFault> {
        let size = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX);
        if kind == FileType::Config {
            let length = self.length(&self.key(kind, &Id::default()))?;
            return Ok(length.map(|bytes| (Id::default(), size(bytes))).into_iter().collect());
        }
        let prefix = format!("{}{}/", self.prefix, kind.dirname());
        let (mut found, mut next): (Vec<(Id, u32)>, Option<String>) = (Vec::new(), None);
        loop {
            let sign = || {
                let mut action = self.bucket.list_objects_v2(Some(&self.credentials));
                action.with_prefix(prefix.clone());
                if let Some(token) = &next {
                    action.with_continuation_token(token.clone());
                }
                action.sign(SIGNED_FOR)
            };
            let answer = self.ask(&format!("listing {prefix}"), &Method::GET, &[], None, sign)?;
            let text = answer.text().map_err(|error| StoreFault::Unreachable(reason(error)))?;
            let page = ListObjectsV2::parse_response(&text).map_err(|error| StoreFault::List(error.to_string()))?;
            for object in page.contents {
                let name = object.key.rsplit('/').next().unwrap_or_default();
                // What is no name of the format is not ours.
                if let Some(id) = Id::parse_some(name, kind) {
                    found.push((id, size(object.size.unwrap_or(0))));
                }
            }
            match page.next_continuation_token {
                Some(token) => next = Some(token),
                None => return Ok(found),
            }
        }
    }
}

/// A field of an answer, as text.
fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Why a request failed, without the address, which has a signature in it.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        told = format!("{told}: {inner}");
        cause = inner.source();
    }
    told
}

/// The store's own words: code and message of its XML, or the beginning of whatever it says.
fn told(answer: &str) -> String {
    let part = |name: &str| {
        let (_, rest) = answer.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(part, _)| part)
    };
    let text = match (part("Code"), part("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => answer.to_owned(),
    };
    text.chars().filter(|it| !it.is_control()).take(ANSWER_CHARS_MAX).collect()
}

impl ReadBackend for ObjectStore {
    fn location(&self) -> String {
        self.location.clone()
    }

    fn list_with_size(&self, kind: FileType) -> RusticResult<Vec<(Id, u32)>> {
        Ok(self.list(kind)?)
    }

    fn read_full(&self, kind: FileType, id: &Id) -> RusticResult<Bytes> {
        Ok(self.get(&self.key(kind, id), None)?)
    }

    fn read_partial(&self, kind: FileType, id: &Id, _cacheable: bool, offset: u32, length: u32) -> RusticResult<Bytes> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        let last = u64::from(offset) + u64::from(length) - 1;
        Ok(self.get(&self.key(kind, id), Some(format!("bytes={offset}-{last}")))?)
    }

    fn warmup_path(&self, kind: FileType, id: &Id) -> String {
        self.key(kind, id)
    }
}

impl WriteBackend for ObjectStore {
    fn write_bytes(&self, kind: FileType, id: &Id, _cacheable: bool, content: BytesList) -> RusticResult<()> {
        let body = match content.into_vec().as_slice() {
            [one] => one.clone(),
            several => Bytes::from(several.concat()),
        };
        // Lists of what is where are written anew each time that something is deleted, and can be made from the rest: they are not locked.
        let locks = self.lock_days > 0 && kind != FileType::Index;
        Ok(self.put(&self.key(kind, id), &body, locks)?)
    }

    fn remove(&self, kind: FileType, id: &Id, _cacheable: bool) -> RusticResult<()> {
        Ok(self.delete(&self.key(kind, id))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(location: &str) -> Result<ObjectStore, StoreFault> {
        let secret_key = "hush".to_owned().into();
        let access = Access { access_key: "writer".to_owned(), secret_key, ..Access::default() };
        ObjectStore::new(location, &access)
    }

    #[test]
    fn objects_lie_where_restic_looks_for_them() {
        let id = Id::default();
        let name = "0".repeat(64);
        let deep = store("s3:https://s3.example:9000/bucket/mail/one/").unwrap();
        assert_eq!(deep.bucket.base_url().as_str(), "https://s3.example:9000/bucket/");
        assert_eq!(deep.key(FileType::Config, &id), "mail/one/config");
        assert_eq!(deep.key(FileType::Pack, &id), format!("mail/one/data/00/{name}"));
        assert_eq!(store("s3:http://s3.example/bucket").unwrap().key(FileType::Key, &id), format!("keys/{name}"));
    }

    #[test]
    fn a_place_that_is_none_is_told() {
        for place in
            ["s3:bucket/mail", "s3:https://s3.example/", "s3:ftp://s3.example/bucket", "s3:https://me@s3.example/b"]
        {
            assert!(matches!(store(place), Err(StoreFault::Place)), "{place}");
        }
        let keyless = ObjectStore::new("s3:https://s3.example/bucket", &Access::default());
        assert!(matches!(keyless, Err(StoreFault::NoCredentials)));
    }

    #[test]
    fn an_answer_is_told_in_short() {
        let xml =
            "<Error><Code>AccessDenied</Code><Message>not with this key</Message><RequestId>1</RequestId></Error>";
        assert_eq!(told(xml), "AccessDenied: not with this key");
        assert_eq!(told(&"<html>\n".repeat(200)).len(), ANSWER_CHARS_MAX);
    }
}
