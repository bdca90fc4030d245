//! One user, by code.

use upshift::{BoxError, StepContext};

/// Adds the first user.
pub async fn up(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute("insert into users values (1, 'Ada')").await?;
    Ok(())
}

/// Takes the first user away.
pub async fn down(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute("delete from users where id = 1").await?;
    Ok(())
}
