//! From commands as they stand to a script that can be run.

mod tests_of;

use crate::args::{Args, Required};
use crate::error::ScriptError;
use crate::limits::{REPLY_SECONDS_MAX, REPLY_SECONDS_MIN};
use crate::syntax::{self, Node};
use crate::template::{Template, is_variable_name};
use crate::tree::{Command, Deed, FileInto, FlagChange, Modifier, Vacation};
use crate::{Script, lex};

/// Extensions that scripts may ask for, by their registered names.
pub const EXTENSIONS: &[&str] = &[
    "body",
    "comparator-i;ascii-casemap",
    "comparator-i;ascii-numeric",
    "comparator-i;octet",
    "comparator-i;unicode-casemap",
    "copy",
    "date",
    "duplicate",
    "encoded-character",
    "envelope",
    "ereject",
    "fileinto",
    "imap4flags",
    "index",
    "mailbox",
    "mailboxid",
    "reject",
    "relational",
    "special-use",
    "subaddress",
    "vacation",
    "vacation-seconds",
    "variables",
    // Ours: the test `attachment`, true for a message with files that are attached.
    "vnd.tradewind.attachment",
];

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// [`ScriptError`] with what is wrong and where.
    pub fn read(text: &str) -> Result<Self, ScriptError> {
        let nodes = syntax::nodes(lex::words(text)?)?;
        let mut required = Required::default();
        let requires = nodes.iter().take_while(|node| node.name == "require").count();
        let (head, rest) = nodes.split_at(requires);
        for node in head {
            require(node, &mut required)?;
        }
        let commands = block(rest, &required)?;
        Ok(Self { commands, keeps_matches: required.has("variables") })
    }
}

/// RFC 5228 section 3.2.
fn require(node: &Node, required: &mut Required) -> Result<(), ScriptError> {
    let none = Required::default();
    let mut args = Args::of(node, &none);
    for name in args.words("names of extensions")? {
        if !EXTENSIONS.contains(&name.as_str()) {
            let known = EXTENSIONS.join(", ");
            return Err(args.error(format!("there is no extension {name:?} here; there are {known}")));
        }
        // RFC 6131 section 2.
        if name == "vacation-seconds" {
            required.0.insert("vacation".to_owned());
        }
        required.0.insert(name);
    }
    plain(node)?;
    args.finish()
}

/// That a command has neither tests nor a block.
fn plain(node: &Node) -> Result<(), ScriptError> {
    let wrong = |what: &str| Err(ScriptError::new(node.line, format!("{} cannot have {what}", node.name)));
    match (node.tests.is_empty(), &node.block) {
        (true, None) => Ok(()),
        (false, _) => wrong("a test behind it; a semicolon may be missing"),
        (true, Some(_)) => wrong("a block"),
    }
}

fn block(nodes: &[Node], required: &Required) -> Result<Vec<Command>, ScriptError> {
    let mut commands: Vec<Command> = Vec::new();
    for node in nodes {
        match node.name.as_str() {
            "if" => {
                let branch = (Some(condition(node, required)?), inner(node, required)?);
                commands.push(Command { line: node.line, deed: Deed::If(vec![branch]) });
            }
            "elsif" | "else" => {
                let test = if node.name == "else" { None } else { Some(condition(node, required)?) };
                let branch = (test, inner(node, required)?);
                match commands.last_mut().map(|command| &mut command.deed) {
                    Some(Deed::If(branches)) if branches.last().is_some_and(|(test, _)| test.is_some()) => {
                        branches.push(branch);
                    }
                    _ => {
                        let what = format!("{} must stand directly behind the block of an if", node.name);
                        return Err(ScriptError::new(node.line, what));
                    }
                }
                if node.name == "else" && !node.tests.is_empty() {
                    return Err(ScriptError::new(node.line, "else has no test; use elsif"));
                }
            }
            "require" => return Err(ScriptError::new(node.line, "require must stand at the head of the script")),
            _ => {
                plain(node)?;
                commands.push(Command { line: node.line, deed: deed(node, required)? });
            }
        }
    }
    Ok(commands)
}

fn condition(node: &Node, required: &Required) -> Result<crate::tree::Test, ScriptError> {
    Args::of(node, required).finish()?;
    match node.tests.as_slice() {
        [test] => tests_of::test(test, required),
        [] => Err(ScriptError::new(node.line, format!("{} lacks a test", node.name))),
        _ => Err(ScriptError::new(node.line, format!("{} has one test; join them with allof or anyof", node.name))),
    }
}

fn inner(node: &Node, required: &Required) -> Result<Vec<Command>, ScriptError> {
    let missing = || ScriptError::new(node.line, format!("{} lacks a block between {{ and }}", node.name));
    block(node.block.as_deref().ok_or_else(missing)?, required)
}

fn deed(node: &Node, required: &Required) -> Result<Deed, ScriptError> {
    let mut args = Args::of(node, required);
    let deed = match node.name.as_str() {
        "stop" => Deed::Stop,
        "keep" => Deed::Keep { flags: flags_tag(&mut args)? },
        "discard" => Deed::Discard,
        "fileinto" => file_into(&mut args)?,
        "redirect" => redirect(&mut args)?,
        "reject" | "ereject" => {
            args.require(&node.name, &node.name)?;
            Deed::Reject { reason: args.text("the reason")? }
        }
        "vacation" => vacation(&mut args)?,
        "set" => set(&mut args)?,
        "setflag" => flags(&mut args, FlagChange::Set)?,
        "addflag" => flags(&mut args, FlagChange::Add)?,
        "removeflag" => flags(&mut args, FlagChange::Remove)?,
        name => return Err(args.error(format!("there is no command {name:?}"))),
    };
    args.finish()?;
    Ok(deed)
}

