//! The processes of a run.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, ExitStatus};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Failure;

/// The time a server may take to answer its first request.
const START: Duration = Duration::from_secs(10);
/// The time between two looks at a process.
pub(crate) const TICK: Duration = Duration::from_millis(20);

/// A child process that is killed on drop.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    /// Returns the id, as an argument of a command line.
    pub(crate) fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Returns the status of a process that has ended.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Takes the piped output.
    pub(crate) fn output(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    /// Waits until `GET /` is answered.
    pub(crate) fn ready(&mut self, port: u16) -> Result<(), String> {
        let answers = || get(port).is_ok_and(|answer| answer.ends_with("ok"));
        self.until(answers, "the server does not answer GET / with ok")
    }

    /// Waits until it is `ready`; otherwise, the error is `failure`.
    pub(crate) fn until(&mut self, ready: impl Fn() -> bool, failure: &str) -> Result<(), String> {
        let deadline = Instant::now() + START;
        loop {
            match self.ended() {
                Ok(Some(status)) => return Err(format!("the server ended with {status}")),
                Ok(None) if ready() => return Ok(()),
                Ok(None) if Instant::now() < deadline => sleep(TICK),
                Ok(None) => return Err(failure.to_owned()),
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process may have exited already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn get(port: u16) -> io::Result<String> {
    let mut stream = connect(port)?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Connects to a server that was started here.
pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, START)?;
    stream.set_read_timeout(Some(START))?;
    Ok(stream)
}

/// Returns a port that no client gets: clients' ports start at 32 768. Each run has its own, so that the kernel's state
/// about earlier connections does not interfere.
pub(crate) fn free_port() -> Result<u16, Failure> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    std::iter::repeat_with(|| 20_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 12_000)
        .take(12_000)
        .find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .ok_or_else(|| "no free port below 32000".into())
}

/// Returns the error with the beginning of the log, which usually has the reason.
pub(crate) fn with_log(error: &str, log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return error.to_owned();
    }
    format!("{error}: {}", lines.join("; ").chars().take(300).collect::<String>())
}
