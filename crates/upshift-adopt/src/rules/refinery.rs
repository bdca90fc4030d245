//! refinery: one row a migration, its time as text, its checksum a SipHash in decimal digits.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};
use upshift_files::Migration;

use super::{Check, PLAIN, Rules, compare};
use crate::checksum::{self, Width};
use crate::row::{Done, Effective, Key, Row};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules { shapes: &[SHAPE], effective, check, ..PLAIN };

const SHAPE: Shape = Shape {
    columns: &[
        ("version", Class::Integer),
        ("name", Class::Text),
        ("applied_on", Class::Text),
        ("checksum", Class::Text),
    ],
    strictness: Strictness::AtLeast,
    read: "\
select t.version::bigint as place, t.version::varchar as key, t.name::varchar as name, t.applied_on::varchar as kind,
    t.checksum::varchar as checksum, null::timestamp with time zone as at, null::bigint as took_ms, false as failed
from old.table t order by 1",
};

fn effective(rows: &[Row]) -> Effective {
    let timed = |row: &Row| Row { at: row.kind.as_deref().and_then(rfc3339), ..row.clone() };
    Effective::each(&rows.iter().map(timed).collect::<Vec<_>>(), Key::number)
}

/// Both widths of a version are tried: the column's type does not tell which one the program had.
fn check(done: &Done, migration: &Migration) -> Check {
    let known = done.checksum.as_deref().and_then(|text| text.parse::<u64>().ok());
    let (Some(known), Some(version)) = (known, migration.version()) else {
        return Check::Unknown("its row has no checksum");
    };
    compare(migration, |text| {
        [Width::Four, Width::Eight]
            .into_iter()
            .any(|width| checksum::refinery(migration.name(), version.number(), width, text) == known)
    })
}

/// `2024-01-01T12:00:00.123456789Z` or with an offset, as chrono and time write it.
fn rfc3339(text: &str) -> Option<OffsetDateTime> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let month = Month::try_from(u8::try_from(part(5, 7)?).ok()?).ok()?;
    let date =
        Date::from_calendar_date(i32::from(part(0, 4)?), month, u8::try_from(part(8, 10)?).ok()?).ok()?;
    let [hour, minute, second] = [part(11, 13)?, part(14, 16)?, part(17, 19)?].map(|n| u8::try_from(n).ok());
    let rest = text.get(19..)?;
    let zone = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = rest.split_at(zone);
    let digits: String =
        fraction.trim_start_matches('.').chars().chain("000000000".chars()).take(9).collect();
    let time = Time::from_hms_nano(hour?, minute?, second?, digits.parse().ok()?).ok()?;
    let offset = match zone {
        "Z" | "z" => UtcOffset::UTC,
        zone => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let (hours, minutes): (i8, i8) = (hours.parse().ok()?, minutes.parse().ok()?);
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?
        }
    };
    Some(PrimitiveDateTime::new(date, time).assume_offset(offset))
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn a_time_is_read_as_it_was_written() {
        for (text, expected) in [
            ("2024-01-01T12:00:00.123456789Z", Some(1_704_110_400_123_456_789)),
            ("2024-01-01T12:00:01Z", Some(1_704_110_401_000_000_000)),
            ("2024-01-01T14:00:00.5+02:00", Some(1_704_110_400_500_000_000)),
            ("2024-01-01T10:30:00-01:30", Some(1_704_110_400_000_000_000)),
            ("yesterday", None),
            ("2024-13-01T12:00:00Z", None),
            ("2024-01-01T12:00:00", None),
        ] {
            assert_eq!(rfc3339(text).map(|at| at.unix_timestamp_nanos()), expected, "{text}");
        }
    }
}
