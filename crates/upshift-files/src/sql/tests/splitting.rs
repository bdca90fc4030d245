//! Where statements end.

use crate::sql::split;

/// A text, and its statements as the table shows them: one after the other with ` ⏐ ` between.
fn check(table: &[(&str, &str)]) {
    for (text, expected) in table {
        let found = match split(text) {
            Err(error) => format!("error: {error}"),
            Ok(statements) => statements.iter().map(|s| s.text(text)).collect::<Vec<_>>().join(" ⏐ "),
        };
        assert_eq!(&found, expected, "in {text:?}");
    }
}

#[test]
fn a_semicolon_ends_a_statement_and_white_space_is_none() {
    check(&[
        ("", ""),
        (";", ""),
        (";;;", ""),
        (" \t\r\n ; \n ;", ""),
        ("select 1", "select 1"),
        ("select 1;", "select 1"),
        ("  select 1  ;  ", "select 1"),
        ("a;b", "a ⏐ b"),
        ("a;;b;", "a ⏐ b"),
        ("a\n;\nb\n", "a ⏐ b"),
        ("a\r\n;\r\nb", "a ⏐ b"),
        ("a\u{b};\u{c}b", "a ⏐ b"),
        ("a\r;b\r", "a ⏐ b"),
        ("\u{feff}select 1;", "select 1"),
        ("\u{feff}", ""),
        ("select 1;\u{feff}select 2", "select 1 ⏐ \u{feff}select 2"),
        ("select\u{a0}1;\u{a0};", "select\u{a0}1 ⏐ \u{a0}"),
        ("\u{1};b", "\u{1} ⏐ b"),
    ]);
}

#[test]
fn a_comment_is_no_part_of_a_statement_unless_it_stands_inside() {
    check(&[
        ("-- a", ""),
        ("-- a;b", ""),
        ("/* a;b */", ""),
        ("-- a\nb", "b"),
        ("-- a\rb", "b"),
        ("-- a\r\nb", "b"),
        ("a -- b\n;c", "a ⏐ c"),
        ("a -- ;\nb", "a -- ;\nb"),
        ("a /* ; */ b", "a /* ; */ b"),
        ("a; -- b\n", "a"),
        ("a; -- b", "a"),
        ("a; /* b */", "a"),
        ("--\n", ""),
        ("--", ""),
        ("a--;\n;b", "a ⏐ b"),
        ("-- it's\na;b", "a ⏐ b"),
        ("-- \"\na;b", "a ⏐ b"),
        ("-- $$\na;b", "a ⏐ b"),
        ("-- /*\na;b", "a ⏐ b"),
        ("/* it's */ a;b", "a ⏐ b"),
        ("/* -- */ a;b", "a ⏐ b"),
        ("/* \\i x */ a;b", "a ⏐ b"),
        ("-- \\i x\na;b", "a ⏐ b"),
    ]);
}

#[test]
fn block_comments_nest() {
    check(&[
        ("/**/a", "a"),
        ("/***/a", "a"),
        ("/****/a", "a"),
        ("/* /* */ ; */ a;b", "a ⏐ b"),
        ("/*/**/;*/a;b", "a ⏐ b"),
        ("/* /* /* */ */ ; */ a", "a"),
        ("/*/ ; */ a", "a"),
        ("/* * / ; */ a", "a"),
        ("/* ** // ; **/ a", "a"),
        ("a/* */;b", "a ⏐ b"),
        ("*/ a;b", "*/ a ⏐ b"),
    ]);
}

#[test]
fn an_operator_ends_where_a_comment_begins() {
    check(&[
        ("select 1 - -1;b", "select 1 - -1 ⏐ b"),
        ("select 1 --1;b", "select 1"),
        ("select 1+--;\n1;b", "select 1+--;\n1 ⏐ b"),
        ("select 1*/*;*/2;b", "select 1*/*;*/2 ⏐ b"),
        ("select 1 <--;\n2;b", "select 1 <--;\n2 ⏐ b"),
        ("select 1 @/*;*/- 2;b", "select 1 @/*;*/- 2 ⏐ b"),
        ("select a->>'b;c' from t;b", "select a->>'b;c' from t ⏐ b"),
        ("select 1/ *;b", "select 1/ * ⏐ b"),
        ("select - - 1;b", "select - - 1 ⏐ b"),
        ("select a[1;b", "select a[1 ⏐ b"),
        ("select a::text;b", "select a::text ⏐ b"),
        ("select f(a => 1);b", "select f(a => 1) ⏐ b"),
        ("select a := 1;b", "select a := 1 ⏐ b"),
    ]);
}

