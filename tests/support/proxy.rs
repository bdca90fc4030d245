//! A proxy between client and server that reads the protocol: it counts round trips, delays, cuts and holds connections.
//!
//! # How a round trip is counted
//! In lockstep the proxy holds back every answer until the server owes none and the client has been silent for a
//! while; then it lets all of them go at once. A client that needs an answer before it can go on sends nothing more
//! until that release, and a client that does not need it has sent everything it had. So each release ends one wait for
//! the network, which is what a round trip costs, and messages that are pipelined share one. Counting packets would
//! count what the kernel makes of them, counting messages would call a pipeline of a thousand a thousand waits.
//! A client that dawdles in the middle of a pipeline is counted once too often, never once too little.

mod frame;
mod tls;
mod turn;
mod wire;

pub use tls::Pretended;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// As long as a client may dawdle in the middle of a pipeline, on a busy machine.
const SILENCE: Duration = Duration::from_millis(40);

/// A proxy on a port of its own; dropping it cuts every connection through it.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

/// What a proxy does beside passing messages on.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProxySettings {
    /// How much later each message of the client reaches the server.
    pub delay_to_server: Duration,
    /// How much later each message of the server reaches the client.
    pub delay_to_client: Duration,
    /// Whether answers are held back to count round trips.
    pub pace: Pace,
    /// What is said to a client that asks for TLS.
    pub tls: Tls,
    /// How much later the end of an answer comes than the error that it is. The server sends both, the one at once and the
    /// other right behind it, so now and then a client has the one and not yet the other.
    pub delay_behind_errors: Duration,
    /// The process id that the client is told, where that is not the server's word.
    pub told_pid: Option<i32>,
}

/// What is said to a client that asks for TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tls {
    /// No: what is encrypted cannot be counted.
    #[default]
    Refused,
    /// Yes, and then everything goes on in the clear: for a client whose TLS is [`Pretended`].
    Pretended,
}

/// When answers go to the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pace {
    /// As they come.
    #[default]
    Free,
    /// When the client has been silent: each release is one round trip.
    Lockstep,
}

/// What goes wrong, once, and at which message.
///
/// Messages are counted from 1, from the moment the fault is asked for, over all connections. What opens a connection
/// (startup, authentication, until the first ReadyForQuery) is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Whose messages are counted.
    pub sender: Sender,
    /// Which of them it happens at.
    pub nth: usize,
    /// What happens.
    pub way: Way,
}

/// Who sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// What goes wrong at a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The connection is closed; the message does not arrive, though it was sent.
    CutBefore,
    /// The connection is closed; the message is the last that arrives.
    CutAfter,
    /// The message arrives so much later, and what is behind it waits.
    Delay(Duration),
    /// From the message on nothing passes either way, and the connection stays open though its client goes away: a
    /// network that swallows packets.
    Hold,
}

/// What has passed since the last look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections that were opened.
    pub connections: usize,
    /// Waits of the client for answers, after its connection was open. Counted in lockstep only.
    pub round_trips: usize,
    /// Messages of the client, after its connection was open.
    pub client_messages: usize,
    /// Messages of the server, after its connection was open.
    pub server_messages: usize,
    /// Answers that ended a transaction while the client had asked for more already. A transaction pooler that takes the
    /// session back then, because the client leaves, gives the answer that is still to come to somebody else.
    pub overtaken: usize,
}

/// What the connections of one proxy share.
struct Shared {
    server: SocketAddr,
    settings: ProxySettings,
    connections: AtomicUsize,
    round_trips: AtomicUsize,
    client_messages: AtomicUsize,
    server_messages: AtomicUsize,
    overtaken: AtomicUsize,
    fault: Mutex<Option<Fault>>,
    /// How many connections are held.
    held: watch::Sender<usize>,
}

impl Proxy {
    /// A proxy in front of the server on this port of 127.0.0.1.
    pub async fn start(port: u16, settings: ProxySettings) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server: SocketAddr::from(([127, 0, 0, 1], port)),
            settings,
            connections: AtomicUsize::new(0),
            round_trips: AtomicUsize::new(0),
            client_messages: AtomicUsize::new(0),
            server_messages: AtomicUsize::new(0),
            overtaken: AtomicUsize::new(0),
            fault: Mutex::new(None),
            held: watch::Sender::new(0),
        });
        Proxy { address, listener: tokio::spawn(accept(listener, shared.clone())), shared }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address of a database through the proxy.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address)
    }

    /// What has passed since the last look; begins to count anew.
    pub fn take_traffic(&self) -> Traffic {
        let take = |counter: &AtomicUsize| counter.swap(0, Ordering::SeqCst);
        Traffic {
            connections: take(&self.shared.connections),
            round_trips: take(&self.shared.round_trips),
            client_messages: take(&self.shared.client_messages),
            server_messages: take(&self.shared.server_messages),
            overtaken: take(&self.shared.overtaken),
        }
    }

    /// Returns when so many messages of the client have passed since the last look.
    pub async fn until_asked(&self, messages: usize) {
        while self.shared.client_messages.load(Ordering::SeqCst) < messages {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Lets this go wrong on the connection on which it happens, once. Later connections pass.
    pub fn plan(&self, fault: Fault) {
        *self.shared.fault() = Some(fault);
    }

    /// Takes a fault back; whether it was still to come.
    pub fn mend(&self) -> bool {
        self.shared.fault().take().is_some()
    }

    /// Returns when a connection is held.
    pub async fn until_held(&self) {
        let mut held = self.shared.held.subscribe();
        // The sender lives as long as this proxy.
        let _ = held.wait_for(|held| *held > 0).await;
    }

    /// Closes the connections that are held.
    pub fn let_go(&self) {
        self.shared.held.send_replace(0);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Its connections are tasks of a set that this task owns.
        self.listener.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let shared = shared.clone();
        connections.spawn(async move {
            shared.connections.fetch_add(1, Ordering::SeqCst);
            // A server that is down looks the same through the proxy: a connection that ends at once.
            if let Ok(server) = TcpStream::connect(shared.server).await {
                wire::carry(client, server, shared).await;
            }
        });
    }
}

impl Shared {
    fn fault(&self) -> MutexGuard<'_, Option<Fault>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a message and says what goes wrong at it.
    fn meets(&self, sender: Sender) -> Option<Way> {
        let counter = match sender {
            Sender::Client => &self.client_messages,
            Sender::Server => &self.server_messages,
        };
        counter.fetch_add(1, Ordering::SeqCst);
        let mut planned = self.fault();
        let fault = planned.as_mut().filter(|fault| fault.sender == sender)?;
        fault.nth = fault.nth.saturating_sub(1);
        if fault.nth > 0 {
            return None;
        }
        planned.take().map(|fault| fault.way)
    }
}
