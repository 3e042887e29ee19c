use html5ever::ns;
use proptest::prelude::*;

use super::*;
use crate::allowed::{Fate, fate, is_plain_attribute};
use crate::tree::{Kind, Tree};

fn shown(html: &str) -> Shown {
    clean(html, &|address| Some(format!("P{}", address.len())))
}

/// What browsers would make of it has nothing but what the lists let through.
fn check(html: &str) -> Shown {
    let shown = shown(html);
    let tree = Tree::read(&shown.html);
    for node in &tree.nodes {
        let Kind::Element { name, attributes } = &node.kind else { continue };
        let element = &*name.local;
        if matches!(element, "html" | "head" | "body") {
            assert!(attributes.is_empty(), "{html}\n{}", shown.html);
            continue;
        }
        assert_eq!(name.ns, ns!(html), "{html}\n{}", shown.html);
        assert!(fate(element) == Fate::Shown || element == "style", "<{element}> of {html}\n{}", shown.html);
        for attribute in attributes {
            let (name, value) = (&*attribute.name.local, &*attribute.value);
            let is_fine = match name {
                "style" => is_calm(value),
                "class" | "role" => true,
                "id" => value.starts_with("m-"),
                "href" => {
                    element == "a" && ["http", "mailto:", "tel:"].iter().any(|it| value.to_lowercase().starts_with(it))
                }
                "src" => element == "img" && value.starts_with("data:image/"),
                "data-cid" | "data-remote" => element == "img",
                name => is_plain_attribute(element, name),
            };
            assert!(is_fine, "{name}={value} of {html}\n{}", shown.html);
        }
        if element == "style" {
            for child in &node.children {
                assert!(
                    matches!(&tree.nodes[*child].kind, Kind::Text(text) if is_calm(text)),
                    "{html}\n{}",
                    shown.html
                );
            }
        }
    }
    shown
}

fn is_calm(style: &str) -> bool {
    let style = style.to_lowercase();
    !["url", "import", "\\", "<", "position", "expression", "image", "content", "font-face", "var(", "attr("]
        .iter()
        .any(|word| style.contains(word))
}

