//! The model.

use super::{Certainty, Effects, Major};
use crate::Catalog;
use crate::statement::Statement;

pub(super) fn of(_statement: &Statement, _catalog: &Catalog, _major: Major) -> Effects {
    Effects { certainty: Certainty::Unknown("not written yet".to_owned()), ..Effects::default() }
}
