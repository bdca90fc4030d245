//! Which objects of a schema count, as somebody said it.

use upshift_schema::{Filter, Kind, ObjectPattern};

use super::file::ObjectTable;
use crate::failure::Failure;

/// Which objects of a schema count; all of them where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Objects {
    pub(crate) include_schemas: Vec<String>,
    pub(crate) exclude_schemas: Vec<String>,
    pub(crate) exclude_objects: Vec<ObjectPattern>,
    pub(crate) exclude_kinds: Vec<Kind>,
}

impl Objects {
    /// What upshift.toml says.
    pub(super) fn of(table: &ObjectTable) -> Result<Objects, Failure> {
        let wrong = |why: &dyn std::fmt::Display| Failure::usage(format!("upshift.toml: [objects]: {why}"));
        if !table.include_schemas.is_empty() && !table.exclude_schemas.is_empty() {
            return Err(wrong(&"include-schemas and exclude-schemas: one of them says which"));
        }
        let patterns = table.exclude_objects.iter().map(|text| text.parse().map_err(|why| wrong(&why)));
        let kinds = table.exclude_kinds.iter().map(|text| text.parse().map_err(|why| wrong(&why)));
        Ok(Objects {
            include_schemas: table.include_schemas.clone(),
            exclude_schemas: table.exclude_schemas.clone(),
            exclude_objects: patterns.collect::<Result<_, _>>()?,
            exclude_kinds: kinds.collect::<Result<_, _>>()?,
        })
    }

    /// This, and where it says nothing of a sort the other: which schemas is one sort, whichever way it is said.
    pub(crate) fn or(self, other: &Objects) -> Objects {
        let no_schemas = self.include_schemas.is_empty() && self.exclude_schemas.is_empty();
        let schemas = if no_schemas { other } else { &self };
        let objects = if self.exclude_objects.is_empty() { other } else { &self };
        let kinds = if self.exclude_kinds.is_empty() { other } else { &self };
        Objects {
            include_schemas: schemas.include_schemas.clone(),
            exclude_schemas: schemas.exclude_schemas.clone(),
            exclude_objects: objects.exclude_objects.clone(),
            exclude_kinds: kinds.exclude_kinds.clone(),
        }
    }

    /// As upshift-schema takes it.
    pub(crate) fn filter(&self) -> Filter {
        let filter = match self.include_schemas.is_empty() {
            true => self.exclude_schemas.iter().fold(Filter::new(), Filter::without_schema),
            false => Filter::new().only_schemas(&self.include_schemas),
        };
        filter
            .without_matching(self.exclude_objects.iter().cloned())
            .without_kinds(self.exclude_kinds.iter().copied())
    }

    /// As a run and the question for drift take it; `None` where they have their own.
    pub(crate) fn drift_filter(&self) -> Option<Filter> {
        // What a user mapping says is told to its owner alone.
        (*self != Objects::default()).then(|| self.filter().without_kinds([Kind::UserMapping]))
    }
}
