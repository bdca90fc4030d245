//! Limits of time as SET writes them.

/// What a value of `lock_timeout` means, in milliseconds: a number alone is milliseconds, 0 is never.
pub(super) fn milliseconds(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let each = match unit.trim() {
        "us" => return Some(number / 1000),
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(each)
}

/// The longest wait for a lock that still makes sense in front of a service.
pub(super) const LONGEST_WAIT: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn a_limit_has_a_unit_or_is_in_milliseconds() {
        for (value, expected) in [
            ("0", Some(0)),
            ("2000", Some(2000)),
            ("2s", Some(2000)),
            ("10 min", Some(600_000)),
            ("99999999999999999d", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(milliseconds(value), expected, "{value}");
        }
    }
}
