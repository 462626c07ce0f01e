//! Reads the shipment files of carriers, line by line, without trusting any of them.

use std::collections::BTreeMap;
use std::fmt;

/// Longer lines are refused before they are looked at.
pub const LINE_LIMIT: usize = 1_024;

/// What a line of a shipment file says.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    Header { carrier: String, created: u64 },
    Parcel { number: String, grams: u32 },
    Scan { number: String, code: String, at: u64 },
    Trailer { lines: usize },
}

/// Why a file was refused, and at which line.
#[derive(Debug)]
pub struct ParseError {
    pub line: usize,
    pub reason: Reason,
}

#[derive(Debug, PartialEq)]
pub enum Reason {
    TooLong,
    UnknownType(char),
    MissingField(&'static str),
    BadNumber,
    WrongCount { said: usize, seen: usize },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {:?}", self.line, self.reason)
    }
}

/// Parcels by their number, with all that was seen of them.
#[derive(Default)]
pub struct Shipment {
    parcels: BTreeMap<String, u32>,
    scans: Vec<Record>,
}

impl Shipment {
    /// Reads a whole file; the first fault ends it, and nothing of the file is kept.
    pub fn read(text: &str) -> Result<Shipment, ParseError> {
        let mut shipment = Shipment::default();
        let mut seen = 0;
        for (index, line) in text.lines().enumerate() {
            let record = parse_line(line).map_err(|reason| ParseError { line: index + 1, reason })?;
            if let Record::Trailer { lines } = record {
                if lines != seen {
                    return Err(ParseError { line: index + 1, reason: Reason::WrongCount { said: lines, seen } });
                }
                continue;
            }
            seen += 1;
            shipment.take(record);
        }
        Ok(shipment)
    }

    /// Returns the weight of all parcels in grams.
    pub fn total_grams(&self) -> u64 {
        self.parcels.values().map(|grams| u64::from(*grams)).sum()
    }

    fn take(&mut self, record: Record) {
        match record {
            Record::Parcel { number, grams } => {
                self.parcels.insert(number, grams);
            }
            scan @ Record::Scan { .. } => self.scans.push(scan),
            _ => {}
        }
    }
}

/// Takes one line apart; fields are separated by a vertical bar.
pub fn parse_line(line: &str) -> Result<Record, Reason> {
    if line.len() > LINE_LIMIT {
        return Err(Reason::TooLong);
    }
    let mut fields = line.split('|');
    match fields.next() {
        Some("H") => Ok(Record::Header {
            carrier: required(&mut fields, "carrier")?,
            created: number(&mut fields, "created")?,
        }),
        Some("P") => Ok(Record::Parcel {
            number: required(&mut fields, "number")?,
            grams: number(&mut fields, "grams")? as u32,
        }),
        Some("T") => Ok(Record::Trailer { lines: number(&mut fields, "lines")? as usize }),
        Some(other) => Err(Reason::UnknownType(other.chars().next().unwrap_or('?'))),
        None => Err(Reason::MissingField("type")),
    }
}

fn required<'a>(fields: &mut impl Iterator<Item = &'a str>, name: &'static str) -> Result<String, Reason> {
    fields.next().filter(|field| !field.is_empty()).map(str::to_owned).ok_or(Reason::MissingField(name))
}

fn number<'a>(fields: &mut impl Iterator<Item = &'a str>, name: &'static str) -> Result<u64, Reason> {
    required(fields, name)?.parse().map_err(|_| Reason::BadNumber)
}
