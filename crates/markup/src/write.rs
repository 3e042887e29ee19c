//! Writes what is shown of a page.

use html5ever::{Attribute, ns};

use crate::allowed::{Fate, LOADING, VOID, fate, is_plain_attribute};
use crate::css::{self, ID_PREFIX};
use crate::tree::{Kind, Node, ROOT, Tree};
use crate::{HTML_BYTES_MAX, SHEETS_BYTES_MAX};

/// Octets of a value of an attribute that are kept, pictures and links apart.
const VALUE_BYTES_MAX: usize = 1024;

/// Octets of a link that is kept.
const LINK_BYTES_MAX: usize = 8192;

/// Kinds of pictures that a page may carry within itself.
const INLINE_PICTURES: &[&str] =
    &["data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,", "data:image/webp;base64,"];

/// A page, or a part of one, that can be shown.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Shown {
    /// HTML without anything that acts or loads. Pictures of the message itself have the attribute `data-cid` (RFC 2392), pictures from
    /// elsewhere `data-remote` with what the caller made of their address; neither has `src`.
    pub html: String,
    /// Things that would have been loaded from elsewhere.
    pub remote: usize,
    /// A limit was reached: what stands behind is not shown.
    pub is_cut: bool,
}

/// Makes HTML fit to be shown. `remote` gives what stands for the address of a picture from elsewhere, or nothing where there is no way to
/// show it.
///
/// Never fails: what is not understood is left out.
#[must_use]
pub fn clean(html: &str, remote: &dyn Fn(&str) -> Option<String>) -> Shown {
    let end = (0..=html.len().min(HTML_BYTES_MAX)).rev().find(|at| html.is_char_boundary(*at)).unwrap_or(0);
    let tree = Tree::read(html.get(..end).unwrap_or_default());
    let mut writer = Writer { tree: &tree, out: String::with_capacity(end), remote: 0, proxied: remote };
    writer.sheets();
    writer.page();
    let Writer { out, remote, .. } = writer;
    Shown { html: out, remote, is_cut: tree.is_cut || end < html.len() }
}

struct Writer<'a> {
    tree: &'a Tree,
    out: String,
    remote: usize,
    proxied: &'a dyn Fn(&str) -> Option<String>,
}