/// `:flags` (RFC 5232 section 5).
fn flags_tag(args: &mut Args<'_>) -> Result<Option<Vec<Template>>, ScriptError> {
    let flags = args.tagged_texts("flags")?;
    if flags.is_some() {
        args.require("imap4flags", ":flags")?;
    }
    Ok(flags)
}

fn file_into(args: &mut Args<'_>) -> Result<Deed, ScriptError> {
    args.require("fileinto", "fileinto")?;
    let copy = args.flag_of("copy", "copy")?;
    let create = args.flag_of("create", "mailbox")?;
    let flags = flags_tag(args)?;
    let special_use = args.tagged_text("specialuse")?;
    if special_use.is_some() {
        args.require("special-use", ":specialuse")?;
    }
    let mailbox_id = args.tagged_text("mailboxid")?;
    if mailbox_id.is_some() {
        args.require("mailboxid", ":mailboxid")?;
    }
    if mailbox_id.is_some() && (special_use.is_some() || create) {
        // RFC 9042 section 3.1 and 5.
        return Err(args.error(":mailboxid cannot be combined with :specialuse or :create"));
    }
    let mailbox = args.text("the name of a mailbox")?;
    if mailbox.constant().is_some_and(str::is_empty) {
        return Err(args.error("the name of the mailbox is empty"));
    }
    Ok(Deed::FileInto(Box::new(FileInto { mailbox, copy, create, special_use, mailbox_id, flags })))
}

fn redirect(args: &mut Args<'_>) -> Result<Deed, ScriptError> {
    let copy = args.flag_of("copy", "copy")?;
    let address = args.text("an address")?;
    if let Some(constant) = address.constant()
        && mail::Address::parse(constant).is_err()
    {
        return Err(args.error(format!("{constant:?} is no address; write one as name@domain")));
    }
    Ok(Deed::Redirect { address, copy })
}

/// RFC 5230 section 4, RFC 6131 section 2.
fn vacation(args: &mut Args<'_>) -> Result<Deed, ScriptError> {
    args.require("vacation", "vacation")?;
    let days = args.tagged_number("days")?;
    let seconds = args.tagged_number("seconds")?;
    if seconds.is_some() {
        args.require("vacation-seconds", ":seconds")?;
    }
    let seconds = match (days, seconds) {
        (Some(_), Some(_)) => return Err(args.error("either :days or :seconds")),
        (Some(0), None) => return Err(args.error(":days is 1 at least")),
        (Some(days), None) => Some(days.saturating_mul(86_400)),
        (None, seconds) => seconds,
    };
    let vacation = Vacation {
        seconds: seconds.map(|seconds| seconds.clamp(REPLY_SECONDS_MIN, REPLY_SECONDS_MAX)),
        subject: args.tagged_text("subject")?,
        from: args.tagged_text("from")?,
        addresses: args.tagged_texts("addresses")?.unwrap_or_default(),
        mime: args.flag("mime"),
        handle: args.tagged_text("handle")?,
        reason: args.text("what the reply says")?,
    };
    Ok(Deed::Vacation(Box::new(vacation)))
}

/// RFC 5229 section 4.
fn set(args: &mut Args<'_>) -> Result<Deed, ScriptError> {
    args.require("variables", "set")?;
    let mut modifiers = Vec::new();
    for (tag, modifier) in [
        ("lower", Modifier::Lower),
        ("upper", Modifier::Upper),
        ("lowerfirst", Modifier::LowerFirst),
        ("upperfirst", Modifier::UpperFirst),
        ("quotewildcard", Modifier::QuoteWildcard),
        ("length", Modifier::Length),
    ] {
        if args.flag(tag) {
            modifiers.push(modifier);
        }
    }
    let has_both = |one, other| modifiers.contains(&one) && modifiers.contains(&other);
    if has_both(Modifier::Lower, Modifier::Upper) || has_both(Modifier::LowerFirst, Modifier::UpperFirst) {
        return Err(args.error("two of these modifiers exclude one another"));
    }
    let name = args.word("the name of a variable")?;
    if !is_variable_name(&name) {
        return Err(args.error(format!("{name:?} cannot be a variable's name; use letters, digits and _")));
    }
    Ok(Deed::Set { name: name.to_ascii_lowercase(), value: args.text("a value")?, modifiers })
}

/// RFC 5232 section 3.
fn flags(args: &mut Args<'_>, change: FlagChange) -> Result<Deed, ScriptError> {
    args.require("imap4flags", "the command")?;
    let variable = match args.count() {
        2 => Some(flag_variable(args)?),
        _ => None,
    };
    Ok(Deed::Flags { change, variable, flags: args.texts("flags")? })
}

fn flag_variable(args: &mut Args<'_>) -> Result<String, ScriptError> {
    args.require("variables", "a variable of flags")?;
    let name = args.word("the name of a variable")?;
    if !is_variable_name(&name) {
        return Err(args.error(format!("{name:?} cannot be a variable's name; use letters, digits and _")));
    }
    Ok(name.to_ascii_lowercase())
}
