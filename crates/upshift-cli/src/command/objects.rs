//! Which objects of a schema are looked at, as arguments.

use clap::Args;
use upshift_schema::{Filter, Kind, ObjectPattern};

use crate::context::Context;
use crate::failure::Failure;
use crate::settings::Objects;

/// Which objects are looked at. What is said here counts instead of what `[objects]` of upshift.toml says.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Objects")]
pub(crate) struct ObjectArguments {
    /// This schema alone. May be said more than once.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    include_schema: Vec<String>,
    /// Not this schema. May be said more than once.
    #[arg(long, value_name = "NAME", hide_short_help = true, conflicts_with = "include_schema")]
    exclude_schema: Vec<String>,
    /// Not these objects: `tmp_*`, `app.log_?`. May be said more than once.
    #[arg(long, value_name = "PATTERN", hide_short_help = true)]
    exclude_object: Vec<ObjectPattern>,
    /// Not these facts: owner, grant, comment … May be said more than once.
    #[arg(long, value_name = "KIND", hide_short_help = true)]
    exclude_kind: Vec<Kind>,
}

impl ObjectArguments {
    /// The objects that are looked at: never upshift's own.
    pub(super) fn filter(&self, context: &Context) -> Result<Filter, Failure> {
        let said = Objects {
            include_schemas: self.include_schema.clone(),
            exclude_schemas: self.exclude_schema.clone(),
            exclude_objects: self.exclude_object.clone(),
            exclude_kinds: self.exclude_kind.clone(),
        };
        let filter = said.or(&context.settings.objects).filter();
        Ok(context.migrator_offline()?.without_own_tables(filter))
    }
}
