//! Stands between the contenders and the server: delays what the client sends, and counts the round trips.
//!
//! Each piece of bytes from the client reaches the server a fixed time after the client wrote it, however many are on
//! their way: a longer wire, not a slower one, so that sending without waiting pays as it does on a network. Threads and
//! blocking sockets, because the sleeps of an async runtime are rounded to milliseconds.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::trips::{Counter, Exchange};
use crate::wire::{Frames, Seen, Speaker};

/// A port of 127.0.0.1 behind which the server seems to stand. It ends with the program.
pub struct Proxy {
    pub port: u16,
    pub delay: Duration,
    pub counter: Arc<Counter>,
}

impl Proxy {
    pub fn start(server: SocketAddr, delay: Duration) -> io::Result<Proxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let counter = Arc::new(Counter::default());
        let counting = Arc::clone(&counter);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A connection that fails here fails at the client, who tells of it.
                let _ = connect(client, server, delay, Arc::new(counting.exchange()));
            }
        });
        Ok(Proxy { port, delay, counter })
    }
}

fn connect(
    client: TcpStream,
    server: SocketAddr,
    delay: Duration,
    exchange: Arc<Exchange>,
) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    let counted = Arc::clone(&exchange);
    thread::spawn(move || {
        let mut frames = Frames::new(Speaker::Client);
        let count = move |bytes: &[u8]| {
            frames.feed(bytes, |seen| {
                if seen == Seen::Request {
                    counted.request();
                }
            });
        };
        if delay.is_zero() {
            relay(from_client, to_server, count)
        } else {
            relay_late(from_client, to_server, delay, count)
        }
    });
    thread::spawn(move || {
        let mut frames = Frames::new(Speaker::Server);
        relay(server, client, move |bytes| {
            frames.feed(bytes, |seen| {
                if seen == Seen::Answer {
                    exchange.answer();
                }
            });
        });
    });
    Ok(())
}

/// Passes bytes on at once. They are counted first: whoever reads an answer must find it counted when he goes on.
fn relay(mut from: TcpStream, mut to: TcpStream, mut count: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        count(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // Either side may be gone already.
    let _ = to.shutdown(Shutdown::Write);
}

/// Passes bytes on when their time has come.
fn relay_late(mut from: TcpStream, mut to: TcpStream, delay: Duration, mut count: impl FnMut(&[u8])) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let due = Instant::now() + delay;
        count(&buffer[..read]);
        if sender.send((due, buffer[..read].to_vec())).is_err() {
            return;
        }
    }
}
