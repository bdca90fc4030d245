//! The gate, failure mode by failure mode: what is known on the left, what is said about it on the right.
//!
//! A scene is lines: `old NAME WHEN` and `new NAME WHEN` are instances (WHEN: `seen 3` seconds ago, `left 5`), `session`,
//! `prepared`, `word`, `applied` as below. The contract is 3 of a set with an expand 1 and a backfill 2.

use std::time::Duration;

use expect_test::{Expect, expect};
use time::OffsetDateTime;
use upshift_files::{LayoutChoice, MigrationSet, SourceFile, Version};

use super::{
    AppliedFact, Contract, Gate, GateFacts, GatePolicy, Instance, PreparedFact, SessionFact, SessionTag,
    Share, SwitchFact, Verdict, Watch, Word, WordKind, judge,
};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const LEASE: i64 = 60;

/// A scene where nobody is left who needs what the contract removes.
const ALL_IS_WELL: &str = "new a seen 1\nnew b seen 2\nsession 10 new-a\nsession 11 new-b";

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

fn ago(seconds: i64) -> OffsetDateTime {
    NOW - Duration::from_secs(seconds.unsigned_abs())
}

fn tag(application: &str) -> SessionTag {
    SessionTag { role: "app".into(), application: application.into(), address: "10.0.0.1".into() }
}

fn contract(header: &str) -> Contract {
    let files = [
        ("1_add.sql", "create table t ();\n-- upshift: down\ndrop table t;".to_owned()),
        ("2_fill.sql", "-- upshift: phase backfill\nselect 1;\n-- upshift: down\nselect 1;".to_owned()),
        ("3_hide.sql", format!("-- upshift: phase contract\n{header}select 1;\n-- upshift: down\nselect 1;")),
    ];
    let files = files.map(|(name, text)| SourceFile::new(name, text));
    let set = MigrationSet::parse(files.to_vec(), Vec::new(), LayoutChoice::Detect).unwrap();
    Contract::of(&set, version(3)).unwrap()
}

/// The facts a scene tells of; 1 and 2 are applied, ten minutes ago, unless it says otherwise.
fn facts(scene: &str) -> GateFacts {
    let mut facts = GateFacts {
        now: NOW,
        instances: Vec::new(),
        words: Vec::new(),
        sessions: Vec::new(),
        prepared: Vec::new(),
        switches: Vec::new(),
        applied: [1, 2].map(|it| AppliedFact { version: version(it), at: ago(600) }).to_vec(),
    };
    for line in scene.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<i64>().unwrap();
        match words.as_slice() {
            [release @ ("old" | "new" | "guest"), name, rest @ ..] => {
                let (seen, left) = match rest {
                    ["seen", _] => (number(3), None),
                    _ => (number(3), Some(ago(number(3)))),
                };
                facts.instances.push(Instance {
                    id: (*name).to_owned(),
                    service: if *release == "guest" { "billing" } else { "orders" }.to_owned(),
                    release: Some((*release).to_owned()),
                    host: None,
                    tag: tag(&format!("{release}-{name}")),
                    contracts: if *release == "old" { [].into() } else { [version(3)].into() },
                    joined_at: ago(3600),
                    seen_at: ago(seen),
                    expires_at: ago(seen) + Duration::from_secs(60),
                    left_at: left,
                });
            }
            ["session", _, application, rest @ ..] => facts.sessions.push(SessionFact {
                pid: number(1) as i32,
                tag: tag(application),
                transaction_since: rest.get(1).map(|it| ago(it.parse().unwrap())),
            }),
            ["other-role", _] => facts.sessions.push(SessionFact {
                pid: number(1) as i32,
                tag: SessionTag { role: "reporting".into(), ..tag("metabase") },
                transaction_since: None,
            }),
            ["prepared", gid, _] => facts.prepared.push(PreparedFact {
                gid: (*gid).to_owned(),
                role: "app".into(),
                since: ago(number(2)),
            }),
            ["hold", about] | ["approval", about] => facts.words.push(Word {
                kind: if words[0] == "hold" { WordKind::Hold } else { WordKind::Approval },
                version: about.parse().ok().map(version),
                reason: "black friday".into(),
                role: "ops".into(),
                at: ago(60),
            }),
            ["switch", name, _, _] => facts.switches.push(SwitchFact {
                name: (*name).to_owned(),
                share: Share::percent(number(2) as u8),
                at: ago(number(3)),
            }),
            ["applied", _, _] => {
                facts.applied.retain(|it| it.version != version(number(1) as u64));
                let at = ago(number(2));
                facts.applied.push(AppliedFact { version: version(number(1) as u64), at });
            }
            ["pending", _] => facts.applied.retain(|it| it.version != version(number(1) as u64)),
            other => panic!("no such line: {other:?}"),
        }
    }
    facts
}

