//! `load` ends with a message, and never hangs, whatever address it gets.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use socketio_bench::Workload;

/// Runs `load` against an address, which is also that of the other processes of a cluster; returns its exit code and
/// its output.
fn load(workload: &str, address: &str, pid: u32) -> (Option<i32>, String) {
    let (url, redis, pid) = (format!("http://{address}"), format!("redis://{address}"), pid.to_string());
    let mut load = Command::new(env!("CARGO_BIN_EXE_load"));
    load.args([workload, "--url", &url, "--pid", &pid, "--seconds", "0.1", "--connections", "2"]);
    let cluster = Workload::named(workload).ok().and_then(|workload| workload.cluster);
    if cluster.is_some() {
        load.args(["--redis-url", &redis, "--redis-pid", &pid]);
    }
    if cluster == Some(2) {
        load.args(["--second-url", &url, "--second-pid", &pid]);
    }
    let output = load.output().unwrap();
    assert_eq!(output.stdout, b"", "no record of a run that failed");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Starts a server that calls `serve` for every connection.
fn server(serve: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // The load generator may be gone before it is answered.
            let _ = stream.and_then(|mut stream| serve(&mut stream));
        }
    });
    address
}

fn this_process() -> u32 {
    std::process::id()
}

#[test]
fn a_workload_that_is_not_there_is_told() {
    let (code, message) = load("nonsense", "127.0.0.1:1", this_process());
    assert_eq!(code, Some(2));
    assert!(message.starts_with("load: no workload \"nonsense\"; there are echo1, "), "{message}");
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let (code, message) = load("echo1", &address, this_process());
    assert_eq!(code, Some(2));
    assert!(message.starts_with(&format!("load: no server at {address}: ")), "{message}");
}

#[test]
fn a_process_that_is_not_there_is_told() {
    let (code, message) = load("echo1", &server(|_| Ok(())), u32::MAX);
    assert_eq!(code, Some(2));
    assert!(message.starts_with("load: no process 4294967295 to look at: "), "{message}");
}

#[test]
fn a_refusal_ends_every_workload() {
    let address = server(|stream| {
        let _ = stream.read(&mut [0; 1024])?;
        stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno")
    });
    for workload in Workload::all().iter().chain(Workload::cluster()) {
        let (code, message) = load(workload.name, &address, this_process());
        assert_eq!(code, Some(1), "{}: {message}", workload.name);
        assert!(message.contains("404"), "{}: {message}", workload.name);
    }
}

#[test]
fn a_server_that_closes_ends_the_run() {
    let address = server(|stream| {
        let _ = stream.read(&mut [0; 1024])?;
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    });
    let (code, message) = load("echo1", &address, this_process());
    assert_eq!(code, Some(1));
    assert!(message.starts_with("load: the server closed the connection of client "), "{message}");
}

#[test]
fn what_is_no_websocket_ends_the_run() {
    let address = server(|stream| {
        let _ = stream.read(&mut [0; 1024])?;
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\xff\xff")?;
        let _ = stream.read(&mut [0; 1])?;
        Ok(())
    });
    let (code, message) = load("echo1", &address, this_process());
    assert_eq!(code, Some(1));
    assert_eq!(message, "load: the server sent a frame that starts with [ff, ff]\n");
}
