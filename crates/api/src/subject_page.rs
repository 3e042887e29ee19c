//! The page on which a stranger asks about his data, without an account. What he leaves enters the register once he has followed the link that is mailed
//! to the address which he names, so that nobody asks in another's name. Whatever is left, the page answers the same: it tells nobody whom we know.

use std::collections::HashMap;
use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ::subjects::{Kind, Left, Regime, SubjectError};
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use env::{Outlook, Timestamp};
use identity::Language;
use parking_lot::Mutex;
use serde::Deserialize;
use store::Tx;

use crate::actions::{Controls, tell_of_request};
use crate::harden;
use crate::web::{Page, escape, is_from_our_page, language_of};

/// Where the page is.
const PATH: &str = "/privacy";

/// Octets of what is left.
const FORM_BYTES_MAX: usize = 16 << 10;

/// Requests of one network, and of all together, that are taken in an hour.
const NETWORK_MAX: u32 = 5;
const ALL_MAX: u32 = 200;

const HOUR: Duration = Duration::from_secs(3_600);

struct Desk {
    controls: Controls,
    counts: Mutex<Counts>,
}

/// What came in this hour.
#[derive(Default)]
struct Counts {
    since: Timestamp,
    all: u32,
    by_network: HashMap<IpAddr, u32>,
}

impl Counts {
    /// Whether one more of a network is taken.
    fn admit(&mut self, now: Timestamp, address: IpAddr) -> bool {
        if now.since(self.since) >= HOUR {
            *self = Self { since: now, ..Self::default() };
        }
        let of_network = self.by_network.get(&network(address)).copied().unwrap_or(0);
        if self.all >= ALL_MAX || of_network >= NETWORK_MAX {
            return false;
        }
        self.all += 1;
        self.by_network.insert(network(address), of_network + 1);
        true
    }
}

/// The network that an address counts for: itself, or the 64 bits that a household has of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// The page, to be served over HTTPS.
pub fn subject_page(controls: Controls) -> Router {
    let desk = Arc::new(Desk { controls, counts: Mutex::default() });
    Router::new()
        .route(PATH, get(form).post(leave))
        .route(&format!("{PATH}/{{token}}"), get(ask).post(confirm))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn(harden))
        .with_state(desk)
}

#[derive(Deserialize)]
struct Wanted {
    lang: Option<String>,
}

impl Wanted {
    fn language(&self, headers: &HeaderMap) -> Language {
        match self.lang.as_deref() {
            Some(lang) if lang.starts_with("zh") => Language::Chinese,
            Some(_) => Language::English,
            None => language_of(headers),
        }
    }
}

/// What is filled in.
#[derive(Debug, Clone, Default, Deserialize)]
struct Filled {
    #[serde(default)]
    company: String,
    kind: String,
    law: String,
    name: String,
    address: String,
    #[serde(default)]
    note: String,
    lang: String,
    /// People do not see this field; what fills in every field does.
    #[serde(default)]
    website: String,
}

async fn form(State(desk): State<Arc<Desk>>, Query(wanted): Query<Wanted>, headers: HeaderMap) -> Response {
    let language = wanted.language(&headers);
    if !desk.is_open() {
        return told(language, StatusCode::NOT_FOUND, "privacy-closed");
    }
    desk.filled_in(language, &Filled::default(), None).await
}

async fn leave(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(filled): Form<Filled>,
) -> Response {
    let language: Language = filled.lang.parse().unwrap_or(Language::English);
    if !desk.is_open() {
        return told(language, StatusCode::NOT_FOUND, "privacy-closed");
    }
    if !is_from_our_page(&headers) {
        return told(language, StatusCode::FORBIDDEN, "privacy-elsewhere");
    }
    let now = desk.controls.store.context().clock.now();
    if !desk.counts.lock().admit(now, peer.ip()) {
        return told(language, StatusCode::TOO_MANY_REQUESTS, "privacy-later");
    }
    if !filled.website.is_empty() {
        return told(language, StatusCode::OK, "privacy-left");
    }
    match desk.take(&filled, language).await {
        Ok(_) => told(language, StatusCode::OK, "privacy-left"),
        Err(SubjectError::Part { part, .. }) => desk.filled_in(language, &filled, Some(part)).await,
        Err(error) => failed(language, &error),
    }
}

