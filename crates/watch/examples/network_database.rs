//! Makes a database of network operators out of lists of ranges: `first,last,number,name`. Used by tools/geo. The first argument is the
//! date of the lists, in seconds since 1970; readers refuse a database without one.

#![allow(clippy::print_stderr, reason = "a tool")]

use std::io::{BufRead, BufReader};
use std::net::IpAddr;

use watch::geo::write::{Field, Writer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: network_database SECONDS LIST... DATABASE";
    let out = paths.pop().ok_or(usage)?;
    let built: u32 = (!paths.is_empty()).then(|| paths.remove(0)).ok_or(usage)?.parse().map_err(|_| usage)?;
    let mut writer = Writer::default();
    let mut ranges = 0_u64;
    for path in paths {
        for line in BufReader::new(std::fs::File::open(&path)?).lines() {
            let line = line?;
            let mut fields = line.splitn(4, ',');
            let mut field = || fields.next().ok_or_else(|| format!("{path}: {line:?} has fewer than 4 fields"));
            let (first, last): (IpAddr, IpAddr) = (field()?.parse()?, field()?.parse()?);
            let number: u32 = field()?.parse()?;
            let record = Field::Map(vec![
                ("autonomous_system_number".to_owned(), Field::Number(number)),
                ("autonomous_system_organization".to_owned(), Field::Text(field()?.trim_matches('"').to_owned())),
            ]);
            writer.insert(first, last, &record)?;
            ranges += 1;
        }
    }
    std::fs::write(&out, writer.finish("tradewind-network", built))?;
    eprintln!("{ranges} networks in {out}");
    Ok(())
}
