use super::kind;
use crate::cluster::wire::fields::Flags;
use crate::cluster::wire::json::Json;
use crate::cluster::wire::map::{ArrayRef, FRAME, Map, size_of};
use crate::cluster::wire::msgpack::MsgPack;
use crate::cluster::wire::output::{Output, outgoing};
use crate::cluster::wire::{Address, Outgoing, WriteError};
use crate::cluster::{Answer, Body, Message, NodeId, Operation, Presence, Question};
use crate::namespace::Target;

/// Writes `[sender, packet, options]`.
pub(super) fn broadcast<R: AsRef<str>, X: AsRef<str>>(
    prefix: &str,
    from: Option<&NodeId>,
    namespace: &str,
    event: ArrayRef<'_>,
    to: &Target<'_, R, X>,
    volatile: bool,
) -> Result<Outgoing, WriteError> {
    let [room, end] = match to.rooms {
        [room] => [room.as_ref(), "#"],
        _ => ["", ""],
    };
    let channel = [prefix, "#", namespace, "#", room, end];
    let size = event.size() + namespace.len() + size_of(to);
    outgoing::<MsgPack>(&channel, size, |output| {
        let mut list = output.open_list(3);
        match from {
            Some(from) => output.element(&mut list).text(from.as_str()),
            None => output.element(&mut list).null(),
        }
        let mut packet = Map::begin(output.element(&mut list));
        packet.packet_members(event, Some(namespace))?;
        packet.end();
        let mut options = Map::begin(output.element(&mut list));
        options.options_members(to, Some(Flags { volatile, ..Flags::default() }))?;
        options.end();
        output.close_list(list);
        Ok(())
    })
}

pub(super) fn encode(prefix: &str, to: &Address, message: &Message) -> Result<Outgoing, WriteError> {
    let Message { from, namespace, body } = message;
    if let Body::Operation(Operation::Broadcast { event, to, volatile }) = body {
        return broadcast(prefix, from.as_ref(), namespace, event.borrowed()?, &to.target(), *volatile);
    }
    let channel = match (to, body) {
        (Address::Everyone, Body::Answer { .. }) => [prefix, "-response#", namespace, "#", "", ""],
        (Address::Node(node), Body::Answer { .. } | Body::Presence(_)) => {
            [prefix, "-response#", namespace, "#", node.as_str(), "#"]
        }
        // Node has no channel for other messages to a single node.
        _ => [prefix, "-request#", namespace, "#", "", ""],
    };
    let size = FRAME + namespace.len() + body.size();
    if is_msgpack(body) {
        outgoing::<MsgPack>(&channel, size, |output| write(output, message))
    } else {
        outgoing::<Json>(&channel, size, |output| write(output, message))
    }
}

/// Returns `true` for the messages that Node writes as MessagePack, and for others with binary: Node's reader accepts both
/// forms for all of them.
fn is_msgpack(body: &Body) -> bool {
    match body {
        Body::Question { question: Question::Broadcast { .. }, .. }
        | Body::Answer { answer: Answer::Ack(_) | Answer::Unanswered(_), .. } => true,
        _ => body.has_attachments(),
    }
}

fn write<O: Output>(output: &mut O, message: &Message) -> Result<(), WriteError> {
    let Message { from, namespace, body } = message;
    let mut map = Map::begin(output);
    map.from(from.as_ref());
    match body {
        Body::Presence(presence) => map.number("type", number_of(*presence)),
        Body::Operation(operation) => write_operation(&mut map, operation)?,
        Body::Question { request, extended, question } => {
            map.request(request);
            write_question(&mut map, namespace, question)?;
            if *extended {
                map.number("ext", 1);
            }
        }
        Body::Answer { request, answer } => {
            map.request(request);
            write_answer(&mut map, answer)?;
        }
    }
    map.end();
    Ok(())
}

fn number_of(presence: Presence) -> u64 {
    match presence {
        Presence::Hello => kind::HELLO,
        Presence::Alive => kind::ALIVE,
        Presence::Goodbye => kind::GOODBYE,
    }
}

fn write_operation<O: Output>(map: &mut Map<'_, O>, operation: &Operation) -> Result<(), WriteError> {
    match operation {
        Operation::Broadcast { .. } => return Err(WriteError::Unsupported),
        Operation::Join { to, rooms } => {
            map.number("type", kind::JOIN);
            map.options(&to.target(), None)?;
            map.rooms(rooms)?;
        }
        Operation::Leave { to, rooms } => {
            map.number("type", kind::LEAVE);
            map.options(&to.target(), None)?;
            map.rooms(rooms)?;
        }
        Operation::Disconnect { to, close } => {
            map.number("type", kind::DISCONNECT);
            map.options(&to.target(), None)?;
            map.boolean("close", *close);
        }
        Operation::ServerEvent { event } => {
            map.number("type", kind::SERVER_EVENT);
            map.array("data", event.borrowed()?)?;
        }
    }
    Ok(())
}

fn write_question<O: Output>(
    map: &mut Map<'_, O>,
    namespace: &str,
    question: &Question,
) -> Result<(), WriteError> {
    match question {
        Question::Broadcast { event, to, volatile, timeout, single } => {
            map.number("type", kind::BROADCAST);
            map.packet(event.borrowed()?, Some(namespace))?;
            let flags = Flags { volatile: *volatile, timeout: *timeout, single: *single };
            map.options(&to.target(), Some(flags))?;
        }
        Question::Sockets { to } => {
            map.number("type", kind::SOCKETS);
            map.options(&to.target(), None)?;
        }
        Question::ServerEvent { event } => {
            map.number("type", kind::SERVER_EVENT);
            map.array("data", event.borrowed()?)?;
        }
        Question::SocketIds { rooms } => {
            map.number("type", kind::SOCKET_IDS);
            map.rooms(rooms)?;
        }
        Question::Rooms => map.number("type", kind::ROOMS),
    }
    Ok(())
}

/// Node does not write the type of every answer, and does not read it but for acks.
fn write_answer<O: Output>(map: &mut Map<'_, O>, answer: &Answer) -> Result<(), WriteError> {
    match answer {
        Answer::Clients(count) => {
            map.number("type", kind::CLIENTS);
            map.number("clientCount", u64::from(*count));
        }
        Answer::Ack(args) => {
            map.number("type", kind::ACK);
            map.arguments("packet", args)?;
        }
        Answer::Unanswered(why) => {
            map.number("type", kind::ACK);
            map.unanswered(*why);
        }
        Answer::Sockets(sockets) => {
            map.number("type", kind::SOCKETS);
            map.sockets(sockets)?;
        }
        Answer::ServerEvent(args) => {
            map.number("type", kind::SERVER_EVENT);
            map.arguments("data", args)?;
        }
        Answer::SocketIds(ids) => {
            map.number("type", kind::SOCKET_IDS);
            map.names("sockets", ids)?;
        }
        Answer::Rooms(rooms) => {
            map.number("type", kind::ROOMS);
            map.names("rooms", rooms)?;
        }
    }
    Ok(())
}
