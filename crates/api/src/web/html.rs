//! Pages as HTML.

use std::fmt::Write;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::Language;

use super::texts;

/// What a page may load and do: its own style and scripts, nothing else; nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'self'";

/// A page in the making.
pub(crate) struct Page {
    language: Language,
    title: &'static str,
    status: StatusCode,
    wide: bool,
    /// Where forms may lead beside to ourselves, as browsers check redirects, too.
    form_target: Option<String>,
    /// Where the browser is sent at once.
    refresh: Option<String>,
    body: String,
}

impl Page {
    /// A page whose heading is the text `title`.
    pub(crate) fn new(language: Language, title: &'static str) -> Self {
        let (status, body) = (StatusCode::OK, String::new());
        Self { language, title, status, wide: false, form_target: None, refresh: None, body }
    }

    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    pub(crate) fn form_target(mut self, uri: &str) -> Self {
        self.form_target = Some(origin_of(uri));
        self
    }

    pub(crate) fn refresh(mut self, to: &str) -> Self {
        self.refresh = Some(to.to_owned());
        self
    }

    /// The text `key` with values, escaped.
    pub(crate) fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        escape(&texts::of(self.language).say(key, values))
    }

    /// The text `key` as it is, for use outside HTML.
    pub(crate) fn plain(&self, key: &str) -> String {
        texts::of(self.language).say(key, &[])
    }

    /// Adds a paragraph with the text `key`.
    pub(crate) fn paragraph(mut self, class: &str, key: &str, values: &[(&str, &str)]) -> Self {
        let text = self.say(key, values);
        let _ = write!(self.body, "<p class=\"{class}\">{text}</p>");
        self
    }

    /// Adds a paragraph with words that were said elsewhere.
    pub(crate) fn words(mut self, class: &str, words: &str) -> Self {
        let _ = write!(self.body, "<p class=\"{class}\">{}</p>", escape(words));
        self
    }

    /// Adds HTML; whatever comes from outside in it must be escaped.
    pub(crate) fn html(mut self, html: &str) -> Self {
        self.body.push_str(html);
        self
    }

    /// Adds a heading.
    pub(crate) fn heading(mut self, key: &str) -> Self {
        let text = self.say(key, &[]);
        let _ = write!(self.body, "<h2>{text}</h2>");
        self
    }

    /// A form that posts `hidden` fields to `to`, with `inside` between them and a button.
    pub(crate) fn form(&self, to: &str, hidden: &[(&str, &str)], inside: &str, button: (&str, &str)) -> String {
        let mut form = format!("<form method=\"post\" action=\"{}\">", escape(to));
        for (name, value) in hidden {
            let _ = write!(form, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value));
        }
        let (class, key) = button;
        let _ = write!(form, "{inside}<button class=\"{class}\">{}</button></form>", self.say(key, &[]));
        form
    }

    /// A field with its label; `attributes` are ours.
    pub(crate) fn field(&self, key: &str, name: &str, attributes: &str) -> String {
        format!("<label>{}<input name=\"{name}\" {attributes}></label>", self.say(key, &[]))
    }

    /// The answer.
    pub(crate) fn respond(self) -> Response {
        let lang = if self.language == Language::Chinese { "zh-CN" } else { "en" };
        let title = self.say(self.title, &[]);
        let refresh = self
            .refresh
            .as_ref()
            .map_or_else(String::new, |to| format!("<meta http-equiv=\"refresh\" content=\"0;url={}\">", escape(to)));
        let class = if self.wide { " class=\"wide\"" } else { "" };
        let html = format!(
            "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{refresh}<title>{title}</title>\
             <link rel=\"stylesheet\" href=\"/assets/style.css\"></head>\
             <body><main{class}><h1>{title}</h1>{}</main></body></html>",
            self.body
        );
        let policy = match &self.form_target {
            Some(target) => format!("{POLICY} {target}"),
            None => POLICY.to_owned(),
        };
        let mut response = (self.status, html).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// The origin of a URI, or its scheme if it is an application's own; for the policy of a page.
fn origin_of(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once(':') else { return String::new() };
    let kept = |c: &char| c.is_ascii_alphanumeric() || ".-:[]".contains(*c);
    match rest.strip_prefix("//").filter(|_| matches!(scheme, "http" | "https")) {
        Some(rest) => format!("{scheme}://{}", rest.chars().take_while(kept).collect::<String>()),
        None => format!("{}:", scheme.chars().filter(kept).collect::<String>()),
    }
}

/// Text as it stands in HTML, in attributes too.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// `text` as a value in a query (RFC 3986 section 2.1).
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A path of ours to go on to, if `text` is one: no other site, however written.
pub(crate) fn local_path(text: &str) -> &str {
    let is_local = text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_local { text } else { "/account" }
}

/// Sends the browser on with GET.
pub(crate) fn see_other(to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else { return StatusCode::BAD_REQUEST.into_response() };
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_way_leads_to_another_site() {
        assert_eq!(local_path("/oauth/authorize?client_id=x&state=%20"), "/oauth/authorize?client_id=x&state=%20");
        for bad in ["", "//evil.test", "https://evil.test", "/\\evil.test", "/\t/evil.test", "javascript:x", "/a b"] {
            assert_eq!(local_path(bad), "/account", "{bad:?}");
        }
    }

    #[test]
    fn policies_name_origins_alone() {
        assert_eq!(origin_of("http://127.0.0.1:49152/back?x"), "http://127.0.0.1:49152");
        assert_eq!(origin_of("https://app.example/back; script-src *"), "https://app.example");
        assert_eq!(origin_of("com.example.app:/back"), "com.example.app:");
        assert_eq!(escape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
        assert_eq!(encode("a b&c/信"), "a%20b%26c%2F%E4%BF%A1");
    }
}
