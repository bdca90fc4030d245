//! What a report looks like, of each kind; as text beside what it was made of.

use std::time::Duration;

use expect_test::expect;

use super::shown::{Bar, BarKind, Outcome, Row, Shown};
use super::{About, page};

/// A run in words, as [`Shown::of`] makes it.
fn shown(outcome: Outcome, sentence: &str, rows: Vec<Row>) -> Shown {
    Shown {
        title: "up".to_owned(),
        sentence: sentence.to_owned(),
        outcome,
        head: vec![("Service", "orders 1.4.2".to_owned()), ("Began", "2026-05-14 09:30:00 UTC".to_owned())],
        rows,
        blocked: Vec::new(),
        notes: Vec::new(),
        total: Duration::from_secs(4),
    }
}

fn step(label: &str, phase: &'static str, places: [f64; 3]) -> Row {
    let [tried, began, ended] = places;
    Row {
        label: label.to_owned(),
        phase: Some(phase),
        direction: "applied",
        took: "1.00 s".to_owned(),
        remark: (tried < began).then(|| "tried 3 times".to_owned()),
        bar: Bar { tried, began, ended, kind: BarKind::Step },
    }
}

/// The body alone, a line for each element that has one of its own.
fn body(shown: &Shown, about: &About) -> String {
    let page = page(shown, about).into_string();
    let body = page.split_once("<body>").unwrap().1.split_once("<footer>").unwrap().0;
    ["<header", "<main", "<section", "<tr", "<th", "<td", "<rect", "<p", "<h1", "<dl", "<div", "<pre", "<li"]
        .iter()
        .fold(body.to_owned(), |text, tag| text.replace(tag, &format!("\n{tag}")))
        .trim()
        .to_owned()
}

