use std::net::{SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

use socketio_bench::Workload;

use crate::failure::Failure;

/// The arguments of the command line.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) workload: &'static Workload,
    pub(crate) target: Target,
    pub(crate) pid: u32,
    /// The second server of a cluster of two.
    pub(crate) second: Option<(Target, u32)>,
    /// The Redis of a cluster.
    pub(crate) redis: Option<(Target, u32)>,
    pub(crate) server: String,
    pub(crate) round: u32,
    /// Overrides the workload's own length.
    pub(crate) length: Duration,
    /// Overrides the workload's own number.
    pub(crate) connections: Option<usize>,
}

/// The address of a server.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddrV4,
    /// For the `Host` header.
    pub(crate) host: String,
}

const USAGE: &str = "usage: load WORKLOAD --url http://127.0.0.1:PORT --pid SERVER_PID \
                     [--second-url URL --second-pid PID] [--redis-url redis://127.0.0.1:PORT --redis-pid PID] \
                     [--server NAME] [--round N] [--seconds S] [--connections N]";

impl Arguments {
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut words = words.into_iter();
        let name = words.next().ok_or_else(|| wrong(USAGE.into()))?;
        let workload = Workload::named(&name).map_err(|error| wrong(format!("{error}\n{USAGE}")))?;
        let (mut url, mut pid, mut seconds, mut connections) = (None, None, None, None);
        let (mut second, mut redis) = ((None, None), (None, None));
        let (mut server, mut round) = (String::from("server"), 0);
        while let Some(option) = words.next() {
            let value = words.next().ok_or_else(|| wrong(format!("{option} wants a value\n{USAGE}")))?;
            match option.as_str() {
                "--url" => url = Some(Target::http(&option, &value)?),
                "--pid" => pid = Some(number(&option, &value)?),
                "--second-url" => second.0 = Some(Target::http(&option, &value)?),
                "--second-pid" => second.1 = Some(number(&option, &value)?),
                "--redis-url" => redis.0 = Some(Target::redis(&option, &value)?),
                "--redis-pid" => redis.1 = Some(number(&option, &value)?),
                "--server" => server = value,
                "--round" => round = number(&option, &value)?,
                "--seconds" => seconds = Some(number::<f64>(&option, &value)?),
                "--connections" => connections = Some(number(&option, &value)?),
                _ => return Err(wrong(format!("no option {option}\n{USAGE}"))),
            }
        }
        let missing = |option: &str| wrong(format!("{option} is missing\n{USAGE}"));
        let length = match seconds.map(Duration::try_from_secs_f64) {
            None => workload.length,
            Some(Ok(length)) if !length.is_zero() => length,
            Some(_) => return Err(wrong("--seconds wants a time to measure for".into())),
        };
        if connections == Some(0) {
            return Err(wrong("--connections wants at least one".into()));
        }
        let target = url.ok_or_else(|| missing("--url"))?;
        let pid = pid.ok_or_else(|| missing("--pid"))?;
        let (second, redis) = (second.0.zip(second.1), redis.0.zip(redis.1));
        let servers = if second.is_some() { 2 } else { 1 };
        if (servers, redis.is_some()) != (workload.cluster.unwrap_or(1), workload.cluster.is_some()) {
            let wanted = match workload.cluster {
                None => "one server and no Redis",
                Some(1) => "one server and its Redis",
                Some(_) => "two servers and their Redis",
            };
            return Err(wrong(format!("{name} wants {wanted}\n{USAGE}")));
        }
        Ok(Self { workload, target, pid, second, redis, server, round, length, connections })
    }
}

impl Target {
    /// Returns the address of a URL of a server, from an option of the command line.
    pub(crate) fn http(option: &str, url: &str) -> Result<Self, Failure> {
        Self::parse(option, "http://", url)
    }

    fn redis(option: &str, url: &str) -> Result<Self, Failure> {
        Self::parse(option, "redis://", url)
    }

