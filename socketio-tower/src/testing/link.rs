use std::task::{Context, Poll};

use bytes::Bytes;
use bytestring::ByteString;
use socketio_core::engine::Packet;
use socketio_core::{Encoded, Message, Transport};
use tokio::sync::oneshot;

use super::polling::Polling;
use super::websocket::WebSocket;

/// How a client is joined to its session.
///
/// ```text
///   Polling ──▶ Upgrading ──▶ WebSocket ──▶ Ended
/// ```
pub(super) enum Link {
    Polling(Polling),
    Upgrading(Box<Upgrading>),
    WebSocket(WebSocket),
    Ended,
}

/// A client that speaks by polling and tries a WebSocket out, as the stock clients do: `2probe`, `3probe`, then
/// the last requests are awaited, then `5`.
pub(super) struct Upgrading {
    polling: Polling,
    candidate: WebSocket,
    probed: bool,
    done: oneshot::Sender<()>,
}

/// What came over a link.
pub(super) enum Received {
    /// The answer to a GET: any number of packets.
    Payload(ByteString),
    /// One text packet.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
    /// Nothing more comes.
    End,
}

impl Link {
    pub(super) fn transport(&self) -> Option<Transport> {
        match self {
            Self::Polling(_) | Self::Upgrading(_) => Some(Transport::Polling),
            Self::WebSocket(_) => Some(Transport::WebSocket),
            Self::Ended => None,
        }
    }

    pub(super) fn push(&mut self, packet: Encoded) {
        match self {
            Self::Polling(polling) => polling.push(packet),
            Self::Upgrading(upgrading) => upgrading.polling.push(packet),
            Self::WebSocket(websocket) => websocket.push(&packet),
            Self::Ended => {}
        }
    }

    /// Says that the client goes.
    pub(super) fn close(&mut self) {
        match self {
            Self::WebSocket(websocket) => websocket.close(),
            _ => self.push(Encoded::text_only("1")),
        }
    }

    /// Tries a WebSocket out; without effect unless the client polls.
    pub(super) fn upgrade(&mut self, mut candidate: WebSocket, done: oneshot::Sender<()>) {
        *self = match std::mem::replace(self, Self::Ended) {
            Self::Polling(polling) => {
                candidate.push(&Encoded::text_only("2probe"));
                Self::Upgrading(Box::new(Upgrading { polling, candidate, probed: false, done }))
            }
            other => other,
        };
    }

    /// Ready when all is written.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let taken = match self {
            Self::Polling(polling) => polling.poll_write(cx),
            Self::Upgrading(upgrading) => {
                let probe = upgrading.candidate.poll_write(cx);
                match upgrading.polling.poll_write(cx) {
                    Poll::Ready(true) => probe.map(|()| true),
                    other => other,
                }
            }
            Self::WebSocket(websocket) => websocket.poll_write(cx).map(|()| true),
            Self::Ended => Poll::Ready(true),
        };
        taken.map(|taken| {
            if !taken {
                *self = Self::Ended;
            }
        })
    }

    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        match self {
            Self::Polling(polling) => polling.poll_read(cx).map(payload),
            Self::Upgrading(upgrading) => upgrading.polling.poll_read(cx).map(payload),
            Self::WebSocket(websocket) => websocket.poll_read(cx).map(|message| match message {
                Some(Message::Text(text)) => Received::Text(text),
                Some(Message::Binary(bytes)) => Received::Binary(bytes),
                None => Received::End,
            }),
            Self::Ended => Poll::Ready(Received::End),
        }
    }

    /// Takes an upgrade as far as it goes. Ready if it has ended, well or not.
    pub(super) fn poll_upgrade(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self::Upgrading(upgrading) = self else { return Poll::Pending };
        let failed = loop {
            match upgrading.candidate.poll_read(cx) {
                Poll::Ready(Some(Message::Text(text))) if is_probe_answer(&text) && !upgrading.probed => {
                    upgrading.probed = true;
                    upgrading.polling.pause();
                }
                Poll::Ready(_) => break true,
                Poll::Pending if upgrading.probed && upgrading.polling.is_quiet() => break false,
                Poll::Pending => return Poll::Pending,
            }
        };
        *self = match std::mem::replace(self, Self::Ended) {
            Self::Upgrading(upgrading) => {
                let Upgrading { mut polling, mut candidate, done, .. } = *upgrading;
                if failed {
                    polling.resume();
                    Self::Polling(polling)
                } else {
                    candidate.push(&Encoded::text_only("5"));
                    polling.into_outgoing().iter().for_each(|packet| candidate.push(packet));
                    done.send(()).ok();
                    Self::WebSocket(candidate)
                }
            }
            other => other,
        };
        Poll::Ready(())
    }
}

fn is_probe_answer(text: &str) -> bool {
    Packet::decode(text) == Ok(Packet::Pong { probe: true })
}

fn payload(body: Option<ByteString>) -> Received {
    body.map_or(Received::End, Received::Payload)
}