/// What is to be written next.
enum Step {
    Node(usize),
    /// The end of an element.
    End(&'static str),
    /// The end of an element by its name.
    Close(usize),
}

impl Writer<'_> {
    /// All style sheets of the page as one.
    fn sheets(&mut self) {
        let mut text = String::new();
        for node in &self.tree.nodes {
            if let Kind::Element { name, .. } = &node.kind
                && name.ns == ns!(html)
                && &*name.local == "style"
                && text.len() < SHEETS_BYTES_MAX
            {
                node.children.iter().for_each(|child| {
                    if let Some(Node { kind: Kind::Text(piece), .. }) = self.tree.nodes.get(*child) {
                        text.push_str(piece);
                        text.push('\n');
                    }
                });
            }
        }
        let end = (0..=text.len().min(SHEETS_BYTES_MAX)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let styled = css::sheet(text.get(..end).unwrap_or_default());
        self.remote += styled.remote;
        if !styled.text.is_empty() {
            // Selectors may have `>`; there is no `<` in it.
            self.out.push_str("<style>");
            self.out.push_str(&styled.text);
            self.out.push_str("</style>");
        }
    }

    fn page(&mut self) {
        let mut ahead = vec![Step::Node(ROOT)];
        while let Some(step) = ahead.pop() {
            match step {
                Step::End(name) => self.out.push_str(name),
                Step::Close(at) => {
                    if let Some(Node { kind: Kind::Element { name, .. }, .. }) = self.tree.nodes.get(at) {
                        self.out.push_str("</");
                        self.out.push_str(&name.local);
                        self.out.push('>');
                    }
                }
                Step::Node(at) => self.node(at, &mut ahead),
            }
        }
    }

    fn node(&mut self, at: usize, ahead: &mut Vec<Step>) {
        let Some(node) = self.tree.nodes.get(at) else { return };
        let below = || node.children.iter().rev().map(|child| Step::Node(*child));
        match &node.kind {
            Kind::Root => ahead.extend(below()),
            Kind::Text(text) => escape(text, &mut self.out),
            // Foreign elements are read by other rules, on which browsers and libraries have differed.
            Kind::Element { name, .. } if name.ns != ns!(html) => {}
            Kind::Element { name, attributes } => match fate(&name.local) {
                Fate::Dropped => self.count(&name.local, attributes),
                Fate::Opened if &*name.local == "body" => {
                    self.open("div", attributes);
                    ahead.push(Step::End("</div>"));
                    ahead.extend(below());
                }
                Fate::Opened => {
                    self.count(&name.local, attributes);
                    ahead.extend(below());
                }
                Fate::Shown => {
                    self.open(&name.local, attributes);
                    if !VOID.contains(&&*name.local) {
                        ahead.push(Step::Close(at));
                        ahead.extend(below());
                    }
                }
            },
        }
    }

    /// Counts what an element that is left out would have loaded.
    fn count(&mut self, element: &str, attributes: &[Attribute]) {
        let loads = |attribute: &&Attribute| {
            let name = &*attribute.name.local;
            (LOADING.contains(&name)
                || (element == "link" && name == "href")
                || (element == "object" && name == "data"))
                && is_elsewhere(&attribute.value)
        };
        self.remote += attributes.iter().filter(loads).count();
    }

    fn open(&mut self, element: &str, attributes: &[Attribute]) {
        self.out.push('<');
        self.out.push_str(element);
        for attribute in attributes.iter().filter(|it| it.name.ns == ns!()) {
            self.attribute(element, &attribute.name.local, &attribute.value);
        }
        self.out.push('>');
    }

    fn attribute(&mut self, element: &str, name: &str, value: &str) {
        match name {
            "style" => {
                let styled = css::declarations(value);
                self.remote += styled.remote;
                if !styled.text.is_empty() {
                    self.put("style", &styled.text);
                }
            }
            "class" => {
                let is_name = |word: &&str| {
                    word.len() <= 128
                        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
                        && !word.to_ascii_lowercase().starts_with("tradewind")
                };
                let words: Vec<&str> = value.split_ascii_whitespace().filter(is_name).collect();
                if !words.is_empty() {
                    self.put("class", &words.join(" "));
                }
            }
            "id" if value.len() <= 128
                && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) =>
            {
                self.put("id", &format!("{ID_PREFIX}{value}"));
            }
            "role" if matches!(value.trim(), "presentation" | "none") => self.put("role", "presentation"),
            "href" if element == "a" => {
                if let Some(link) = link(value) {
                    self.put("href", &link);
                }
            }
            "src" if element == "img" => self.picture(value.trim()),
            name if LOADING.contains(&name) => self.remote += usize::from(is_elsewhere(value) || name == "srcset"),
            name if is_plain_attribute(element, name) && value.len() <= VALUE_BYTES_MAX => self.put(name, value),
            _ => {}
        }
    }

    fn picture(&mut self, address: &str) {
        let begins = |word: &str| address.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if begins("cid:") {
            self.put("data-cid", address.get(4..).unwrap_or_default());
        } else if let Some(kind) = INLINE_PICTURES.iter().find(|kind| begins(kind)) {
            let data: String = address.get(kind.len()..).unwrap_or_default().split_ascii_whitespace().collect();
            if data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)) {
                self.put("src", &format!("{kind}{data}"));
            }
        } else if is_elsewhere(address) {
            self.remote += 1;
            let whole = if address.starts_with("//") { format!("https:{address}") } else { address.to_owned() };
            if whole.len() <= LINK_BYTES_MAX
                && let Some(instead) = (self.proxied)(&whole)
            {
                self.put("data-remote", &instead);
            }
        }
    }

    fn put(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(value, &mut self.out);
        self.out.push('"');
    }
}

/// The address of a link as browsers read it, if it leads to a page, an address of mail or a telephone.
fn link(written: &str) -> Option<String> {
    // Blanks and breaks within an address are passed over (URL, section 4.4).
    let address: String = written.chars().filter(|c| !c.is_control()).collect();
    let address = address.trim();
    let is_known = ["http://", "https://", "mailto:", "tel:"]
        .iter()
        .any(|scheme| address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    (is_known && address.len() <= LINK_BYTES_MAX).then(|| address.to_owned())
}

fn is_elsewhere(address: &str) -> bool {
    let address = address.trim_start();
    ["http://", "https://", "//"]
        .iter()
        .any(|start| address.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)))
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            '\u{a0}' => out.push_str("&nbsp;"),
            '\0' => {}
            c => out.push(c),
        }
    }
}
