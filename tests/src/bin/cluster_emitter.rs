//! An emitter of the clusters in `tests/cluster`, whose README has the contract.

use serde_json::{Value as Json, json};
use socketio_tests::control::{self, Command, Failure, say};
use socketio_tower::cluster::{Emitter, EmitterOperator, Redis};
use socketio_tower::{Args, EmitStatus};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let control::Options { redis, .. } = control::Options::read()?;
    let emitter = Emitter::connect(Redis::classic(&redis)?).await?;
    say(&json!({ "ready": true }));
    let mut commands = control::commands();
    while let Some(command) = commands.next().await? {
        if command.name() == "stop" {
            emitter.flush().await;
            command.answer(Ok(Json::Null));
            break;
        }
        command.answer(run(&emitter, &command));
    }
    Ok(())
}

fn run(emitter: &Emitter, command: &Command) -> Result<Json, Failure> {
    let target = target(emitter, command)?;
    let args = Args(command.args());
    let status = match command.name() {
        "emit" => target.emit(command.text("event"), &args),
        "socketsJoin" => each(command, |room| target.sockets_join(room)),
        "socketsLeave" => each(command, |room| target.sockets_leave(room)),
        "disconnectSockets" => target.disconnect_sockets(command.field("close") == true),
        "serverSideEmit" => target.server_side_emit(command.text("event"), &args),
        other => return Err(Failure { message: format!("unknown command: {other}"), acks: None }),
    };
    status.ok().map_err(|error| Failure { message: error.to_string(), acks: None })?;
    Ok(Json::Null)
}

/// Performs an operation for each of the named rooms.
fn each(command: &Command, operate: impl Fn(String) -> EmitStatus) -> EmitStatus {
    let mut statuses = command.names("names").into_iter().map(operate);
    statuses.find(|status| !status.is_queued()).unwrap_or(EmitStatus::Queued)
}

fn target(emitter: &Emitter, command: &Command) -> Result<EmitterOperator, Failure> {
    let operator = emitter.of(command.namespace());
    let mut operator = operator.map_err(|error| Failure { message: error.to_string(), acks: None })?;
    for room in command.names("rooms") {
        operator = operator.to(room);
    }
    for room in command.names("except") {
        operator = operator.except(room);
    }
    Ok(if command.flag("volatile") { operator.volatile() } else { operator })
}
