//! What `up` does.

use expect_test::expect;

use super::check;

#[test]
fn what_is_pending_is_applied_in_version_order() {
    check(
        "set: 3 1 2",
        expect![[r#"
        apply   1_t: pending
        apply   2_t: pending
        apply   3_t: pending
    "#]],
    );
    check(
        "applied: 1   set: 1 2 10",
        expect![[r#"
        apply   2_t: pending
        apply   10_t: pending
    "#]],
    );
    check(
        "applied: 1 2   set: 1 2",
        expect![[r#"
        nothing to do
    "#]],
    );
}

#[test]
fn a_late_arrival_is_refused_by_default() {
    check(
        "applied: 1 3   set: 1 2 3 4",
        expect![[r#"
            no plan can be made: 2_t is older than 3, which is already applied
              help: give it a newer version, or apply it all the same with `OutOfOrder::Apply`
        "#]],
    );
}

#[test]
fn a_migration_that_stopped_makes_no_later_one_out_of_order() {
    check(
        "applied: 1 3@1   set: 1 2 3x",
        expect![[r#"
        apply   2_t: pending
        apply   3_t: goes on after statement 1, statement by statement
    "#]],
    );
}

#[test]
fn an_edited_migration_is_refused() {
    check(
        "applied: 1! 2   set: 1 2 3",
        expect![[r#"
            no plan can be made: 1_t was edited after it was applied
              help: put the change into a new migration; if the database already fits the new text, accept it with `migrator.repair().accept_checksum(version)`
        "#]],
    );
}

#[test]
fn every_reason_comes_at_once() {
    check(
        "applied: 1! 2 4   set: 1 3 4",
        expect![[r#"
        no plan can be made, for 3 reasons
          - 1_t was edited after it was applied
            help: put the change into a new migration; if the database already fits the new text, accept it with `migrator.repair().accept_checksum(version)`
          - 2_t is applied, but missing in this binary
            help: deploy the release that has it, accept it with `Missing::Accept`, or take its row out of the history with `migrator.repair().forget(version)`
          - 3_t is older than 4, which is already applied
            help: give it a newer version, or apply it all the same with `OutOfOrder::Apply`
    "#]],
    );
}

#[test]
fn a_missing_migration_is_refused_unless_the_policy_accepts_it() {
    check(
        "applied: 1 2   set: 1 3",
        expect![[r#"
            no plan can be made: 2_t is applied, but missing in this binary
              help: deploy the release that has it, accept it with `Missing::Accept`, or take its row out of the history with `migrator.repair().forget(version)`
        "#]],
    );
    check(
        "applied: 1 2   set: 1 3   policy: accept-missing",
        expect![[r#"
        apply   3_t: pending
        note: 2_t is applied and missing in this binary, accepted by the policy
    "#]],
    );
}

#[test]
fn an_older_binary_on_a_newer_schema_has_nothing_to_do() {
    check(
        "applied: 1 2 3   set: 1",
        expect![[r#"
        nothing to do
        note: 2_t is applied and newer than this binary
        note: 3_t is applied and newer than this binary
    "#]],
    );
    check(
        "applied: 1   set:",
        expect![[r#"
        nothing to do
        note: 1_t is applied and newer than this binary
    "#]],
    );
}

#[test]
fn an_older_binary_with_something_of_its_own_is_late() {
    check(
        "applied: 1 3   set: 1 2",
        expect![[r#"
            no plan can be made: 2_t is older than 3, which is already applied
              help: give it a newer version, or apply it all the same with `OutOfOrder::Apply`
        "#]],
    );
}

#[test]
fn what_stopped_goes_on_where_it_stopped() {
    check(
        "applied: 1 2@1   set: 1 2x 3",
        expect![[r#"
        apply   2_t: goes on after statement 1, statement by statement
        apply   3_t: pending
    "#]],
    );
    check(
        "applied: 1 2@0   set: 1 2x 3",
        expect![[r#"
        apply   2_t: goes on after statement 0, statement by statement
        apply   3_t: pending
    "#]],
    );
}

#[test]
fn what_stopped_may_have_been_mended() {
    check(
        "applied: 1 2@1!   set: 1 2x 3",
        expect![[r#"
        apply   2_t: goes on after statement 1, statement by statement
        apply   3_t: pending
    "#]],
    );
}

#[test]
fn a_down_that_stopped_is_finished_by_down() {
    check(
        "applied: 1 2^1   set: 1 2 3",
        expect![[r#"
            no plan can be made: 2_t stopped after statement 1 of its down
              help: finish it: run `down` again
        "#]],
    );
}

#[test]
fn an_edited_down_is_recorded() {
    check(
        "applied: 1~   set: 1 2",
        expect![[r#"
        record  1_t: its down was edited
        apply   2_t: pending
    "#]],
    );
}

#[test]
fn a_down_that_this_binary_lacks_is_kept() {
    check(
        "applied: 1~   set: 1n",
        expect![[r#"
            nothing to do
        "#]],
    );
}

#[test]
fn a_migration_that_became_irreversible_is_recorded() {
    check(
        "applied: 1~   set: 1i",
        expect![[r#"
        record  1_t: its down was edited
    "#]],
    );
}

#[test]
fn a_baseline_is_as_good_as_applied() {
    check(
        "applied: 1= 2=   set: 1 2 3",
        expect![[r#"
        apply   3_t: pending
    "#]],
    );
}

#[test]
fn one_transaction_for_all_refuses_what_cannot_be_in_it() {
    check(
        "set: 1 2 3   policy: grouped",
        expect![[r#"
        apply   1_t: pending
        apply   2_t: pending
        apply   3_t: pending
    "#]],
    );
    check(
        "set: 1 2x 3t   policy: grouped",
        expect![[r#"
            no plan can be made, for 2 reasons
              - 2_t cannot be part of one transaction: PostgreSQL refuses its statement in line 2 there
              - 3_t cannot be part of one transaction: PostgreSQL refuses its statement in line 2 there
                help: run without `Grouping::AllInOne`
        "#]],
    );
}

#[test]
fn repeatables_come_after_all_versions() {
    check(
        "set: Rb 2 Ra 1",
        expect![[r#"
        apply   1_t: pending
        apply   2_t: pending
        apply   R__a: pending
        apply   R__b: pending
    "#]],
    );
    check(
        "applied: 1 Ra   set: 1 2 Ra",
        expect![[r#"
        apply   2_t: pending
    "#]],
    );
}

#[test]
fn an_edited_repeatable_is_applied_again() {
    check(
        "applied: 1 Ra+! Rb   set: 1 Ra Rb",
        expect![[r#"
        apply   R__a: its text changed
    "#]],
    );
}

#[test]
fn repeatables_wait_for_the_last_version() {
    check(
        "set: 1 2 Ra   up: to 1",
        expect![[r#"
        apply   1_t: pending
    "#]],
    );
    check(
        "set: 1 2 Ra   up: only 2",
        expect![[r#"
            apply   2_t: pending
        "#]],
    );
    // They are counted behind the versions.
    for (picture, expected) in [
        (
            "set: 1 2 Ra Rb   up: steps 2",
            expect![[r#"
            apply   1_t: pending
            apply   2_t: pending
        "#]],
        ),
        (
            "set: 1 2 Ra Rb   up: steps 3",
            expect![[r#"
            apply   1_t: pending
            apply   2_t: pending
            apply   R__a: pending
        "#]],
        ),
        (
            "applied: 1 2 Ra+! Rb   set: 1 2 Ra Rb   up: steps 1",
            expect![[r#"
                apply   R__a: its text changed
            "#]],
        ),
        (
            "applied: 1 Ra   set: 1 Ra   up: steps 5",
            expect![[r#"
            nothing to do
        "#]],
        ),
    ] {
        check(picture, expected);
    }
}

#[test]
fn a_repeatable_that_is_gone_from_the_set_stays_as_it_is() {
    check(
        "applied: 1 Ra   set: 1",
        expect![[r#"
        nothing to do
    "#]],
    );
}

#[test]
fn a_repeatable_that_stopped_goes_on_unless_it_was_edited() {
    check(
        "applied: 1 Ra+@1!   set: 1 Ra+x",
        expect![[r#"
        apply   R__a: its text changed, statement by statement
    "#]],
    );
    check(
        "applied: 1 Ra+@1   set: 1 Ra+x",
        expect![[r#"
            apply   R__a: goes on after statement 1, statement by statement
        "#]],
    );
}

#[test]
fn after_a_revert_the_repeatables_are_applied_again() {
    check(
        "applied: 1 Ra+0 Rb   set: 1 2 Ra Rb",
        expect![[r#"
        apply   2_t: pending
        apply   R__a: something was reverted since
    "#]],
    );
}

#[test]
fn what_goes_on_in_the_middle_stays_statement_by_statement() {
    check(
        "applied: 1@1 2   set: 1 2",
        expect![[r#"
        apply   1_t: goes on after statement 1, statement by statement
    "#]],
    );
    check(
        "applied: 1@0 2   set: 1 2",
        expect![[r#"
        apply   1_t: goes on after statement 0
    "#]],
    );
}

#[test]
fn what_has_another_number_now_is_not_applied_twice() {
    // 2 was renumbered to 3, whatever is accepted otherwise.
    check(
        "applied: 1 2*3   set: 1 3 4",
        expect![[r#"
            no plan can be made: 2_t is in the history under this number, and has the number 3 in this binary
              help: accept the new numbers with `migrator.repair().accept_renumbered("why")` once no older release runs here; or give the migrations the numbers back that they were applied under; one that is meant to run again wants another name
        "#]],
    );
    check(
        "applied: 1 2*3   set: 1 3 4   policy: accept-missing apply-out-of-order",
        expect![[r#"
            no plan can be made: 2_t is in the history under this number, and has the number 3 in this binary
              help: accept the new numbers with `migrator.repair().accept_renumbered("why")` once no older release runs here; or give the migrations the numbers back that they were applied under; one that is meant to run again wants another name
        "#]],
    );
    // A whole folder was, and an older release looks at it.
    check(
        "applied: 10*1 20*2   set: 1 2",
        expect![[r#"
            no plan can be made, for 2 reasons
              - 10_t is in the history under this number, and has the number 1 in this binary
              - 20_t is in the history under this number, and has the number 2 in this binary
                help: accept the new numbers with `migrator.repair().accept_renumbered("why")` once no older release runs here; or give the migrations the numbers back that they were applied under; one that is meant to run again wants another name
        "#]],
    );
    // Each took the next one's number.
    check(
        "applied: 1*2/a 2*3/b   set: 2/a 3/b",
        expect![[r#"
            no plan can be made, for 2 reasons
              - 1_a is in the history under this number, and has the number 2 in this binary
              - 2_b is in the history under this number, and has the number 3 in this binary
                help: accept the new numbers with `migrator.repair().accept_renumbered("why")` once no older release runs here; or give the migrations the numbers back that they were applied under; one that is meant to run again wants another name
        "#]],
    );
    // Whoever has the number now goes by its name: 2 is `b`, and pending.
    check(
        "applied: 1 2*3/a   set: 1 2/b 3/a",
        expect![[r#"
            no plan can be made: 2_a is in the history under this number, and has the number 3 in this binary
              help: accept the new numbers with `migrator.repair().accept_renumbered("why")` once no older release runs here; or give the migrations the numbers back that they were applied under; one that is meant to run again wants another name
        "#]],
    );
}

#[test]
fn what_only_looks_like_another_is_none() {
    // Another name, another text, two that may be it.
    check(
        "applied: 1*2/a   set: 2/b 3",
        expect![[r#"
        no plan can be made: 1_a is applied, but missing in this binary
          help: deploy the release that has it, accept it with `Missing::Accept`, or take its row out of the history with `migrator.repair().forget(version)`
    "#]],
    );
    check(
        "applied: 1/a   set: 2/a",
        expect![[r#"
        no plan can be made: 1_a is applied, but missing in this binary
          help: deploy the release that has it, accept it with `Missing::Accept`, or take its row out of the history with `migrator.repair().forget(version)`
    "#]],
    );
    check(
        "applied: 1*3/a 2*3/a   set: 3/a",
        expect![[r#"
        no plan can be made, for 2 reasons
          - 1_a is applied, but missing in this binary
          - 2_a is applied, but missing in this binary
            help: deploy the release that has it, accept it with `Missing::Accept`, or take its row out of the history with `migrator.repair().forget(version)`
    "#]],
    );
    // Its number is that of one that stays.
    check(
        "applied: 1*2/a 2!/b   set: 2/a",
        expect![[r#"
        no plan can be made, for 2 reasons
          - 1_a is applied, but missing in this binary
            help: deploy the release that has it, accept it with `Missing::Accept`, or take its row out of the history with `migrator.repair().forget(version)`
          - 2_a has the number of 2_b, which is applied
            help: give it a number of its own, behind all others, where two branches took the same one; where it is that migration with another name and another text, accept it with `migrator.repair().accept_checksum(version)`
    "#]],
    );
}

#[test]
fn what_stopped_in_the_middle_has_another_number_as_well() {
    check(
        "applied: 1@1*2   set: 2",
        expect![[r#"
        no plan can be made: 1_t is in the history under this number, and has the number 2 in this binary
          help: accept the new numbers with `migrator.repair().accept_renumbered("why")` once no older release runs here; or give the migrations the numbers back that they were applied under; one that is meant to run again wants another name
    "#]],
    );
}

#[test]
fn a_number_that_another_migration_has_taken_is_refused() {
    check(
        "applied: 1 2!/a   set: 1 2/b",
        expect![[r#"
            no plan can be made: 2_b has the number of 2_a, which is applied
              help: give it a number of its own, behind all others, where two branches took the same one; where it is that migration with another name and another text, accept it with `migrator.repair().accept_checksum(version)`
        "#]],
    );
}
