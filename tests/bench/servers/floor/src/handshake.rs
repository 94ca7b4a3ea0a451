use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Reads a request and responds to it. Returns `true` if the stream carries WebSocket frames from now on.
///
/// The client must wait for the response before it sends more.
pub async fn upgrade(stream: &mut TcpStream) -> std::io::Result<bool> {
    let mut head = Vec::with_capacity(1024);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 16 * 1024 || stream.read_buf(&mut head).await? == 0 {
            return Ok(false);
        }
    }
    let Some(key) = header(&head, "sec-websocket-key") else {
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").await?;
        return Ok(false);
    };
    let accept = derive_accept_key(key);
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    Ok(true)
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    head.split(|&byte| byte == b'\n').find_map(|line| {
        let (key, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        key.eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_whatever_its_case() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key:  x==\r\n\r\n";
        assert_eq!(header(head, "sec-websocket-key"), Some(&b"x=="[..]));
        assert_eq!(header(head, "sec-websocket-protocol"), None);
    }
}
