use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::{Credentials, RedisConfigError};

/// The parts of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) target: Target,
    pub(super) credentials: Credentials,
    pub(super) tls: bool,
}

/// The place of a server, or of the Sentinels that know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Server(Address),
    Sentinels { addresses: Vec<Address>, master: Box<str> },
}

/// The address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Tcp { host: Box<str>, port: u16 },
    Unix(PathBuf),
}

const DEFAULT_PORT: u16 = 6379;
const DEFAULT_SENTINEL_PORT: u16 = 26379;

enum Scheme {
    Tcp,
    Sentinel,
    Unix,
}

impl Url {
    pub(super) fn parse(url: &str) -> Result<Self, RedisConfigError> {
        let (scheme, rest) = url.split_once(':').ok_or(RedisConfigError::Url("it has no scheme"))?;
        let (scheme, tls) = match scheme.to_ascii_lowercase().as_str() {
            "redis" | "valkey" => (Scheme::Tcp, false),
            "rediss" | "valkeys" => (Scheme::Tcp, true),
            "redis+sentinel" | "valkey+sentinel" => (Scheme::Sentinel, false),
            "rediss+sentinel" | "valkeys+sentinel" => (Scheme::Sentinel, true),
            "unix" | "redis+unix" | "valkey+unix" => (Scheme::Unix, false),
            _ => {
                return Err(RedisConfigError::Url(
                    "the scheme is not `redis`, `rediss`, `redis+sentinel`, `rediss+sentinel`, `redis+unix` or `unix`",
                ));
            }
        };
        if tls && !cfg!(feature = "redis-tls") {
            return Err(RedisConfigError::Url("TLS needs the feature `redis-tls` of `socketio-tower`"));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if rest.contains('#') || query.contains('#') {
            return Err(RedisConfigError::Url("it contains `#`, which must be written as `%23`"));
        }
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.find('/').map_or((rest, ""), |at| rest.split_at(at)),
            None if matches!(scheme, Scheme::Unix) => ("", rest),
            None => return Err(RedisConfigError::Url("`//` is missing after the scheme")),
        };
        if (path.contains('@') || query.contains('@')) && !matches!(scheme, Scheme::Unix) {
            return Err(RedisConfigError::Url(
                "`@` is after the address; a `/` or `?` in a password must be written as `%2F` or `%3F`",
            ));
        }
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (mut credentials, database) = parameters(query)?;
        merge(&mut credentials, user)?;
        let target = match scheme {
            Scheme::Tcp => {
                check_database(path.trim_matches('/'))?;
                if hosts.contains(',') {
                    return Err(RedisConfigError::Url("only Sentinels may have several addresses"));
                }
                Target::Server(Address::parse(hosts, DEFAULT_PORT)?)
            }
            Scheme::Sentinel => {
                let addresses = hosts.split(',').map(|host| Address::parse(host, DEFAULT_SENTINEL_PORT));
                Target::Sentinels { addresses: addresses.collect::<Result<_, _>>()?, master: master(path)? }
            }
            Scheme::Unix => Target::Server(unix(hosts, path)?),
        };
        check_database(database)?;
        Ok(Self { target, credentials, tls })
    }
}

impl Address {
    pub(super) fn tcp(host: &str, port: u16) -> Self {
        Self::Tcp { host: host.into(), port }
    }

    /// Reads `host`, `host:port`, `[address]` or `[address]:port`.
    fn parse(text: &str, default: u16) -> Result<Self, RedisConfigError> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or(RedisConfigError::Url("`]` is missing"))?;
                (host, port.strip_prefix(':').or(port.is_empty().then_some("")))
            }
            None => text.split_once(':').map_or((text, Some("")), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some("") => default,
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or(RedisConfigError::Url(
                "the port is not a number from 1 to 65535; an IPv6 address is written in brackets, and a `:`, `/`, `?`, \
                 `#` or `@` in a password is percent-encoded",
            ))?,
            None => return Err(RedisConfigError::Url("`]` is not followed by a port")),
        };
        if host.is_empty() {
            return Err(RedisConfigError::Url("the host is empty"));
        }
        Ok(Self::tcp(&decode(host)?, port))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(address) => address.fmt(f),
            Self::Sentinels { master, .. } => write!(f, "the master `{master}`"),
        }
    }
}

/// Reads the path of a URL of Sentinels: the name of the master, and optionally a database, in either order.
fn master(path: &str) -> Result<Box<str>, RedisConfigError> {
    const MISSING: RedisConfigError =
        RedisConfigError::Url("the name of the master is missing: `redis+sentinel://host:26379/master`");
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let name = match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, None) => name,
        (Some(database), Some(name), None) if is_number(&database) => name,
        (Some(name), Some(database), None) if is_number(&database) => name,
        (None, ..) => return Err(MISSING),
        _ => return Err(RedisConfigError::Url("the path is not the name of a master and a database")),
    };
    Ok(decode(name)?.into())
}

fn unix(authority: &str, path: &str) -> Result<Address, RedisConfigError> {
    if !cfg!(unix) {
        return Err(RedisConfigError::Url("this platform has no Unix sockets"));
    }
    if !authority.is_empty() {
        return Err(RedisConfigError::Url(
            "the path of a Unix socket begins with `/`: `redis+unix:///run/redis.sock`",
        ));
    }
    if path.is_empty() {
        return Err(RedisConfigError::Url("the path of the Unix socket is missing"));
    }
    Ok(Address::Unix(decode(path)?.into()))
}

