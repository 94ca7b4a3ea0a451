mod connection;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::free_port;

/// A faulty network between clients and a server: it forwards TCP connections, and delays, stalls or resets them.
///
/// The proxy runs on a thread of its own, on the wall clock. A setting applies to open and to new connections, from the next
/// block of bytes. Dropping the value closes all connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    settings: watch::Sender<Settings>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The direction of bytes through a [`Proxy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the clients to the server.
    ToServer,
    /// From the server to the clients.
    ToClient,
    /// Both directions.
    Both,
}

impl Direction {
    fn includes(self, other: Self) -> bool {
        self == Self::Both || self == other
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    stalled: Option<Direction>,
    delay: Duration,
    bytes_per_second: Option<NonZeroU32>,
    refuses: bool,
    /// The number of times that all connections were reset.
    resets: u64,
    ended: bool,
}

#[derive(Debug, Default)]
struct Shared {
    connections: AtomicUsize,
    listens: Mutex<bool>,
    changed: Condvar,
}

impl Proxy {
    /// Starts a proxy to `server` on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Panics if the proxy cannot listen.
    pub fn start(server: SocketAddr) -> Self {
        let address = (Ipv4Addr::LOCALHOST, free_port()).into();
        let (settings, receiver) = watch::channel(Settings::default());
        let shared = Arc::new(Shared::default());
        let task = accept(address, server, receiver, Arc::clone(&shared));
        let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let thread = thread::spawn(move || runtime.block_on(task));
        let proxy = Self { address, settings, shared, thread: Some(thread) };
        proxy.wait_until_it_listens(true);
        proxy
    }

    /// Returns the address to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of open connections.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Acquire)
    }

    /// Holds back everything in this direction until [`resume`](Self::resume). New connections are accepted. Nothing is lost:
    /// what a peer sends waits in the buffers of the proxy and the kernel.
    pub fn stall(&self, direction: Direction) {
        self.settings.send_modify(|settings| settings.stalled = Some(direction));
    }

    /// Forwards in both directions again.
    pub fn resume(&self) {
        self.settings.send_modify(|settings| settings.stalled = None);
    }

    /// Delays what is read from now on, in each direction. Default: no delay.
    pub fn delay(&self, delay: Duration) {
        self.settings.send_modify(|settings| settings.delay = delay);
    }

    /// Limits each direction of each connection to a number of bytes per second; zero lifts the limit.
    pub fn limit(&self, bytes_per_second: u32) {
        self.settings.send_modify(|settings| settings.bytes_per_second = NonZeroU32::new(bytes_per_second));
    }

    /// Resets all open connections, on both sides. New ones are accepted.
    pub fn reset(&self) {
        self.settings.send_modify(|settings| settings.resets += 1);
    }

    /// Closes the listening port, and returns when new connections are refused. Open ones stay.
    ///
    /// # Panics
    ///
    /// Panics if the port is not closed within 10 seconds.
    pub fn refuse(&self) {
        self.settings.send_modify(|settings| settings.refuses = true);
        self.wait_until_it_listens(false);
    }

    /// Listens on the same port again, and returns when new connections are accepted.
    ///
    /// # Panics
    ///
    /// Panics if another process has taken the port.
    pub fn accept(&self) {
        self.settings.send_modify(|settings| settings.refuses = false);
        self.wait_until_it_listens(true);
    }

    fn wait_until_it_listens(&self, listens: bool) {
        let now = self.shared.listens.lock().unwrap_or_else(PoisonError::into_inner);
        let (_now, timeout) = self
            .shared
            .changed
            .wait_timeout_while(now, Duration::from_secs(10), |now| *now != listens)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "{}: the proxy is stuck", self.address);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.settings.send_modify(|settings| settings.ended = true);
        if let Some(Err(error)) = self.thread.take().map(JoinHandle::join)
            && !thread::panicking()
        {
            std::panic::resume_unwind(error);
        }
    }
}

/// Accepts connections until the proxy is dropped; the connections end with the runtime.
async fn accept(
    address: SocketAddr,
    server: SocketAddr,
    mut settings: watch::Receiver<Settings>,
    shared: Arc<Shared>,
) {
    let mut tasks = JoinSet::new();
    let mut listener = None;
    let forward = {
        let (shared, settings) = (Arc::clone(&shared), settings.clone());
        move |client| {
            let (shared, settings) = (Arc::clone(&shared), settings.clone());
            shared.connections.fetch_add(1, Ordering::AcqRel);
            async move {
                connection::forward(client, server, settings).await;
                shared.connections.fetch_sub(1, Ordering::AcqRel);
            }
        }
    };
    loop {
        let Settings { refuses, ended, .. } = *settings.borrow_and_update();
        if ended {
            return;
        }
        if !refuses && listener.is_none() {
            listener = Some(TcpListener::bind(address).await.expect("the port is free"));
        } else if refuses && let Some(listener) = listener.take() {
            close(listener).into_iter().for_each(|client| drop(tasks.spawn(forward(client))));
        }
        *shared.listens.lock().unwrap_or_else(PoisonError::into_inner) = listener.is_some();
        shared.changed.notify_all();
        tokio::select! {
            client = next(listener.as_ref()) => drop(tasks.spawn(forward(client))),
            _ = settings.changed() => {}
            Some(ended) = tasks.join_next() => ended.expect("a connection does not panic"),
        }
    }
}

