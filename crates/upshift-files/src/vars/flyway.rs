//! Flyway placeholders: `${name}` anywhere, in quotes and comments too; case does not count.

use super::{Binding, Vars, Wrong};

pub(super) fn bind(text: &str, vars: &Vars) -> (Binding, Vec<Wrong>) {
    let mut binding = Binding::default();
    let mut wrong = Vec::new();
    let mut kept = 0;
    while let Some(at) = text[kept..].find("${").map(|at| kept + at) {
        binding.keep(&text[kept..at], kept);
        let Some(end) = text[at..].find('}').map(|length| at + length + 1) else {
            binding.keep(&text[at..], at);
            return (binding, wrong);
        };
        let name = &text[at + 2..end - 1];
        match vars.names().find(|known| known.eq_ignore_ascii_case(name)).and_then(|known| vars.get(known)) {
            Some(value) => binding.put(value, at),
            None => wrong.push(Wrong::unknown(at..end, name, vars)),
        }
        kept = end;
    }
    binding.keep(&text[kept..], kept);
    (binding, wrong)
}
