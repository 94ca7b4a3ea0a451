//! A publisher and a subscriber of Redis, without a server between them.

use std::io::{self, Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use socketio_bench::Latency;

use crate::clients::PATIENCE;
use crate::histogram::Histogram;

const CHANNEL: &str = "bench";

/// Publishes for `length`, one message after the other, and measures the time until the subscriber has received it.
pub(crate) fn publish(address: SocketAddrV4, message: &str, length: Duration) -> io::Result<Option<Latency>> {
    let (mut publisher, mut subscriber) = (connect(address)?, connect(address)?);
    subscriber.write_all(&command(&["SUBSCRIBE", CHANNEL]))?;
    expect(&mut subscriber, &[&array(&["subscribe", CHANNEL], 3)[..], b":1\r\n"].concat())?;

    let request = command(&["PUBLISH", CHANNEL, message]);
    let received = command(&["message", CHANNEL, message]);
    let mut latencies = Histogram::new();
    let start = Instant::now();
    while start.elapsed() < length {
        let sent = Instant::now();
        publisher.write_all(&request)?;
        expect(&mut subscriber, &received)?;
        latencies.record(sent.elapsed());
        // The number of subscribers.
        expect(&mut publisher, b":1\r\n")?;
    }
    Ok(latencies.latency())
}

fn connect(address: SocketAddrV4) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Reads exactly these bytes.
fn expect(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let mut read = vec![0; bytes.len()];
    stream.read_exact(&mut read)?;
    if read == bytes {
        return Ok(());
    }
    let other = String::from_utf8_lossy(&read).into_owned();
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("an unexpected reply: {other:?}")))
}

/// Returns a command, which is an array of strings; so is a message to a subscriber.
fn command(words: &[&str]) -> Vec<u8> {
    array(words, words.len())
}

/// Returns the beginning of an array of `length` elements: these strings.
fn array(words: &[&str], length: usize) -> Vec<u8> {
    let strings = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
    [format!("*{length}\r\n")].into_iter().chain(strings).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_arrays_of_strings() {
        assert_eq!(
            command(&["PUBLISH", "a", "ü"]),
            "*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$2\r\nü\r\n".as_bytes()
        );
        assert_eq!(array(&["subscribe"], 3), b"*3\r\n$9\r\nsubscribe\r\n");
    }
}
