//! The rules: one file each, with its check, its explanation, and an example of bad and good.
//!
//! A rule's name is its file's. The table below is the only other place that names it.

#[cfg(test)]
mod document;
mod rule;
#[cfg(test)]
mod tests;

pub use rule::{Check, Example, Group, Rule};

/// Declares the modules of the rules, and the table of them. The name of a rule is that of its file.
macro_rules! rules {
    ($($module:ident,)*) => {
        $(mod $module;)*

        /// All rules, in the order of the documentation.
        pub const RULES: &[Rule] = &[$($module::RULE.named(stringify!($module))),*];
    };
}

rules! {
    add_column_volatile_default,
    create_index_not_concurrently,
    drop_column,
    irreversible_without_a_word,
}

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name() == name)
}