async fn ask(
    State(desk): State<Arc<Desk>>,
    Path(token): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let shown = token.clone();
    let found = match desk.controls.store.read(move |tx| ::subjects::unproved(tx, &shown)).await {
        Ok(found) => found,
        Err(error) => return failed(wanted.language(&headers), &error),
    };
    let language: Language = found.left.language.parse().unwrap_or(Language::English);
    let page = Page::new(language, "privacy-title");
    let kind = page.plain(&format!("privacy-kind-{}", found.left.kind));
    let values =
        [("kind", kind.as_str()), ("name", found.left.name.as_str()), ("address", found.left.address.as_str())];
    let button = page.form(&format!("{PATH}/{}", escape(&token)), &[], "", ("first", "privacy-confirm"));
    let page = page.paragraph("", "privacy-ask", &values).words("quiet", &found.left.note).html(&button);
    page.respond()
}

async fn confirm(State(desk): State<Arc<Desk>>, Path(token): Path<String>) -> Response {
    let settings = desk.controls.elsewhere.subjects();
    match desk.controls.store.write(move |tx| ::subjects::prove(tx, &token, &settings)).await {
        Ok(request) => {
            tell_of_request(&desk.controls, &request).await;
            let due = request.due.to_string();
            let day = due.get(..10).unwrap_or_default();
            let number = request.id.to_string();
            Page::new(request.language, "privacy-title")
                .paragraph("", "privacy-entered", &[("id", number.as_str()), ("due", day)])
                .respond()
        }
        Err(error) => failed(Language::English, &error),
    }
}

impl Desk {
    fn is_open(&self) -> bool {
        self.controls.elsewhere.subjects().public_page
    }

    /// Keeps what was left for the organisation that is meant, and mails the link. Where no such organisation is, nothing is done and nothing told of it.
    async fn take(&self, filled: &Filled, language: Language) -> Result<bool, SubjectError> {
        let left = Left {
            kind: filled.kind.clone(),
            law: filled.law.clone(),
            name: filled.name.clone(),
            address: filled.address.clone(),
            language: language.as_str().to_owned(),
            note: filled.note.clone(),
        };
        let company = filled.company.clone();
        let find = move |tx: &mut Tx<'_>| meant(tx, &company);
        let Some(organisation) = self.controls.store.read(find).await? else { return Ok(false) };
        let base = format!("{}{PATH}", self.controls.elsewhere.portal().account_url);
        ::subjects::leave(&self.controls.store, &self.controls.mailer, (organisation, &base), &left).await
    }

