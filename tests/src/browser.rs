use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

use crate::{Failure, Outcome, Stream, Trust};

/// What it says it is. A session is its browser's: another program that shows its cookie must say the same.
pub const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// What a browser is answered.
#[derive(Debug, Clone)]
pub struct Page {
    /// Status.
    pub status: u16,
    /// Header fields, their names in small letters.
    pub header: BTreeMap<String, String>,
    /// The body as text.
    pub body: String,
}

impl Page {
    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Itself, if its status is `status`.
    ///
    /// # Errors
    /// A failure that shows the page, if not.
    #[track_caller]
    pub fn expect(self, status: u16) -> Outcome<Self> {
        if self.status == status {
            return Ok(self);
        }
        Err(Failure::new(format!("wanted {status}, got {} {}", self.status, self.body)))
    }

    /// The hidden fields of the first form that leads to `action` and has all of `wanted`.
    ///
    /// # Errors
    /// If the page has no such form.
    pub fn form(&self, action: &str, wanted: &[(&str, &str)]) -> Outcome<Vec<(String, String)>> {
        let start = format!("<form method=\"post\" action=\"{action}\">");
        for form in self.body.split(&start).skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            let mut fields = Vec::new();
            for input in form.split("<input type=\"hidden\" name=\"").skip(1) {
                let Some((name, rest)) = input.split_once("\" value=\"") else { continue };
                let value = rest.split('"').next().unwrap_or_default();
                fields.push((name.to_owned(), unescape(value)));
            }
            let has = |(name, value): &(&str, &str)| fields.iter().any(|(its, given)| its == name && given == value);
            if wanted.iter().all(has) {
                return Ok(fields);
            }
        }
        Err(Failure::new(format!("no form {action} with {wanted:?} in {}", self.body)))
    }
}

/// A browser as far as pages without script and the API need one: cookies, and the field by which it says where a request comes from.
#[derive(Debug, Clone)]
pub struct Browser {
    address: SocketAddr,
    trust: Trust,
    /// Cookies by name.
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    /// One that visits the server at `address`.
    #[must_use]
    pub fn new(address: SocketAddr, trust: Trust) -> Self {
        Self { address, trust, cookies: BTreeMap::new() }
    }

    /// Gets a page.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn get(&mut self, path: &str) -> Outcome<Page> {
        self.request("GET", path, &[], "")
    }

    /// Gets a page with further header fields.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn get_with(&mut self, path: &str, header: &[(&str, &str)]) -> Outcome<Page> {
        self.request("GET", path, header, "")
    }

    /// Posts JSON with further header fields.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn post(&mut self, path: &str, body: &Value, header: &[(&str, &str)]) -> Outcome<Page> {
        let header = [&[("Content-Type", "application/json")], header].concat();
        self.request("POST", path, &header, &body.to_string())
    }

    /// Posts the fields of a form.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn submit(&mut self, path: &str, fields: &[(String, String)]) -> Outcome<Page> {
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let header = [("Content-Type", "application/x-www-form-urlencoded")];
        self.request("POST", path, &header, &fields.join("&"))
    }

    /// Sends a request with further header fields.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn request(&mut self, method: &str, path: &str, header: &[(&str, &str)], body: &str) -> Outcome<Page> {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\
             User-Agent: {USER_AGENT}\r\nContent-Length: {}\r\n",
            self.address.port(),
            body.len()
        );
        for (name, value) in header {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            head.push_str(&format!("Cookie: {}\r\n", cookies.join("; ")));
        }
        let mut stream = Stream::connect_tls(self.address, &self.trust)?;
        stream.send(format!("{head}\r\n{body}").as_bytes())?;
        self.read(&mut stream)
    }

    fn read(&mut self, stream: &mut Stream) -> Outcome<Page> {
        let line =
            |stream: &mut Stream| Ok::<_, Failure>(String::from_utf8_lossy(stream.line()?).trim_end().to_owned());
        let first = line(stream)?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| Failure::new(format!("no status: {first:?}")))?;
        let mut header = BTreeMap::new();
        loop {
            let field = line(stream)?;
            if field.is_empty() {
                break;
            }
            let Some((name, value)) = field.split_once(':') else { continue };
            let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
            if name == "set-cookie" {
                self.keep(&value);
            }
            header.insert(name, value);
        }
        let length = header.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = Vec::with_capacity(length);
        stream.take(length, |piece| body.extend_from_slice(piece))?;
        Ok(Page { status, header, body: String::from_utf8_lossy(&body).into_owned() })
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else { return };
        if cookie.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn encode(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
