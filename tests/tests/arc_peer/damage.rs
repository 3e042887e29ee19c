//! Damages to sealed messages, some of which leave the chain whole.

use harness::Chance;

/// What was done, for the report of a difference and for the rules that explain one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    Nothing,
    TagDropped,
    TagTwice,
    TagsReversed,
    TagNameInCapitals,
    SpaceAroundTag,
    FoldedBetweenTags,
    FinalSemicolon,
    Instance,
    State,
    Algorithm,
    Domain,
    Expired,
    FromFuture,
    SealNamesFields,
    FieldDropped,
    FieldTwice,
    FieldLast,
    FieldNameInCapitals,
    ResultsChanged,
    BodyChanged,
    BodyBlankLines,
    BodySpaces,
    SubjectChanged,
    SubjectSpaces,
    OtherFieldAdded,
    AuthorAdded,
}

const ALL: [Damage; 27] = [
    Damage::Nothing,
    Damage::TagDropped,
    Damage::TagTwice,
    Damage::TagsReversed,
    Damage::TagNameInCapitals,
    Damage::SpaceAroundTag,
    Damage::FoldedBetweenTags,
    Damage::FinalSemicolon,
    Damage::Instance,
    Damage::State,
    Damage::Algorithm,
    Damage::Domain,
    Damage::Expired,
    Damage::FromFuture,
    Damage::SealNamesFields,
    Damage::FieldDropped,
    Damage::FieldTwice,
    Damage::FieldLast,
    Damage::FieldNameInCapitals,
    Damage::ResultsChanged,
    Damage::BodyChanged,
    Damage::BodyBlankLines,
    Damage::BodySpaces,
    Damage::SubjectChanged,
    Damage::SubjectSpaces,
    Damage::OtherFieldAdded,
    Damage::AuthorAdded,
];

/// The message damaged in one way.
pub(crate) fn damaged(chance: &mut Chance, message: &str) -> (Damage, String) {
    let damage = chance.pick(&ALL).copied().unwrap_or(Damage::Nothing);
    let (header, body) = message.split_once("\r\n\r\n").unwrap_or((message, ""));
    let mut fields = split(header);
    let mut body = body.to_owned();
    let places: Vec<usize> = (0..fields.len()).filter(|place| fields[*place].starts_with("ARC-")).collect();
    let place = chance.pick(&places).copied().unwrap_or(0);
    match damage {
        Damage::Nothing => {}
        Damage::BodyChanged => body.push_str("one more line\r\n"),
        Damage::BodyBlankLines => body.push_str("\r\n\r\n"),
        Damage::BodySpaces => body = body.replacen(' ', "  \t", 1),
        Damage::SubjectChanged => replace(&mut fields, "Subject: ", "Subject: Re: "),
        Damage::SubjectSpaces => replace(&mut fields, "Subject: ", "SUBJECT:\r\n   "),
        Damage::OtherFieldAdded => fields.push("X-Other: yes".to_owned()),
        Damage::AuthorAdded => fields.insert(0, "From: other@evil.test".to_owned()),
        Damage::FieldDropped => _ = fields.remove(place),
        Damage::FieldTwice => fields.insert(place, fields[place].clone()),
        Damage::FieldLast => {
            let field = fields.remove(place);
            fields.push(field);
        }
        Damage::FieldNameInCapitals => fields[place] = fields[place].replacen("ARC-", "aRc-", 1),
        Damage::ResultsChanged => replace(&mut fields, "spf=pass", "spf=fail"),
        _ => fields[place] = tags_damaged(chance, damage, &fields[place]),
    }
    (damage, format!("{}\r\n\r\n{body}", fields.join("\r\n")))
}

/// The fields, without the line break at the end of each.
fn split(header: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in header.split("\r\n") {
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', '\t']) => {
                field.push_str("\r\n");
                field.push_str(line);
            }
            _ => fields.push(line.to_owned()),
        }
    }
    fields
}

fn replace(fields: &mut [String], from: &str, to: &str) {
    if let Some(field) = fields.iter_mut().find(|field| field.contains(from)) {
        *field = field.replacen(from, to, 1);
    }
}

fn tags_damaged(chance: &mut Chance, damage: Damage, field: &str) -> String {
    let (name, value) = field.split_once(':').unwrap_or((field, ""));
    let mut tags: Vec<String> = value.split(';').map(str::to_owned).collect();
    let at = chance.below(tags.len() as u64) as usize;
    let mut set = |name: &str, value: &str| {
        if let Some(tag) = tags.iter_mut().find(|tag| tag.trim().starts_with(name)) {
            *tag = format!(" {name}{value}");
        }
    };
    match damage {
        Damage::Instance => {
            set("i=", chance.pick(&["0", "1", "2", "3", "7", "51", "01", "x", ""]).copied().unwrap_or_default())
        }
        Damage::State => {
            set("cv=", chance.pick(&["none", "pass", "fail", "Pass", "maybe", ""]).copied().unwrap_or_default())
        }
        Damage::Algorithm => {
            set("a=", chance.pick(&["rsa-sha1", "ed25519-sha256", "rsa-sha512", ""]).copied().unwrap_or_default())
        }
        Damage::Domain => set(
            "d=",
            chance.pick(&["one.test", "two.test", "gone.test", "revoked.test", ""]).copied().unwrap_or_default(),
        ),
        Damage::Expired => tags.insert(1, " x=1000000001".to_owned()),
        Damage::FromFuture => set("t=", "4000000000"),
        Damage::SealNamesFields => tags.insert(1, " h=from".to_owned()),
        Damage::TagDropped => _ = tags.remove(at),
        Damage::TagTwice => tags.insert(at, tags[at].clone()),
        Damage::TagsReversed => tags.reverse(),
        Damage::TagNameInCapitals => {
            let (tag, value) = tags[at].split_once('=').unwrap_or((&tags[at], ""));
            tags[at] = format!("{}={value}", tag.to_ascii_uppercase());
        }
        Damage::SpaceAroundTag => tags[at] = tags[at].replacen('=', " = ", 1),
        Damage::FoldedBetweenTags => tags[at] = format!("\r\n\t  {}", tags[at].trim_start()),
        _ => tags.push(String::new()),
    }
    format!("{name}:{}", tags.join(";"))
}