#[test]
fn a_string_ends_at_a_quote_that_is_not_doubled() {
    check(&[
        ("select ';';b", "select ';' ⏐ b"),
        ("select '';b", "select '' ⏐ b"),
        ("select '''';b", "select '''' ⏐ b"),
        ("select 'a'';b';c", "select 'a'';b' ⏐ c"),
        ("select ''';';c", "select ''';' ⏐ c"),
        ("select '--;';b", "select '--;' ⏐ b"),
        ("select '/*;';b", "select '/*;' ⏐ b"),
        ("select '$$;';b", "select '$$;' ⏐ b"),
        ("select '\";';b", "select '\";' ⏐ b"),
        ("select 'a\n;\nb';c", "select 'a\n;\nb' ⏐ c"),
        ("select '\\';b", "select '\\' ⏐ b"),
        ("select '\\'';b';c", "select '\\'';b' ⏐ c"),
        ("select 'é;ü';b", "select 'é;ü' ⏐ b"),
        ("select 'a' ';b';c", "select 'a' ';b' ⏐ c"),
        ("select 'a'\n';b';c", "select 'a'\n';b' ⏐ c"),
        ("select 'a'\n'\\';b';c';d", "select 'a'\n'\\' ⏐ b';c' ⏐ d"),
    ]);
}

#[test]
fn a_backslash_escapes_only_in_an_escape_string() {
    check(&[
        (r"select E'\';b';c", r"select E'\';b' ⏐ c"),
        (r"select e'\';b';c", r"select e'\';b' ⏐ c"),
        (r"select E'\\';b", r"select E'\\' ⏐ b"),
        (r"select E'\\\';b';c", r"select E'\\\';b' ⏐ c"),
        (r"select E''';b';c", r"select E''';b' ⏐ c"),
        (r"select E'\'';b", r"select E'\'' ⏐ b"),
        (r"select E'\é;';b", r"select E'\é;' ⏐ b"),
        (r"select E '\';b", r"select E '\' ⏐ b"),
        (r"select nameE'\';b", r"select nameE'\' ⏐ b"),
        (r"select _e'\';b", r"select _e'\' ⏐ b"),
        (r"select 1E'\';b';c", r"select 1E'\';b' ⏐ c"),
        (r"select 1e5,E'\';b';c", r"select 1e5,E'\';b' ⏐ c"),
        (r"select $1E'\';b';c", r"select $1E'\';b' ⏐ c"),
    ]);
}

#[test]
fn an_escape_string_goes_on_after_a_line_end() {
    check(&[
        ("select E'a'\n'\\';b';c", "select E'a'\n'\\';b' ⏐ c"),
        ("select E'a'\r'\\';b';c", "select E'a'\r'\\';b' ⏐ c"),
        ("select E'a' -- x\n  '\\';b';c", "select E'a' -- x\n  '\\';b' ⏐ c"),
        ("select E'a'\n'b'\n'\\';b';c", "select E'a'\n'b'\n'\\';b' ⏐ c"),
        ("select E'a' '\\';b", "select E'a' '\\' ⏐ b"),
        ("select E'a' /*\n*/ '\\';b", "select E'a' /*\n*/ '\\' ⏐ b"),
        ("select E'a' /**/\n'\\';b", "select E'a' /**/\n'\\' ⏐ b"),
        ("select E'a',\n'\\';b", "select E'a',\n'\\' ⏐ b"),
        ("select E'a' 'b'\n'\\';b", "select E'a' 'b'\n'\\' ⏐ b"),
    ]);
}

