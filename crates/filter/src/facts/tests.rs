use super::*;

fn read(raw: &str) -> Facts {
    Facts::read(Received { raw: raw.as_bytes(), ..Received::default() })
}

fn html(body: &str) -> Facts {
    read(&format!("From: A <a@shop.example>\r\nSubject: s\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}"))
}

#[test]
fn html_is_read_as_it_is_shown() {
    let facts = html(
        "<style>p{color:red}</style><p>Dear <b>cust</b>omer</p><div style='display:none'>secret</div>\
         <font color=#fffffe>white</font><span style='font-size:0px'>zero</span>\
         <div style='background:#000'><span style='color:#fff'>seen</span></div><!-- no --><p>end",
    );
    assert_eq!(facts.text, "Dear customer\nseen\nend");
    assert_eq!(facts.hidden_text, "secretwhitezero");
    assert_eq!(facts.normal_text, " dear customer seen end ");
}

#[test]
fn an_element_within_may_be_seen_again() {
    let facts = html(
        "<td style='font-size:0'><span style='font-size:14px'>one</span></td><font color=#ffffff>lost \
         <table bgcolor=#1e5c99><tr><td>two</td></tr></table><font color=#333333>three</font>\
         <div style='display:none'><b style='font-size:14px;color:#000'>never</b></div></font>",
    );
    assert_eq!((facts.text.as_str(), facts.hidden_text.as_str()), ("one\ntwo\nthree\n", "lost never"));
}

#[test]
fn what_a_style_sheet_hides_or_pushes_down_is_not_shown() {
    let sheet = "<style><!-- .gone, div.low { visibility: collapse; max-height: 0 } @media print { .kept { display: none } }\
                 .far{margin-top:470500px;} --></style>";
    let below = "<br>".repeat(45);
    let facts = html(&format!(
        "{sheet}<p class=kept>one</p><div class='a gone'>filler</div><div class=low>more</div><div class=far>far</div>\
         <div style='height:2px;max-height:2px'>thin</div><p>two{below}deep"
    ));
    assert_eq!((facts.text.as_str(), facts.hidden_text.as_str()), ("one\ntwo\n", "fillermorefarthindeep"));
}

#[test]
fn links_forms_and_pictures() {
    let facts = html(
        "<a href='http://evil.example/login'>https://www.bank.com</a><form action='https://form.example/x'>\
         <input type=password></form><img src='cid:1'><img src=http://p.example/a.gif width=1 height=1>",
    );
    let places: Vec<_> = facts.links.iter().map(|link| (link.place, link.host.as_str())).collect();
    assert_eq!(
        places,
        [
            (Place::Anchor, "evil.example"),
            (Place::Form, "form.example"),
            (Place::Picture, "p.example"),
            (Place::Text, "www.bank.com")
        ]
    );
    assert_eq!(facts.links[0].shown_domain.as_deref(), Some("bank.com"));
    assert_eq!((facts.html.forms, facts.html.password_fields, facts.html.tracking_pictures), (1, 1, 1));
}

#[test]
fn texts_in_all_charsets_and_encodings() {
    for (charset, encoding, body) in [
        ("gb18030", "base64", "x+vR6dak1cu7pw=="),
        ("koi8-r", "quoted-printable", "=D0=C1=D2=CF=CC=D8"),
        ("shift_jis", "base64", "g3CDWINPg1s="),
    ] {
        let raw = format!(
            "From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n"
        );
        let text = read(&raw).text;
        assert!(
            text.chars().any(|c| !c.is_ascii() && c.is_alphabetic()) && !text.contains('\u{fffd}'),
            "{charset}: {text}"
        );
    }
}

#[test]
fn the_header_can_be_forgotten() {
    let mut facts = read("From: a@b.example\r\nReply-To: c@d.example\r\nIn-Reply-To: <x@y>\r\nSubject: s\r\n\r\ntext");
    assert_eq!(facts.reply_to.as_ref().map(|reply| reply.domain.as_str()), Some("d.example"));
    assert!(facts.is_answer);
    facts.forget_header();
    assert_eq!(facts, Facts { oddities: facts.oddities, ..Facts::of_text("s", "text") });
}

#[test]
fn facts_are_kept_and_read_again() {
    let facts = html("<p>Verify your account at <a href=http://x.example/>here</a></p>");
    let kept = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&kept).unwrap(), facts);
}

#[test]
fn giant_and_broken_pages_are_bounded() {
    let deep = html(&"<div>".repeat(200_000));
    assert!(deep.html.elements > 1000);
    let links: String = (0..100_000).map(|n| format!("<a href=http://h{n}.example/>x</a>")).collect();
    assert_eq!(html(&links).links.len(), links::LINKS_MAX);
    let text = html(&"word ".repeat(500_000));
    assert!(text.text.len() <= TEXT_OCTETS_MAX);
}
