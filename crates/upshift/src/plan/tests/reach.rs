//! How far `up` goes: targets, phases, requirements.

use expect_test::expect;

use super::check;

#[test]
fn a_late_arrival_is_applied_when_the_policy_or_the_target_says_so() {
    check(
        "applied: 1 3   set: 1 2 3 4   policy: apply-out-of-order",
        expect![[r#"
        apply   2_t: pending, out of order
        apply   4_t: pending
    "#]],
    );
    check(
        "applied: 1 3   set: 1 2 3 4   up: only 2",
        expect![[r#"
        apply   2_t: pending, out of order
    "#]],
    );
}

#[test]
fn a_late_arrival_behind_the_target_is_nobodys_business() {
    check(
        "applied: 1 3   set: 1 2 3   up: to 1",
        expect![[r#"
        nothing to do
    "#]],
    );
}

#[test]
fn what_a_migration_requires_comes_first() {
    check(
        "set: 1 2>1",
        expect![[r#"
        apply   1_t: pending
        apply   2_t: pending
    "#]],
    );
    check(
        "applied: 1   set: 1 2 3>2   up: only 3",
        expect![[r#"
        blocked 3_t: requires 2, which is not applied
    "#]],
    );
    check(
        "applied: 1 2@1   set: 1 2x 3>2   up: only 3",
        expect![[r#"
            blocked 3_t: requires 2, which is not applied
        "#]],
    );
}

#[test]
fn an_empty_database_gets_every_phase_in_order() {
    check(
        "set: 1 2b 3c 4",
        expect![[r#"
        apply   1_t: pending
        apply   2_t: pending
        apply   3_t: pending
        apply   4_t: pending
    "#]],
    );
}

#[test]
fn a_database_in_use_gets_expands_alone() {
    check(
        "applied: 1   set: 1 2b 3c 4",
        expect![[r#"
        blocked 2_t: a backfill runs beside the service, which `migrator.join()` looks after
        blocked 3_t: a contract waits for its gate, which `migrator.join()` looks after
        apply   4_t: pending
    "#]],
    );
}

#[test]
fn a_blocked_phase_does_not_hold_up_the_next_boots() {
    check(
        "applied: 1 4   set: 1 2b 3c 4 5",
        expect![[r#"
            blocked 2_t: a backfill runs beside the service, which `migrator.join()` looks after
            blocked 3_t: a contract waits for its gate, which `migrator.join()` looks after
            apply   5_t: pending
        "#]],
    );
}

#[test]
fn an_expand_that_requires_a_blocked_one_waits_for_it_however_long() {
    check(
        "applied: 1   set: 1 2c 3>2 4",
        expect![[r#"
        blocked 2_t: a contract waits for its gate, which `migrator.join()` looks after
        blocked 3_t: requires 2, which is not applied
        apply   4_t: pending
    "#]],
    );
    check(
        "applied: 1 4   set: 1 2c 3>2 4",
        expect![[r#"
            blocked 2_t: a contract waits for its gate, which `migrator.join()` looks after
            blocked 3_t: requires 2, which is not applied
        "#]],
    );
    check(
        "applied: 1 4 2   set: 1 2c 3>2 4",
        expect![[r#"
            apply   3_t: pending
        "#]],
    );
}

#[test]
fn a_blocked_phase_runs_when_it_is_named() {
    check(
        "applied: 1   set: 1 2b 3c 4   up: only 3",
        expect![[r#"
        apply   3_t: pending
    "#]],
    );
    check(
        "applied: 1 4   set: 1 2b 3c 4   up: only 2 3",
        expect![[r#"
            apply   2_t: pending
            apply   3_t: pending
        "#]],
    );
}

#[test]
fn a_target_is_a_version_a_number_of_steps_or_a_list() {
    check(
        "set: 1 2 3 4   up: to 2",
        expect![[r#"
        apply   1_t: pending
        apply   2_t: pending
    "#]],
    );
    check(
        "set: 1 2 3 4   up: steps 3",
        expect![[r#"
        apply   1_t: pending
        apply   2_t: pending
        apply   3_t: pending
    "#]],
    );
    check(
        "set: 1 2 3 4   up: steps 0",
        expect![[r#"
        nothing to do
    "#]],
    );
    check(
        "set: 1 2 3 4   up: only 4 2",
        expect![[r#"
        apply   2_t: pending
        apply   4_t: pending
    "#]],
    );
    check(
        "applied: 1 2   set: 1 2   up: only 1",
        expect![[r#"
        nothing to do
    "#]],
    );
}

#[test]
fn steps_count_what_runs() {
    check(
        "applied: 1   set: 1 2c 3 4   up: steps 1",
        expect![[r#"
        blocked 2_t: a contract waits for its gate, which `migrator.join()` looks after
        apply   3_t: pending
    "#]],
    );
}

#[test]
fn an_unknown_target_is_refused_with_the_nearest() {
    check(
        "set: 10 20 30   up: to 22",
        expect![[r#"
            no plan can be made: version 22 is no migration of this set
              help: the nearest version there is: 20
        "#]],
    );
    check(
        "set: 10 20 30   up: only 10 31 5",
        expect![[r#"
        no plan can be made, for 2 reasons
          - version 31 is no migration of this set
            help: the nearest version there is: 30
          - version 5 is no migration of this set
            help: the nearest version there is: 10
    "#]],
    );
    check(
        "set:   up: to 1",
        expect![[r#"
            no plan can be made: version 1 is no migration of this set
              help: the set has no versions
        "#]],
    );
}

#[test]
fn a_database_with_nothing_but_repeatables_left_is_not_in_use() {
    check(
        "applied: Ra+0   set: 1 2c 3 Ra",
        expect![[r#"
        apply   1_t: pending
        apply   2_t: pending
        apply   3_t: pending
        apply   R__a: something was reverted since
    "#]],
    );
}