#[test]
fn letters_before_a_string_change_nothing_else() {
    check(&[
        ("select U&';';b", "select U&';' ⏐ b"),
        (r"select U&'\';b", r"select U&'\' ⏐ b"),
        (r"select u&'\0061'';';b", r"select u&'\0061'';' ⏐ b"),
        ("select U&'!0061;' uescape '!';b", "select U&'!0061;' uescape '!' ⏐ b"),
        ("select u & ';';b", "select u & ';' ⏐ b"),
        ("select B'0;1';b", "select B'0;1' ⏐ b"),
        (r"select b'\';b", r"select b'\' ⏐ b"),
        ("select X'F;F';b", "select X'F;F' ⏐ b"),
        ("select N';';b", "select N';' ⏐ b"),
        (r"select n'\';b", r"select n'\' ⏐ b"),
        ("select date '2026-01-01;';b", "select date '2026-01-01;' ⏐ b"),
    ]);
}

#[test]
fn a_quoted_name_may_hold_anything() {
    check(&[
        ("select \";\";b", "select \";\" ⏐ b"),
        ("select \"a\"\";b\";c", "select \"a\"\";b\" ⏐ c"),
        ("select \"'\";b", "select \"'\" ⏐ b"),
        ("select \"--\";b", "select \"--\" ⏐ b"),
        ("select \"/*\";b", "select \"/*\" ⏐ b"),
        ("select \"$$\";b", "select \"$$\" ⏐ b"),
        ("select \"\\\";b", "select \"\\\" ⏐ b"),
        ("select U&\";\";b", "select U&\";\" ⏐ b"),
        ("select u&\"\\\";b", "select u&\"\\\" ⏐ b"),
        ("select \"a\n;b\";c", "select \"a\n;b\" ⏐ c"),
        ("select \"\";b", "select \"\" ⏐ b"),
        ("select e\"\\\";b", "select e\"\\\" ⏐ b"),
    ]);
}

#[test]
fn a_dollar_quote_ends_at_its_own_tag() {
    check(&[
        ("select $$;$$;b", "select $$;$$ ⏐ b"),
        ("select $$$$;b", "select $$$$ ⏐ b"),
        ("select $a$;$a$;b", "select $a$;$a$ ⏐ b"),
        ("select $a$ $$;$$ $b$;$b$ $a$;b", "select $a$ $$;$$ $b$;$b$ $a$ ⏐ b"),
        ("select $a$;$A$;$a$;b", "select $a$;$A$;$a$ ⏐ b"),
        ("select $a$;$ab$;$a$;b", "select $a$;$ab$;$a$ ⏐ b"),
        ("select $_a1$;$_a1$;b", "select $_a1$;$_a1$ ⏐ b"),
        ("select $é$;$é$;b", "select $é$;$é$ ⏐ b"),
        ("select $a$x$$a$;b", "select $a$x$$a$ ⏐ b"),
        ("select $$'$$;b", "select $$'$$ ⏐ b"),
        ("select $$--$$;b", "select $$--$$ ⏐ b"),
        ("select $$/*$$;b", "select $$/*$$ ⏐ b"),
        ("select $$\\$$;b", "select $$\\$$ ⏐ b"),
        ("select 1$$;$$;b", "select 1$$;$$ ⏐ b"),
        ("select $1$$;$$;b", "select $1$$;$$ ⏐ b"),
        ("select ($$;$$);b", "select ($$;$$) ⏐ b"),
        ("select '$a$';b;'$a$'", "select '$a$' ⏐ b ⏐ '$a$'"),
        ("do $do$ begin perform 1; end $do$;b", "do $do$ begin perform 1; end $do$ ⏐ b"),
        ("do $$begin execute $q$select ';'$q$; end$$;b", "do $$begin execute $q$select ';'$q$; end$$ ⏐ b"),
    ]);
}

