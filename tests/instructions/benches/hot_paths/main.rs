//! The hot paths. Each function below runs once under callgrind, which counts its instructions, without those of its
//! setup and of dropping its result. `run.mjs` compares the counts with `figures.json`.

#![allow(missing_docs, unused_qualifications, reason = "what gungraun's macros write")]

mod bus;
mod chat;
mod poller;
mod server;
mod websocket;

use std::hint::black_box;

use bytes::Bytes;
use bytestring::ByteString;
use gungraun::prelude::*;
use socketio_core::cluster::{Message, Outgoing};
use socketio_core::packet::{Encoder, Packet, decode};

use bus::Bus;
use chat::{Chat, binary_event, text_event};
use poller::Poller;
use server::Server;
use websocket::WebSocket;

/// Returns the text of an event with one argument, a string of `length` bytes.
fn event_text(length: usize) -> ByteString {
    format!(r#"2["message","{}"]"#, "x".repeat(length)).into()
}

fn binary_text() -> ByteString {
    r#"51-["message",{"_placeholder":true,"num":0}]"#.into()
}

#[library_benchmark]
#[bench::text_64(event_text(64))]
#[bench::text_1024(event_text(1024))]
#[bench::binary(binary_text())]
fn decode_event(text: ByteString) -> ByteString {
    black_box::<Packet<'_>>(decode(black_box(&text), 10).expect("an event"));
    text
}

/// Returns an encoder whose buffers have grown, and an argument.
fn encoder<T>(argument: T) -> (Encoder, T) {
    let mut encoder = Encoder::default();
    encoder.event("/", "message", &"x".repeat(2048), None).expect("it can be written");
    (encoder, argument)
}

#[library_benchmark]
#[bench::text_64(encoder("x".repeat(64)))]
#[bench::text_1024(encoder("x".repeat(1024)))]
fn encode_event((mut encoder, text): (Encoder, String)) -> (Encoder, String) {
    black_box(encoder.event("/", "message", black_box(text.as_str()), None).expect("it can be written"));
    (encoder, text)
}

#[library_benchmark]
#[bench::binary_64(encoder(Bytes::from(vec![7; 64])))]
fn encode_binary_event((mut encoder, bytes): (Encoder, Bytes)) -> (Encoder, Bytes) {
    black_box(encoder.event("/", "message", black_box(&bytes), None).expect("it can be written"));
    (encoder, bytes)
}

// Messages from a client on a WebSocket, each echoed by the application.
#[library_benchmark]
#[bench::text_1(Chat::about_to_receive(text_event(64), 1))]
#[bench::text_32(Chat::about_to_receive(text_event(64), 32))]
#[bench::binary_1(Chat::about_to_receive(binary_event(64), 1))]
#[bench::ack_1(Chat::about_to_receive(chat::question(64), 1))]
fn echo(mut chat: Chat) -> Chat {
    chat.receive();
    chat
}

// The same from hyper's connection to the handler and back.
#[library_benchmark]
#[bench::text_1(WebSocket::about_to_send(1))]
#[bench::text_32(WebSocket::about_to_send(32))]
fn websocket_echo(mut client: WebSocket) -> WebSocket {
    client.exchange();
    client
}

// A POST with 16 events.
#[library_benchmark]
#[bench::packets_16(Poller::about_to_post(16))]
fn polling_post(mut poller: Poller) -> Poller {
    poller.post();
    poller
}

// A GET that is answered with 16 events.
#[library_benchmark]
#[bench::packets_16(Poller::about_to_get(16))]
fn polling_get(mut poller: Poller) -> (Poller, Vec<u8>) {
    let body = poller.get();
    (poller, body)
}

// An event to a whole namespace: encoded once, and pushed into 1 000 mailboxes.
#[library_benchmark]
#[bench::mailboxes_1000(Server::with_clients(1000))]
fn broadcast(server: Server) -> Server {
    server.broadcast();
    server
}

// A session over WebSocket from its request to its end, in the core.
#[library_benchmark]
#[bench::core(chat::handshake())]
fn session(handshake: chat::Handshake) -> chat::Handshake {
    handshake.open_and_close();
    handshake
}

// A session over long polling from its request to its end, through the layer.
#[library_benchmark]
#[bench::tower(Server::with_clients(1))]
fn polling_session(mut server: Server) -> Server {
    server.open_and_close();
    server
}

// A broadcast on its way to another node of a cluster.
#[library_benchmark]
#[bench::text_64(Bus::new())]
fn bus_write(bus: Bus) -> (Bus, Outgoing) {
    let sent = bus.write();
    (bus, sent)
}

#[library_benchmark]
#[bench::text_64(Bus::new())]
fn bus_peek(bus: Bus) -> Bus {
    bus.peek();
    bus
}

#[library_benchmark]
#[bench::text_64(Bus::new())]
fn bus_read(bus: Bus) -> (Bus, Message) {
    let message = bus.read();
    (bus, message)
}

library_benchmark_group!(
    name = hot_paths,
    benchmarks = [
        decode_event,
        encode_event,
        encode_binary_event,
        echo,
        websocket_echo,
        polling_post,
        polling_get,
        broadcast,
        session,
        polling_session,
        bus_write,
        bus_peek,
        bus_read,
    ]
);

main!(
    config = LibraryBenchmarkConfig::default().tool(gungraun::Callgrind::with_args(["--cache-sim=no"]));
    library_benchmark_groups = hot_paths
);
