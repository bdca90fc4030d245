use expect_test::{Expect, expect};

use crate::{Snapshot, Verdict};

/// Both written as the text of a snapshot, without its first line.
fn check(before: &str, after: &str, verdict: Verdict, expected: &Expect) {
    let [before, after] = [before, after].map(|text| {
        let lines: Vec<&str> =
            text.lines().map(|line| line.strip_prefix("            ").unwrap_or(line)).collect();
        format!("upshift schema 1{}", lines.join("\n").trim_end()).parse::<Snapshot>().unwrap()
    });
    let diff = before.diff(&after);
    assert_eq!(diff.verdict(), verdict);
    assert_eq!(diff.is_empty(), before == after);
    expected.assert_eq(&diff.to_string());
}

#[test]
fn nothing_is_said_where_nothing_differs() {
    check("\ntable: a.t", "\ntable: a.t", Verdict::Equal, &expect![[""]]);
}

#[test]
fn a_table_comes_with_its_parts_counted() {
    check(
        "",
        "
            table: a.t
            column: a.t.a
                integer
            column: a.t.\"b.c\"
                text
            column order: a.t
                a, \"b.c\"
            constraint: a.t.t_pkey
                PRIMARY KEY (a)
            comment: table a.t
                what for",
        Verdict::Different,
        &expect![[r"
            added table a.t (2 columns, 1 constraint)
            added comment on table a.t: what for
        "]],
    );
}

#[test]
fn a_column_that_came_does_not_change_the_order_of_the_others() {
    check(
        "
            column: a.t.a
                integer
            column order: a.t
                a",
        "
            column: a.t.a
                bigint
            column: a.t.b
                text
            column order: a.t
                b, a",
        Verdict::Different,
        &expect![[r"
            changed column a.t.a
                - integer
                + bigint
            added column a.t.b: text
        "]],
    );
}

#[test]
fn another_order_of_columns_is_a_verdict_of_its_own() {
    check(
        "
            column order: a.t
                a, \"b, c\", d",
        "
            column order: a.t
                a, d, \"b, c\"",
        Verdict::ColumnOrder,
        &expect![[r#"
            changed order of the columns of a.t
                - a, "b, c", d
                + a, d, "b, c"
        "#]],
    );
}

#[test]
fn of_a_function_only_the_changed_lines_are_shown() {
    check(
        "
            function: a.f()
                begin
                    return 1;
                end",
        "
            function: a.f()
                begin
                    return 2;
                end
                -- more
            function: a.g()
                begin
                end",
        Verdict::Different,
        &expect![[r"
            changed function a.f()
                -     return 1;
                +     return 2;
                + -- more
            added function a.g()
        "]],
    );
}

#[test]
fn a_definition_that_was_empty_has_no_line() {
    check(
        "\ntable: a.t",
        "\ntable: a.t\n    ROW LEVEL SECURITY",
        Verdict::Different,
        &expect![[r"
            changed table a.t
                + ROW LEVEL SECURITY
        "]],
    );
}
