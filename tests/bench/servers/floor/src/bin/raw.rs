//! The limit of tokio and the kernel: hand-written frames, one read and one write per batch of messages, and a
//! broadcast that is framed once and written directly to every socket, without a channel or a task in between.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Poll, ready};

use bench_floor::{PING, Request, connect_packet, listen, open_packet, ping_interval, upgrade};
use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;

static PEERS: LazyLock<Mutex<HashMap<u64, Arc<Peer>>>> = LazyLock::new(Mutex::default);

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = listen()?;
    tokio::spawn(heartbeat());
    for id in 0.. {
        // Out of file descriptors: existing connections go on.
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(async move {
            // An error ends the connection like any other end.
            serve(stream, id).await.ok();
            lock(&PEERS).remove(&id);
        });
    }
    Ok(())
}

async fn heartbeat() {
    let mut ping = Vec::new();
    frame(&mut ping, TEXT, PING.as_bytes());
    loop {
        tokio::time::sleep(ping_interval()).await;
        let peers: Vec<_> = lock(&PEERS).values().cloned().collect();
        for some in peers.chunks(256) {
            some.iter().for_each(|peer| peer.write(&ping));
            tokio::task::yield_now().await;
        }
    }
}

async fn serve(mut stream: TcpStream, id: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if !upgrade(&mut stream).await? {
        return Ok(());
    }
    let (mut input, output) = stream.into_split();
    let peer = Arc::new(Peer { output, backlog: Mutex::default() });
    let mut open = Vec::new();
    frame(&mut open, TEXT, open_packet().as_bytes());
    peer.write(&open);
    lock(&PEERS).insert(id, Arc::clone(&peer));

    // The beginning of a frame whose rest has not arrived yet.
    let mut partial = BytesMut::new();
    while poll_fn(|cx| {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(&mut scratch.input);
            ready!(Pin::new(&mut input).poll_read(cx, &mut buffer))?;
            let read = buffer.filled().len();
            Poll::Ready(io::Result::Ok(read > 0 && scratch.handle(&peer, &mut partial, read)))
        })
    })
    .await?
    {}
    Ok(())
}

struct Peer {
    output: OwnedWriteHalf,
    /// The bytes that the kernel has not accepted. While there are any, a task writes them.
    backlog: Mutex<BytesMut>,
}

impl Peer {
    fn write(self: &Arc<Self>, bytes: &[u8]) {
        let mut backlog = lock(&self.backlog);
        if !backlog.is_empty() {
            return backlog.extend_from_slice(bytes);
        }
        // An error recurs when the stream is read.
        let written = self.output.try_write(bytes).unwrap_or(0);
        if written < bytes.len() {
            backlog.extend_from_slice(&bytes[written..]);
            tokio::spawn(Arc::clone(self).drain());
        }
    }

    async fn drain(self: Arc<Self>) {
        while self.output.writable().await.is_ok() {
            let mut backlog = lock(&self.backlog);
            match self.output.try_write(&backlog) {
                Ok(written) => backlog.advance(written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
            if backlog.is_empty() {
                *backlog = BytesMut::new();
                return;
            }
        }
    }
}

/// The buffers of a thread, empty between two reads.
struct Scratch {
    input: Vec<u8>,
    answers: Vec<u8>,
    broadcasts: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        input: vec![0; 64 * 1024],
        answers: Vec::new(),
        broadcasts: Vec::new(),
    });
}

impl Scratch {
    /// Answers all whole frames. Returns `false` if the client is closing the connection.
    fn handle(&mut self, peer: &Arc<Peer>, partial: &mut BytesMut, read: usize) -> bool {
        let Self { input, answers, broadcasts } = self;
        answers.clear();
        broadcasts.clear();
        let mut open = true;
        let mut answer = |head, payload: &mut [u8]| open &= handle(head, payload, answers, broadcasts);
        if partial.is_empty() {
            let used = frames(&mut input[..read], &mut answer);
            partial.extend_from_slice(&input[used..read]);
        } else {
            partial.extend_from_slice(&input[..read]);
            let used = frames(partial, &mut answer);
            partial.advance(used);
            if partial.is_empty() {
                *partial = BytesMut::new();
            }
        }
        if !answers.is_empty() {
            peer.write(answers);
        }
        if !broadcasts.is_empty() {
            lock(&PEERS).values().for_each(|peer| peer.write(broadcasts));
        }
        open
    }
}

