use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::address::{Target, Url};
use super::stream::Tls;
use super::{Credentials, RedisConfigError};

/// Redis pub/sub as the broker of a cluster: Redis 6 or later, Valkey, or a server compatible with them.
///
/// ```
/// use socketio_tower::cluster::Redis;
///
/// # fn main() -> Result<(), socketio_tower::cluster::RedisConfigError> {
/// let redis = Redis::classic("redis://app:secret@redis.internal:6379")?;
/// let redis = redis.prefix("shop");
/// # Ok(())
/// # }
/// ```
///
/// # Connections
///
/// A node has two connections: one that receives and one that publishes. Each is checked after five seconds without
/// data from the server, and is lost after three more. Messages are published in pipelines. They are applied by the
/// task that receives them, so that a node that is too slow is held back by TCP, and is disconnected by the server when
/// its `client-output-buffer-limit pubsub` is exceeded.
///
/// Redis does not keep messages. Those that are published while a node has no connection do not reach it.
///
/// # Access control
///
/// A user of Redis needs the commands `SUBSCRIBE`, `PSUBSCRIBE`, `UNSUBSCRIBE`, `PUNSUBSCRIBE`, `PUBLISH`,
/// `PUBSUB NUMSUB` and `PING`, no keys, and the channels that begin with the [prefix](Self::prefix):
///
/// ```text
/// ACL SETUSER app on >secret resetkeys resetchannels &socket.io* &socket.io#/#* -@all
///   +subscribe +psubscribe +unsubscribe +punsubscribe +publish +pubsub|numsub +ping +client|list +client|kill
/// ```
///
/// Redis permits `PSUBSCRIBE` only for patterns that are in the list literally. They are `socket.io#/#*` for the
/// namespace `/`, `socket.io#/chat#*` for `/chat`, and `socket.io#/orders/*` for the pattern `/orders/{id}`; `allchannels`
/// permits all of them.
///
/// | without | effect |
/// |---|---|
/// | `pubsub\|numsub` | the number of other nodes is unknown, so that requests to them may wait until their deadlines |
/// | `client\|list`, `client\|kill` | after a connection is lost without notice, the server may count it as a node until its `tcp-keepalive` has failed |
/// | `ping` | the server counts a denied command every five seconds |
/// | a channel or another command | the connection ends with an error |
///
/// # Sentinel
///
/// All Sentinels are asked at the same time, and the first address at which there is a master is taken. A node stays
/// connected until the server closes the connection, which Sentinel has a former master do when it becomes a replica.
///
/// # Redis Cluster
///
/// Any node of a Redis Cluster can be used. It passes each message on to all others, and counts only its own
/// subscribers, so that the numbers are not used.
#[derive(Debug)]
#[must_use = "a backend does nothing until a server joins a cluster with it"]
pub struct Redis {
    pub(super) target: Target,
    pub(super) credentials: Credentials,
    pub(super) sentinel_credentials: Credentials,
    pub(super) prefix: Box<str>,
    pub(super) client_name: Box<str>,
    pub(super) connect_timeout: Duration,
    is_tls: bool,
    #[cfg(feature = "redis-tls")]
    tls: Tls,
    /// The id of the connection that has received last.
    former: Mutex<Option<i64>>,
}

impl Redis {
    /// Uses the channels and the message format of Node's `@socket.io/redis-adapter`, so that a cluster may contain Node
    /// servers, and emitters in many languages reach its clients.
    ///
    /// | URL | server |
    /// |---|---|
    /// | `redis://user:password@host:port` | over TCP; the port is 6379 by default |
    /// | `rediss://…` | over TLS, with the feature `redis-tls` |
    /// | `redis+sentinel://user:password@host:port,host:port/master` | the master of this name, which is asked of the Sentinels; their port is 26379 by default |
    /// | `rediss+sentinel://…` | the same over TLS, to the Sentinels and the master |
    /// | `unix:/path`, `redis+unix:///path?user=…&pass=…` | a Unix socket |
    ///
    /// The user and the password are optional. Special characters in them are percent-encoded. `valkey` may be written
    /// for `redis`. A number of a database is accepted and has no effect, since channels belong to no database. Unknown
    /// parameters are ignored.
    ///
    /// ```
    /// use socketio_tower::cluster::Redis;
    ///
    /// assert!(Redis::classic("redis://127.0.0.1").is_ok());
    /// assert!(Redis::classic("redis+sentinel://:secret@a:26379,b:26379/mymaster").is_ok());
    /// let error = Redis::classic("redis://:secret@host:port").unwrap_err();
    /// assert!(!error.to_string().contains("secret"));
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is invalid. No connection is made yet.
    pub fn classic(url: &str) -> Result<Self, RedisConfigError> {
        let Url { target, credentials, tls } = Url::parse(url)?;
        Ok(Self {
            target,
            credentials,
            sentinel_credentials: Credentials::default(),
            prefix: "socket.io".into(),
            client_name: "socket.io".into(),
            connect_timeout: Duration::from_secs(5),
            is_tls: tls,
            #[cfg(feature = "redis-tls")]
            tls: Tls::default(),
            former: Mutex::default(),
        })
    }

