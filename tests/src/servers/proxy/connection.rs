use std::io;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::{Direction, Settings};

/// Forwards one connection until both sides have closed it, or until one is reset, which resets the other.
pub(super) async fn forward(client: TcpStream, server: SocketAddr, mut settings: watch::Receiver<Settings>) {
    let resets = settings.borrow_and_update().resets;
    let (to_server, to_client) = (settings.clone(), settings.clone());
    let mut client = client;
    let Ok(mut server) = TcpStream::connect(server).await else {
        client.set_zero_linger().ok();
        return;
    };
    for stream in [&client, &server] {
        stream.set_nodelay(true).ok();
    }
    let copied = {
        let ((from_client, into_client), (from_server, into_server)) = (client.split(), server.split());
        let both = async {
            tokio::try_join!(
                copy(from_client, into_server, Direction::ToServer, to_server),
                copy(from_server, into_client, Direction::ToClient, to_client),
            )
        };
        tokio::select! {
            copied = both => copied.is_ok(),
            _ = settings.wait_for(|settings| settings.resets != resets) => false,
        }
    };
    if !copied {
        for stream in [&client, &server] {
            stream.set_zero_linger().ok();
        }
    }
}

/// Copies one direction to its end.
async fn copy(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    direction: Direction,
    settings: watch::Receiver<Settings>,
) -> io::Result<()> {
    let (sender, receiver) = mpsc::channel(BLOCKS);
    let reader = read(from, sender, settings.clone());
    let writer = write(to, receiver, direction, settings);
    tokio::try_join!(reader, writer).map(drop)
}

/// Reads blocks, and the time at which each is due.
async fn read(
    mut from: ReadHalf<'_>,
    blocks: mpsc::Sender<(Instant, Bytes)>,
    settings: watch::Receiver<Settings>,
) -> io::Result<()> {
    loop {
        let mut block = BytesMut::with_capacity(BLOCK);
        if from.read_buf(&mut block).await? == 0 {
            return Ok(());
        }
        let due = Instant::now() + settings.borrow().delay;
        // The writer takes blocks until there are no more, or fails.
        blocks.send((due, block.freeze())).await.ok();
    }
}

async fn write(
    mut to: WriteHalf<'_>,
    mut blocks: mpsc::Receiver<(Instant, Bytes)>,
    direction: Direction,
    mut settings: watch::Receiver<Settings>,
) -> io::Result<()> {
    while let Some((due, block)) = blocks.recv().await {
        sleep_until(due).await;
        let flows =
            |settings: &Settings| !settings.stalled.is_some_and(|stalled| stalled.includes(direction));
        let rate = settings.wait_for(flows).await.map_err(io::Error::other)?.bytes_per_second;
        to.write_all(&block).await?;
        if let Some(rate) = rate {
            sleep(Duration::from_secs(1) * block.len() as u32 / rate.get()).await;
        }
    }
    to.shutdown().await
}

/// The size of a block, in bytes: 4 ms at a megabyte per second.
const BLOCK: usize = 4096;
/// The number of blocks that wait in each direction: a megabyte, which is enough for 5 MB/s with a delay of 200 ms.
const BLOCKS: usize = 256;
