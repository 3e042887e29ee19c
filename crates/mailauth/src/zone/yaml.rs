//! The form of the public SPF tests' `zonedata`: a map from name to a list of records.

use yaml_rust2::parser::{Event, MarkedEventReceiver, Parser};
use yaml_rust2::scanner::Marker;

use super::{Data, Fault, Kind, ZoneFile, data};

pub(super) const REMEDY: &str =
    "write each name with a list of records, such as `example.com: [{TXT: \"v=spf1 -all\"}, {A: 192.0.2.1}, TIMEOUT]`";

/// Values nested in one another.
const DEPTH_MAX: usize = 16;

/// A text that cannot be used.
pub(super) enum Unread {
    /// A map of names with a fault in it.
    Faulty(Fault),
    /// No map at all: may be the other form.
    OtherForm(Fault),
}

/// A value with its line.
#[derive(Debug)]
struct Node {
    line: usize,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

pub(super) fn read(text: &str) -> Result<ZoneFile, Unread> {
    let mut root = root(text).map_err(Unread::OtherForm)?;
    // The public tests keep the map under this name beside other things.
    if let Value::Map(entries) = &mut root.value
        && let Some(at) =
            entries.iter().position(|(name, _)| matches!(&name.value, Value::Text(text) if text == "zonedata"))
    {
        root = entries.swap_remove(at).1;
    }
    let Value::Map(entries) = root.value else {
        return Err(Unread::OtherForm(Fault { line: root.line, what: "is no map of names".to_owned() }));
    };
    let mut zone = ZoneFile::default();
    for (name, records) in &entries {
        add_name(&mut zone, name, records).map_err(Unread::Faulty)?;
    }
    zone.complete();
    Ok(zone)
}

fn add_name(zone: &mut ZoneFile, name: &Node, records: &Node) -> Result<(), Fault> {
    let Value::Text(text) = &name.value else { return Err(fault(name, "a name is no text")) };
    let list = match &records.value {
        Value::List(list) => list.as_slice(),
        Value::Text(text) if text.is_empty() || text == "~" || text == "null" => &[],
        _ => return Err(fault(records, &format!("the records of `{text}` are no list"))),
    };
    for record in list {
        match &record.value {
            Value::Text(word) if word == "TIMEOUT" => zone.silent.push(super::key(text)),
            Value::Map(fields) => {
                for (kind, value) in fields {
                    add_record(zone, text, kind, value)?;
                }
            }
            _ => return Err(fault(record, &format!("a record of `{text}` is neither TIMEOUT nor type and value"))),
        }
    }
    Ok(())
}

fn add_record(zone: &mut ZoneFile, name: &str, kind: &Node, value: &Node) -> Result<(), Fault> {
    let Value::Text(kind_name) = &kind.value else { return Err(fault(kind, "a record type is no text")) };
    if kind_name == "TIMEOUT" {
        zone.silent.push(super::key(name));
        return Ok(());
    }
    let Some(found) = Kind::named(kind_name) else {
        if Kind::is_passed_over(kind_name) {
            return Ok(());
        }
        return Err(fault(kind, &format!("`{kind_name}` is no record type")));
    };
    let data = match &value.value {
        Value::Text(word) if word == "TIMEOUT" => Data::Timeout,
        Value::Text(word) if word == "NONE" => Data::Nothing,
        Value::Text(word) => data(found, std::slice::from_ref(word)).map_err(|what| fault(value, &what))?,
        Value::List(parts) => {
            let parts: Vec<String> = parts.iter().map(text_of).collect::<Result<_, _>>()?;
            data(found, &parts).map_err(|what| fault(value, &what))?
        }
        Value::Map(_) => return Err(fault(value, "a value is a map")),
    };
    zone.add(name, found, data);
    Ok(())
}

fn text_of(node: &Node) -> Result<String, Fault> {
    match &node.value {
        Value::Text(text) => Ok(text.clone()),
        _ => Err(fault(node, "a part of a value is no text")),
    }
}

fn fault(node: &Node, what: &str) -> Fault {
    Fault { line: node.line, what: what.to_owned() }
}

/// The one value of the text.
fn root(text: &str) -> Result<Node, Fault> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    parser
        .load(&mut builder, true)
        .map_err(|error| Fault { line: error.marker().line(), what: error.info().to_owned() })?;
    if let Some(fault) = builder.fault {
        return Err(fault);
    }
    let mut roots = builder.roots.into_iter();
    match (roots.next(), roots.next()) {
        (Some(root), None) => Ok(root),
        (None, _) => Err(Fault { line: 1, what: "is empty".to_owned() }),
        (Some(_), Some(second)) => Err(Fault { line: second.line, what: "holds more than one document".to_owned() }),
    }
}

/// Builds the tree from the parser's events.
#[derive(Default)]
struct Builder {
    roots: Vec<Node>,
    open: Vec<Open>,
    fault: Option<Fault>,
}

/// A list or map that is not complete.
struct Open {
    line: usize,
    is_map: bool,
    items: Vec<Node>,
}

impl Builder {
    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(open) => open.items.push(node),
            None => self.roots.push(node),
        }
    }

    fn begin(&mut self, line: usize, is_map: bool) {
        if self.open.len() >= DEPTH_MAX {
            self.fault.get_or_insert(Fault { line, what: "is nested too deep".to_owned() });
        }
        self.open.push(Open { line, is_map, items: Vec::new() });
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let value = if open.is_map { Value::Map(pairs(open.items)) } else { Value::List(open.items) };
        self.put(Node { line: open.line, value });
    }
}

fn pairs(items: Vec<Node>) -> Vec<(Node, Node)> {
    let mut found = Vec::with_capacity(items.len() / 2);
    let mut items = items.into_iter();
    while let (Some(name), Some(value)) = (items.next(), items.next()) {
        found.push((name, value));
    }
    found
}

impl MarkedEventReceiver for Builder {
    fn on_event(&mut self, event: Event, mark: Marker) {
        let line = mark.line();
        match event {
            Event::Scalar(text, ..) => self.put(Node { line, value: Value::Text(text) }),
            Event::SequenceStart(..) => self.begin(line, false),
            Event::MappingStart(..) => self.begin(line, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(_) => {
                self.fault.get_or_insert(Fault { line, what: "holds an alias, which is not understood".to_owned() });
                self.put(Node { line, value: Value::Text(String::new()) });
            }
            _ => {}
        }
    }
}