fn judged(scene: &str, contract: &Contract, policy: &GatePolicy) -> Verdict {
    let watch = Watch::Instance { id: "a".to_owned(), gap: Duration::from_secs(10) };
    judge(contract, &facts(scene), policy, &watch)
}

fn says(scene: &str, expected: Expect) {
    says_by(GatePolicy::default(), "", scene, expected);
}

fn says_by(policy: GatePolicy, header: &str, scene: &str, expected: Expect) {
    let verdict = match judged(&format!("{ALL_IS_WELL}\n{scene}"), &contract(header), &policy) {
        Verdict::Open => "open".to_owned(),
        Verdict::Closed(reasons) => reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    expected.assert_eq(&verdict);
}

#[test]
fn it_opens_when_everybody_alive_tolerates_the_contract() {
    says("", expect!["open"]);
}

#[test]
fn an_instance_that_needs_what_is_removed_keeps_it_closed_until_it_has_left() {
    says(
        "old o seen 3\nsession 12 old-o",
        expect!["orders old on 10.0.0.1 (o) still needs it, seen 3.00 s ago"],
    );
    says("old o left 5", expect!["open"]);
}

#[test]
fn expired_is_not_gone() {
    says(
        "old o seen 61",
        expect![
            "orders old on 10.0.0.1 (o) still needed it when last seen 1 min 1 s ago; given up in 59.00 s"
        ],
    );
    says(
        "old o seen 119",
        expect![[
            r#"orders old on 10.0.0.1 (o) still needed it when last seen 1 min 59 s ago; given up in 1.00 s"#
        ]],
    );
    says("old o seen 121", expect!["open"]);
}

#[test]
fn a_stopped_instance_whose_sessions_are_still_there_is_not_gone() {
    says(
        "old o seen 500\nsession 12 old-o",
        expect![
            "session 12 (old-o, app at 10.0.0.1) looks like those of an instance whose lease is over; give each release an application_name of its own"
        ],
    );
}

#[test]
fn many_leases_that_end_together_are_an_overload() {
    says(
        "old o seen 500\nold p seen 510\nold q seen 520",
        expect![
            "3 leases ended together, which may be an overload and not their end: orders old on 10.0.0.1 (q), orders old on 10.0.0.1 (p), orders old on 10.0.0.1 (o); when they are gone, say so with `rollout().forget(id)`"
        ],
    );
    // One after the other, as a rolling deploy without goodbyes ends them.
    says("old o seen 500\nold p seen 700\nold q seen 900", expect!["open"]);
    // Fewer than those that went on meanwhile.
    says("old o seen 500\nold p seen 510", expect!["open"]);
}

#[test]
fn nobody_else_alive_is_no_reason_to_believe_a_late_looker() {
    let contract = contract("");
    let policy = GatePolicy::default();
    let say = |scene: &str, id: &str, gap| {
        let watch = Watch::Instance { id: id.to_owned(), gap: Duration::from_secs(gap) };
        judge(&contract, &facts(scene), &policy, &watch).to_string()
    };
    expect!["open"].assert_eq(&say("new a seen 1", "a", 40));
    expect!["closed: the instance that looks was late itself: no heartbeat for 41.00 s"].assert_eq(&say(
        "new a seen 1",
        "a",
        41,
    ));
    expect!["closed: the instance that looks is not registered itself"].assert_eq(&say("", "a", 1));
    expect!["closed: the instance that looks is not registered itself"].assert_eq(&say(
        &format!("new a seen {}", LEASE + 1),
        "a",
        1,
    ));
}

#[test]
fn a_session_nobody_accounts_for_keeps_it_closed() {
    says("session 66 cron", expect!["session 66 (cron, app at 10.0.0.1) belongs to no registered instance"]);
    let policy = GatePolicy { allowed: vec!["psql".into(), "cron".into()], ..GatePolicy::default() };
    says_by(policy, "", "session 66 cron\nsession 67 psql", expect!["open"]);
    // Of a role that no service logs in as.
    says("other-role 68", expect!["open"]);
    // Of an instance that said goodbye and has not closed its pool yet.
    says(
        "old o left 1\nsession 12 old-o",
        expect!["session 12 (old-o, app at 10.0.0.1) belongs to no registered instance"],
    );
}

#[test]
fn transactions_from_before_the_last_instance_left_are_waited_for() {
    says(
        "old o left 30\nsession 10 new-a since 40",
        expect![
            "session 10 (new-a, app at 10.0.0.1) has a transaction open for 40.00 s, since before the last old instance left"
        ],
    );
    says("old o left 30\nsession 10 new-a since 20", expect!["open"]);
    says(
        "prepared tx1 20",
        expect!["the transaction 'tx1' of app was prepared 20.00 s ago and is not ended"],
    );
}

#[test]
fn what_it_stands_on_comes_first() {
    says("pending 2", expect!["the backfill 2_fill is not finished"]);
    says_by(
        GatePolicy::default(),
        "-- upshift: requires 1\n",
        "pending 1\npending 2",
        expect![[r#"
            1_add is not applied
            the backfill 2_fill is not finished"#]],
    );
}

#[test]
fn operators_hold_and_approve() {
    says("hold all", expect!["held by ops: black friday"]);
    says("hold 3", expect!["held by ops: black friday"]);
    says("hold 7", expect!["open"]);
    let manual = || GatePolicy { gate: Gate::Manual, ..GatePolicy::default() };
    says_by(manual(), "", "", expect!["nobody has approved it yet"]);
    says_by(manual(), "", "approval 7", expect!["nobody has approved it yet"]);
    says_by(manual(), "", "approval 3", expect!["open"]);
    // An approval is not blind.
    says_by(
        manual(),
        "",
        "approval 3\nold o seen 1",
        expect!["orders old on 10.0.0.1 (o) still needs it, seen 1.00 s ago"],
    );
}

#[test]
fn it_soaks_as_long_as_the_file_or_the_policy_says() {
    says_by(
        GatePolicy::default(),
        "-- upshift: after 1h\n",
        "",
        expect!["what it stands on is live for 10 min 0 s, and must be for 1 h 0 min"],
    );
    says_by(GatePolicy::default(), "-- upshift: after 5m\n", "", expect!["open"]);
    let day = GatePolicy { gate: Gate::After(Duration::from_secs(86_400)), ..GatePolicy::default() };
    says_by(
        day,
        "-- upshift: after 5m\n",
        "",
        expect!["what it stands on is live for 10 min 0 s, and must be for 1 d 0 h"],
    );
    // The latest of what it requires counts.
    says_by(
        GatePolicy::default(),
        "-- upshift: requires 1\n-- upshift: after 5m\n",
        "applied 1 100\napplied 2 400",
        expect!["what it stands on is live for 1 min 40 s, and must be for 5 min 0 s"],
    );
}

#[test]
fn its_switch_must_show_everybody_the_new_shape_and_everybody_must_know() {
    let says = |scene, expected| {
        says_by(GatePolicy::default(), "-- upshift: switch orders.state\n", scene, expected);
    };
    says("", expect!["open"]);
    says(
        "switch orders.state 10 60",
        expect!["the switch orders.state shows the new shape to 10 % and not to everybody"],
    );
    says("switch orders.state 100 30", expect!["open"]);
    says("switch orders.other 10 60", expect!["open"]);
    says(
        "switch orders.state 100 30\nnew c seen 29\nnew d seen 31",
        expect!["orders new on 10.0.0.1 (d) has not heard yet that the new shape is in use"],
    );
}

#[test]
fn other_services_have_to_be_there_and_to_tolerate_it() {
    let policy = || GatePolicy { waits_for: vec!["billing".into()], ..GatePolicy::default() };
    says_by(
        policy(),
        "",
        "",
        expect!["no instance of billing that tolerates it, which it waits for, is registered"],
    );
    says_by(policy(), "", "guest g seen 1", expect!["open"]);
}

#[test]
fn at_once_is_at_once_but_never_before_what_it_stands_on() {
    let policy = || GatePolicy { gate: Gate::Immediate, ..GatePolicy::default() };
    says_by(policy(), "-- upshift: after 7d\n", "old o seen 1\nsession 66 cron", expect!["open"]);
    says_by(policy(), "", "pending 2", expect!["the backfill 2_fill is not finished"]);
    says_by(policy(), "", "hold 3", expect!["held by ops: black friday"]);
}
