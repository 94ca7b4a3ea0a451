use std::borrow::Cow;

use bytes::Bytes;

use super::kind;
use crate::cluster::wire::fields::{Fields, Flags, destination, names, node_id};
use crate::cluster::wire::packet::Packet;
use crate::cluster::wire::source::Source;
use crate::cluster::wire::{MAX_SOCKETS, ReadError};
use crate::cluster::{Answer, Body, Message, Operation, Presence, Question, RawArray};

/// Reads `[sender, packet, options]`.
pub(super) fn broadcast(topic: &str, payload: &Bytes) -> Result<Message, ReadError> {
    let mut source = Source::of_msgpack(payload);
    let mut list = source.open_list()?;
    let mut next = |source: &mut Source<'_>| match source.next_element(&mut list)? {
        true => Ok(()),
        false => Err(ReadError::Malformed("incomplete broadcast")),
    };
    next(&mut source)?;
    let from = source.pass()?;
    next(&mut source)?;
    let packet = Packet::pass(&mut source)?;
    next(&mut source)?;
    let (to, flags) = destination(&mut source)?;
    // A newer version may append something.
    while source.next_element(&mut list)? {
        source.pass()?;
    }
    source.end()?;
    let from = from.present().map(node_id).transpose()?;
    let namespace = packet.namespace()?.unwrap_or(Cow::Borrowed("/"));
    if !topic.strip_prefix(&*namespace).is_some_and(|rest| rest.is_empty() || rest.starts_with('#')) {
        return Err(ReadError::Malformed("a broadcast on the channel of another namespace"));
    }
    let operation = Operation::Broadcast { event: packet.event()?, to, volatile: flags.volatile };
    Ok(Message { from, namespace: namespace.into_owned(), body: Body::Operation(operation) })
}

pub(super) fn request(namespace: &str, payload: &Bytes) -> Result<Message, ReadError> {
    let fields = fields(payload)?;
    let kind = fields.kind()?.ok_or(ReadError::Malformed("no type"))?;
    let body = match (presence(kind), operation(&fields, kind)?) {
        (Some(presence), _) => Body::Presence(presence),
        (_, Some(operation)) => Body::Operation(operation),
        _ => {
            let question = question(&fields, kind)?;
            let request = fields.request()?.ok_or(ReadError::Malformed("a question without an id"))?;
            Body::Question { request, extended: fields.is_extended(), question }
        }
    };
    Ok(Message { from: fields.from()?, namespace: namespace.to_owned(), body })
}

pub(super) fn answer(topic: &str, payload: &Bytes) -> Result<Message, ReadError> {
    let fields = fields(payload)?;
    let from = fields.from()?;
    let namespace = without_node(topic).to_owned();
    let kind = fields.kind()?;
    if let Some(presence) = kind.and_then(presence) {
        return Ok(Message { from, namespace, body: Body::Presence(presence) });
    }
    let request = fields.request()?.ok_or(ReadError::Malformed("an answer without an id"))?;
    let answer = match kind {
        Some(kind::CLIENTS) => fields.clients()?,
        Some(kind::ACK) => fields.ack()?,
        Some(kind::SERVER_EVENT) => fields.arguments(fields.data).map(Answer::ServerEvent)?,
        Some(kind::SOCKETS) => fields.sockets()?,
        Some(kind::SOCKET_IDS) => socket_ids(&fields)?,
        Some(kind::ROOMS) => rooms(&fields)?,
        Some(_) => return Err(ReadError::Unknown),
        // Node does not write the type of these.
        None if fields.sockets.is_some() => match fields.sockets() {
            Err(ReadError::Malformed(_)) => socket_ids(&fields)?,
            sockets => sockets?,
        },
        None if fields.rooms.is_some() => rooms(&fields)?,
        // The answer to an operation on a single socket, of an old version.
        None => return Err(ReadError::Unknown),
    };
    Ok(Message { from, namespace, body: Body::Answer { request, answer } })
}

fn fields(payload: &Bytes) -> Result<Fields<'_>, ReadError> {
    let mut source = Source::of_map(payload)?;
    let fields = Fields::read(&mut source)?;
    source.end()?;
    Ok(fields)
}

fn presence(kind: u64) -> Option<Presence> {
    match kind {
        kind::HELLO => Some(Presence::Hello),
        kind::ALIVE => Some(Presence::Alive),
        kind::GOODBYE => Some(Presence::Goodbye),
        _ => None,
    }
}

fn operation(fields: &Fields<'_>, kind: u64) -> Result<Option<Operation>, ReadError> {
    // Old versions name a single socket instead. No emitter writes that.
    let has_options = fields.options.is_some();
    Ok(Some(match kind {
        kind::JOIN | kind::LEAVE | kind::DISCONNECT if !has_options => return Err(ReadError::Unknown),
        kind::JOIN => Operation::Join { to: fields.destination()?.0, rooms: fields.rooms()? },
        kind::LEAVE => Operation::Leave { to: fields.destination()?.0, rooms: fields.rooms()? },
        kind::DISCONNECT => Operation::Disconnect { to: fields.destination()?.0, close: fields.is_closing() },
        kind::SERVER_EVENT if fields.request.is_none() => {
            Operation::ServerEvent { event: server_event(fields)? }
        }
        _ => return Ok(None),
    }))
}

fn question(fields: &Fields<'_>, kind: u64) -> Result<Question, ReadError> {
    Ok(match kind {
        kind::SOCKET_IDS => {
            let rooms = fields.rooms.map_or(Ok(Vec::new()), |_| fields.rooms())?;
            Question::SocketIds { rooms }
        }
        kind::ROOMS => Question::Rooms,
        kind::SOCKETS => Question::Sockets { to: fields.destination()?.0 },
        kind::SERVER_EVENT => Question::ServerEvent { event: server_event(fields)? },
        kind::BROADCAST => {
            let (to, Flags { volatile, timeout, single }) = fields.destination()?;
            Question::Broadcast { event: fields.event()?, to, volatile, timeout, single }
        }
        _ => return Err(ReadError::Unknown),
    })
}

fn server_event(fields: &Fields<'_>) -> Result<RawArray, ReadError> {
    fields.data.ok_or(ReadError::Malformed("no data"))?.event()
}

fn socket_ids(fields: &Fields<'_>) -> Result<Answer, ReadError> {
    let ids = fields.sockets.ok_or(ReadError::Malformed("no sockets"))?;
    names(&mut ids.source(), MAX_SOCKETS).map(Answer::SocketIds)
}

fn rooms(fields: &Fields<'_>) -> Result<Answer, ReadError> {
    let rooms = fields.rooms.ok_or(ReadError::Malformed("no rooms"))?;
    names(&mut rooms.source(), MAX_SOCKETS).map(Answer::Rooms)
}

/// Returns the namespace of a channel of answers. Its name ends with the id of a node if the answers are for that node
/// alone. An id contains no slash, which all names of namespaces begin with.
fn without_node(topic: &str) -> &str {
    match topic.rsplit_once('#') {
        Some((namespace, node)) if !node.is_empty() && !node.contains('/') => namespace,
        _ => topic,
    }
}
