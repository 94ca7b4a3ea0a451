use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::DEADLINE;

/// A connection to Redis that executes one command at a time.
#[derive(Debug)]
pub(super) struct RedisConnection {
    stream: BufReader<TcpStream>,
}

impl RedisConnection {
    /// Connects, and authenticates as the default user if there is a password.
    pub(super) fn open(address: SocketAddr, password: Option<&str>) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, DEADLINE)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        let mut connection = Self { stream: BufReader::new(stream) };
        if let Some(password) = password {
            let reply = connection.command(&["AUTH", password])?;
            if reply != "OK" {
                return Err(io::Error::other(reply));
            }
        }
        Ok(connection)
    }

    /// Returns the reply as text, as described at [`Redis::command`](super::Redis::command).
    pub(super) fn command(&mut self, words: &[&str]) -> io::Result<String> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.reply()
    }

    /// Reads one value of RESP 2.
    fn reply(&mut self) -> io::Result<String> {
        let line = self.line()?;
        let Some((kind, rest)) = line.split_at_checked(1) else { return Err(invalid(&line)) };
        let length = || rest.parse::<i64>().map_err(|_| invalid(&line));
        match kind {
            "+" | ":" => Ok(rest.to_owned()),
            "-" => Ok(line),
            "$" => match usize::try_from(length()?) {
                Ok(length) => self.bulk(length),
                Err(_) => Ok(String::new()),
            },
            "*" => {
                let elements: io::Result<Vec<_>> = (0..length()?).map(|_| self.reply()).collect();
                Ok(elements?.join("\n"))
            }
            _ => Err(invalid(&line)),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn bulk(&mut self, length: usize) -> io::Result<String> {
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn invalid(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("invalid reply: {line:?}"))
}
