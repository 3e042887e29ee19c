//! What is let through.

/// What becomes of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Shown, with what it holds.
    Shown,
    /// What it holds is shown.
    Opened,
    /// Neither.
    Dropped,
}

const SHOWN: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements that are not shown with all that they hold: their content is no text for readers, or is shown where they do nothing.
const DROPPED: &[&str] = &[
    "applet",
    "audio",
    "base",
    "bgsound",
    "canvas",
    "datalist",
    "embed",
    "frame",
    "frameset",
    "head",
    "iframe",
    "input",
    "link",
    "math",
    "meta",
    "noembed",
    "noframes",
    "object",
    "optgroup",
    "option",
    "param",
    "plaintext",
    "script",
    "select",
    "source",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "track",
    "video",
    "xmp",
];

/// Elements without content (HTML, section 13.1.2).
pub(crate) const VOID: &[&str] = &["br", "col", "hr", "img", "wbr"];

pub(crate) fn fate(element: &str) -> Fate {
    if SHOWN.contains(&element) {
        Fate::Shown
    } else if DROPPED.contains(&element) {
        Fate::Dropped
    } else {
        Fate::Opened
    }
}

/// Attributes that stand anywhere and only tell how something looks or reads.
const ANYWHERE: &[&str] = &["align", "bgcolor", "dir", "height", "lang", "title", "valign", "width"];

/// Whether the element may have this attribute with any short text as its value.
pub(crate) fn is_plain_attribute(element: &str, attribute: &str) -> bool {
    let own: &[&str] = match element {
        "img" => &["alt", "border", "hspace", "vspace"],
        "table" => &["border", "bordercolor", "cellpadding", "cellspacing", "frame", "rules", "summary"],
        "td" | "th" => &["abbr", "colspan", "nowrap", "rowspan", "scope"],
        "col" | "colgroup" => &["span"],
        "font" => &["color", "face", "size"],
        "ol" => &["reversed", "start", "type"],
        "ul" => &["type"],
        "li" => &["type", "value"],
        "hr" => &["color", "noshade", "size"],
        "br" => &["clear"],
        "time" => &["datetime"],
        _ => &[],
    };
    ANYWHERE.contains(&attribute) || own.contains(&attribute)
}

/// Attributes by which something would be loaded.
pub(crate) const LOADING: &[&str] = &["background", "dynsrc", "lowsrc", "poster", "src", "srcset"];

/// Properties of style.
const PROPERTIES: &[&str] = &[
    "background",
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-left-radius",
    "border-bottom-right-radius",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-left-radius",
    "border-top-right-radius",
    "border-top-style",
    "border-top-width",
    "border-width",
    "box-sizing",
    "caption-side",
    "clear",
    "color",
    "direction",
    "display",
    "empty-cells",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "hyphens",
    "letter-spacing",
    "line-break",
    "line-height",
    "list-style",
    "list-style-position",
    "list-style-type",
    "margin",
    "margin-block",
    "margin-bottom",
    "margin-inline",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "opacity",
    "overflow",
    "overflow-wrap",
    "overflow-x",
    "overflow-y",
    "padding",
    "padding-block",
    "padding-bottom",
    "padding-inline",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-decoration-color",
    "text-decoration-line",
    "text-indent",
    "text-overflow",
    "text-transform",
    "vertical-align",
    "visibility",
    "white-space",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
    "writing-mode",
];

pub(crate) fn is_property(name: &str) -> bool {
    PROPERTIES.binary_search(&name).is_ok()
}

/// Functions that values may have: they reckon and mix colours.
pub(crate) const FUNCTIONS: &[&str] = &["rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp"];

/// Pseudo-classes that selectors may have.
pub(crate) const PSEUDO_CLASSES: &[&str] =
    &["link", "hover", "first-child", "last-child", "only-child", "first-of-type", "last-of-type", "empty"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_are_searched_are_sorted() {
        assert!(PROPERTIES.is_sorted());
    }

    #[test]
    fn nothing_is_both_shown_and_dropped() {
        assert!(SHOWN.iter().all(|name| !DROPPED.contains(name)));
    }
}
