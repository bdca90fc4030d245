//! Where one message of PostgreSQL's protocol ends and the next begins; nothing else of them is looked at.

/// The code of a CancelRequest (PostgreSQL manual, "Message Formats").
const CANCEL_REQUEST: u32 = 80_877_102;

/// What the counter wants to know about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// From the client: the server will answer, and say so with ReadyForQuery.
    Request,
    /// From the server: ReadyForQuery, a request is answered.
    Answer,
}

/// Who speaks on the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    Client,
    Server,
}

/// A stream of bytes cut into messages.
pub struct Frames {
    speaker: Speaker,
    /// The client's first message has no type byte.
    begun: bool,
    head: Vec<u8>,
    body_left: usize,
}

impl Frames {
    pub fn new(speaker: Speaker) -> Frames {
        Frames { speaker, begun: speaker == Speaker::Server, head: Vec::new(), body_left: 0 }
    }

    /// Reads on, and tells of each request or answer whose head is complete.
    pub fn feed(&mut self, mut bytes: &[u8], mut tell: impl FnMut(Seen)) {
        loop {
            let skipped = self.body_left.min(bytes.len());
            self.body_left -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return;
            }
            let wanted = if self.begun { 5 } else { 8 };
            let taken = (wanted - self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if self.head.len() == wanted {
                if let Some(seen) = self.headed() {
                    tell(seen);
                }
                self.head.clear();
            }
        }
    }

    /// A head is complete: how much follows, and what it is.
    fn headed(&mut self) -> Option<Seen> {
        let number = |at: usize| {
            u32::from_be_bytes([self.head[at], self.head[at + 1], self.head[at + 2], self.head[at + 3]])
        };
        if !self.begun {
            // Length (which counts itself) and code.
            (self.body_left, self.begun) = (number(0) as usize - 8, true);
            return (number(4) != CANCEL_REQUEST).then_some(Seen::Request);
        }
        // Type, then the length, which counts itself and not the type.
        self.body_left = number(1) as usize - 4;
        match (self.speaker, self.head[0]) {
            // Query, Sync and FunctionCall: the three that ReadyForQuery answers.
            (Speaker::Client, b'Q' | b'S' | b'F') => Some(Seen::Request),
            (Speaker::Server, b'Z') => Some(Seen::Answer),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(speaker: Speaker, bytes: &[u8], piece: usize) -> Vec<Seen> {
        let (mut frames, mut all) = (Frames::new(speaker), Vec::new());
        bytes.chunks(piece).for_each(|bytes| frames.feed(bytes, |seen| all.push(seen)));
        all
    }

    #[test]
    fn requests_and_answers_are_seen_however_the_stream_is_cut() {
        let startup = b"\0\0\0\x0a\0\x03\0\0u\0".as_slice();
        let query = b"Q\0\0\0\x07ab\0".as_slice();
        let parse_and_sync = b"P\0\0\0\x06QQS\0\0\0\x04".as_slice();
        let client = [startup, query, parse_and_sync].concat();
        let server = b"T\0\0\0\x05ZZ\0\0\0\x05IZ\0\0\0\x05T".as_slice();
        for piece in [1, 2, 3, 7, 1000] {
            assert_eq!(seen(Speaker::Client, &client, piece), [Seen::Request; 3], "in pieces of {piece}");
            assert_eq!(seen(Speaker::Server, server, piece), [Seen::Answer; 2], "in pieces of {piece}");
        }
    }
}