#[test]
fn a_dollar_that_quotes_nothing_is_just_a_dollar() {
    check(&[
        ("select $1;b", "select $1 ⏐ b"),
        ("select $1, $2;b", "select $1, $2 ⏐ b"),
        ("select $1$;b;c$", "select $1$ ⏐ b ⏐ c$"),
        ("select a$$;b$$", "select a$$ ⏐ b$$"),
        ("select a$b$;c$b$", "select a$b$ ⏐ c$b$"),
        ("select é$$;b", "select é$$ ⏐ b"),
        ("select $;b", "select $ ⏐ b"),
        ("select $a;b$", "select $a ⏐ b$"),
        ("select $a b$;c", "select $a b$ ⏐ c"),
        ("select $1a$;b", "select $1a$ ⏐ b"),
        ("select $a-b$;c", "select $a-b$ ⏐ c"),
    ]);
}

#[test]
fn numbers_end_before_what_is_none() {
    check(&[
        ("select 1e5;b", "select 1e5 ⏐ b"),
        ("select 1e-5;b", "select 1e-5 ⏐ b"),
        ("select 1.5e+5;b", "select 1.5e+5 ⏐ b"),
        ("select .5;b", "select .5 ⏐ b"),
        ("select 1.;b", "select 1. ⏐ b"),
        ("select 1_000;b", "select 1_000 ⏐ b"),
        ("select 0xFF, 0o17, 0b11;b", "select 0xFF, 0o17, 0b11 ⏐ b"),
        ("for i in 1..10;b", "for i in 1..10 ⏐ b"),
        ("select 1e--;\n;b", "select 1e ⏐ b"),
        ("select 1--;\n;b", "select 1 ⏐ b"),
        ("select 1';';b", "select 1';' ⏐ b"),
    ]);
}

#[test]
fn parentheses_hold_semicolons_together() {
    check(&[
        (
            "create rule r as on insert to t do also (insert into l values (1); delete from m); b",
            "create rule r as on insert to t do also (insert into l values (1); delete from m) ⏐ b",
        ),
        ("select (1;2);b", "select (1;2) ⏐ b"),
        ("select ((1);(2));b", "select ((1);(2)) ⏐ b"),
        ("select (';)';1);b", "select (';)';1) ⏐ b"),
        ("select (/*)*/;1);b", "select (/*)*/;1) ⏐ b"),
        ("select (\")\";1);b", "select (\")\";1) ⏐ b"),
        ("select ($$)$$;1);b", "select ($$)$$;1) ⏐ b"),
        ("select 1);b", "select 1) ⏐ b"),
        ("select 1)));(b;c)", "select 1))) ⏐ (b;c)"),
        ("select (1;b", "select (1;b"),
        ("select [1;b];c", "select [1 ⏐ b] ⏐ c"),
        ("select {1;b};c", "select {1 ⏐ b} ⏐ c"),
    ]);
}

#[test]
fn a_sql_body_holds_its_statements_together() {
    let whole = |text: &str| check(&[(text, text), (&format!("{text};b"), &format!("{text} ⏐ b"))]);
    whole("create function f() returns int begin atomic select 1; select 2; end");
    whole("CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END");
    whole("create procedure p() begin atomic insert into t values (1); end");
    whole("create or replace procedure p() language sql begin atomic; end");
    whole("create function f() returns int begin atomic select case when true then 1 end; select 2; end");
    whole(
        "create function f() returns int begin atomic select case case 1 when 1 then 2 end when 2 then 3 end; end",
    );
    whole("create function f() returns int begin atomic select (case when true then 1 end); select 2; end");
    whole("create function f() returns int begin atomic select f(1;2); end");
    whole("create function f() returns int begin /* x */ atomic select 1; end");
    whole("create function f() returns int begin atomic select 'end'; select 2; end");
    whole("create function f() returns int begin atomic select \"end\"; select 2; end");
    whole("create function f() returns int begin atomic select $$end$$; select 2; end");
    whole("create function f() returns int begin atomic select /* end */ 1; select 2; end");
    whole("create function f() returns int begin atomic select t.end from t; select 2; end");
    whole("create function f() returns int begin atomic select 1 as end; select 2; end");
    whole("create function f() returns int begin atomic select 1 as case; select 2; end");
    whole("create function f() returns int begin atomic select t.case from t; select 2; end");
    whole("create function f() returns int begin atomic select case when true then 1end; select 2; end");
    whole(
        "create function f(a int default (case when true then 1 end)) returns int begin atomic select 1; end",
    );
    whole("create function begin() returns int begin atomic select 1; end");
    whole("create function atomic() returns int begin atomic select 1; end");
    whole("create function begin.atomic() returns int language sql as 'select 1'");
    whole("create function f(begin atomic) returns int language sql as 'select 1'");
    whole("create function f() returns int language sql return case when true then 1 end");
    whole("create function f() returns int as $$ begin atomic select 1; $$ language sql");
}

