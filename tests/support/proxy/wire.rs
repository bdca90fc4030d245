//! One connection: two directions, each read, cut into messages, held or delayed, and written.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::frame::{Frame, Frames, GSS_REQUEST, SSL_REQUEST, Tag};
use super::turn::Turn;
use super::{Pace, SILENCE, Sender, Shared, Tls, Way};

/// What is to be written, and when.
type Due = (Instant, Piece);

enum Piece {
    Bytes(Bytes),
    /// Nothing follows.
    End,
    /// The connection ends here, both ways.
    Cut,
    /// Nothing passes any more, neither way.
    Hold,
}

/// What both directions of a connection know.
struct Line {
    shared: Arc<Shared>,
    state: Mutex<State>,
    changed: Notify,
    cut: Notify,
    held: AtomicBool,
}

struct State {
    turn: Turn,
    held: VecDeque<Bytes>,
    last_heard: Instant,
    /// Whether the client has got its first ReadyForQuery; what is released later is a round trip.
    greeted: bool,
}

/// Carries a connection until the server has closed it, one side is gone, or it is cut.
pub(super) async fn carry(client: TcpStream, server: TcpStream, shared: Arc<Shared>) {
    // The kernel must not wait for more where the proxy has decided to send.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let state =
        State { turn: Turn::default(), held: VecDeque::new(), last_heard: Instant::now(), greeted: false };
    let line = Line {
        shared,
        state: Mutex::new(state),
        changed: Notify::new(),
        cut: Notify::new(),
        held: AtomicBool::new(false),
    };
    let (up_sender, up_receiver) = unbounded_channel();
    let (down_sender, down_receiver) = unbounded_channel();
    let up = async {
        let read = line.read_client(from_client, &up_sender, &down_sender);
        tokio::try_join!(read, line.write(to_server, up_receiver))?;
        // The client has said all it will; the server has still to answer, and to close.
        std::future::pending::<io::Result<()>>().await
    };
    let down = async {
        let read = line.read_server(from_server, &down_sender);
        tokio::try_join!(read, line.write(to_client, down_receiver))
    };
    tokio::select! {
        _ = up => {}
        _ = down => {}
        () = line.release(&down_sender) => {}
        () = line.cut.notified() => {}
        () = line.let_go() => {}
    }
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_client(
        &self,
        mut from: OwnedReadHalf,
        to_server: &UnboundedSender<Due>,
        to_client: &UnboundedSender<Due>,
    ) -> io::Result<()> {
        let delay = self.shared.settings.delay_to_server;
        let mut frames = Frames::default();
        while self.unless_held(from.read_buf(&mut frames.bytes).await).await? > 0 {
            while let Some(frame) = frames.next() {
                if matches!(frame.tag, Tag::Opening(SSL_REQUEST | GSS_REQUEST)) {
                    let answer = match (frame.tag, self.shared.settings.tls) {
                        (Tag::Opening(SSL_REQUEST), Tls::Pretended) => b"S",
                        _ => b"N",
                    };
                    let _ = to_client.send((Instant::now(), Piece::Bytes(Bytes::from_static(answer))));
                    continue;
                }
                let counted = {
                    let mut state = self.state();
                    state.turn.client(&frame);
                    state.last_heard = Instant::now();
                    state.turn.open
                };
                self.changed.notify_one();
                let met = if counted { self.shared.meets(Sender::Client) } else { None };
                self.pass(met, frame, to_server, delay).await;
            }
        }
        let _ = to_server.send((Instant::now() + delay, Piece::End));
        Ok(())
    }

    async fn read_server(&self, mut from: OwnedReadHalf, to_client: &UnboundedSender<Due>) -> io::Result<()> {
        let delay = self.shared.settings.delay_to_client;
        let mut frames = Frames { tagged: true, ..Frames::default() };
        while self.unless_held(from.read_buf(&mut frames.bytes).await).await? > 0 {
            while let Some(frame) = frames.next() {
                let frame = self.retold(frame);
                let counted = {
                    let mut state = self.state();
                    let was_open = state.turn.open;
                    if state.turn.is_overtaken(&frame) {
                        self.shared.overtaken.fetch_add(1, Ordering::SeqCst);
                    }
                    state.turn.server(&frame);
                    was_open
                };
                let met = if counted { self.shared.meets(Sender::Server) } else { None };
                if self.shared.settings.pace == Pace::Lockstep && met.is_none() {
                    self.state().held.push_back(frame.bytes);
                    self.changed.notify_one();
                } else {
                    let is_error = counted && frame.tag == Tag::Letter(b'E');
                    self.flush(to_client);
                    self.pass(met, frame, to_client, delay).await;
                    let behind = self.shared.settings.delay_behind_errors;
                    if is_error && !behind.is_zero() {
                        tokio::time::sleep(behind).await;
                    }
                }
            }
        }
        // What is still held belongs to a conversation that is over: an error before the server closed, mostly.
        self.flush(to_client);
        let _ = to_client.send((Instant::now() + delay, Piece::End));
        Ok(())
    }

    /// BackendKeyData with another process id, where one is to be told.
    fn retold(&self, frame: Frame) -> Frame {
        match self.shared.settings.told_pid {
            Some(pid) if frame.tag == Tag::Letter(b'K') => {
                let mut bytes = BytesMut::from(&frame.bytes[..]);
                bytes[5..9].copy_from_slice(&pid.to_be_bytes());
                Frame { tag: frame.tag, bytes: bytes.freeze() }
            }
            _ => frame,
        }
    }

    /// Passes a message on, unless something goes wrong at it; from a cut or a hold there is no return.
    async fn pass(&self, met: Option<Way>, frame: Frame, to: &UnboundedSender<Due>, delay: Duration) {
        let more = if let Some(Way::Delay(more)) = met { more } else { Duration::ZERO };
        // What comes behind it is due earlier, and waits for it all the same.
        let due = Instant::now() + delay + more;
        if !matches!(met, Some(Way::CutBefore | Way::Hold)) {
            let _ = to.send((due, Piece::Bytes(frame.bytes)));
        }
        let end = match met {
            None | Some(Way::Delay(_)) => return,
            Some(Way::CutBefore | Way::CutAfter) => Piece::Cut,
            Some(Way::Hold) => Piece::Hold,
        };
        let _ = to.send((due, end));
        std::future::pending::<()>().await;
    }

    /// What a socket said, unless the connection is held: then nobody hears of anything any more.
    async fn unless_held<T>(&self, said: T) -> T {
        if self.held.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        said
    }

    /// Returns when this connection was held and is not to be any more.
    async fn let_go(&self) {
        let mut held = self.shared.held.subscribe();
        while !self.held.load(Ordering::SeqCst) {
            if held.changed().await.is_err() {
                return;
            }
        }
        let _ = held.wait_for(|held| *held == 0).await;
    }

    /// Lets held answers go whenever it is the client's turn and it has been silent.
    async fn release(&self, to_client: &UnboundedSender<Due>) {
        loop {
            let changed = self.changed.notified();
            let due = {
                let state = self.state();
                let ready = !state.held.is_empty() && state.turn.is_clients();
                ready.then(|| state.last_heard + SILENCE)
            };
            match due {
                None => changed.await,
                Some(at) if at <= Instant::now() => {
                    self.count_release();
                    self.flush(to_client);
                }
                Some(at) => tokio::select! { () = changed => {}, () = tokio::time::sleep_until(at) => {} },
            }
        }
    }

    fn count_release(&self) {
        let mut state = self.state();
        if state.greeted {
            self.shared.round_trips.fetch_add(1, Ordering::SeqCst);
        }
        state.greeted = state.turn.open;
    }

    fn flush(&self, to_client: &UnboundedSender<Due>) {
        let due = Instant::now() + self.shared.settings.delay_to_client;
        for bytes in self.state().held.drain(..) {
            let _ = to_client.send((due, Piece::Bytes(bytes)));
        }
    }

    async fn write(&self, mut to: OwnedWriteHalf, mut from: UnboundedReceiver<Due>) -> io::Result<()> {
        let mut next = from.recv().await;
        while let Some((due, piece)) = next {
            tokio::time::sleep_until(due).await;
            self.unless_held(()).await;
            match piece {
                Piece::Bytes(bytes) => {
                    let mut together = BytesMut::from(bytes);
                    next = more(&mut from, &mut together);
                    let written = to.write_all(&together).await;
                    self.unless_held(written).await?;
                    if next.is_some() {
                        continue;
                    }
                }
                Piece::End => break,
                Piece::Cut => {
                    self.cut.notify_one();
                    std::future::pending::<()>().await;
                }
                Piece::Hold => {
                    self.held.store(true, Ordering::SeqCst);
                    self.shared.held.send_modify(|held| *held += 1);
                    std::future::pending::<()>().await;
                }
            }
            next = from.recv().await;
        }
        to.shutdown().await
    }
}

/// Adds what is due as well, since what came in one packet goes in one: a pooler that got a part of a pipeline would give
/// the session away in the middle of it. Gives back what comes behind.
fn more(from: &mut UnboundedReceiver<Due>, together: &mut BytesMut) -> Option<Due> {
    while let Ok((due, piece)) = from.try_recv() {
        match piece {
            Piece::Bytes(bytes) if due <= Instant::now() => together.extend_from_slice(&bytes),
            piece => return Some((due, piece)),
        }
    }
    None
}
