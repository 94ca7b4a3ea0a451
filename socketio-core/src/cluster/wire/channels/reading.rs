use std::borrow::Cow;

use bytes::Bytes;

use super::kind;
use crate::cluster::wire::ReadError;
use crate::cluster::wire::fields::{Fields, Flags};
use crate::cluster::wire::source::Source;
use crate::cluster::wire::value::Value;
use crate::cluster::{Answer, Body, Message, Operation, Presence, Question, RawArray};

pub(super) fn decode(topic: &str, payload: &Bytes) -> Result<Message, ReadError> {
    let mut source = Source::of_map(payload)?;
    let (mut envelope, mut data, mut members) = (Fields::default(), None, source.open_map()?);
    while let Some(key) = source.next_key(&mut members)? {
        match &*key {
            b"data" if source.is_at_map() => data = Some(Fields::read(&mut source)?),
            key => envelope.member(key, &mut source)?,
        }
    }
    source.end()?;
    let kind = envelope.kind()?.ok_or(ReadError::Malformed("no type"))?;
    let body = match kind {
        kind::HELLO => Body::Presence(Presence::Hello),
        kind::ALIVE => Body::Presence(Presence::Alive),
        kind::GOODBYE => Body::Presence(Presence::Goodbye),
        kind::BROADCAST..kind::GOODBYE => body(kind, &data.ok_or(ReadError::Malformed("no data"))?)?,
        _ => return Err(ReadError::Unknown),
    };
    let namespace = envelope.namespace.and_then(Value::text).ok_or(ReadError::Malformed("no namespace"))?;
    if !topic.strip_prefix(&*namespace).is_some_and(|rest| rest.is_empty() || rest.starts_with('#')) {
        return Err(ReadError::Malformed("a message on the channel of another namespace"));
    }
    Ok(Message { from: envelope.from()?, namespace: Cow::into_owned(namespace), body })
}

fn body(kind: u64, data: &Fields<'_>) -> Result<Body, ReadError> {
    let answer = match kind {
        kind::SOCKETS_ANSWER => data.sockets()?,
        kind::SERVER_EVENT_ANSWER => {
            data.arguments(data.packet.map(|packet| packet.value)).map(Answer::ServerEvent)?
        }
        kind::CLIENTS => data.clients()?,
        kind::ACK => data.ack()?,
        _ => return operation_or_question(kind, data),
    };
    let request = data.request()?.ok_or(ReadError::Malformed("an answer without an id"))?;
    Ok(Body::Answer { request, answer })
}

fn operation_or_question(kind: u64, data: &Fields<'_>) -> Result<Body, ReadError> {
    let request = data.request()?;
    let operation = match (kind, &request) {
        (kind::BROADCAST, None) => {
            let (to, flags) = data.destination()?;
            Operation::Broadcast { event: data.event()?, to, volatile: flags.volatile }
        }
        (kind::JOIN, _) => Operation::Join { to: data.destination()?.0, rooms: data.rooms()? },
        (kind::LEAVE, _) => Operation::Leave { to: data.destination()?.0, rooms: data.rooms()? },
        (kind::DISCONNECT, _) => {
            Operation::Disconnect { to: data.destination()?.0, close: data.is_closing() }
        }
        (kind::SERVER_EVENT, None) => Operation::ServerEvent { event: server_event(data)? },
        _ => {
            let request = request.ok_or(ReadError::Malformed("a question without an id"))?;
            let question = question(kind, data)?;
            return Ok(Body::Question { request, extended: data.is_extended(), question });
        }
    };
    Ok(Body::Operation(operation))
}

fn question(kind: u64, data: &Fields<'_>) -> Result<Question, ReadError> {
    Ok(match kind {
        kind::BROADCAST => {
            let (to, Flags { volatile, timeout, single }) = data.destination()?;
            Question::Broadcast { event: data.event()?, to, volatile, timeout, single }
        }
        kind::SOCKETS => Question::Sockets { to: data.destination()?.0 },
        kind::SERVER_EVENT => Question::ServerEvent { event: server_event(data)? },
        _ => return Err(ReadError::Unknown),
    })
}

fn server_event(data: &Fields<'_>) -> Result<RawArray, ReadError> {
    data.packet.ok_or(ReadError::Malformed("no packet"))?.value.event()
}
