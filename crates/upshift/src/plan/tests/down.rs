//! What `down` does.

use expect_test::expect;

use super::check;

#[test]
fn steps_go_back_in_the_reverse_order_of_application() {
    check(
        "applied: 1 2 3   set: 1 2 3   down: steps 2",
        expect![[r#"
        revert  3_t: asked for
        revert  2_t: asked for
    "#]],
    );
    check(
        "applied: 1 3 2   set: 1 2 3   down: steps 2",
        expect![[r#"
        revert  2_t: asked for
        revert  3_t: asked for
    "#]],
    );
    check(
        "applied: 1   set: 1   down: steps 5",
        expect![[r#"
        revert  1_t: asked for
    "#]],
    );
    check(
        "set: 1   down: steps 1",
        expect![[r#"
        nothing to do
    "#]],
    );
}

#[test]
fn a_version_stays_and_everything_above_it_goes() {
    check(
        "applied: 1 3 2 4   set: 1 2 3 4   down: to 2",
        expect![[r#"
        revert  4_t: asked for
        revert  3_t: asked for
    "#]],
    );
    check(
        "applied: 1 2   set: 1 2   down: to 2",
        expect![[r#"
        nothing to do
    "#]],
    );
}

#[test]
fn all_is_all_of_it() {
    check(
        "applied: 1 2 3   set: 1 2 3   down: all",
        expect![[r#"
        revert  3_t: asked for
        revert  2_t: asked for
        revert  1_t: asked for
    "#]],
    );
}

#[test]
fn an_unknown_version_is_refused_with_the_nearest() {
    check(
        "applied: 1 2   set: 1 2   down: to 7",
        expect![[r#"
            no plan can be made: version 7 is no migration of this set
              help: the nearest version there is: 2
        "#]],
    );
    check(
        "applied: 1 2   set: 1 2   down: only 7",
        expect![[r#"
            no plan can be made: version 7 is no migration of this set
              help: the nearest version there is: 2
        "#]],
    );
    // Pending is nothing to revert, as applied is nothing to apply.
    check(
        "applied: 1   set: 1 2   down: only 2",
        expect![[r#"
            nothing to do
        "#]],
    );
}

#[test]
fn a_version_that_only_the_history_knows_is_a_target() {
    check(
        "applied: 1 2 3s   set: 1   down: to 2",
        expect![[r#"
        revert  3_t: asked for; its down comes from the history
    "#]],
    );
}

#[test]
fn repeatables_are_no_steps() {
    check(
        "applied: 1 2 Ra   set: 1 2 Ra   down: steps 1",
        expect![[r#"
        revert  2_t: asked for
    "#]],
    );
}

#[test]
fn everything_includes_the_repeatables_first() {
    check(
        "applied: 1 Ra 2   set: 1 2 Ra   down: all",
        expect![[r#"
        revert  2_t: asked for
        revert  1_t: asked for
        note: R__a has no down and stays applied
    "#]],
    );
}

#[test]
fn what_this_binary_lacks_goes_back_by_the_history() {
    check(
        "applied: 1 2s   set: 1   down: steps 1",
        expect![[r#"
        revert  2_t: asked for; its down comes from the history
    "#]],
    );
    check(
        "applied: 1s   set: 1n   down: steps 1",
        expect![[r#"
        revert  1_t: asked for; its down comes from the history
    "#]],
    );
}

#[test]
fn without_a_way_back_nothing_is_done_and_every_reason_is_told() {
    check(
        "applied: 1 2 3 4= 5 6i   set: 1 2n 3i 4n   down: all",
        expect![[r#"
            no plan can be made, for 5 reasons
              - 6_t is irreversible: the history says so
              - 5_t has no down, neither in this binary nor in the history
              - 4_t was accepted by a baseline and has no down
              - 3_t is irreversible: the data is gone
              - 2_t has no down, neither in this binary nor in the history
                help: write a new migration that leads to the schema you want
        "#]],
    );
}

#[test]
fn what_stopped_on_its_way_up_is_finished_first() {
    check(
        "applied: 1 2@1   set: 1 2x   down: steps 1",
        expect![[r#"
            no plan can be made: 2_t stopped after statement 1 of its up
              help: finish it first: run `up` again
        "#]],
    );
}

#[test]
fn a_down_that_stopped_goes_on() {
    check(
        "applied: 1 2^1   set: 1 2   down: steps 1",
        expect![[r#"
            revert  2_t: goes on after statement 1, statement by statement
        "#]],
    );
    check(
        "applied: 1 2^0   set: 1 2   down: steps 1",
        expect![[r#"
            revert  2_t: goes on after statement 0
        "#]],
    );
}

#[test]
fn a_baseline_goes_back_by_the_down_of_this_binary() {
    check(
        "applied: 1=   set: 1   down: all",
        expect![[r#"
        revert  1_t: asked for
    "#]],
    );
}

#[test]
fn the_down_of_another_migration_with_the_same_number_is_not_run() {
    check(
        "applied: 1 2s!/a   set: 1 2/b   down: steps 1",
        expect![[r#"
        revert  2_a: asked for; its down comes from the history
    "#]],
    );
    check(
        "applied: 1 2!/a   set: 1 2/b   down: steps 1",
        expect![[r#"
        no plan can be made: 2_a has no down, neither in this binary nor in the history
          help: write a new migration that leads to the schema you want
    "#]],
    );
}