#[test]
fn begin_atomic_is_a_body_in_a_routine_only() {
    check(&[
        ("begin atomic; select 1; end;", "begin atomic ⏐ select 1 ⏐ end"),
        ("begin; select 1; end; b", "begin ⏐ select 1 ⏐ end ⏐ b"),
        ("create table begin (atomic int); b", "create table begin (atomic int) ⏐ b"),
        ("create view v as select 1 begin atomic; b", "create view v as select 1 begin atomic ⏐ b"),
        ("create \"function\" f begin atomic; b", "create \"function\" f begin atomic ⏐ b"),
        ("create or function f begin atomic; b", "create or function f begin atomic ⏐ b"),
        ("alter function f begin atomic; b", "alter function f begin atomic ⏐ b"),
        ("create function f begin \"atomic\"; b", "create function f begin \"atomic\" ⏐ b"),
        ("create function f begin x atomic; b", "create function f begin x atomic ⏐ b"),
        (
            "create function f() begin atomic select 1; end; c; d",
            "create function f() begin atomic select 1; end ⏐ c ⏐ d",
        ),
        ("create function f() begin atomic select 1;", "create function f() begin atomic select 1;"),
    ]);
}

#[test]
fn the_data_of_a_copy_is_no_sql() {
    check(&[
        ("copy t from stdin;\n1\t';\n\\.\nselect 1;", "copy t from stdin ⏐ select 1"),
        (
            "COPY t (a, b) FROM STDIN WITH (FORMAT csv);\n1,\"\n\\.\nb",
            "COPY t (a, b) FROM STDIN WITH (FORMAT csv) ⏐ b",
        ),
        ("copy t from stdin;\r\n1\r\n\\.\r\nb", "copy t from stdin ⏐ b"),
        ("copy t from stdin;\n\\.\nb", "copy t from stdin ⏐ b"),
        ("copy t from stdin;\n\\.", "copy t from stdin"),
        ("copy t from stdin;  -- it's\n/* \n\\.\nb", "copy t from stdin ⏐ b"),
        ("copy t from stdin;\n\\.x\n \\.\nx\\.\n\\.\nb", "copy t from stdin ⏐ b"),
        ("copy t from stdin where a > 1;\n1\n\\.\nb", "copy t from stdin where a > 1 ⏐ b"),
        ("copy binary t from stdin;\n1\n\\.\nb", "copy binary t from stdin ⏐ b"),
        ("copy s.\"from\" from /* x */ stdin;\n1\n\\.\nb", "copy s.\"from\" from /* x */ stdin ⏐ b"),
        ("copy t from stdout;\n;\n\\.\nb", "copy t from stdout ⏐ b"),
        ("copy t from stdin", "copy t from stdin"),
        ("copy t from stdin;", "copy t from stdin"),
        ("copy t from stdin;\n", "copy t from stdin"),
        ("copy t from stdin; -- done", "copy t from stdin"),
        ("copy t from 'file'; b", "copy t from 'file' ⏐ b"),
        ("copy t from program 'x'; b", "copy t from program 'x' ⏐ b"),
        ("copy t to stdout; b", "copy t to stdout ⏐ b"),
        ("copy stdin from 'x'; b", "copy stdin from 'x' ⏐ b"),
        ("copy (select 1 from stdin) to stdout; b", "copy (select 1 from stdin) to stdout ⏐ b"),
        ("copy t from \"stdin\"; b", "copy t from \"stdin\" ⏐ b"),
        ("select 'copy t from stdin'; b", "select 'copy t from stdin' ⏐ b"),
        ("comment on copy from stdin; b", "comment on copy from stdin ⏐ b"),
    ]);
}
