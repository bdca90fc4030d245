//! To whom a switch shows the new shape.

use std::fmt;

/// To whom a switch shows the new shape, once both shapes are filled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Share {
    /// To everybody: what a switch does that nobody has set.
    #[default]
    All,
    /// To so many percent of the keys, always the same ones, and to those that are named.
    Part {
        /// From 0 to 100.
        percentage: u8,
        /// Keys that are in whatever the percentage.
        keys: Vec<String>,
    },
}

impl Share {
    /// To nobody.
    pub fn none() -> Share {
        Share::percent(0)
    }

    /// To so many percent of the keys; more than 100 is 100.
    pub fn percent(percentage: u8) -> Share {
        Share::Part { percentage, keys: Vec::new() }.simple()
    }

    /// To these keys.
    pub fn keys(keys: impl IntoIterator<Item = impl Into<String>>) -> Share {
        Share::Part { percentage: 0, keys: keys.into_iter().map(Into::into).collect() }
    }

    pub(crate) fn simple(self) -> Share {
        match self {
            Share::Part { percentage: 100.., .. } => Share::All,
            other => other,
        }
    }

    /// Whether this key of this switch is in: the same answer in every process.
    pub(crate) fn has(&self, switch: &str, key: &str) -> bool {
        match self {
            Share::All => true,
            Share::Part { percentage, keys } => {
                keys.iter().any(|it| it == key) || bucket(switch, key) < u64::from(*percentage)
            }
        }
    }
}

/// One of a hundred, by FNV-1a over the switch and the key, so that each switch begins with other keys.
fn bucket(switch: &str, key: &str) -> u64 {
    let bytes = switch.bytes().chain([0]).chain(key.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The upper half is the better mixed one.
    (hash >> 32) % 100
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Share::All => f.write_str("everybody"),
            Share::Part { percentage, keys } if keys.is_empty() => write!(f, "{percentage} %"),
            Share::Part { percentage, keys } => write!(f, "{percentage} % and {} keys", keys.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn a_share_of_the_keys_is_about_that_share_and_grows_without_losing_any() {
        let keys: Vec<String> = (0..10_000).map(|n| format!("tenant-{n}")).collect();
        let mut before: Vec<&String> = Vec::new();
        for percentage in [0, 1, 10, 50, 99, 100] {
            let share = Share::percent(percentage);
            let now: Vec<&String> = keys.iter().filter(|key| share.has("orders.status_id", key)).collect();
            let expected = usize::from(percentage) * 100;
            assert!(now.len().abs_diff(expected) < 200, "{percentage} %: {}", now.len());
            assert!(before.iter().all(|key| now.contains(key)), "{percentage} % lost some");
            before = now;
        }
        assert!(Share::keys(["tenant-7"]).has("x", "tenant-7"));
        assert!(!Share::keys(["tenant-7"]).has("x", "tenant-8"));
        assert!(!Share::none().has("x", "tenant-8"));
    }
}
