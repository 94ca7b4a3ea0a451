//! Runs one workload against one running server and prints one [`Record`](socketio_bench::Record) as a line of
//! JSON.
//!
//! One thread with epoll, all messages prepared beforehand: what it costs must not be what it shows.

mod arguments;
mod clients;
mod connection;
mod exchange;
mod failure;
mod frame;
mod histogram;
mod http;
mod message;
mod process;
mod run;

use std::process::ExitCode;

use socketio_bench::{Kind, Record};

use arguments::Arguments;
use failure::Failure;
use run::Run;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)).and_then(|arguments| measure(&arguments)) {
        Ok(record) => match serde_json::to_string(&record) {
            Ok(line) => {
                println!("{line}");
                ExitCode::SUCCESS
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
        Kind::Exchange(exchange) => exchange::closed_loop(&run, exchange)?,
        _ => return Err(Failure::Arguments("not yet".into())),
    };
    Ok(outcome.record(arguments))
}
