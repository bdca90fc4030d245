//! What is logged on this thread, as lines.

use std::fmt::{Debug, Write};
use std::sync::{Arc, LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Level, Metadata, Subscriber};

/// Listens to this thread as long as it lives: to warnings and errors.
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    _listening: DefaultGuard,
}

/// With one listener alone, tracing asks the thread that comes by first whether anybody wants to hear of it.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Listener(Arc::default())));

impl Log {
    /// Begins to listen.
    pub fn listen() -> Log {
        LazyLock::force(&ANOTHER);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let listening = tracing::subscriber::set_default(Listener(lines.clone()));
        Log { lines, _listening: listening }
    }

    /// What has been logged: `WARN message field=value`.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

/// Spans that have begun and ended on this thread, with what was recorded in them.
pub struct Spans {
    spans: Arc<Mutex<Vec<String>>>,
    _listening: DefaultGuard,
}

impl Spans {
    /// Begins to listen.
    pub fn listen() -> Spans {
        LazyLock::force(&ANOTHER);
        let spans: Arc<Mutex<Vec<String>>> = Arc::default();
        let listening = tracing::subscriber::set_default(SpanListener(spans.clone()));
        Spans { spans, _listening: listening }
    }

    /// Each span in the order they began: `name field=value`.
    pub fn lines(&self) -> Vec<String> {
        self.spans.lock().unwrap().clone()
    }
}

struct SpanListener(Arc<Mutex<Vec<String>>>);

impl Subscriber for SpanListener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("upshift")
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line::default();
        span.record(&mut line);
        let mut spans = self.0.lock().unwrap();
        spans.push(format!("{}{}", span.metadata().name(), line.fields));
        Id::from_u64(spans.len() as u64)
    }
    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut line = Line::default();
        values.record(&mut line);
        self.0.lock().unwrap()[span.into_u64() as usize - 1].push_str(&line.fields);
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &tracing::Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Listener(Arc<Mutex<Vec<String>>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN && metadata.target().starts_with("upshift")
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().unwrap().push(format!("{} {}{}", event.metadata().level(), line.message, line.fields));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => write!(self.fields, " {name}={value:?}").unwrap(),
        }
    }
}
