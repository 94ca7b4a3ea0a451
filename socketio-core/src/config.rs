use std::time::Duration;

use crate::{Transport, Transports};

/// What a session keeps to: intervals, deadlines and bounds. The defaults are those of the Node server
/// unless a field says otherwise. `Duration::MAX` is never.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How long after the last ping the server sends the next one. Default 25 s.
    pub ping_interval: Duration,
    /// How long after a ping the client may stay silent. Default 20 s.
    pub ping_timeout: Duration,
    /// How long an upgrade may take, from the WebSocket's opening to its last step. Default 10 s.
    pub upgrade_timeout: Duration,
    /// How long a client may take until it is connected to its first namespace. Default 45 s.
    pub connect_timeout: Duration,
    /// How long a session that was closed by the server waits for the GET that fetches its last packets, from the close or
    /// from the delivery of the answer before, but no longer than `ping_timeout`. A client that polls comes back within a
    /// round trip. Default 5 s.
    pub linger: Duration,
    /// The longest POST body and the longest WebSocket message, in bytes, announced to the client as
    /// `maxPayload`; and the most bytes that the attachments of one packet may have together. One that has begun must be
    /// whole within `ping_interval`, `ping_timeout`, and the time that so many bytes take at 20 kB/s.
    /// Default 1 000 000.
    pub max_payload: usize,
    /// The most attachments a packet may announce. Default 10, the bound of the stock clients.
    pub max_attachments: usize,
    /// The most namespaces one client may be connected to, or asking for, at once. Default 64; Node has no
    /// bound.
    pub max_namespaces: usize,
    /// The most events of one client that wait, at all its sockets together, for a connect handler or for a free place
    /// among running handlers; one more disconnects the socket it is for. Default 4096; Node has no bound.
    pub max_parked_events: usize,
    /// The most bytes those events may have together. Default 4 MiB.
    pub max_parked_bytes: usize,
    /// The transports that clients may use, from the start or by upgrade. Default all.
    pub transports: Transports,
    /// Whether a session that was opened by polling may move to a stream, such as WebSocket. Default true.
    pub allow_upgrades: bool,
}

impl Config {
    /// Returns the transports that a session may move to which was opened by this one.
    pub(crate) fn upgrades(&self, from: Transport) -> impl Iterator<Item = Transport> {
        let may_move = self.allow_upgrades && !from.is_stream();
        Transport::ALL
            .into_iter()
            .filter(move |to| may_move && to.is_stream() && self.transports.contains(*to))
    }

    /// How long a message, a body, or the attachments of a packet may take to become whole: as long as a client may be silent,
    /// and what the longest takes on a slow line. A Node server waits for no longer than the first of the two, because its
    /// pings are answered behind the message.
    pub(crate) fn message_timeout(&self) -> Duration {
        let transfer = Duration::from_millis((self.max_payload / SLOWEST_LINE) as u64);
        self.ping_interval.saturating_add(self.ping_timeout).saturating_add(transfer)
    }
}

/// Bytes a millisecond: less than a phone has with a bad signal.
const SLOWEST_LINE: usize = 20;

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(45),
            linger: Duration::from_secs(5),
            max_payload: 1_000_000,
            max_attachments: 10,
            max_namespaces: 64,
            max_parked_events: 4096,
            max_parked_bytes: 4 * 1024 * 1024,
            transports: Transports::ALL,
            allow_upgrades: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_move_from_requests_to_the_streams_that_are_allowed() {
        let mut config = Config::default();
        let upgrades = |config: &Config, from| config.upgrades(from).collect::<Vec<_>>();
        assert_eq!(upgrades(&config, Transport::Polling), [Transport::WebSocket]);
        assert_eq!(upgrades(&config, Transport::WebSocket), []);
        config.allow_upgrades = false;
        assert_eq!(upgrades(&config, Transport::Polling), []);
        config.allow_upgrades = true;
        config.transports = Transports::from_iter([Transport::Polling]);
        assert_eq!(upgrades(&config, Transport::Polling), []);
    }
}
