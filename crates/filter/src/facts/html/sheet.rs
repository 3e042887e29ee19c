//! Style sheets of a page, as far as they keep things from being seen.

use super::Style;

/// Octets of style sheets that are read.
const SHEET_OCTETS_MAX: usize = 64 * 1024;

/// Classes and names that are remembered.
const NAMES_MAX: usize = 64;

/// What style sheets hide: `.class` and `#name`, alone or behind the name of an element.
#[derive(Default)]
pub(super) struct Sheet {
    /// Text of the sheet that is being read.
    text: String,
    hidden: Vec<String>,
}

impl Sheet {
    /// A piece of a sheet.
    pub(super) fn push(&mut self, text: &str) {
        if self.text.len() + text.len() <= SHEET_OCTETS_MAX {
            self.text.push_str(text);
        }
    }

    /// The end of a sheet. Rules for some screens only (`@media`) hide nothing from all and are left out.
    pub(super) fn finish(&mut self) {
        let text = std::mem::take(&mut self.text).replace("<!--", " ").replace("-->", " ");
        let mut rest = text.as_str();
        while let Some((selectors, behind)) = rest.split_once('{') {
            if selectors.trim_start().starts_with('@') {
                rest = behind_block(behind);
                continue;
            }
            let (declarations, behind) = behind.split_once('}').unwrap_or((behind, ""));
            let mut style = Style::default();
            style.declarations(declarations);
            if style.hidden {
                selectors.split(',').for_each(|selector| self.remember(selector));
            }
            rest = behind;
        }
    }

    fn remember(&mut self, selector: &str) {
        let selector = selector.rsplit("*/").next().unwrap_or_default().trim();
        let Some(at) = selector.find(['.', '#']) else { return };
        let name = selector.get(at + 1..).unwrap_or_default();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        if self.hidden.len() < NAMES_MAX && !name.is_empty() && name.chars().all(is_name) {
            self.hidden.push(name.to_owned());
        }
    }

    /// Whether an element with this class or name is kept from being seen.
    pub(super) fn hides(&self, names: &str) -> bool {
        !self.hidden.is_empty() && names.split_ascii_whitespace().any(|name| self.hidden.iter().any(|one| one == name))
    }
}

/// What stands behind a block in braces, others within it.
fn behind_block(text: &str) -> &str {
    let mut depth = 1_u32;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}
