//! The 16 columns of the public data set, and a 17th of ours where it is there: the device that the client showed.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use env::Timestamp;

pub(crate) const COLUMNS: [&str; 16] = [
    "index",
    "Login Timestamp",
    "User ID",
    "Round-Trip Time [ms]",
    "IP Address",
    "Country",
    "Region",
    "City",
    "ASN",
    "User Agent String",
    "Browser Name and Version",
    "OS Name and Version",
    "Device Type",
    "Login Successful",
    "Is Attack IP",
    "Is Account Takeover",
];

const DEVICE_COLUMN: &str = "Device Token";

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) at: Timestamp,
    pub(crate) user: i64,
    pub(crate) rtt: Option<u32>,
    pub(crate) address: String,
    pub(crate) country: String,
    pub(crate) asn: u32,
    pub(crate) agent: String,
    pub(crate) browser: String,
    pub(crate) system: String,
    pub(crate) device_type: String,
    pub(crate) successful: bool,
    pub(crate) is_attack: bool,
    pub(crate) is_takeover: bool,
    pub(crate) device: Option<String>,
}

/// Reads a file of the data set, in the order of time.
pub(crate) fn read(path: &Path) -> Result<Vec<Row>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut lines = BufReader::new(file).lines();
    let header = lines.next().ok_or("the file is empty")?.map_err(|error| error.to_string())?;
    let names = split(&header);
    let place = |name: &str| names.iter().position(|found| found == name);
    let mut places = Vec::new();
    for column in COLUMNS {
        places.push(place(column).ok_or_else(|| format!("column {column:?} is missing"))?);
    }
    let device_place = place(DEVICE_COLUMN);
    let mut rows = Vec::new();
    for (number, line) in lines.enumerate() {
        let line = line.map_err(|error| error.to_string())?;
        let fields = split(&line);
        let field = |column: usize| fields.get(places[column]).map_or("", String::as_str);
        let wrong = |column: usize| format!("line {}: {:?} is no {}", number + 2, field(column), COLUMNS[column]);
        // Measured ones of the data set have fractions in places.
        let number_of = |column: usize| field(column).parse::<f64>().ok();
        rows.push(Row {
            at: moment(field(1)).ok_or_else(|| wrong(1))?,
            user: field(2).parse().map_err(|_| wrong(2))?,
            rtt: number_of(3).map(|millis| millis as u32),
            address: field(4).to_owned(),
            country: field(5).to_owned(),
            asn: number_of(8).map_or(0, |number| number as u32),
            agent: field(9).to_owned(),
            browser: field(10).to_owned(),
            system: field(11).to_owned(),
            device_type: field(12).to_owned(),
            successful: field(13).eq_ignore_ascii_case("true"),
            is_attack: field(14).eq_ignore_ascii_case("true"),
            is_takeover: field(15).eq_ignore_ascii_case("true"),
            device: device_place.and_then(|place| fields.get(place)).filter(|text| !text.is_empty()).cloned(),
        });
    }
    rows.sort_by_key(|row: &Row| row.at);
    Ok(rows)
}

/// `2020-02-03 12:43:30.772`.
fn moment(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(' ')?;
    let mut numbers = date.split('-').chain(time.split([':', '.']));
    let mut number = || numbers.next()?.parse::<i64>().ok();
    let civil = env::Civil {
        year: number()?,
        month: u8::try_from(number()?).ok()?,
        day: u8::try_from(number()?).ok()?,
        hour: u8::try_from(number()?).ok()?,
        minute: u8::try_from(number()?).ok()?,
        second: u8::try_from(number()?).ok()?,
        weekday: 0,
    };
    Some(Timestamp::from_millis(Timestamp::from_civil(civil).millis() + number().unwrap_or(0)))
}

fn split(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

pub(crate) fn write(path: &Path, rows: &[Row]) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    writeln!(out, "{},{DEVICE_COLUMN}", COLUMNS.join(","))?;
    for (index, row) in rows.iter().enumerate() {
        let c = row.at.civil();
        let truth = |value: bool| if value { "True" } else { "False" };
        writeln!(
            out,
            "{index},{}-{:02}-{:02} {:02}:{:02}:{:02}.{:03},{},{},{},{},-,-,{},\"{}\",{},{},{},{},{},{},{}",
            c.year,
            c.month,
            c.day,
            c.hour,
            c.minute,
            c.second,
            row.at.millis().rem_euclid(1000),
            row.user,
            row.rtt.map_or_else(String::new, |millis| millis.to_string()),
            row.address,
            row.country,
            row.asn,
            row.agent,
            row.browser,
            row.system,
            row.device_type,
            truth(row.successful),
            truth(row.is_attack),
            truth(row.is_takeover),
            row.device.as_deref().unwrap_or(""),
        )?;
    }
    out.flush()
}
