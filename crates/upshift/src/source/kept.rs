//! The set of a source, understood once: a binary's migrations do not change while it runs.

use std::sync::{Arc, OnceLock};

use upshift_files::MigrationSet;

use super::Source;
use crate::error::Error;

/// What was understood, shared by the clones of a migrator. Nothing of a folder is kept: its files may be others tomorrow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    set: Arc<OnceLock<Arc<MigrationSet>>>,
    fingerprint: Arc<OnceLock<String>>,
}

impl Kept {
    /// The migrations of this source, which is the same at every call.
    ///
    /// # Errors
    /// As [`Source::set`].
    pub(crate) fn set(&self, source: &Source) -> Result<Arc<MigrationSet>, Error> {
        if !source.is_fixed() {
            return Ok(Arc::new(source.set()?));
        }
        match self.set.get() {
            Some(set) => {
                source.refuse_stale()?;
                Ok(Arc::clone(set))
            }
            None => {
                let set = Arc::new(source.set()?);
                Ok(Arc::clone(self.set.get_or_init(|| set)))
            }
        }
    }

    /// What a database that has all of it is recognised by; `None` of a folder.
    ///
    /// # Errors
    /// As [`Source::set`].
    pub(crate) fn fingerprint<'k>(&'k self, source: &'k Source) -> Result<Option<&'k str>, Error> {
        match source.fingerprint()? {
            Some(known) => Ok(Some(known)),
            None if source.is_fixed() => {
                let set = self.set(source)?;
                Ok(Some(self.fingerprint.get_or_init(|| set.fingerprint())))
            }
            None => Ok(None),
        }
    }
}
