//! The checksums that the real tools gave for the same texts.

use serde_json::Value;
use upshift_adopt::checksum::{Width, drizzle, flyway, graphile, refinery, sqitch, sqlx};

use crate::stage::text;

#[test]
fn every_vector_of_every_tool() {
    let all: Value = serde_json::from_str(&text("checksum-vectors.json")).unwrap();
    let vectors = all["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 10);
    for vector in vectors {
        let said = |name: &str| vector[name].as_str().unwrap().to_owned();
        let (case, text) = (said("case"), said("text"));
        assert_eq!(i64::from(flyway(&text)), vector["flyway_crc32"].as_i64().unwrap(), "{case}");
        assert_eq!(sqlx(&text), said("sqlx_sha384"), "{case}");
        assert_eq!(drizzle(&text), said("drizzle_sha256"), "{case}");
        assert_eq!(sqitch(&text), said("sqitch_sha1"), "{case}");
        assert_eq!(
            refinery("x", 1, Width::Four, &text).to_string(),
            said("refinery_i32_name_x_v1"),
            "{case}"
        );
        assert_eq!(
            refinery("x", 1, Width::Eight, &text).to_string(),
            said("refinery_i64_name_x_v1"),
            "{case}"
        );
        assert_eq!(graphile(None, &text), said("graphile_first"), "{case}");
    }
    for (version, upstream) in (1..).zip(all["refinery_upstream"].as_array().unwrap()) {
        let said = |name: &str| upstream[name].as_str().unwrap();
        let name = said("file").split("__").nth(1).unwrap().trim_end_matches(".sql");
        assert_eq!(refinery(name, version, Width::Four, said("sql")).to_string(), said("i32"));
        assert_eq!(refinery(name, version, Width::Eight, said("sql")).to_string(), said("i64"));
    }
}