/// Closes a listener. Returns the connections that wait to be accepted, which the kernel would reset.
fn close(listener: TcpListener) -> Vec<TcpStream> {
    let listener = listener.into_std().expect("a listener of tokio");
    let waiting = std::iter::from_fn(|| listener.accept().ok());
    waiting
        .map(|(client, _)| {
            client.set_nonblocking(true).expect("an option of TCP");
            TcpStream::from_std(client).expect("a runtime")
        })
        .collect()
}

async fn next(listener: Option<&TcpListener>) -> TcpStream {
    if let Some(listener) = listener {
        loop {
            // A client may have gone away before it is accepted.
            if let Ok((client, _)) = listener.accept().await {
                return client;
            }
        }
    }
    std::future::pending().await
}

// On the wall clock: the tests have TCP connections that are reset.
#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    use super::*;

    #[test]
    fn both_directions_are_forwarded_to_their_ends() {
        let (proxy, _server) = echo();
        let mut client = connect(&proxy);
        let sent = vec![7; 1_000_000];
        let mut writer = client.try_clone().unwrap();
        let thread = thread::spawn(move || {
            writer.write_all(&sent).unwrap();
            writer.shutdown(std::net::Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        thread.join().unwrap();
        assert_eq!(received.len(), 1_000_000);
        until(|| proxy.connections() == 0);
    }

    #[test]
    fn one_direction_stalls_and_goes_on() {
        let (proxy, _server) = echo();
        let mut client = connect(&proxy);
        for direction in [Direction::ToServer, Direction::ToClient, Direction::Both] {
            proxy.stall(direction);
            client.write_all(b"a").unwrap();
            assert!(is_silent(&mut client), "{direction:?}");
            proxy.resume();
            client.read_exact(&mut [0]).unwrap();
        }
    }

    #[test]
    fn connections_are_reset_and_refused() {
        let (proxy, _server) = echo();
        let mut client = connect(&proxy);
        proxy.refuse();
        let refused = TcpStream::connect(proxy.address()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(exchange(&mut client), 1);
        proxy.reset();
        assert_eq!(client.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        until(|| proxy.connections() == 0);
        proxy.accept();
        exchange(&mut connect(&proxy));
    }

    #[test]
    fn a_delay_is_not_a_limit() {
        let (proxy, _server) = echo();
        let mut client = connect(&proxy);
        proxy.delay(Duration::from_millis(100));
        let start = Instant::now();
        client.write_all(&[7; 100_000]).unwrap();
        client.read_exact(&mut [0; 100_000]).unwrap();
        let taken = start.elapsed();
        assert!(taken >= Duration::from_millis(200), "{taken:?}");
        proxy.delay(Duration::ZERO);
        proxy.limit(100_000);
        let start = Instant::now();
        client.write_all(&[7; 50_000]).unwrap();
        client.read_exact(&mut [0; 50_000]).unwrap();
        let taken = start.elapsed();
        assert!(taken >= Duration::from_millis(400), "{taken:?}");
    }

    #[test]
    fn a_server_that_is_away_resets_its_clients() {
        let (proxy, server) = echo();
        drop(server);
        let mut client = connect(&proxy);
        assert_eq!(client.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    /// Returns a proxy to a server that sends everything back, and a value to drop to stop the server.
    fn echo() -> (Proxy, impl Drop) {
        struct Server(SocketAddr, Option<JoinHandle<()>>);
        impl Drop for Server {
            fn drop(&mut self) {
                // The server stops at the first connection without a byte.
                TcpStream::connect(self.0).unwrap();
                self.1.take().map(JoinHandle::join);
            }
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).unwrap();
        let address = listener.local_addr().unwrap();
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut writer = stream.try_clone().unwrap();
                match io::copy(&mut stream, &mut writer) {
                    Ok(0) => return,
                    _ => drop(writer.shutdown(std::net::Shutdown::Write)),
                }
            }
        });
        (Proxy::start(address), Server(address, Some(thread)))
    }

    fn connect(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    fn exchange(client: &mut TcpStream) -> usize {
        client.write_all(b"a").unwrap();
        client.read(&mut [0]).unwrap()
    }

    fn is_silent(client: &mut TcpStream) -> bool {
        client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let result = client.read(&mut [0]);
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        result.is_err()
    }

    fn until(holds: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !holds() {
            assert!(Instant::now() < deadline);
            thread::yield_now();
        }
    }
}
