use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::task::Waker;

use bytes::Bytes;
use bytestring::ByteString;

use super::*;
use crate::transport::frame::tests::frame;

mod ending;
mod reading;
mod writing;

const MAX_PAYLOAD: usize = 1_000_000;

/// A scripted stream: each entry of `reads` is one read, and an empty one is the end of the stream.
struct Script {
    reads: VecDeque<Vec<u8>>,
    failure: Option<io::ErrorKind>,
    written: Vec<u8>,
    /// The maximum number of bytes taken by one write.
    per_write: usize,
    /// The number of bytes taken before writes are pending.
    room: usize,
    vectored: bool,
    writes: usize,
    flushed: usize,
    shut: bool,
}

impl Script {
    fn new(reads: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            reads: reads.into_iter().collect(),
            failure: None,
            written: Vec::new(),
            per_write: usize::MAX,
            room: usize::MAX,
            vectored: true,
            writes: 0,
            flushed: 0,
            shut: false,
        }
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(mut bytes) = self.reads.pop_front() else {
            return self.failure.map_or(Poll::Pending, |kind| Poll::Ready(Err(kind.into())));
        };
        if bytes.len() > buffer.remaining() {
            let rest = bytes.split_off(buffer.remaining());
            self.reads.push_front(rest);
        }
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        assert!(self.vectored || slices.len() == 1, "the stream is not vectored");
        assert!(slices.iter().all(|slice| !slice.is_empty()));
        let room = self.room.min(self.per_write);
        if room == 0 {
            return Poll::Pending;
        }
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(room).collect();
        self.written.extend_from_slice(&bytes);
        self.room -= bytes.len();
        self.writes += 1;
        Poll::Ready(Ok(bytes.len()))
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushed = self.written.len();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut = true;
        Poll::Ready(Ok(()))
    }
}

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn wire(reads: impl IntoIterator<Item = Vec<u8>>) -> WebSocket<Script> {
    WebSocket::new(Script::new(reads), MAX_PAYLOAD)
}

/// Returns a callback that takes messages and never breaks.
fn keep(mut take: impl FnMut(Message)) -> impl FnMut(Message) -> ControlFlow<()> {
    move |message| {
        take(message);
        ControlFlow::Continue(())
    }
}

impl WebSocket<Script> {
    /// Reads until the script has no more, or until the first error.
    fn read_all(&mut self) -> (Vec<Message>, Option<ReadError>) {
        let mut messages = Vec::new();
        loop {
            match self.poll_read(&mut context(), keep(|message| messages.push(message))) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return (messages, Some(error)),
                Poll::Pending => return (messages, None),
            }
        }
    }

    fn read_ok(&mut self) -> Vec<Message> {
        let (messages, error) = self.read_all();
        assert!(error.is_none(), "{error:?}");
        messages
    }

    fn write(&mut self) -> Poll<()> {
        self.poll_write(&mut context()).map(|result| result.expect("the script does not fail writes"))
    }

    fn holds_nothing(&self) -> bool {
        self.inbound.as_ref().is_none_or(Inbound::is_clean)
    }
}

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// The first bytes of frames of fragmented messages.
const TEXT_BEGINS: u8 = 0x01;
const BINARY_BEGINS: u8 = 0x02;
const CONTINUES: u8 = 0x00;
const ENDS: u8 = 0x80;

/// Creates an unmasked frame, as the server sends it.
fn reply(first: u8, payload: &[u8]) -> Vec<u8> {
    [header(first, payload.len(), 0).as_slice(), payload].concat()
}

fn header(first: u8, length: usize, mask: u8) -> Vec<u8> {
    match length {
        0..=125 => vec![first, mask | length as u8],
        126..=0xffff => [&[first, mask | 126], &(length as u16).to_be_bytes()[..]].concat(),
        _ => [&[first, mask | 127], &(length as u64).to_be_bytes()[..]].concat(),
    }
}

fn text(text: &str) -> Message {
    Message::Text(ByteString::from(text))
}

fn binary(bytes: &[u8]) -> Message {
    Message::Binary(Bytes::copy_from_slice(bytes))
}
