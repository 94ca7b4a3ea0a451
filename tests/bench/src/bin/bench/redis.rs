use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use socketio_bench::Workload;

use crate::Failure;
use crate::pin::Cores;
use crate::process::{Process, connect, free_port, with_log};

/// A Redis server without persistence, on a port of its own.
#[derive(Debug)]
pub(crate) struct Redis {
    process: Process,
    url: String,
}

impl Redis {
    /// Returns the version of the program, or an error if there is none.
    pub(crate) fn version() -> Result<String, Failure> {
        let program = program();
        let output = Command::new(&program).arg("--version").output().map_err(|error| {
            let name = program.display();
            format!(
                "{name} cannot be run ({error}): clusters need redis-server, or the program of REDIS_SERVER"
            )
        })?;
        let text = String::from_utf8_lossy(&output.stdout);
        match text.split_ascii_whitespace().find_map(|word| word.strip_prefix("v=")) {
            Some(version) if output.status.success() => Ok(version.to_owned()),
            _ => Err(format!("{} --version prints no version: {}", program.display(), text.trim()).into()),
        }
    }

    /// Starts a server for a run of the workload, and waits until it answers.
    pub(crate) fn start(workload: &Workload, cores: &Cores, folder: &Path) -> Result<Self, Failure> {
        let port = free_port()?;
        let log = folder.join("bench-redis.log");
        let mut command = Command::new(program());
        command
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(Stdio::inherit());
        let mut process = Process::new(cores.for_others(workload, || command.spawn())?);
        process
            .until(|| ping(port).is_ok_and(|is_redis| is_redis), "Redis does not answer PING")
            .map_err(|error| with_log(&error, &log))?;
        Ok(Self { process, url: format!("redis://127.0.0.1:{port}") })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the id of the process, as an argument of a command line.
    pub(crate) fn id(&self) -> String {
        self.process.id()
    }
}

fn program() -> OsString {
    env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into())
}

fn ping(port: u16) -> io::Result<bool> {
    let mut stream = connect(port)?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"+PONG\r\n")
}
