//! Measures our server beside others: builds them, runs [`load`](../load) against each in turn, and writes the results
//! into `docs/performance.md`. `tests/bench/README.md` explains how to read them.

mod build;
mod chart;
mod cluster;
mod command;
mod complete;
mod journal;
mod metric;
mod page;
mod pin;
mod plan;
mod process;
mod redis;
mod results;
mod run;
mod schedule;
mod server;
mod setting;
mod spread;
mod table;
mod targets;

use std::process::ExitCode;

use command::Command;
use journal::Journal;
use plan::Plan;
use results::Results;

/// An error that is shown to the user and ends the program.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match Command::parse(std::env::args().skip(1)).and_then(execute) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<(), Failure> {
    match command {
        Command::Help => println!("{}", command::USAGE),
        Command::Quick(options) => println!("{}", table::all(&measure(&Plan::quick(options)?)?)),
        Command::Run(options) => println!("{}", table::all(&measure(&Plan::new(options)?)?)),
        Command::Full(options) => page::write(&measure(&Plan::full(options)?)?)?,
        Command::Cluster(options) => {
            let results = measure(&Plan::cluster(options)?)?;
            println!("{}", table::all(&results));
            page::write(&results)?;
        }
        Command::Report { records, most_other_cores } => {
            page::write(&Results::new(Journal::read(&records)?, most_other_cores))?;
        }
    }
    Ok(())
}

fn measure(plan: &Plan) -> Result<Results, Failure> {
    let mut journal = Journal::open(&plan.records)?;
    run::all(plan, &mut journal)?;
    eprintln!("records: {}", plan.records.display());
    Ok(Results::new(Journal::read(&plan.records)?, plan.most_other_cores))
}
