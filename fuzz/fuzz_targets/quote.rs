//! Whatever is put in quotes or a comment, the statements around it stay the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upshift_files::sql::split;

fuzz_target!(|content: &str| {
    if content.contains('\0') {
        return;
    }
    let doubled = |quote: char| content.replace(quote, &format!("{quote}{quote}"));
    let mut tag = "$t$".to_owned();
    while content.contains(tag.trim_end_matches('$')) {
        tag.insert(1, 'x');
    }
    let quoted = [
        format!("'{}'", doubled('\'')),
        format!("U&'{}'", doubled('\'')),
        format!("E'{}'", content.replace('\\', "\\\\").replace('\'', "\\'")),
        format!("\"{}\"", doubled('"')),
        format!("{tag}{content}{tag}"),
        format!("1 -- {}\n", content.replace(['\n', '\r'], " ")),
        format!("1 /* {} */", content.replace(['*', '/'], " ")),
    ];
    for quote in quoted {
        let text = format!("select 1; select {quote}; select 3");
        let statements = split(&text).expect("everything is closed");
        assert_eq!(statements.len(), 3, "{text:?}");
        assert_eq!(statements[2].text(&text), "select 3");
    }
});