/// HTML that would act, load, tell or hide, one of each kind, and what of its text stays.
const TRICKS: &[(&str, &str)] = &[
    ("a<script>alert(1)</script>b", "ab"),
    ("a<SCRIPT SRC=//x.test/a></SCRIPT >b", "ab"),
    ("a<svg><script>alert(1)</script><text>t</text></svg>b", "ab"),
    ("a<svg/onload=alert(1)>b", "a"),
    ("a<math><mtext></mtext><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">", "a"),
    ("a<img src=x onerror=alert(1)>b", "a<img>b"),
    ("a<img/src=x/onerror=alert(1)>b", "a<img>b"),
    ("<a href=javascript:alert(1)>x</a>", "<a>x</a>"),
    ("<a href=\" java\tscript:alert(1)\">x</a>", "<a>x</a>"),
    ("<a href=\"&#1;javascript:alert(1)\">x</a>", "<a>x</a>"),
    ("<a href=data:text/html,x>x</a>", "<a>x</a>"),
    ("<a href=vbscript:x>x</a>", "<a>x</a>"),
    ("<a href=/sign-out>x</a>", "<a>x</a>"),
    (
        "<a href=\"HTTPS://t.test/?a=1&amp;b\" ping=//x.test onclick=x target=_top>x</a>",
        "<a href=\"HTTPS://t.test/?a=1&amp;b\">x</a>",
    ),
    ("<iframe src=//x.test></iframe>a", "a"),
    ("<iframe srcdoc='<script>alert(1)</script>'></iframe>a", "a"),
    ("<object data=//x.test>t</object><embed src=//x.test>a", "a"),
    ("<form action=//x.test><input name=password><button formaction=//x.test>x</button></form>", "x"),
    (
        "<select><option>x<textarea>y</textarea></select><textarea></textarea><img src=x onerror=alert(1)></textarea>",
        "<img>",
    ),
    ("<meta http-equiv=refresh content='0;url=//x.test'>a", "a"),
    ("<base href=//x.test>a", "a"),
    ("<link rel=stylesheet href=//x.test>a", "a"),
    (
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">a</noscript>",
        "<p title=\"&lt;/noscript&gt;&lt;img src=x onerror=alert(1)&gt;\">a</p>",
    ),
    ("<template><img src=x onerror=alert(1)></template>a", "a"),
    ("<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\"></xmp>a", "<img>&quot;&gt;a"),
    ("<noembed><img src=x onerror=alert(1)></noembed>a", "a"),
    ("<plaintext><img src=x onerror=alert(1)>", ""),
    ("<!--><img src=x onerror=alert(1)>-->", "<img>--&gt;"),
    ("<!--[if mso]><img src=//x.test><![endif]-->a", "a"),
    ("<p style=\"background:url(//x.test)\">a</p>", "<p>a</p>"),
    ("<p style=\"position:fixed;top:0;color:red\">a</p>", "<p style=\"color:red;\">a</p>"),
    ("<style>p{background:url(//x.test)}</style><p>a</p>", "<p>a</p>"),
    ("<style></style ><img src=x onerror=alert(1)></style>", "<img>"),
    (
        "<svg><style><img title=\"</style><img src=x onerror=alert(1)>\"></svg>a",
        "<img title=\"&lt;/style&gt;&lt;img src=x onerror=alert(1)&gt;\">a",
    ),
    (
        "<table background=//x.test><td background=//x.test>a</table>",
        "<table><tbody><tr><td>a</td></tr></tbody></table>",
    ),
    ("<img srcset='//x.test 1x' lowsrc=//x.test>a", "<img>a"),
    ("<video poster=//x.test><source src=//x.test></video><audio src=//x.test></audio>a", "a"),
    ("<picture><source srcset=//x.test><img src=data:text/html,x></picture>", "<img>"),
    ("<img src='data:image/svg+xml;base64,AAAA'>", "<img>"),
    ("<img src='data:image/png;base64,AA\n AA'>", "<img src=\"data:image/png;base64,AAAA\">"),
    ("<img src='data:image/png;base64,A\"onerror=x'>", "<img>"),
    ("<img src=cid:logo@x>", "<img data-cid=\"logo@x\">"),
    ("<img src=//x.test/p.gif data-remote=mine data-cid=mine>", "<img data-remote=\"P20\">"),
    (
        "<div id=body name=body class='tradewind-leads a' tabindex=1 contenteditable autofocus>a</div>",
        "<div id=\"m-body\" class=\"a\">a</div>",
    ),
    ("<bdo dir=rtl>a</bdo><marquee onstart=x>b</marquee><o:p>c</o:p><unknown->d</unknown->", "abcd"),
    ("<dialog open>a</dialog><details ontoggle=x open><summary>b</summary></details>", "ab"),
    (
        "<p title='\"><img src=x onerror=alert(1)>'>a</p>",
        "<p title=\"&quot;&gt;&lt;img src=x onerror=alert(1)&gt;\">a</p>",
    ),
    ("<p title=`x` onmouseover=x>a</p>", "<p title=\"&#96;x&#96;\">a</p>"),
    ("<a><table><a>x</table>", "<a><a>x</a><table></table></a>"),
];

#[test]
fn nothing_that_acts_or_loads_is_left() {
    for (html, expected) in TRICKS {
        // The body itself becomes a <div> around everything.
        assert_eq!(check(html).html, format!("<div>{expected}</div>"), "{html}");
    }
}

#[test]
fn honest_letters_look_as_before() {
    let page = check(
        "<html><head><title>t</title><style>p { color: red }</style></head><body bgcolor=\"#eef\" style=\"margin:0\" onload=x>\
         <p style=\"margin:0\">你好&nbsp;<b>x</b> &lt; 1</p><table width=600 role=presentation><tr><td align=center>y</table></body></html>",
    );
    assert_eq!(
        page.html,
        "<style>p{color:red;}</style><div bgcolor=\"#eef\" style=\"margin:0;\"><p style=\"margin:0;\">你好&nbsp;<b>x</b> &lt; 1</p>\
         <table width=\"600\" role=\"presentation\"><tbody><tr><td align=\"center\">y</td></tr></tbody></table></div>"
    );
    assert_eq!((page.remote, page.is_cut), (0, false));
}

#[test]
fn what_would_be_loaded_is_counted() {
    let page = check(
        "<img src=http://x.test/a><img src=/b><img srcset='//x.test/c 1x'><table background=https://x.test/d></table>\
         <link rel=stylesheet href=https://x.test/e><style>@import 'f';</style><p style='background:url(g)'>",
    );
    assert_eq!(page.remote, 6);
}

#[test]
fn more_than_can_be_read_is_cut() {
    let huge = "<p>word</p>".repeat(50 << 20 >> 3);
    let page = check(&huge);
    assert!(page.is_cut && page.html.len() < 4 << 20, "{}", page.html.len());
    for (start, piece, end) in [
        ("", "<div>", ""),
        ("", "<b><i>", "x"),
        ("", "<table><td>", ""),
        // Formatting that is left open is repeated in each paragraph.
        ("", "<font color=1><font color=2><p>x", ""),
        ("<div>", "<font color=1>x", ""),
        ("", "<a href=x><b>", "</p>"),
        ("", "<svg><g>", ""),
        ("", "<dl><dt>", ""),
    ] {
        let page = check(&format!("{start}{}{end}", piece.repeat(200_000)));
        assert!(page.is_cut && page.html.len() < 16 << 20, "{piece} {}", page.html.len());
    }
    // Each element another, so that the parser takes none for known.
    let mut open = String::new();
    for number in 0..300 {
        open.push_str(&format!("<font color={number}>"));
    }
    let page = check(&format!("<div>{open}</div>{}", "<p>x</p>".repeat(50_000)));
    assert!(page.is_cut);
}

#[test]
fn text_is_cut_between_characters() {
    let page = shown(&"信".repeat(HTML_BYTES_MAX));
    assert!(page.is_cut && page.html.ends_with("信</div>"));
}

proptest! {
    /// Pieces of markup in any order.
    #[test]
    fn any_markup_is_made_harmless(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)) {
        check(&pieces.concat());
    }

    #[test]
    fn any_text_is_made_harmless(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn any_style_is_made_calm(pieces in prop::collection::vec(prop::sample::select(STYLES), 0..16)) {
        let style = pieces.concat();
        let attribute = style.replace('&', "&amp;").replace('"', "&quot;");
        check(&format!("<style>{style}</style><p style=\"{attribute}\">"));
    }
}

const PIECES: &[&str] = &[
    "<",
    ">",
    "\"",
    "'",
    "`",
    "=",
    "/",
    " ",
    "x",
    "&lt;",
    "&#60;",
    "<!--",
    "-->",
    "--!>",
    "<![CDATA[",
    "]]>",
    "<?x",
    "</",
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<a href=",
    "javascript:alert(1)",
    "https://x.test/",
    "<table>",
    "<td>",
    "</table>",
    "<select>",
    "<option>",
    "</select>",
    "<svg>",
    "</svg>",
    "<math>",
    "<mtext>",
    "<mglyph>",
    "<malignmark>",
    "</math>",
    "<foreignObject>",
    "<desc>",
    "<title>",
    "</title>",
    "<style>",
    "</style>",
    "<script>",
    "</script>",
    "<textarea>",
    "</textarea>",
    "<noscript>",
    "</noscript>",
    "<xmp>",
    "</xmp>",
    "<iframe>",
    "</iframe>",
    "<template>",
    "</template>",
    "<plaintext>",
    "<form>",
    "</form>",
    "<img src=x onerror=alert(1)>",
    "<img title=\"",
    "<annotation-xml encoding=text/html>",
    "<body onload=x>",
    "<html style='background:url(x)'>",
    "<frameset>",
    "<br/>",
    "<li>",
    "<font color=",
    "<p style=\"",
    "onclick=x",
    "<!doctype html>",
];

const STYLES: &[&str] = &[
    "p",
    "{",
    "}",
    ";",
    ":",
    "color",
    "red",
    "background",
    "url(",
    "URL(",
    "\\75 rl(",
    "x",
    ")",
    "(",
    "/*",
    "*/",
    "\"",
    "'",
    "\\",
    "@import ",
    "@media ",
    "@font-face",
    "<!--",
    "-->",
    "</",
    "expression(",
    "position:fixed",
    "content:",
    ",",
    "#a",
    ".b",
    "[c]",
    "::before",
    "!important",
    "image-set(",
    "calc(",
    "var(--x)",
    "\n",
    " ",
    "rgb(",
    "&",
];
