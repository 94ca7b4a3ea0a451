use std::time::Duration;

use crate::{Transport, Transports};

/// The intervals, deadlines and bounds of a session. The defaults are those of the Node server unless a field says
/// otherwise. `Duration::MAX` means never.
///
/// ```
/// use std::time::Duration;
/// use socketio_core::{Config, Transport, Transports};
///
/// let mut config = Config::default();
/// config.ping_interval = Duration::from_secs(10);
/// config.max_payload = 64 * 1024;
/// config.transports = Transports::from_iter([Transport::WebSocket]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The time from one ping of the server to the next. Default: 25 s.
    pub ping_interval: Duration,
    /// The time after a ping during which the client may stay silent. Default: 20 s.
    pub ping_timeout: Duration,
    /// The maximum duration of an upgrade, from the opening of the WebSocket to the last step. Default: 10 s.
    pub upgrade_timeout: Duration,
    /// The time within which a client must be connected to its first namespace. Default: 45 s.
    pub connect_timeout: Duration,
    /// The time during which a session closed by the server waits for the GET that fetches its last packets, counted
    /// from the close or from the delivery of the previous response; limited to `ping_timeout`. A polling client
    /// returns within a round trip. Default: 5 s.
    pub linger: Duration,
    /// The maximum size of a POST body and of a WebSocket message, in bytes, announced to the client as `maxPayload`;
    /// also the maximum total size of the attachments of one packet. A body, a message or the attachments must be
    /// complete within `ping_interval` plus `ping_timeout` plus the time that `max_payload` bytes take at 20 kB/s.
    /// Default: 1,000,000.
    pub max_payload: usize,
    /// The maximum number of attachments that a packet may announce. Default: 10, the limit of the stock clients.
    pub max_attachments: usize,
    /// The maximum number of namespaces that one client may be connected to or request at once. Default: 64; Node has
    /// no limit.
    pub max_namespaces: usize,
    /// The maximum number of events of one client, on all its sockets together, that wait for a connect handler or
    /// for a free handler slot. One more disconnects the socket it is for
    /// ([`ConnectionEvent::ParkingFull`](crate::ConnectionEvent::ParkingFull)). Default: 4096; Node has no limit.
    pub max_parked_events: usize,
    /// The maximum total size of those events, in bytes. Default: 4 MiB.
    pub max_parked_bytes: usize,
    /// The transports that clients may use, from the start or by upgrade. Default: all.
    pub transports: Transports,
    /// Allows a session that was opened by polling to move to a stream, such as WebSocket. Default: `true`.
    pub allow_upgrades: bool,
}

impl Config {
    /// Returns the transports to which a session that was opened on `from` may move.
    pub(crate) fn upgrades(&self, from: Transport) -> impl Iterator<Item = Transport> {
        let may_move = self.allow_upgrades && !from.is_stream();
        Transport::ALL
            .into_iter()
            .filter(move |to| may_move && to.is_stream() && self.transports.contains(*to))
    }

    /// Returns the time within which a message, a body, or the attachments of a packet must be complete: the time for
    /// which a client may be silent, plus the transfer time of the largest payload on a slow line. A Node server
    /// waits only for the former, because its pings are answered after the message.
    pub(crate) fn message_timeout(&self) -> Duration {
        let transfer = Duration::from_millis((self.max_payload / SLOWEST_LINE) as u64);
        self.ping_interval.saturating_add(self.ping_timeout).saturating_add(transfer)
    }
}

/// The lowest supported speed, in bytes per millisecond: less than that of a phone with a bad signal.
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