fn handle(head: u8, payload: &[u8], answers: &mut Vec<u8>, broadcasts: &mut Vec<u8>) -> bool {
    match head {
        TEXT => {
            let Ok(text) = str::from_utf8(payload) else { return false };
            match Request::of(text) {
                Request::Connect => frame(answers, TEXT, connect_packet().as_bytes()),
                Request::Echo => frame(answers, TEXT, payload),
                Request::Ack { id, arguments } => {
                    frame_head(answers, TEXT, 3 + id.len() + arguments.len());
                    for part in ["43", id, "[", arguments] {
                        answers.extend_from_slice(part.as_bytes());
                    }
                }
                Request::Broadcast => frame(broadcasts, TEXT, payload),
                Request::Other => {}
            }
        }
        BINARY => frame(answers, BINARY, payload),
        CLOSE => return false,
        _ => {}
    }
    true
}

/// Unmasks each whole frame and passes its first byte and its payload to `each`. Returns the number of bytes consumed.
fn frames(input: &mut [u8], each: &mut impl FnMut(u8, &mut [u8])) -> usize {
    let mut used = 0;
    loop {
        let rest = &mut input[used..];
        let (mask, size) = match *rest {
            [_, short, ..] if short & 0x7f < 126 => (2, usize::from(short & 0x7f)),
            [_, short, a, b, ..] if short & 0x7f == 126 => (4, usize::from(u16::from_be_bytes([a, b]))),
            // 4 GiB are enough here: the upper half of the length is ignored.
            [_, short, _, _, _, _, a, b, c, d, ..] if short & 0x7f == 127 => {
                (10, u32::from_be_bytes([a, b, c, d]) as usize)
            }
            _ => return used,
        };
        let Some((head, payload)) = rest.split_at_mut_checked(mask + 4) else { return used };
        let Some(payload) = payload.get_mut(..size) else { return used };
        unmask(payload, [head[mask], head[mask + 1], head[mask + 2], head[mask + 3]]);
        each(head[0], payload);
        used += mask + 4 + size;
    }
}

fn unmask(payload: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    rest.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
}

fn frame(out: &mut Vec<u8>, head: u8, payload: &[u8]) {
    frame_head(out, head, payload.len());
    out.extend_from_slice(payload);
}

fn frame_head(out: &mut Vec<u8>, head: u8, length: usize) {
    out.push(head);
    match length {
        0..126 => out.push(length as u8),
        126..0x1_0000 => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a masked frame, as a client sends it.
    fn masked(payload: &[u8]) -> Vec<u8> {
        let key = [1, 2, 3, 4];
        let mut out = Vec::new();
        frame_head(&mut out, TEXT, payload.len());
        out[1] |= 0x80;
        out.extend_from_slice(&key);
        out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        out
    }

    #[test]
    fn whole_frames_are_read_and_the_beginning_of_another_is_left() {
        let payloads = [vec![b'a'; 3], vec![b'b'; 1000], vec![b'c'; 70_000]];
        let mut input = payloads.iter().flat_map(|payload| masked(payload)).collect::<Vec<_>>();
        let whole = input.len();
        let next = masked(b"more");
        for missing in 1..=next.len() {
            input.truncate(whole);
            let mut input = [&input[..], &next[..next.len() - missing]].concat();
            let mut seen = Vec::new();
            let used = frames(&mut input, &mut |head, payload| {
                assert_eq!(head, TEXT);
                seen.push(payload.to_vec());
            });
            assert_eq!((used, &seen[..]), (whole, &payloads[..]));
        }
    }
}
