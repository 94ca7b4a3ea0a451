mod resp;

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use self::resp::RedisConnection;
use super::{Certificate, Folder, free_port};

/// A Redis server without persistence, on a free port of 127.0.0.1. Dropping the value kills it.
#[derive(Debug)]
pub struct Redis {
    program: OsString,
    options: RedisOptions,
    port: u16,
    tls: Option<(u16, Certificate)>,
    child: Child,
    folder: Folder,
}

/// The settings of a [`Redis`].
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until the server is started"]
pub struct RedisOptions {
    password: Option<String>,
    arguments: Vec<String>,
    tls: bool,
    unix_socket: bool,
}

impl RedisOptions {
    /// Sets the password of the default user. Default: none is required.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.argument("--requirepass", &[password])
    }

    /// Adds a user, with rules as in `ACL SETUSER`: `["on", ">secret", "~*", "&*", "+subscribe"]`.
    pub fn user(self, name: &str, rules: &[&str]) -> Self {
        self.argument("--user", &[&[name], rules].concat())
    }

    /// Listens on a second port with TLS.
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Listens on a Unix socket too.
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Adds an option of the command line, such as `--maxclients`, with its values.
    pub fn argument(mut self, name: &str, values: &[&str]) -> Self {
        self.arguments.push(name.to_owned());
        self.arguments.extend(values.iter().map(|&value| value.to_owned()));
        self
    }

    /// Starts a server, and waits until it replies. Returns `None` if a program is missing; see [`Redis::start`].
    ///
    /// # Panics
    ///
    /// Panics if the server does not start, or if a program is missing in CI.
    pub fn start(self) -> Option<Redis> {
        let program = env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        if Command::new(&program).arg("--version").stdout(Stdio::null()).status().is_err() {
            return super::missing("redis-server");
        }
        let folder = Folder::new("redis");
        let tls = match self.tls {
            true => Some((free_port(), Certificate::create(folder.path())?)),
            false => None,
        };
        let (port, mut attempts) = (free_port(), 0);
        let child = self.launch(&program, &folder, port, tls.as_ref());
        let mut redis = Redis { program, options: self, port, tls, child, folder };
        // Another process may have taken the port in the meantime.
        while let Err(error) = redis.ready() {
            attempts += 1;
            assert!(attempts < 5, "{error}");
            redis.kill();
            redis.port = free_port();
            if let Some((port, _)) = &mut redis.tls {
                *port = free_port();
            }
            redis.child = redis.launch();
        }
        Some(redis)
    }

    fn launch(
        &self,
        program: &OsString,
        folder: &Folder,
        port: u16,
        tls: Option<&(u16, Certificate)>,
    ) -> Child {
        let log = File::create(folder.join(LOG)).expect("the folder is writable");
        let mut command = Command::new(program);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]).arg(folder.path());
        command.args(["--port", &port.to_string()]);
        if let Some((port, certificate)) = tls {
            command.args(["--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
            command.arg("--tls-ca-cert-file").arg(certificate.authority());
            command.arg("--tls-cert-file").arg(certificate.certificate());
            command.arg("--tls-key-file").arg(certificate.key());
        }
        if self.unix_socket {
            command.arg("--unixsocket").arg(folder.join(UNIX_SOCKET));
        }
        command.args(&self.arguments);
        command.stdin(Stdio::null()).stdout(log).stderr(Stdio::inherit());
        command.spawn().expect("it has printed its version")
    }
}

impl Redis {
    /// Starts a server with the default settings, and waits until it replies.
    ///
    /// The program is that of the environment variable `REDIS_SERVER`, or `redis-server` in `PATH`. Returns `None` if there is
    /// no such program: the test is to be skipped.
    ///
    /// # Panics
    ///
    /// Panics if the server does not start, or if there is no such program and the environment variable `CI` is set.
    pub fn start() -> Option<Self> {
        Self::options().start()
    }

    /// Returns the default settings.
    pub fn options() -> RedisOptions {
        RedisOptions::default()
    }

    /// Returns the address of the server.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns the URL of the server, with the password of the default user if there is one.
    pub fn url(&self) -> String {
        self.url_of(self.address())
    }

    /// Returns the URL of the server behind another address, such as that of a [`Proxy`](super::Proxy).
    pub fn url_of(&self, address: SocketAddr) -> String {
        let password = self.options.password.as_ref();
        format!("redis://{}{address}", password.map_or_else(String::new, |password| format!(":{password}@")))
    }

    /// Returns the address of the port with TLS.
    ///
    /// # Panics
    ///
    /// Panics if the server has no port with TLS.
    pub fn tls_address(&self) -> SocketAddr {
        let (port, _) = self.tls.as_ref().expect("a server with TLS");
        (Ipv4Addr::LOCALHOST, *port).into()
    }

    /// Returns the certificate of the port with TLS.
    ///
    /// # Panics
    ///
    /// Panics if the server has no port with TLS.
    pub fn certificate(&self) -> &Certificate {
        let (_, certificate) = self.tls.as_ref().expect("a server with TLS");
        certificate
    }

    /// Returns the path of the Unix socket.
    ///
    /// # Panics
    ///
    /// Panics if the server has no Unix socket.
    pub fn unix_socket(&self) -> PathBuf {
        assert!(self.options.unix_socket, "a server with a Unix socket");
        self.folder.join(UNIX_SOCKET)
    }

