//! Times as a person reads them.

use time::{OffsetDateTime, UtcOffset};

/// `2026-11-20 10:33:00`, in UTC.
pub(crate) fn shown(at: OffsetDateTime) -> String {
    // A row written by hand may be so near the end of time that UTC is behind it.
    let at = at.checked_to_offset(UtcOffset::UTC).unwrap_or(at);
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}
