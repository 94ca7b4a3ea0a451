//! Runs one workload against one running server, or a cluster, and prints one [`Record`] as a line of JSON.
//!
//! One thread with epoll, and all messages prepared in advance, so that the server is measured and not the load
//! generator.

mod arguments;
mod clients;
mod connect;
mod connection;
mod exchange;
mod failure;
mod fanout;
mod fetch;
mod frame;
mod histogram;
mod http;
mod idle;
mod inbound;
mod membership;
mod message;
mod peers;
mod polling;
mod process;
mod publish;
mod redis;
mod relay;
mod rooms;
mod run;
mod session;
mod sockets;
mod upgrade;

use std::process::ExitCode;

use socketio_bench::{Kind, Mode, Record};

use arguments::Arguments;
use failure::Failure;
use run::Run;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)).and_then(|arguments| measure(&arguments)) {
        Ok(record) => match serde_json::to_string(&record) {
            Ok(line) => {
                println!("{line}");
                match record.wrong {
                    0 => ExitCode::SUCCESS,
                    wrong => {
                        eprintln!("load: {wrong} wrong answers");
                        ExitCode::FAILURE
                    }
                }
            }
            Err(error) => {
                eprintln!("load: the record cannot be written: {error}");
                ExitCode::FAILURE
            }
        },
        Err(failure) => {
            eprintln!("load: {failure}");
            match failure {
                Failure::Arguments(_) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn measure(arguments: &Arguments) -> Result<Record, Failure> {
    let run = Run::new(arguments)?;
    let outcome = match arguments.workload.kind {
        Kind::Exchange(exchange) => exchange::closed_loop(&run, exchange),
        Kind::OpenLoop { connections, per_second, size } => {
            exchange::open_loop(&run, connections, per_second, size)
        }
        Kind::Broadcast { connections, outstanding, size, stalled } => {
            fanout::broadcast(&run, connections, outstanding, size, stalled)
        }
        Kind::Rooms { connections, rooms, members, senders } => {
            fanout::rooms(&run, connections, rooms, members, senders)
        }
        Kind::Membership { connections, members, rooms } => {
            membership::join_and_leave(&run, connections, members, rooms)
        }
        Kind::Connect { mode: Mode::WebSocket, parallel } => connect::websocket(&run, parallel),
        Kind::Connect { mode: Mode::Upgrade, parallel } => upgrade::connect(&run, parallel),
        Kind::Storm { connections } => connect::storm(&run, connections),
        Kind::Polling(exchange) => polling::echo(&run, exchange),
        Kind::Inbound(inbound) => inbound::measure(&run, inbound),
        Kind::Idle { connections } => idle::idle(&run, connections),
        Kind::Retained { connections, size } => idle::retained(&run, connections, size),
        Kind::Publish { batch, heard } => publish::batches(&run, batch, heard),
        Kind::Relay { size } => relay::relay(&run, size),
        Kind::Fetch { connections } => fetch::fetch(&run, connections),
    };
    Ok(outcome?.record(arguments))
}
