//! Bytes cut into messages (PostgreSQL manual, "Message Formats").

use bytes::{Buf, Bytes, BytesMut};

/// A message as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) tag: Tag,
    pub(super) bytes: Bytes,
}

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// The first one of a client, which has no tag: the code where others have it.
    Opening(u32),
    /// All others.
    Letter(u8),
}

/// The code of an SSLRequest.
pub(super) const SSL_REQUEST: u32 = 80_877_103;
/// The code of a GSSENCRequest.
pub(super) const GSS_REQUEST: u32 = 80_877_104;

/// The bytes of one direction, on their way to become messages.
#[derive(Debug, Default)]
pub(super) struct Frames {
    pub(super) bytes: BytesMut,
    /// Whether messages have a tag: not the first ones of a client.
    pub(super) tagged: bool,
}

impl Frames {
    /// The next whole message.
    pub(super) fn next(&mut self) -> Option<Frame> {
        let tag_len = usize::from(self.tagged);
        let mut head = self.bytes.get(tag_len..tag_len + 4)?;
        let len = head.get_u32() as usize + tag_len;
        if self.bytes.len() < len.max(tag_len + 4) {
            return None;
        }
        let bytes = self.bytes.split_to(len).freeze();
        if self.tagged {
            return Some(Frame { tag: Tag::Letter(bytes[0]), bytes });
        }
        let code = bytes.get(4..8).map_or(0, |mut code| code.get_u32());
        // A startup message is followed by tagged ones; a request for encryption by another opening.
        self.tagged = code != SSL_REQUEST && code != GSS_REQUEST;
        Some(Frame { tag: Tag::Opening(code), bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_wherever_the_bytes_are_torn() {
        let mut wire = Vec::new();
        wire.extend([0, 0, 0, 8, 4, 210, 22, 47]); // SSLRequest
        wire.extend([0, 0, 0, 9, 0, 3, 0, 0, 0]); // StartupMessage
        wire.extend([b'Q', 0, 0, 0, 6, b';', 0]);
        wire.extend([b'S', 0, 0, 0, 4]);
        for piece in 1..wire.len() {
            let mut frames = Frames::default();
            let mut tags = Vec::new();
            for bytes in wire.chunks(piece) {
                frames.bytes.extend_from_slice(bytes);
                tags.extend(std::iter::from_fn(|| frames.next()).map(|frame| frame.tag));
            }
            let expected =
                [Tag::Opening(SSL_REQUEST), Tag::Opening(196_608), Tag::Letter(b'Q'), Tag::Letter(b'S')];
            assert_eq!(tags, expected, "in pieces of {piece}");
        }
    }
}
