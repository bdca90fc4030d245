//! The nearest valid word: what a person most likely meant.

/// The candidate nearest to `word`, when one is near enough to be worth saying.
///
/// ```
/// assert_eq!(upshift_files::nearest("drop-colum", &["drop-table", "drop-column"]), Some("drop-column"));
/// ```
pub fn nearest<'w>(word: &str, candidates: &[&'w str]) -> Option<&'w str> {
    let near = |candidate: &&&str| distance(word, candidate) <= (candidate.len().max(word.len()) / 3).max(1);
    candidates.iter().filter(near).min_by_key(|candidate| distance(word, candidate)).copied()
}

/// The candidates as a person lists them: `` `a`, `b` or `c` ``.
pub(crate) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Help for a word that is none of `valid`: the nearest, else all of them.
pub(crate) fn did_you_mean(word: &str, valid: &[&str]) -> String {
    match nearest(word, valid) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("valid here: {}", list(valid)),
    }
}

/// How many letters must be added, removed, changed or swapped with their neighbour; case does not count.
///
/// Longer words than any of ours are cut, so that the work stays small whatever a file holds.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    if one.eq_ignore_ascii_case(other) {
        return 0;
    }
    const LONGEST: usize = 40;
    let letters = |text: &str| text.chars().take(LONGEST).flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (one, other) = (letters(one), letters(other));
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut cost = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_counts_one_or_two() {
        for (one, other, expected) in [
            ("phase", "phase", 0),
            ("pase", "phase", 1),
            ("upshfit", "upshift", 1),
            ("UPSHIFT", "upshift", 0),
            ("", "up", 2),
            ("down", "guard", 5),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn the_nearest_word_is_offered_only_when_it_is_near() {
        for (word, expected) in [("dwon", Some("down")), ("verfy", Some("verify")), ("banana", None)] {
            assert_eq!(nearest(word, &["up", "down", "verify"]), expected, "{word}");
        }
        assert_eq!(did_you_mean("banana", &["up", "down"]), "valid here: `up` or `down`");
    }
}