    /// Sets the beginning of the names of all channels. Default: `socket.io`, as in Node, where the option is `key`.
    ///
    /// Clusters that share a server have different prefixes.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the user to log in as. Default: that of the URL, or `default` if there is a password.
    pub fn username(mut self, username: &str) -> Self {
        self.credentials.username = Some(username.into());
        self
    }

    /// Sets the password to log in with. Default: that of the URL.
    pub fn password(mut self, password: &str) -> Self {
        self.credentials.password = Some(password.into());
        self
    }

    /// Sets the user to log in to Sentinels as. Default: none.
    pub fn sentinel_username(mut self, username: &str) -> Self {
        self.sentinel_credentials.username = Some(username.into());
        self
    }

    /// Sets the password to log in to Sentinels with. Default: none; that of the URL is for the master.
    pub fn sentinel_password(mut self, password: &str) -> Self {
        self.sentinel_credentials.password = Some(password.into());
        self
    }

    /// Sets the name of the connections, which `CLIENT LIST` shows with the id of the node, as in
    /// `socket.io:8f0c1d9c2b7a4e35`. Default: `socket.io`.
    ///
    /// Characters that Redis does not allow in names, such as spaces, are replaced by `-`.
    pub fn client_name(mut self, name: &str) -> Self {
        let allowed = |char: char| if char.is_ascii_graphic() { char } else { '-' };
        self.client_name = name.chars().map(allowed).collect();
        self
    }

    /// Sets how long connecting may take, from the lookup of names to the login. Default: 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Returns the settings of TLS, if the URL has it.
    #[cfg(feature = "redis-tls")]
    pub(super) fn tls(&self) -> Option<&Tls> {
        self.is_tls.then_some(&self.tls)
    }

    #[cfg(not(feature = "redis-tls"))]
    pub(super) fn tls(&self) -> Option<&Tls> {
        debug_assert!(!self.is_tls, "the URL is rejected");
        None
    }

    pub(super) fn former(&self) -> MutexGuard<'_, Option<i64>> {
        self.former.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settings for `rediss://`.
#[cfg(feature = "redis-tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis-tls")))]
impl Redis {
    /// Sets the certificates of the authorities that may have issued that of the server, in PEM. Default: those of the
    /// system. A self-signed certificate of the server itself is accepted too.
    ///
    /// ```no_run
    /// use socketio_tower::cluster::Redis;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let redis = Redis::classic("rediss://redis.internal")?.tls_roots(std::fs::read("ca.pem")?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a certificate is invalid or there is none.
    pub fn tls_roots(mut self, pem: impl AsRef<[u8]>) -> Result<Self, RedisConfigError> {
        self.tls.set_roots(pem.as_ref())?;
        Ok(self)
    }

    /// Sets the certificate that the client presents, followed by those that it was issued by, and its private key, in
    /// PEM. Default: none. Redis asks for it unless `tls-auth-clients` is `no` or `optional`.
    ///
    /// # Errors
    ///
    /// Returns an error if the certificate or the key is invalid or missing, or if they do not belong together.
    pub fn tls_identity(
        mut self,
        certificate: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, RedisConfigError> {
        self.tls.set_identity(certificate.as_ref(), key.as_ref())?;
        Ok(self)
    }

    /// Accepts a certificate of the server that was issued for another name than that of the URL. Default: `false`.
    ///
    /// Any server with a certificate from one of the [roots](Self::tls_roots) can then pose as Redis, so they should be
    /// your own. Sentinels name masters by IP address unless `sentinel resolve-hostnames` and `announce-hostnames` are
    /// set, and certificates seldom have those.
    pub fn danger_accept_invalid_hostnames(mut self, accept: bool) -> Self {
        self.tls.any_hostname = accept;
        self
    }
}
