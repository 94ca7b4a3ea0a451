use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::reply::{self, Frame, Reply, Stop};
use super::stream::Stream;
use super::{Credentials, Failure, command};
use crate::bus::BackendError;

/// A connection to a Redis.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    input: BytesMut,
    /// The number of bytes that are read at once.
    read: usize,
    /// The number of bytes to skip before the next frame.
    skip: usize,
    /// What is written next. Kept for its allocation.
    output: Vec<u8>,
    /// The words of errors that say what the connection is for and where the server is.
    label: Arc<str>,
    /// The time without any byte from the server after which a command has failed.
    max_silence: Duration,
}

/// The reply to HELLO.
#[derive(Debug)]
pub(super) struct Hello {
    /// The id of the connection.
    pub(super) id: i64,
    /// Set if the server is a node of a Redis Cluster.
    pub(super) in_cluster: bool,
}

/// The time without any byte from the server after which a request has failed.
pub(super) const MAX_SILENCE: Duration = Duration::from_secs(3);

/// The time without any byte from the server after which it is sent a PING. With [`MAX_SILENCE`], a dead connection is
/// known within 8 s.
pub(super) const PING_INTERVAL: Duration = Duration::from_secs(5);

/// The size up to which an output buffer is kept.
const KEPT_OUTPUT: usize = 512 * 1024;

impl Connection {
    pub(super) fn new(stream: Box<dyn Stream>, read: usize, label: Arc<str>) -> Self {
        // Connecting has a deadline of its own.
        let max_silence = Duration::MAX;
        Self { stream, input: BytesMut::new(), read, skip: 0, output: Vec::new(), label, max_silence }
    }

    /// Ends the time of connecting, in which a command may take any time.
    pub(super) fn connected(&mut self) {
        self.max_silence = MAX_SILENCE;
    }

    /// Switches to RESP3 and logs in.
    pub(super) async fn hello(&mut self, credentials: &Credentials, name: &str) -> Result<Hello, Failure> {
        let mut arguments = vec!["3"];
        if let Some((username, password)) = credentials.login() {
            arguments.extend(["AUTH", username, password]);
        }
        arguments.extend(["SETNAME", name]);
        let fields = match self.ask(&["HELLO"], &arguments).await? {
            Reply::List(fields) => fields,
            Reply::Error(reply) if reply.starts_with("ERR unknown command") => return Err(Failure::TooOld),
            Reply::Error(reply) => {
                let reply = credentials.redact(&reply);
                return Err(Failure::Refused { command: "the login".into(), reply });
            }
            _ => return Err(Failure::Protocol("an unexpected reply to HELLO")),
        };
        let field = |name: &str| {
            let is_key = |key: &Reply| matches!(key, Reply::Text(key) if **key == *name.as_bytes());
            fields.chunks_exact(2).find(|pair| is_key(&pair[0])).map(|pair| &pair[1])
        };
        let is =
            |name, value: &str| matches!(field(name), Some(Reply::Text(text)) if **text == *value.as_bytes());
        if is("mode", "sentinel") {
            return Err(Failure::IsSentinel);
        }
        // Those of a replica reach only its own clients.
        if is("role", "replica") {
            return Err(Failure::IsReplica);
        }
        let Some(&Reply::Integer(id)) = field("id") else {
            return Err(Failure::Protocol("a reply to HELLO without an id"));
        };
        Ok(Hello { id, in_cluster: is("mode", "cluster") })
    }

    /// Sends a command and waits for its reply.
    pub(super) async fn ask(&mut self, words: &[&str], arguments: &[&str]) -> Result<Reply, Failure> {
        command::write(&mut self.output, words, arguments);
        self.flush().await?;
        self.reply(Duration::ZERO).await
    }

    /// Returns the buffer to which commands are appended before [`flush`](Self::flush).
    pub(super) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Writes the commands.
    pub(super) async fn flush(&mut self) -> Result<(), Failure> {
        let mut rest = &self.output[..];
        while !rest.is_empty() {
            match spoken(self.max_silence, self.stream.write(rest)).await? {
                0 => return Err(Failure::Closed),
                written => rest = &rest[written..],
            }
        }
        spoken(self.max_silence, self.stream.flush()).await?;
        self.output.clear();
        self.output.shrink_to(KEPT_OUTPUT);
        Ok(())
    }

    /// Waits for a reply to a command, as long as the server is not silent for longer than usual and `extra`.
    pub(super) async fn reply(&mut self, extra: Duration) -> Result<Reply, Failure> {
        loop {
            while let Some(reply) = self.next_frame(|frame| match frame {
                Frame::Reply(reply) => Some(reply),
                _ => None,
            })? {
                if let Some(reply) = reply {
                    return Ok(reply);
                }
            }
            spoken(self.max_silence.saturating_add(extra), self.read()).await?;
        }
    }

    /// Waits for bytes from the server. Cancel safe.
    pub(super) async fn read(&mut self) -> Result<(), Failure> {
        if self.input.is_empty() && self.input.capacity() > 2 * self.read {
            // It has grown for a large message.
            self.input = BytesMut::new();
        }
        if self.input.is_empty() || self.input.capacity() - self.input.len() < self.read / 2 {
            // Doubled for a frame that does not fit.
            self.input.reserve(self.read.max(self.input.len()));
        }
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(Failure::Closed),
            _ => Ok(()),
        }
    }

    /// Passes the next frame that has been read to a function.
    pub(super) fn next_frame<R>(&mut self, take: impl FnOnce(Frame<'_>) -> R) -> Result<Option<R>, Failure> {
        if self.skip > 0 {
            let skipped = self.skip.min(self.input.len());
            self.input.advance(skipped);
            self.skip -= skipped;
        }
        let (frame, length) = match reply::parse(&self.input) {
            Ok(parsed) => parsed,
            Err(Stop::Incomplete) => return Ok(None),
            Err(Stop::Malformed(what)) => return Err(Failure::Protocol(what)),
        };
        if let Frame::TooLarge { rest, .. } = frame {
            self.skip = rest;
        }
        let taken = take(frame);
        self.input.advance(length);
        Ok(Some(taken))
    }

    /// Describes the loss of the connection.
    pub(super) fn lost(&self, failure: &Failure) -> BackendError {
        BackendError::new(format!("{}: {failure}", self.label))
    }
}

/// Waits for a sign of life.
async fn spoken<T, E>(max_silence: Duration, sign: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
where
    Failure: From<E>,
{
    Ok(timeout(max_silence, sign).await.map_err(|_| Failure::Silent(max_silence))??)
}
