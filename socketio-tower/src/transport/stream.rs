use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;

use super::Wire;

/// What carries a WebSocket: the connection that an HTTP server hands over.
pub(crate) type Carrier = TokioIo<Upgraded>;

/// A WebSocket whose connection the HTTP server has not handed over: it does so when the 101 is written.
#[derive(Debug)]
pub(crate) struct Stream {
    upgrade: OnUpgrade,
    max_payload: usize,
}

impl Stream {
    pub(crate) fn new(upgrade: OnUpgrade, max_payload: usize) -> Self {
        Self { upgrade, max_payload }
    }

    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<Wire<Carrier>, hyper::Error>> {
        let upgraded = ready!(Pin::new(&mut self.upgrade).poll(cx))?;
        Poll::Ready(Ok(Wire::new(TokioIo::new(upgraded), self.max_payload)))
    }
}
