//! Messages on the bus that no node has written.

use bytes::Bytes;
use socketio_tower::cluster::Outgoing;
use socketio_tower::testing::settled;

use super::nodes::{Nodes, wires};

fn message(channel: &str, payload: &[u8]) -> Outgoing {
    Outgoing { channel: channel.to_owned().into(), payload: Bytes::copy_from_slice(payload) }
}

/// Garbage on every channel loses none of the traffic between it, and is counted.
#[tokio::test(start_paused = true)]
async fn garbage_is_dropped_and_counted() {
    for wire in wires() {
        let nodes = Nodes::start(2, wire, |_| {}).await;
        let [_a, b] = nodes.clients().await;
        let node = nodes[1].cluster().unwrap().node().to_string();
        let channels = [
            "socket.io#/#".to_owned(),
            format!("socket.io#/#{}#", b.id()),
            "socket.io-request#/#".to_owned(),
            "socket.io-response#/#".to_owned(),
            format!("socket.io-response#/#{node}#"),
            format!("socket.io#/#{node}#"),
        ];
        let payloads: [&[u8]; 12] = [
            b"",
            b"{",
            b"{}",
            b"null",
            br#"{"requestId":"x","uid":"y","type":5}"#,
            br#"{"requestId":"x","sockets":7}"#,
            br#"{"type":3,"uid":"y","nsp":"/","data":null}"#,
            b"\x93\xa1a\xc0\xc0",
            b"\x93\xa1a\xdf\xff\xff\xff\xff",
            b"\xdd\xff\xff\xff\xff",
            b"\x80\x04\x95cos\nsystem\n",
            &[0xff; 64],
        ];
        let mut garbage = 0;
        for round in 0..3 {
            for channel in &channels {
                for payload in payloads {
                    garbage += nodes.bus.publish(&message(channel, payload));
                    nodes[0].emit("n", &round);
                    assert_eq!(b.expect::<u32>("n").await, round);
                }
            }
        }
        settled().await;
        b.expect_nothing().await;
        let counted: u64 = nodes
            .nodes
            .iter()
            .map(|io| io.stats().cluster.unwrap())
            .map(|stats| stats.malformed + stats.unknown + stats.skipped)
            .sum();
        // Some are answers to questions that nobody has asked, and requests without sockets.
        assert!(garbage > 100 && counted as usize > garbage * 3 / 4, "{counted} of {garbage}");
        assert!(nodes[0].try_fetch_sockets().await.unwrap().len() == 2);
    }
}