    fn parse(option: &str, scheme: &str, url: &str) -> Result<Self, Failure> {
        let host = url.strip_prefix(scheme).map(|rest| rest.trim_end_matches('/'));
        let addresses = host.and_then(|host| host.to_socket_addrs().ok());
        let address = addresses.into_iter().flatten().find_map(|address| match address {
            SocketAddr::V4(address) => Some(address),
            SocketAddr::V6(_) => None,
        });
        match (host, address) {
            // The clients' source addresses are of the same network, and no other machine must be flooded.
            (Some(host), Some(address)) if address.ip().is_loopback() => {
                Ok(Self { address, host: host.to_owned() })
            }
            _ => Err(wrong(format!("{option} wants {scheme}127.0.0.1:PORT, not {url:?}"))),
        }
    }
}

fn wrong(message: String) -> Failure {
    Failure::Arguments(message)
}

fn number<T: FromStr>(option: &str, value: &str) -> Result<T, Failure> {
    value.parse().map_err(|_| wrong(format!("{option} wants a number, not {value:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_ascii_whitespace().map(String::from))
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn options_replace_what_the_workload_says() {
        let plain = parse("echo1 --url http://127.0.0.1:4500/ --pid 7").unwrap();
        assert_eq!((plain.workload.name, plain.pid, plain.length), ("echo1", 7, plain.workload.length));
        assert_eq!((plain.target.address.port(), plain.target.host.as_str()), (4500, "127.0.0.1:4500"));
        assert_eq!(plain.connections, None);
        let line = "ack --url http://127.0.0.1:1 --pid 1 --server x --round 3 --seconds 0.5 --connections 9";
        let full = parse(line).unwrap();
        assert_eq!((full.server.as_str(), full.round, full.connections), ("x", 3, Some(9)));
        assert_eq!(full.length, Duration::from_millis(500));
    }

    #[test]
    fn a_cluster_has_as_many_servers_as_the_workload_says() {
        let (one, second) =
            ("--url http://127.0.0.1:1 --pid 1", "--second-url http://127.0.0.1:2 --second-pid 2");
        let redis = "--redis-url redis://127.0.0.1:3 --redis-pid 3";
        let two = parse(&format!("one_2n {one} {second} {redis}")).unwrap();
        assert_eq!(two.second.map(|(target, pid)| (target.address.port(), pid)), Some((2, 2)));
        assert_eq!(two.redis.map(|(target, pid)| (target.address.port(), pid)), Some((3, 3)));
        assert!(parse(&format!("one_1n {one} {redis}")).is_ok());
        for (line, message) in [
            (format!("one {one} {redis}"), "one wants one server and no Redis"),
            (format!("one_1n {one}"), "one_1n wants one server and its Redis"),
            (format!("one_2n {one} {redis}"), "one_2n wants two servers and their Redis"),
            (format!("one_2n {one} {second}"), "one_2n wants two servers and their Redis"),
        ] {
            let failure = parse(&line).unwrap_err();
            assert!(failure.starts_with(message), "{line}: {failure}");
        }
    }

    #[test]
    fn every_mistake_is_told() {
        for (line, message) in [
            ("", "usage"),
            ("nothing --pid 1", "no workload \"nothing\"; there are echo1, "),
            ("echo1 --url", "--url wants a value"),
            ("echo1 --url http://127.0.0.1:1", "--pid is missing"),
            ("echo1 --pid 1", "--url is missing"),
            ("echo1 --pid x", "--pid wants a number, not \"x\""),
            ("echo1 --speed 1", "no option --speed"),
            ("echo1 --pid 1 --url 127.0.0.1:1", "--url wants http://"),
            ("echo1 --pid 1 --url http://192.0.2.1:1", "--url wants http://"),
            ("one_2n --redis-url http://127.0.0.1:1", "--redis-url wants redis://127.0.0.1:PORT"),
            ("echo1 --pid 1 --url http://127.0.0.1:1 --seconds -1", "--seconds wants"),
            ("echo1 --pid 1 --url http://127.0.0.1:1 --seconds NaN", "--seconds wants"),
            ("echo1 --pid 1 --url http://127.0.0.1:1 --connections 0", "--connections wants"),
        ] {
            let failure = parse(line).unwrap_err();
            assert!(failure.starts_with(message), "{line}: {failure}");
        }
    }
}
