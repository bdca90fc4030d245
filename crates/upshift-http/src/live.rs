//! `/events`: this process's own events as they happen, and what has changed in the database.
//!
//! No task looks: each page's stream looks when it is due, all of them share one look a second ([`crate::cached`]), and
//! with the last stream the looking ends.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::look::{Part, object};
use crate::shared::Shared;

/// The time between two looks while somebody watches.
const EVERY: Duration = Duration::from_millis(1500);

/// The streams of a site's pages, which would keep a server that ends gracefully from ending.
///
/// ```no_run
/// # async fn serve(site: upshift_http::Site) {
/// let streams = site.streams();
/// let stop = async move {
///     // What the service waits for, such as Ctrl-C, and then:
///     streams.end();
/// };
/// // axum::serve(listener, app).with_graceful_shutdown(stop)
/// # stop.await
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Streams {
    state: watch::Sender<Flow>,
}

/// Whether streams go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    GoesOn,
    Ends,
}

impl Streams {
    pub(crate) fn new() -> Streams {
        Streams { state: watch::Sender::new(Flow::GoesOn) }
    }

    /// Ends those that are there, and those that come.
    pub fn end(&self) {
        self.state.send_replace(Flow::Ends);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.state.receiver_count()
    }

    async fn ended(mut state: watch::Receiver<Flow>) {
        // An error says that the site is gone, which is an end as well.
        let _ = state.wait_for(|flow| *flow == Flow::Ends).await;
    }
}

const HEADERS: [(HeaderName, &str); 3] = [
    (CONTENT_TYPE, "text/event-stream"),
    (CACHE_CONTROL, "no-store"),
    // nginx would keep it back until a buffer is full.
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// `/events`.
pub(crate) async fn events(State(shared): State<Arc<Shared>>) -> Response {
    let told = shared.seen.told();
    let ended = Box::pin(Streams::ended(shared.streams.state.subscribe()));
    let stream = Stream { shared, told, sent: Vec::new(), due: Instant::now(), ended };
    let frames = futures_util::stream::unfold(stream, |mut stream| async move {
        let frame = stream.next().await?;
        Some((Ok::<Bytes, Infallible>(frame), stream))
    });
    (HEADERS, Body::from_stream(frames)).into_response()
}

/// What one page is sent.
struct Stream<E> {
    shared: Arc<Shared>,
    told: broadcast::Receiver<Arc<str>>,
    /// What the page has already.
    sent: Vec<Part>,
    /// When to look again.
    due: Instant,
    ended: E,
}

impl<E: Future<Output = ()> + Unpin> Stream<E> {
    /// The next thing to send; `None` when it ends.
    async fn next(&mut self) -> Option<Bytes> {
        tokio::select! {
            biased;
            () = &mut self.ended => None,
            told = heard(&mut self.told) => Some(self.frame_of(told)),
            () = tokio::time::sleep_until(self.due) => Some(self.look().await),
        }
    }

    fn frame_of(&mut self, told: Told) -> Bytes {
        match told {
            Told::Event(event) => frame("event", &event),
            Told::FellBehind => {
                self.due = Instant::now();
                Bytes::from_static(b": events were passed over\n\n")
            }
        }
    }

    /// What has changed since the last look; all of it at first.
    async fn look(&mut self) -> Bytes {
        let looked = self.shared.look().await;
        self.due = Instant::now() + EVERY;
        match looked {
            Ok(look) => {
                let changed: Vec<&Part> =
                    look.parts().iter().filter(|part| !self.sent.contains(part)).collect();
                let data = object(changed);
                self.sent = look.parts().to_vec();
                frame("look", &data)
            }
            Err(why) => frame("lost", &json!({ "why": &*why }).to_string()),
        }
    }
}

enum Told {
    Event(Arc<str>),
    FellBehind,
}

/// The next event of this process.
async fn heard(told: &mut broadcast::Receiver<Arc<str>>) -> Told {
    match told.recv().await {
        Ok(event) => Told::Event(event),
        Err(RecvError::Lagged(_)) => Told::FellBehind,
        // Who tells is gone; the database still says what is.
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// One server-sent event. JSON as serde writes it has no line ends.
fn frame(name: &str, data: &str) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}
