//! Whether a service may serve, as JSON.

use serde_json::{Value, json};
use upshift::{Fitness, Health};

/// Whether the schema fits the binary: a word that does not change, whether the service may serve, and why not.
pub fn health(health: &Health) -> Value {
    let (is, which) = match health {
        Health::Fits => ("fits", Value::Null),
        Health::Ahead { newer } => ("ahead", json!(newer)),
        Health::Drifted(_) => ("drifted", Value::Null),
        Health::Behind { pending } => ("behind", json!(pending)),
        Health::Migrating { pending, .. } => ("migrating", json!(pending)),
        Health::Lacking { missing } => ("lacking", json!(missing)),
        Health::Refused { why } => ("refused", json!(why)),
        Health::Fenced { contracts } => ("fenced", json!(contracts)),
        _ => ("other", Value::Null),
    };
    json!({ "is": is, "fit": health.is_fit(), "which": which, "text": health.to_string() })
}

/// Whether an instance of a fleet may serve.
pub fn fitness(fitness: &Fitness) -> Value {
    let is = match fitness {
        Fitness::Fit => "fit",
        Fitness::Late { .. } => "late",
        Fitness::Fenced { .. } => "fenced",
        _ => "other",
    };
    json!({ "is": is, "fit": fitness.is_fit(), "text": fitness.to_string() })
}
