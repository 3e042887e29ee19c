use crate::{Hides, Script};

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (script, expected) in [
        ("keep", "line 1: a semicolon is missing behind \"keep\""),
        ("keep;\n\nfrobnicate;", "line 3: there is no command \"frobnicate\""),
        ("fileinto \"x\";", "line 1: fileinto needs require \"fileinto\"; at the head of the script"),
        ("require \"regex\";", "line 1: there is no extension \"regex\" here; there are"),
        ("keep; require \"copy\";", "line 1: require must stand at the head"),
        ("if true keep;", "line 1: true cannot have a test behind it"),
        ("if true;", "line 1: if lacks a block"),
        ("if { keep; }", "line 1: if lacks a test"),
        ("else { keep; }", "line 1: else must stand directly behind"),
        ("if true { } else { } elsif true { }", "line 1: elsif must stand directly behind"),
        ("if header :is :contains \"a\" \"b\" { }", "line 1: one kind of match only"),
        ("if header \"a\" { }", "line 1: header lacks keys"),
        ("if header :nonsense \"a\" \"b\" { }", "line 1: header has no argument :nonsense"),
        ("if header \"a b\" \"c\" { }", "line 1: \"a b\" is no name of a header field"),
        ("if header :comparator \"i;x\" \"a\" \"b\" { }", "line 1: there is no comparator \"i;x\""),
        ("redirect \"nobody\";", "line 1: \"nobody\" is no address"),
        ("keep \"x\";", "line 1: keep has too many arguments"),
        ("if true {\n keep;", "line 1: the block of this command has no end"),
        ("}", "line 1: this } closes nothing"),
        ("redirect \"a", "line 1: the string has no end"),
        ("/* x", "line 1: the comment has no end"),
        ("\nif size :over 99999999999999999999 { }", "line 2: the number is too large"),
        ("if size :over 1X { }", "line 1: 'X' cannot stand behind a number"),
        ("require \"reject\"; reject text:\nno end", "line 1: the text has no end"),
        ("§", "line 1: '§' cannot stand here"),
        ("require \"vacation\"; vacation :days 0 \"x\";", "line 1: :days is 1 at least"),
        ("require \"variables\"; set \"1a\" \"x\";", "line 1: \"1a\" cannot be a variable's name"),
        ("require \"envelope\"; if envelope \"auth\" \"x\" { }", "line 1: the envelope has no \"auth\""),
    ] {
        let told = Script::read(script).expect_err(script).to_string();
        assert!(told.starts_with(expected), "{script}: {told}");
    }
}

#[test]
fn nesting_and_length_are_limited() {
    let deep = "if true { ".repeat(30) + &"}".repeat(30);
    assert!(Script::read(&deep).unwrap_err().what.contains("nested deeper"));
    let many = "not ".repeat(100_000);
    assert!(Script::read(&format!("if {many}true {{}}")).is_err());
    assert!(Script::read(&"#".repeat(200_000)).unwrap_err().what.contains("octets"));
    assert!(Script::read(&"keep;".repeat(5_000)).unwrap_err().what.contains("more than 4096"));
}

#[test]
fn words_stand_as_the_standard_says() {
    for good in [
        "# nothing\r\n/* more\n */ KEEP ;",
        "require [\"fileinto\", \"copy\"]; FileInto :COPY \"a\\\"b\";",
        "require \"vacation\"; vacation text: # why\r\nhello\r\n.\r\n;",
        "if anyof (true, false) { } keep;",
        "if not not true { keep; }",
        "\u{feff}keep;",
    ] {
        Script::read(good).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
}

#[test]
fn what_hides_mail_is_found() {
    let script = "require [\"fileinto\", \"special-use\", \"reject\"];
        if anyof (header :contains \"subject\" [\"invoice\", \"发票\"], address :domain \"from\" \"acme.example\") {
            fileinto \"RSS\"; redirect \"thief@x.example\"; stop;
        } elsif header \"a\" \"b\" { discard; }
        keep;";
    let found = Script::read(script).unwrap().hides();
    let words = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<String>>();
    let wanted = words(&["invoice", "发票", "acme.example"]);
    assert_eq!(
        found,
        [
            (Hides::Files("RSS".to_owned()), wanted.clone()),
            (Hides::SendsOn("thief@x.example".to_owned()), wanted),
            (Hides::Drops, words(&["b"])),
        ]
    );
    assert_eq!(Script::read("keep;").unwrap().hides(), []);
}
