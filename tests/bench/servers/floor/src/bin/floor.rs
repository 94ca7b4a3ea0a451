//! A server without features on bare tokio-tungstenite: one task per connection; all messages that are ready are
//! answered and flushed at once; a broadcast goes through one unbounded channel per connection.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use bench_floor::{PING, Request, connect_packet, listen, open_packet, ping_interval, upgrade};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

type Peers = HashMap<u64, mpsc::UnboundedSender<Utf8Bytes>>;

static PEERS: LazyLock<Mutex<Peers>> = LazyLock::new(Mutex::default);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = listen()?;
    for id in 0.. {
        // Out of file descriptors: existing connections go on.
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(async move {
            // An error ends the connection like any other end.
            serve(stream, id).await.ok();
            peers(|peers| peers.remove(&id));
        });
    }
    Ok(())
}

async fn serve(mut stream: TcpStream, id: u64) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    if !upgrade(&mut stream).await? {
        return Ok(());
    }
    // The default of 128 KiB is zeroed when it grows, and would be the memory of an idle session.
    let config = WebSocketConfig::default().read_buffer_size(4096);
    let mut stream = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    stream.send(Message::text(open_packet())).await?;

    let (sender, mut broadcasts) = mpsc::unbounded_channel();
    peers(|peers| peers.insert(id, sender));
    let mut heartbeat = interval_at(Instant::now() + ping_interval(), ping_interval());
    loop {
        tokio::select! {
            message = stream.next() => {
                let mut next = Some(message);
                while let Some(message) = next {
                    let Some(message) = message else { return Ok(()) };
                    answer(&mut stream, message?).await?;
                    next = stream.next().now_or_never();
                }
            }
            Some(text) = broadcasts.recv() => {
                stream.feed(Message::Text(text)).await?;
                while let Ok(text) = broadcasts.try_recv() {
                    stream.feed(Message::Text(text)).await?;
                }
            }
            _ = heartbeat.tick() => stream.feed(Message::text(PING)).await?,
        }
        stream.flush().await?;
    }
}

/// Queues the reply; it is sent with the next flush.
async fn answer(stream: &mut WebSocketStream<TcpStream>, message: Message) -> Result<(), Error> {
    let answer = match message {
        Message::Text(text) => match Request::of(&text) {
            Request::Connect => Message::text(connect_packet()),
            Request::Echo => Message::Text(text),
            Request::Ack { id, arguments } => Message::text(format!("43{id}[{arguments}")),
            Request::Broadcast => {
                peers(|peers| {
                    for peer in peers.values() {
                        // The peer may just have left.
                        peer.send(text.clone()).ok();
                    }
                });
                return Ok(());
            }
            Request::Other => return Ok(()),
        },
        Message::Binary(_) => message,
        _ => return Ok(()),
    };
    stream.feed(answer).await
}

fn peers<R>(act: impl FnOnce(&mut Peers) -> R) -> R {
    act(&mut PEERS.lock().unwrap_or_else(PoisonError::into_inner))
}
