use std::time::Duration;

use crate::{Config, Encoded, Sid, Transport};

/// The first packet of a session: `0` and five keys, which the protocol's own tests count.
pub(super) fn open_packet(sid: &Sid, transport: Transport, config: &Config) -> Encoded {
    let upgrades = match transport {
        Transport::Polling if config.allow_upgrades && config.websocket => "\"websocket\"",
        Transport::Polling | Transport::WebSocket => "",
    };
    Encoded::text_only(&format!(
        "0{{\"sid\":\"{}\",\"upgrades\":[{upgrades}],\"pingInterval\":{},\"pingTimeout\":{},\"maxPayload\":{}}}",
        sid.expose(),
        millis(config.ping_interval),
        millis(config.ping_timeout),
        config.max_payload,
    ))
}

/// JavaScript timers wrap above `i32::MAX` milliseconds and fire at once.
fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX).min(i32::MAX as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_node_server_writes_it() {
        let sid = "07HVrYzr_77H86xDAAAA".parse().unwrap();
        let config = Config::default();
        let tail = "\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}";
        let polling = open_packet(&sid, Transport::Polling, &config);
        let expected = format!("0{{\"sid\":\"07HVrYzr_77H86xDAAAA\",\"upgrades\":[\"websocket\"],{tail}");
        assert_eq!(polling.text(), expected.as_bytes());
        let websocket = open_packet(&sid, Transport::WebSocket, &config);
        let expected = format!("0{{\"sid\":\"07HVrYzr_77H86xDAAAA\",\"upgrades\":[],{tail}");
        assert_eq!(websocket.text(), expected.as_bytes());
    }
}
