use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::heap::uncounted;

/// The server's end of an in-memory connection. The buffers belong to the test and are not counted: with TCP they would
/// be the kernel's.
pub(crate) struct ServerEnd(Option<Arc<Mutex<Shared>>>);

/// The client's end. Closes the connection when dropped.
pub(crate) struct ClientEnd(Option<Arc<Mutex<Shared>>>);

#[derive(Default)]
struct Shared {
    to_server: Direction,
    to_client: Direction,
}

#[derive(Default)]
struct Direction {
    bytes: Vec<u8>,
    /// The number of bytes already read.
    read: usize,
    reader: Option<Waker>,
    closed: bool,
}

pub(crate) fn pipe() -> (ClientEnd, ServerEnd) {
    uncounted(|| {
        let shared = Arc::<Mutex<Shared>>::default();
        (ClientEnd(Some(Arc::clone(&shared))), ServerEnd(Some(shared)))
    })
}

impl Direction {
    fn write(&mut self, bytes: &[u8]) {
        uncounted(|| self.bytes.extend_from_slice(bytes));
        self.wake();
    }

    fn close(&mut self) {
        self.closed = true;
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    fn unread(&self) -> &[u8] {
        &self.bytes[self.read..]
    }

    /// Frees the buffer when all of it has been read, so that it does not distort the measurement.
    fn consume(&mut self, count: usize) {
        self.read += count;
        if self.read == self.bytes.len() {
            self.read = 0;
            uncounted(|| self.bytes = Vec::new());
        }
    }

    fn wait(&mut self, cx: &Context<'_>) {
        self.reader = Some(cx.waker().clone());
    }
}

impl ClientEnd {
    pub(crate) fn write(&self, bytes: &[u8]) {
        lock(&self.0).to_server.write(bytes);
    }

    /// Waits until `take` finds a match at the front of the received bytes, and returns it. `take` also returns its
    /// length.
    pub(crate) async fn read<R>(&self, mut take: impl FnMut(&[u8]) -> Option<(usize, R)>) -> R {
        std::future::poll_fn(|cx| {
            let mut shared = lock(&self.0);
            let arriving = &mut shared.to_client;
            match take(arriving.unread()) {
                Some((length, found)) => {
                    arriving.consume(length);
                    Poll::Ready(found)
                }
                None => {
                    assert!(
                        !arriving.closed,
                        "closed after {:?}",
                        String::from_utf8_lossy(arriving.unread())
                    );
                    arriving.wait(cx);
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Drop for ClientEnd {
    fn drop(&mut self) {
        lock(&self.0).to_server.close();
        uncounted(|| self.0 = None);
    }
}

impl Drop for ServerEnd {
    fn drop(&mut self) {
        let reader = {
            let mut shared = lock(&self.0);
            shared.to_client.close();
            // The waker belongs to the server and may own its task.
            shared.to_server.reader.take()
        };
        drop(reader);
        uncounted(|| self.0 = None);
    }
}

impl AsyncRead for ServerEnd {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut shared = lock(&self.0);
        let arriving = &mut shared.to_server;
        let count = arriving.unread().len().min(buf.remaining());
        if count == 0 && !arriving.closed {
            arriving.wait(cx);
            return Poll::Pending;
        }
        buf.put_slice(&arriving.unread()[..count]);
        arriving.consume(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        lock(&self.0).to_client.write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut shared = lock(&self.0);
        slices.iter().for_each(|slice| shared.to_client.write(slice));
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.0).to_client.close();
        Poll::Ready(Ok(()))
    }
}

fn lock(shared: &Option<Arc<Mutex<Shared>>>) -> MutexGuard<'_, Shared> {
    let shared = shared.as_ref().expect("it is there until it is dropped");
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