    /// The form, with what was filled in before and what is wrong with it.
    async fn filled_in(&self, language: Language, filled: &Filled, wrong: Option<&str>) -> Response {
        let several = self.controls.store.read(identity::list_organisations).await.map_or(0, |all| all.len()) > 1;
        let mut page = Page::new(language, "privacy-title").paragraph("", "privacy-about", &[]);
        if let Some(part) = wrong {
            page = page.status(StatusCode::BAD_REQUEST).paragraph(
                "error",
                &format!("privacy-wrong-{}", word_of(part)),
                &[],
            );
        }
        let choice = |key: &str, name: &str, words: &[&'static str], chosen: &str| {
            let mut html = format!("<label>{}<select name=\"{name}\" required>", page.say(key, &[]));
            for word in words {
                let is = if *word == chosen { " selected" } else { "" };
                let label = page.say(&format!("privacy-{name}-{word}"), &[]);
                let _ = write!(html, "<option value=\"{word}\"{is}>{label}</option>");
            }
            html + "</select></label>"
        };
        let value = |text: &str| format!("value=\"{}\"", escape(text));
        let kinds: Vec<&str> = Kind::ALL.iter().map(|it| it.as_str()).collect();
        let laws: Vec<&str> = Regime::ALL.iter().map(|it| it.as_str()).collect();
        let mut inside = String::new();
        if several {
            inside += &page.field(
                "privacy-company",
                "company",
                &format!("type=\"text\" required maxlength=\"200\" {}", value(&filled.company)),
            );
        }
        inside += &choice("privacy-kind", "kind", &kinds, &filled.kind);
        inside += &choice("privacy-law", "law", &laws, &filled.law);
        inside += &page.field(
            "privacy-name",
            "name",
            &format!("type=\"text\" required maxlength=\"200\" autocomplete=\"name\" {}", value(&filled.name)),
        );
        let attributes =
            format!("type=\"email\" required maxlength=\"254\" autocomplete=\"email\" {}", value(&filled.address));
        inside += &page.field("privacy-address", "address", &attributes);
        let note = escape(&filled.note);
        let _ = write!(
            inside,
            "<label>{}<textarea name=\"note\" rows=\"5\" maxlength=\"1000\">{note}</textarea></label>\
             <p hidden><label>Website<input name=\"website\" tabindex=\"-1\" autocomplete=\"off\"></label></p>",
            page.say("privacy-note", &[])
        );
        let form = page.form(PATH, &[("lang", language.as_str())], &inside, ("first", "privacy-send"));
        let (other, name) = if language == Language::Chinese { ("en", "English") } else { ("zh", "中文") };
        let switch = format!("<p class=\"quiet\"><a href=\"{PATH}?lang={other}\" lang=\"{other}\">{name}</a></p>");
        page.html(&form).paragraph("quiet", "privacy-then", &[]).html(&switch).respond()
    }
}

/// The organisation that is meant by one of its domains; the only one if there is no other.
fn meant(tx: &mut Tx<'_>, company: &str) -> Result<Option<i64>, SubjectError> {
    let all = identity::list_organisations(tx)?;
    if let [only] = all.as_slice() {
        return Ok(Some(only.id));
    }
    let company = company.trim();
    let domain = company.rsplit_once('@').map_or(company, |(_, domain)| domain);
    let Ok(domain) = mail::domain::canonical(domain) else { return Ok(None) };
    Ok(identity::find_domain(tx, &domain)?.map(|found| found.organisation))
}

/// The word of a part in the catalogue.
fn word_of(part: &str) -> &'static str {
    match part {
        "the name" => "name",
        "the address" => "address",
        "the note" => "note",
        _ => "choice",
    }
}

fn told(language: Language, status: StatusCode, key: &str) -> Response {
    Page::new(language, "privacy-title").status(status).paragraph("", key, &[]).respond()
}

/// Says no more than what whoever has the link needs.
fn failed(language: Language, error: &SubjectError) -> Response {
    match error {
        SubjectError::NoLink => told(language, StatusCode::GONE, "privacy-gone"),
        error if error.outlook() == Outlook::Permanent => {
            tracing::warn!(%error, "a request about data that a stranger left cannot be taken");
            told(language, StatusCode::OK, "privacy-left")
        }
        error => {
            tracing::error!(%error, "a request about data that a stranger left cannot be taken now");
            told(language, StatusCode::SERVICE_UNAVAILABLE, "privacy-failed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_does_not_use_up_what_all_have() {
        let mut counts = Counts::default();
        let (now, one) = (Timestamp::from_seconds(10_000), "2001:db8::1".parse().unwrap());
        let same: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        for turn in 0..NETWORK_MAX {
            assert!(counts.admit(now, if turn % 2 == 0 { one } else { same }));
        }
        assert!(!counts.admit(now, same));
        for number in NETWORK_MAX..ALL_MAX {
            let [a, b] = u16::try_from(number).unwrap().to_be_bytes();
            assert!(counts.admit(now, IpAddr::from([192, 0, a, b])), "{number}");
        }
        assert!(!counts.admit(now, IpAddr::from([198, 51, 100, 1])));
        assert!(counts.admit(now.plus(HOUR), same));
    }
}
