//! The control protocol of `tests/cluster`: commands and answers as lines of JSON.

use std::io::{self, Write};

use bytes::Bytes;
use data_encoding::BASE64;
use serde_json::{Map, Value as Json, json};
use socketio_tower::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

/// The command line of a program.
#[derive(Debug)]
pub struct Options {
    /// The name of the node.
    pub name: String,
    /// The URL of the broker.
    pub redis: String,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is missing.
    pub fn read() -> Result<Self, String> {
        let value = |option: &str| {
            let mut arguments = std::env::args().skip_while(|argument| argument != option).skip(1);
            arguments.next().ok_or_else(|| format!("usage: --name NAME --redis URL; {option} is missing"))
        };
        Ok(Self { name: value("--name")?, redis: value("--redis")? })
    }
}

/// The commands from standard input.
#[derive(Debug)]
pub struct Commands(Lines<BufReader<Stdin>>);

/// Returns the commands from standard input.
pub fn commands() -> Commands {
    Commands(BufReader::new(tokio::io::stdin()).lines())
}

impl Commands {
    /// Waits for the next command; `None` at the end of the input.
    ///
    /// # Errors
    ///
    /// Returns an error if the input is not a line of JSON.
    pub async fn next(&mut self) -> io::Result<Option<Command>> {
        let Some(line) = self.0.next_line().await? else { return Ok(None) };
        Ok(Some(Command(serde_json::from_str(&line)?)))
    }
}

/// A command.
#[derive(Debug)]
pub struct Command(Json);

/// A failed command: a message, and the acks that came nevertheless.
#[derive(Debug, Default)]
pub struct Failure {
    /// The message.
    pub message: String,
    /// The acks.
    pub acks: Option<Vec<Value>>,
}

impl Command {
    /// Returns the name of the command.
    pub fn name(&self) -> &str {
        self.0["do"].as_str().unwrap_or_default()
    }

    /// Returns a field; null if it is missing.
    pub fn field(&self, name: &str) -> &Json {
        &self.0[name]
    }

    /// Returns a field that is a text; empty if it is missing.
    pub fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    /// Returns the path of the namespace.
    pub fn namespace(&self) -> &str {
        self.0["nsp"].as_str().unwrap_or("/")
    }

    /// Returns a field that is a list of names; empty if it is missing.
    pub fn names(&self, name: &str) -> Vec<String> {
        self.0[name].as_array().into_iter().flatten().map(name_of).collect()
    }

    /// Returns whether a flag of the target is set.
    pub fn flag(&self, name: &str) -> bool {
        self.0["flags"][name] == true
    }

    /// Returns the arguments of an event.
    pub fn args(&self) -> Vec<Value> {
        self.0["args"].as_array().into_iter().flatten().map(from_json).collect()
    }

    /// Writes the answer.
    pub fn answer(&self, result: Result<Json, Failure>) {
        let id = &self.0["id"];
        say(&match result {
            Ok(result) => json!({ "id": id, "result": result }),
            Err(Failure { message, acks: None }) => json!({ "id": id, "error": message }),
            Err(Failure { message, acks: Some(acks) }) => {
                json!({ "id": id, "error": message, "acks": acks.iter().map(to_json).collect::<Vec<_>>() })
            }
        });
    }
}

/// Returns the name of a room, which may be a number.
pub fn name_of(room: &Json) -> String {
    room.as_str().map_or_else(|| room.to_string(), ToOwned::to_owned)
}

/// Writes one line.
pub fn say(line: &Json) {
    let mut out = io::stdout().lock();
    // Whoever has started this program may be gone.
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
}

/// Reads a value in which binary is `{"$binary":"base64"}`.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Object(members) => match members.get("$binary").and_then(Json::as_str) {
            Some(text) => Bytes::from(BASE64.decode(text.as_bytes()).expect("base64")).into(),
            None => members.iter().map(|(name, value)| (name.clone(), from_json(value))).collect(),
        },
        Json::Array(values) => values.iter().map(from_json).collect::<Vec<_>>().into(),
        scalar => serde_json::from_value(scalar.clone()).expect("a scalar"),
    }
}

/// Writes a value in this form.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Binary(bytes) => json!({ "$binary": BASE64.encode(bytes) }),
        Value::Array(values) => values.iter().map(to_json).collect(),
        Value::Object(members) => Json::Object(
            members.iter().map(|(name, value)| (name.clone(), to_json(value))).collect::<Map<_, _>>(),
        ),
        scalar => serde_json::to_value(scalar).expect("a scalar"),
    }
}