/// Reads user names, passwords and the database from a query. Other parameters are ignored.
fn parameters(query: &str) -> Result<(Credentials, &str), RedisConfigError> {
    let (mut credentials, mut database) = (Credentials::default(), "");
    for parameter in query.split('&') {
        match parameter.split_once('=').unwrap_or((parameter, "")) {
            ("user" | "username", name) => credentials.username = Some(decode(name)?.into()),
            ("pass" | "password", password) => credentials.password = Some(decode(password)?.into()),
            ("db", number) => database = number,
            _ => {}
        }
    }
    Ok((credentials, database))
}

/// Adds `user`, `user:password` or `:password`.
fn merge(credentials: &mut Credentials, user: &str) -> Result<(), RedisConfigError> {
    let (name, password) =
        user.split_once(':').map_or((user, None), |(name, password)| (name, Some(password)));
    if !name.is_empty() {
        credentials.username = Some(decode(name)?.into());
    }
    if let Some(password) = password.filter(|password| !password.is_empty()) {
        credentials.password = Some(decode(password)?.into());
    }
    Ok(())
}

/// Checks the number of a database, which has no effect on channels.
fn check_database(number: &str) -> Result<(), RedisConfigError> {
    if number.is_empty() || number.parse::<u32>().is_ok() {
        return Ok(());
    }
    Err(RedisConfigError::Url("the database is not a number"))
}

fn decode(text: &str) -> Result<String, RedisConfigError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| RedisConfigError::Url("a percent-encoded part is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> String {
        let Url { target, credentials, tls } =
            Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let login =
            credentials.login().map(|(name, password)| format!("{name}:{password}@")).unwrap_or_default();
        let target = match target {
            Target::Server(address) => address.to_string(),
            Target::Sentinels { addresses, master } => format!("{addresses:?} {master}"),
        };
        format!("{}{login}{target}", if tls { "tls " } else { "" })
    }

    #[test]
    fn the_usual_forms_are_read() {
        for (url, expected) in [
            ("redis://localhost", "localhost:6379"),
            ("redis://localhost/", "localhost:6379"),
            ("REDIS://127.0.0.1:7000/3", "127.0.0.1:7000"),
            ("valkey://[::1]:7000", "[::1]:7000"),
            ("redis://[fe80::1]/0?db=1&family=6", "[fe80::1]:6379"),
            ("redis://:secret@host", "default:secret@host:6379"),
            ("redis://app@host", "app:@host:6379"),
            ("redis://app:p%40s%3As%2F%23@host:1", "app:p@s:s/#@host:1"),
            ("redis://app:a@b@host:1", "app:a@b@host:1"),
            ("redis://host?user=app&password=secret", "app:secret@host:6379"),
            ("unix:/run/redis.sock", "/run/redis.sock"),
            ("unix:///run/redis.sock", "/run/redis.sock"),
            ("unix:redis.sock", "redis.sock"),
            ("redis+unix:///run/my%20redis.sock?db=2&pass=x", "default:x@/run/my redis.sock"),
            ("unix://app:secret@/run/redis.sock", "app:secret@/run/redis.sock"),
        ] {
            assert_eq!(parsed(url), expected, "{url}");
        }
    }

    #[test]
    fn sentinels_have_several_addresses_and_the_name_of_a_master() {
        let Url { target, credentials, .. } =
            Url::parse("redis+sentinel://:secret@a:1,b,[::1]:3/my%20master").unwrap();
        let addresses = vec![Address::tcp("a", 1), Address::tcp("b", 26379), Address::tcp("::1", 3)];
        assert_eq!(target, Target::Sentinels { addresses, master: "my master".into() });
        assert_eq!(credentials.login(), Some(("default", "secret")));
        for url in [
            "redis+sentinel://a/m",
            "redis+sentinel://a/m/0",
            "redis+sentinel://a/0/m",
            "redis+sentinel://a//m/",
        ] {
            assert!(parsed(url).ends_with(" m"), "{url}");
        }
    }

    #[cfg(feature = "redis-tls")]
    #[test]
    fn tls_has_schemes_of_its_own() {
        assert_eq!(parsed("rediss://host"), "tls host:6379");
        assert!(parsed("rediss+sentinel://host/m").starts_with("tls "));
    }

    #[test]
    fn errors_name_the_fault_and_not_the_password() {
        for (url, fault) in [
            ("localhost", "no scheme"),
            ("http://localhost", "the scheme is not"),
            ("redis:localhost", "`//` is missing"),
            ("redis://", "the host is empty"),
            ("redis://:secret@", "the host is empty"),
            ("redis://host:secret", "the port is not"),
            ("redis://host:0", "the port is not"),
            ("redis://::1", "in brackets"),
            ("redis://[::1", "`]` is missing"),
            ("redis://[::1]secret", "followed by a port"),
            ("redis://host/secret", "the database"),
            ("redis://host?db=secret", "the database"),
            ("redis://a,b", "only Sentinels"),
            ("redis://:sec#ret@host", "`#`"),
            ("redis://:sec/ret@host", "after the address"),
            ("redis://:sec?ret@host", "after the address"),
            ("redis://:%ff@host", "UTF-8"),
            ("redis+sentinel://a", "the name of the master"),
            ("redis+sentinel://a/0/1/m", "the path is not"),
            ("redis+sentinel://a/secret/m", "the path is not"),
            ("unix:", "the path of the Unix socket"),
            ("unix://secret/run", "begins with `/`"),
        ] {
            let error = Url::parse(url).unwrap_err().to_string();
            assert!(error.contains(fault), "{url}: {error}");
            assert!(!error.contains("secret") && !error.contains("sec"), "{url}: {error}");
        }
        let url = Url::parse("redis://app:secret@host").unwrap();
        assert!(!format!("{url:?}").contains("secret"), "{url:?}");
    }
}
