//! Tests of the graph with in-memory clients, in virtual time.

use std::time::Duration;

use serde_json::Value;
use socketio_tower::SocketIo;
use socketio_tower::testing::{TestClient, TestSocket, settled};
use tokio::time::Instant;

use super::{Cpu, graph};

fn server() -> (SocketIo, Cpu) {
    let cpu = Cpu::new();
    let io = SocketIo::builder().state(cpu.clone()).build();
    io.of("/", graph);
    (io, cpu)
}

/// Returns the time between the next two samples.
async fn period(socket: &TestSocket) -> Duration {
    let first: Value = socket.expect("cpu").await;
    let then = Instant::now();
    let second: Value = socket.expect("cpu").await;
    assert!(second["number"].as_u64() > first["number"].as_u64());
    assert!((0.0..=100.0).contains(&second["percent"].as_f64().expect("a number")));
    then.elapsed()
}

#[tokio::test(start_paused = true)]
async fn each_client_has_its_own_pace() {
    let (io, _cpu) = server();
    let ada = TestClient::connect(&io).await.unwrap();
    let bob = TestClient::connect(&io).await.unwrap();
    let interval: u64 = bob.emit_with_ack("interval", &3000).await.unwrap();
    assert_eq!(interval, 3000);
    // A sample sent at the previous interval.
    ada.expect_event("cpu").await;
    bob.expect_event("cpu").await;
    assert_eq!(period(&bob).await, Duration::from_secs(3));
    let shortest: u64 = ada.emit_with_ack("interval", &0).await.unwrap();
    assert_eq!(shortest, 500, "not shorter than what is measured");
}

#[tokio::test(start_paused = true)]
async fn its_task_ends_with_the_socket() {
    let (io, cpu) = server();
    let ada = TestClient::connect(&io).await.unwrap();
    ada.expect_event("cpu").await;
    assert_eq!(cpu.watchers(), 1);
    ada.client().close().await;
    settled().await;
    assert_eq!(cpu.watchers(), 0);
}
