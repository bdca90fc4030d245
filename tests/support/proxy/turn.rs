//! Whose turn it is in one conversation: does the server still owe answers?

use std::collections::VecDeque;

use super::frame::{Frame, Tag};

/// A conversation, as far as turns go.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// What the client has asked for, each to be answered with a ReadyForQuery, in order.
    owed: VecDeque<Owed>,
    /// Whether the server waits for the client though it owes an answer: for COPY data, or for a password.
    waits: bool,
    /// Whether the connection is open: the first ReadyForQuery has come.
    pub(super) open: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owed {
    /// An answer to a startup, a Query or a FunctionCall.
    Query,
    /// An answer to a Sync.
    Sync,
}

impl Turn {
    /// The client sent this.
    pub(super) fn client(&mut self, frame: &Frame) {
        match frame.tag {
            Tag::Opening(_) | Tag::Letter(b'Q' | b'F') => self.owed.push_back(Owed::Query),
            Tag::Letter(b'S') => self.owed.push_back(Owed::Sync),
            // CopyDone, CopyFail, a password.
            Tag::Letter(b'c' | b'f' | b'p') => self.waits = false,
            Tag::Letter(_) => {}
        }
    }

    /// The server sent this.
    pub(super) fn server(&mut self, frame: &Frame) {
        match frame.tag {
            // ReadyForQuery.
            Tag::Letter(b'Z') => {
                self.owed.pop_front();
                self.waits = false;
                self.open = true;
            }
            // CopyInResponse: the server ignores Sync messages while it reads data, so those it has got are not answered.
            Tag::Letter(b'G') => {
                if self.owed.front() == Some(&Owed::Sync) {
                    self.owed.pop_front();
                }
                self.waits = true;
            }
            // Authentication: anything but Ok and SASLFinal asks for something.
            Tag::Letter(b'R') => self.waits = !matches!(frame.bytes.get(5..9), Some([0, 0, 0, 0 | 12])),
            Tag::Letter(b'E') => self.waits = false,
            _ => {}
        }
    }

    /// Whether this, which the server is about to say, ends a transaction, and more has been asked for already.
    pub(super) fn is_overtaken(&self, frame: &Frame) -> bool {
        const IDLE: Option<&u8> = Some(&b'I');
        let is_end = frame.tag == Tag::Letter(b'Z') && frame.bytes.get(5) == IDLE;
        is_end && self.owed.len() > 1
    }

    /// Whether everything that can come now has come.
    pub(super) fn is_clients(&self) -> bool {
        self.waits || self.owed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages by their letters, `>` from the client and `<` from the server; after each whose turn it is.
    fn check(conversation: &str, expected: &str) {
        let mut turn = Turn::default();
        let mut turns = String::new();
        for message in conversation.split(' ') {
            let (sender, letter) = message.split_at(1);
            let tag = Tag::Letter(letter.as_bytes()[0]);
            let frame = Frame { tag, bytes: bytes::Bytes::from_static(&[0; 9]) };
            if sender == ">" {
                turn.client(&frame)
            } else {
                turn.server(&frame)
            }
            turns.push(if turn.is_clients() { 'c' } else { 's' });
        }
        assert_eq!(turns, expected, "{conversation}");
    }

    #[test]
    fn the_server_owes_one_answer_for_each_query_and_each_sync() {
        check(">Q <C <Z", "ssc");
        check(">P >B >E >S <1 <2 <D <C <Z", "cccsssssc");
        check(">Q >P >B >E >S >Q <C <Z <1 <2 <C <Z <E <Z", "sssssssssssssc");
    }

    #[test]
    fn the_client_is_waited_for_when_it_owes_copy_data() {
        check(">Q <G >d >d >c <C <Z", "sccccsc".replace("cccc", "cccs").as_str());
        check(">P >B >E >S <1 <2 <G >d >c >S <C <Z", "cccssscccssc");
    }
}