    /// Executes a command as the default user, on a connection of its own, and returns its reply as text. The elements of an
    /// array are joined by line breaks; an error begins with `-`; a reply without a value is empty.
    ///
    /// # Panics
    ///
    /// Panics if there is no reply within 10 seconds.
    pub fn command(&self, words: &[&str]) -> String {
        let connection = RedisConnection::open(self.address(), self.options.password.as_deref());
        let reply = connection.and_then(|mut connection| connection.command(words));
        reply.unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Stops the process as it is: connections stay open, and nothing is read or written.
    ///
    /// # Panics
    ///
    /// Panics if the process does not stop.
    pub fn stop(&self) {
        self.signal("STOP");
        // The process may run for a moment after the signal was sent.
        let stat = format!("/proc/{}/stat", self.child.id());
        let is_running = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") T "));
        wait_until("the process stops", || !is_running());
    }

    /// Lets a stopped process go on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Kills the process; its connections are closed by the kernel. The process may have been killed already.
    ///
    /// # Panics
    ///
    /// Panics if the process is not a child.
    pub fn kill(&mut self) {
        // The process may have exited already.
        self.child.kill().ok();
        self.child.wait().expect("a child");
    }

    /// Starts a new process on the same port, without the data of the previous one, and waits until it replies. The previous
    /// one is killed if it runs.
    ///
    /// # Panics
    ///
    /// Panics if the server does not start.
    pub fn restart(&mut self) {
        self.kill();
        self.child = self.launch();
        self.ready().unwrap_or_else(|error| panic!("{error}"));
    }

    fn launch(&self) -> Child {
        self.options.launch(&self.program, &self.folder, self.port, self.tls.as_ref())
    }

    /// Waits until the server replies. Returns what it has printed if it exits.
    fn ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let log = || fs::read_to_string(self.folder.join(LOG)).unwrap_or_default();
            if let Some(status) = self.child.try_wait().expect("a child") {
                return Err(format!("redis-server has exited ({status}): {}", log()));
            }
            let connection = RedisConnection::open(self.address(), self.options.password.as_deref());
            match connection.and_then(|mut connection| connection.command(&["INFO", "server"])) {
                // Another server may have taken the port.
                Ok(reply) if reply.contains(&format!("process_id:{}\r", self.child.id())) => return Ok(()),
                reply => assert!(Instant::now() < deadline, "redis-server: {reply:?}: {}", log()),
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &command]).status().expect("a shell");
        assert!(status.success(), "{command}: {status}");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {DEADLINE:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The time in which Redis starts, stops or executes a command on a busy machine.
const DEADLINE: Duration = Duration::from_secs(10);
const LOG: &str = "redis.log";
const UNIX_SOCKET: &str = "redis.sock";

// On the wall clock: the tests have a process of another project.
#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn commands_have_replies() {
        let Some(redis) = Redis::start() else { return };
        assert_eq!(redis.command(&["PUBSUB", "NUMSUB", "a", "b"]), "a\n0\nb\n0");
        assert_eq!(redis.command(&["PUBSUB", "NUMPAT"]), "0");
        assert_eq!(redis.command(&["CONFIG", "SET", "maxclients", "100"]), "OK");
        assert!(redis.command(&["CLIENT", "LIST"]).contains("cmd=client"));
        assert_eq!(redis.command(&["GET", "nothing"]), "");
        assert!(redis.command(&["CLIENT", "KILL", "127.0.0.1:1"]).starts_with("-ERR "));
        assert_eq!(redis.command(&["SET", "text", "ü\r\n"]), "OK");
        assert_eq!(redis.command(&["GET", "text"]), "ü\r\n");
    }

    #[test]
    fn a_stopped_server_goes_on_where_it_was() {
        let Some(redis) = Redis::start() else { return };
        let mut stream = TcpStream::connect(redis.address()).unwrap();
        redis.stop();
        stream.write_all(b"PING\r\n").unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        stream.read(&mut [0; 16]).expect_err("it is stopped");
        redis.resume();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut reply = [0; 7];
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(&reply, b"+PONG\r\n");
    }

    #[test]
    fn a_server_that_starts_again_has_the_same_address_and_no_data() {
        let Some(mut redis) = Redis::start() else { return };
        let address = redis.address();
        redis.command(&["SET", "key", "value"]);
        redis.kill();
        TcpStream::connect(address).expect_err("it is killed");
        redis.restart();
        assert_eq!((redis.address(), redis.command(&["GET", "key"])), (address, String::new()));
        redis.restart();
        assert_eq!(redis.command(&["PING"]), "PONG");
        redis.stop();
    }

    #[test]
    fn passwords_and_users() {
        let user = ["on", ">secret", "~*", "&*", "+ping"];
        let Some(redis) = Redis::options().password("hidden").user("limited", &user).start() else { return };
        assert_eq!(redis.url(), format!("redis://:hidden@{}", redis.address()));
        assert_eq!(redis.command(&["ACL", "WHOAMI"]), "default");
        let mut anonymous = RedisConnection::open(redis.address(), None).unwrap();
        assert!(anonymous.command(&["PING"]).unwrap().starts_with("-NOAUTH"));
        assert_eq!(anonymous.command(&["AUTH", "limited", "secret"]).unwrap(), "OK");
        assert_eq!(anonymous.command(&["PING"]).unwrap(), "PONG");
        assert!(anonymous.command(&["PUBLISH", "a", "b"]).unwrap().starts_with("-NOPERM"));
    }

    #[test]
    fn tls_and_a_unix_socket() {
        let Some(redis) = Redis::options().tls().unix_socket().start() else { return };
        let mut stream = UnixStream::connect(redis.unix_socket()).unwrap();
        stream.write_all(b"PING\r\n").unwrap();
        let mut reply = [0; 7];
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(&reply, b"+PONG\r\n");
        let output = Command::new("openssl")
            .args(["s_client", "-verify_return_error", "-verify_ip", "127.0.0.1", "-connect"])
            .arg(redis.tls_address().to_string())
            .arg("-CAfile")
            .arg(redis.certificate().authority())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
