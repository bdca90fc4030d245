//! The page of upshift-http in every state a person may see it in, each on a database of its own, below a path of its own:
//! for tests in a browser (scripts/page-tests). Prints its address, and ends when its input does.

#[path = "page_under_test/states.rs"]
mod states;

use axum::Router;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use upshift_http::Site;

use self::states::State;

#[tokio::main]
async fn main() {
    let mut app = Router::new();
    let mut kept = Vec::new();
    let mut streams = Vec::new();
    for (path, state) in states::all().await {
        let State { site, keep } = state;
        streams.push(site.streams());
        app = app.nest(path, site.router());
        kept.push(keep);
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on 127.0.0.1");
    println!("http://{}", listener.local_addr().expect("an address"));
    let ended = async move {
        let mut rest = Vec::new();
        // However it ends: nobody looks any more.
        let _ = tokio::io::stdin().read_to_end(&mut rest).await;
        streams.iter().for_each(upshift_http::Streams::end);
    };
    axum::serve(listener, app).with_graceful_shutdown(ended).await.expect("a server");
    drop(kept);
}

/// A site as it is mounted by a service that shows and changes nothing.
fn shown(migrator: upshift::Migrator) -> Site {
    Site::new(migrator)
}