#[test]
fn a_run_shows_its_steps_on_a_time_line() {
    let waiting = Row {
        label: "another migrator at work".to_owned(),
        phase: None,
        direction: "waited",
        took: "1.00 s".to_owned(),
        remark: None,
        bar: Bar { tried: 0.0, began: 0.0, ended: 250.0, kind: BarKind::Waiting },
    };
    let mut shown = shown(
        Outcome::Done,
        "2 migrations applied, 1 blocked",
        vec![
            waiting,
            step("1_users", "expand", [250.0, 250.0, 251.0]),
            step("2_x", "contract", [251.0, 500.0, 1000.0]),
        ],
    );
    shown.blocked.push(("3_drop".to_owned(), "a contract waits for its gate".to_owned()));
    shown.notes.push("9_later is applied and newer than this binary".to_owned());
    expect![[r#"
        <header>
        <p class="kicker">upshift · up</p>
        <h1 class="done">2 migrations applied, 1 blocked</h1>
        <dl class="facts">
        <div><dt>Service</dt><dd>orders 1.4.2</dd></div>
        <div><dt>Began</dt><dd>2026-05-14 09:30:00 UTC</dd></div></dl></header>
        <main>
        <section aria-labelledby="steps"><h2 id="steps">What was done</h2>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="steps"><table><caption>Each step on a time line of 4.00 s</caption>
        <thead>
        <tr>
        <th scope="col">Migration</th>
        <th scope="col">Phase</th>
        <th scope="col">Direction</th>
        <th class="line" scope="col"><span class="axis"><span>0</span><span>4.00 s</span></span></th>
        <th class="number" scope="col">Took</th></tr></thead><tbody>
        <tr>
        <th scope="row"><code>another migrator at work</code></th>
        <td></td>
        <td>waited</td>
        <td class="line"><svg viewBox="0 0 1000 12" preserveAspectRatio="none" role="img" aria-label="from 0 % to 25 % of the time">
        <rect class="ground" x="0" y="5.5" width="1000" height="1"></rect>
        <rect class="waiting" x="0.0" y="1" width="250.0" height="10"></rect></svg></td>
        <td class="number">1.00 s</td></tr>
        <tr>
        <th scope="row"><code>1_users</code></th>
        <td><span class="phase expand">expand</span></td>
        <td>applied</td>
        <td class="line"><svg viewBox="0 0 1000 12" preserveAspectRatio="none" role="img" aria-label="from 25 % to 25 % of the time">
        <rect class="ground" x="0" y="5.5" width="1000" height="1"></rect>
        <rect class="step expand" x="250.0" y="1" width="3.0" height="10"></rect></svg></td>
        <td class="number">1.00 s</td></tr>
        <tr>
        <th scope="row"><code>2_x</code> <span class="remark">tried 3 times</span></th>
        <td><span class="phase contract">contract</span></td>
        <td>applied</td>
        <td class="line"><svg viewBox="0 0 1000 12" preserveAspectRatio="none" role="img" aria-label="from 50 % to 100 % of the time">
        <rect class="ground" x="0" y="5.5" width="1000" height="1"></rect>
        <rect class="tried" x="251.0" y="4" width="249.0" height="4"></rect>
        <rect class="step contract" x="500.0" y="1" width="500.0" height="10"></rect></svg></td>
        <td class="number">1.00 s</td></tr></tbody></table></div>
        <p class="legend"><span><svg class="mark" viewBox="0 0 12 12" aria-hidden="true">
        <rect class="waiting" x="0" y="2" width="12" height="8"></rect></svg> waited for another migrator</span><span><svg class="mark" viewBox="0 0 12 12" aria-hidden="true">
        <rect class="tried" x="0" y="2" width="12" height="8"></rect></svg> tried before, in vain, and paused</span></p></section>
        <section aria-labelledby="blocked"><h2 id="blocked">What was not done, and why</h2>
        <dl class="blocked">
        <div><dt><code>3_drop</code></dt><dd>a contract waits for its gate</dd></div></dl></section>
        <section aria-labelledby="notes"><h2 id="notes">Notes</h2><ul>
        <li>9_later is applied and newer than this binary</li></ul></section></main>"#]].assert_eq(&body(&shown, &About::nothing()));
}

#[test]
fn a_run_that_failed_says_why_first() {
    let about =
        About::nothing().failure("migration 2_x failed at statement 1\n  caused by: division by zero");
    let shown = shown(
        Outcome::Failed,
        "1 migration applied, then it failed",
        vec![
            step("1_users", "expand", [0.0, 0.0, 750.0]),
            Row {
                direction: "failed",
                bar: Bar { tried: 750.0, began: 750.0, ended: 1000.0, kind: BarKind::Failed },
                ..step("2_x", "expand", [750.0, 750.0, 1000.0])
            },
        ],
    );
    expect![[r#"
        <header>
        <p class="kicker">upshift · up</p>
        <h1 class="failed">1 migration applied, then it failed</h1>
        <dl class="facts">
        <div><dt>Service</dt><dd>orders 1.4.2</dd></div>
        <div><dt>Began</dt><dd>2026-05-14 09:30:00 UTC</dd></div></dl></header>
        <main>
        <section class="failure" aria-labelledby="failure"><h2 id="failure">What went wrong</h2>

        <pre>migration 2_x failed at statement 1
          caused by: division by zero</pre></section>
        <section aria-labelledby="steps"><h2 id="steps">What was done, and what failed</h2>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="steps"><table><caption>Each step on a time line of 4.00 s</caption>
        <thead>
        <tr>
        <th scope="col">Migration</th>
        <th scope="col">Phase</th>
        <th scope="col">Direction</th>
        <th class="line" scope="col"><span class="axis"><span>0</span><span>4.00 s</span></span></th>
        <th class="number" scope="col">Took</th></tr></thead><tbody>
        <tr>
        <th scope="row"><code>1_users</code></th>
        <td><span class="phase expand">expand</span></td>
        <td>applied</td>
        <td class="line"><svg viewBox="0 0 1000 12" preserveAspectRatio="none" role="img" aria-label="from 0 % to 75 % of the time">
        <rect class="ground" x="0" y="5.5" width="1000" height="1"></rect>
        <rect class="step expand" x="0.0" y="1" width="750.0" height="10"></rect></svg></td>
        <td class="number">1.00 s</td></tr>
        <tr>
        <th scope="row"><code>2_x</code></th>
        <td><span class="phase expand">expand</span></td>
        <td>failed</td>
        <td class="line"><svg viewBox="0 0 1000 12" preserveAspectRatio="none" role="img" aria-label="from 75 % to 100 % of the time">
        <rect class="ground" x="0" y="5.5" width="1000" height="1"></rect>
        <rect class="failing" x="750.0" y="1" width="250.0" height="10"></rect></svg></td>
        <td class="number">1.00 s</td></tr></tbody></table></div></section></main>"#]].assert_eq(&body(&shown, &about));
}

#[test]
fn a_run_with_nothing_to_do_is_one_sentence() {
    expect![[r#"
        <header>
        <p class="kicker">upshift · up</p>
        <h1 class="done">Nothing to do</h1>
        <dl class="facts">
        <div><dt>Service</dt><dd>orders 1.4.2</dd></div>
        <div><dt>Began</dt><dd>2026-05-14 09:30:00 UTC</dd></div></dl></header>
        <main></main>"#]]
    .assert_eq(&body(&shown(Outcome::Done, "Nothing to do", Vec::new()), &About::nothing()));
}

/// What a file may be called is little; Rust code, a history row and an error text may be called anything.
#[test]
fn hostile_texts_are_texts() {
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let about = About::nothing().title(hostile).fact("Service", Some(hostile)).failure(hostile);
    let mut shown = shown(Outcome::Failed, hostile, vec![step(hostile, "expand", [0.0, 0.0, 1000.0])]);
    shown.title = hostile.to_owned();
    shown.blocked.push((hostile.to_owned(), hostile.to_owned()));
    shown.notes.push(hostile.to_owned());
    let page = page(&shown, &about).into_string();
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    assert_eq!(page.matches("&lt;script&gt;alert(1)").count(), 9);
}

/// It is opened from a disk, years later, by somebody who is offline.
#[test]
fn a_report_needs_nothing_but_itself() {
    let page = page(&shown(Outcome::Done, "Nothing to do", Vec::new()), &About::nothing()).into_string();
    let outside = ["http://", "https://", "<script", "<link", "@import", "url(", "src="];
    let found: Vec<&str> = outside.into_iter().filter(|it| page.contains(it)).collect();
    assert_eq!(found, Vec::<&str>::new());
}
