use super::kind;
use crate::cluster::wire::fields::Flags;
use crate::cluster::wire::json::Json;
use crate::cluster::wire::map::{ArrayRef, FRAME, Map, size_of};
use crate::cluster::wire::msgpack::MsgPack;
use crate::cluster::wire::output::{Output, outgoing};
use crate::cluster::wire::{Address, Outgoing, WriteError};
use crate::cluster::{Answer, Body, Message, NodeId, Operation, Presence, Question};
use crate::namespace::Target;

pub(super) fn broadcast<R: AsRef<str>, X: AsRef<str>>(
    prefix: &str,
    address: &Address,
    from: Option<&NodeId>,
    namespace: &str,
    event: ArrayRef<'_>,
    to: &Target<'_, R, X>,
    volatile: bool,
) -> Result<Outgoing, WriteError> {
    let size = event.size() + namespace.len() + size_of(to);
    let channel = channel(prefix, address, namespace);
    if event.attachments.is_empty() {
        outgoing::<Json>(&channel, size, |output| {
            write_broadcast(output, from, namespace, event, to, volatile)
        })
    } else {
        outgoing::<MsgPack>(&channel, size, |output| {
            write_broadcast(output, from, namespace, event, to, volatile)
        })
    }
}

pub(super) fn encode(prefix: &str, address: &Address, message: &Message) -> Result<Outgoing, WriteError> {
    let Message { from, namespace, body } = message;
    if let Body::Operation(Operation::Broadcast { event, to, volatile }) = body {
        let event = event.borrowed()?;
        return broadcast(prefix, address, from.as_ref(), namespace, event, &to.target(), *volatile);
    }
    let (channel, size) = (channel(prefix, address, namespace), FRAME + namespace.len() + body.size());
    if body.has_attachments() {
        outgoing::<MsgPack>(&channel, size, |output| write(output, message))
    } else {
        outgoing::<Json>(&channel, size, |output| write(output, message))
    }
}

fn channel<'a>(prefix: &'a str, address: &'a Address, namespace: &'a str) -> [&'a str; 6] {
    let [node, end] = match address {
        Address::Everyone => ["", ""],
        Address::Node(node) => [node.as_str(), "#"],
    };
    [prefix, "#", namespace, "#", node, end]
}

fn write_broadcast<O: Output, R: AsRef<str>, X: AsRef<str>>(
    output: &mut O,
    from: Option<&NodeId>,
    namespace: &str,
    event: ArrayRef<'_>,
    to: &Target<'_, R, X>,
    volatile: bool,
) -> Result<(), WriteError> {
    let mut map = envelope(output, from, namespace, kind::BROADCAST);
    let mut data = map.map("data");
    data.packet(event, None)?;
    data.options(to, Some(Flags { volatile, ..Flags::default() }))?;
    data.end();
    map.end();
    Ok(())
}

/// Begins a message. The sender comes first, so that it is found without decoding the message.
fn envelope<'o, O: Output>(
    output: &'o mut O,
    from: Option<&NodeId>,
    namespace: &str,
    kind: u64,
) -> Map<'o, O> {
    let mut map = Map::begin(output);
    map.from(from);
    map.text("nsp", namespace);
    map.number("type", kind);
    map
}

fn write<O: Output>(output: &mut O, message: &Message) -> Result<(), WriteError> {
    let Message { from, namespace, body } = message;
    let mut map = envelope(output, from.as_ref(), namespace, number_of(body)?);
    // Node reads members of `data` without checking that it is there.
    let mut data = map.map("data");
    match body {
        Body::Presence(_) => {}
        Body::Operation(operation) => write_operation(&mut data, operation)?,
        Body::Question { request, extended, question } => {
            data.request(request);
            write_question(&mut data, question)?;
            if *extended {
                data.number("ext", 1);
            }
        }
        Body::Answer { request, answer } => {
            data.request(request);
            write_answer(&mut data, answer)?;
        }
    }
    data.end();
    map.end();
    Ok(())
}

fn number_of(body: &Body) -> Result<u64, WriteError> {
    Ok(match body {
        Body::Presence(Presence::Hello) => kind::HELLO,
        Body::Presence(Presence::Alive) => kind::ALIVE,
        Body::Presence(Presence::Goodbye) => kind::GOODBYE,
        Body::Operation(operation) => match operation {
            Operation::Broadcast { .. } => kind::BROADCAST,
            Operation::Join { .. } => kind::JOIN,
            Operation::Leave { .. } => kind::LEAVE,
            Operation::Disconnect { .. } => kind::DISCONNECT,
            Operation::ServerEvent { .. } => kind::SERVER_EVENT,
        },
        Body::Question { question, .. } => match question {
            Question::Broadcast { .. } => kind::BROADCAST,
            Question::Sockets { .. } => kind::SOCKETS,
            Question::ServerEvent { .. } => kind::SERVER_EVENT,
            Question::SocketIds { .. } | Question::Rooms => return Err(WriteError::Unsupported),
        },
        Body::Answer { answer, .. } => match answer {
            Answer::Clients(_) => kind::CLIENTS,
            Answer::Ack(_) | Answer::Unanswered(_) => kind::ACK,
            Answer::Sockets(_) => kind::SOCKETS_ANSWER,
            Answer::ServerEvent(_) => kind::SERVER_EVENT_ANSWER,
            Answer::SocketIds(_) | Answer::Rooms(_) => return Err(WriteError::Unsupported),
        },
    })
}

fn write_operation<O: Output>(data: &mut Map<'_, O>, operation: &Operation) -> Result<(), WriteError> {
    let no_flags = Some(Flags::default());
    match operation {
        Operation::Broadcast { event, to, volatile } => {
            data.packet(event.borrowed()?, None)?;
            data.options(&to.target(), Some(Flags { volatile: *volatile, ..Flags::default() }))?;
        }
        Operation::Join { to, rooms } | Operation::Leave { to, rooms } => {
            data.options(&to.target(), no_flags)?;
            data.rooms(rooms)?;
        }
        Operation::Disconnect { to, close } => {
            data.options(&to.target(), no_flags)?;
            data.boolean("close", *close);
        }
        Operation::ServerEvent { event } => data.array("packet", event.borrowed()?)?,
    }
    Ok(())
}

fn write_question<O: Output>(data: &mut Map<'_, O>, question: &Question) -> Result<(), WriteError> {
    match question {
        Question::Broadcast { event, to, volatile, timeout, single } => {
            data.packet(event.borrowed()?, None)?;
            let flags = Flags { volatile: *volatile, timeout: *timeout, single: *single };
            data.options(&to.target(), Some(flags))?;
        }
        Question::Sockets { to } => data.options(&to.target(), Some(Flags::default()))?,
        Question::ServerEvent { event } => data.array("packet", event.borrowed()?)?,
        Question::SocketIds { .. } | Question::Rooms => return Err(WriteError::Unsupported),
    }
    Ok(())
}

fn write_answer<O: Output>(data: &mut Map<'_, O>, answer: &Answer) -> Result<(), WriteError> {
    match answer {
        Answer::Clients(count) => data.number("clientCount", u64::from(*count)),
        Answer::Ack(args) | Answer::ServerEvent(args) => data.arguments("packet", args)?,
        Answer::Unanswered(why) => data.unanswered(*why),
        Answer::Sockets(sockets) => data.sockets(sockets)?,
        Answer::SocketIds(_) | Answer::Rooms(_) => return Err(WriteError::Unsupported),
    }
    Ok(())
}
