use std::borrow::Cow;
use std::time::Duration;

use super::value::Value;
use super::{MAX_ROOMS, MAX_SOCKETS, ReadError};
use crate::cluster::{Answer, Destination, NoAck, NodeId, RawArray, RequestId, SocketFacts};
use crate::packet::RawJson;

/// The members of a message that have a meaning in any form. They are found first and interpreted when the kind of the
/// message is known: an unknown kind may give them another meaning. Of members with the same name, the last counts, as in
/// JavaScript.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) kind: Option<Value<'a>>,
    pub(super) uid: Option<Value<'a>>,
    pub(super) namespace: Option<Value<'a>>,
    pub(super) request: Option<Value<'a>>,
    pub(super) extension: Option<Value<'a>>,
    pub(super) data: Option<Value<'a>>,
    pub(super) packet: Option<Value<'a>>,
    pub(super) args: Option<Value<'a>>,
    pub(super) options: Option<Value<'a>>,
    pub(super) rooms: Option<Value<'a>>,
    pub(super) close: Option<Value<'a>>,
    pub(super) sockets: Option<Value<'a>>,
    pub(super) clients: Option<Value<'a>>,
    pub(super) unanswered: Option<Value<'a>>,
}

/// The flags of a broadcast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) volatile: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) single: bool,
}

impl<'a> Fields<'a> {
    /// Passes a map and returns its members.
    pub(super) fn read(map: &mut Value<'a>) -> Result<Self, ReadError> {
        let (mut fields, mut members) = (Self::default(), map.open_map()?);
        while let Some(key) = map.next_key(&mut members)? {
            let value = map.pass()?;
            let field = match &*key {
                // These may be `null` on purpose.
                "data" => {
                    fields.data = Some(value).filter(|value| !value.is_undefined());
                    continue;
                }
                "packet" => {
                    fields.packet = Some(value).filter(|value| !value.is_undefined());
                    continue;
                }
                "type" => &mut fields.kind,
                "uid" => &mut fields.uid,
                "nsp" => &mut fields.namespace,
                "requestId" => &mut fields.request,
                "ext" => &mut fields.extension,
                "args" => &mut fields.args,
                "opts" => &mut fields.options,
                "rooms" => &mut fields.rooms,
                "close" => &mut fields.close,
                "sockets" => &mut fields.sockets,
                "clientCount" => &mut fields.clients,
                "unanswered" => &mut fields.unanswered,
                _ => continue,
            };
            *field = Some(value).filter(|value| !value.is_absent());
        }
        Ok(fields)
    }

    /// Returns the number of the kind of the message, if there is one.
    pub(super) fn kind(&self) -> Result<Option<u64>, ReadError> {
        self.kind.map(|kind| kind.number().ok_or(ReadError::Malformed("type"))).transpose()
    }

    pub(super) fn from(&self) -> Result<Option<NodeId>, ReadError> {
        self.uid.map(node_id).transpose()
    }

    /// Returns the id of a question, if an answer is expected, or of an answer.
    pub(super) fn request(&self) -> Result<Option<RequestId>, ReadError> {
        let invalid = ReadError::Malformed("request id");
        let parse = |value: Value<'_>| RequestId::parse(&value.text().ok_or(invalid)?).map_err(|_| invalid);
        self.request.map(parse).transpose()
    }

    /// Returns `true` if the sender understands the extensions of this implementation.
    pub(super) fn is_extended(&self) -> bool {
        self.extension.is_some_and(|version| version.number().is_some_and(|version| version > 0))
    }

    pub(super) fn destination(&self) -> Result<(Destination, Flags), ReadError> {
        destination(&mut self.options.ok_or(ReadError::Malformed("no options"))?)
    }

    /// Returns the rooms to join or to leave.
    pub(super) fn rooms(&self) -> Result<Vec<String>, ReadError> {
        names(self.rooms.ok_or(ReadError::Malformed("no rooms"))?, MAX_ROOMS)
    }

    pub(super) fn is_closing(&self) -> bool {
        self.close.is_some_and(Value::is_true)
    }

    /// Returns the arguments of an ack: all of them from this implementation, otherwise the first.
    pub(super) fn arguments(&self, first: Option<Value<'_>>) -> Result<RawArray, ReadError> {
        match (self.args, first) {
            (Some(args), _) => args.array(),
            (None, Some(first)) => first.as_element(),
            (None, None) => Ok(RawArray::new("[]".to_owned(), Vec::new())),
        }
    }

    /// Returns the ack of a socket, or the reason that there is none.
    pub(super) fn ack(&self) -> Result<Answer, ReadError> {
        match self.unanswered {
            Some(reason) => Ok(Answer::Unanswered(no_ack(reason))),
            None => self.arguments(self.packet).map(Answer::Ack),
        }
    }

    pub(super) fn clients(&self) -> Result<Answer, ReadError> {
        let count = self.clients.and_then(Value::number).ok_or(ReadError::Malformed("number of clients"))?;
        Ok(Answer::Clients(u32::try_from(count).unwrap_or(u32::MAX)))
    }

    pub(super) fn sockets(&self) -> Result<Answer, ReadError> {
        let mut sockets = self.sockets.ok_or(ReadError::Malformed("no sockets"))?;
        let (mut list, mut facts) = (sockets.open_list()?, Vec::new());
        while sockets.next_element(&mut list) {
            if facts.len() == MAX_SOCKETS {
                return Err(ReadError::TooLarge("sockets"));
            }
            facts.push(socket_facts(&mut sockets)?);
        }
        Ok(Answer::Sockets(facts))
    }
}

/// Reads the id of a node.
pub(super) fn node_id(value: Value<'_>) -> Result<NodeId, ReadError> {
    let invalid = ReadError::Malformed("id of the sender");
    NodeId::parse(&value.text().ok_or(invalid)?).map_err(|_| invalid)
}

/// Reads the packet of an event and the namespace in it, if there is one.
pub(super) fn event_packet<'a>(
    packet: &mut Value<'a>,
) -> Result<(RawArray, Option<Cow<'a, str>>), ReadError> {
    let (mut kind, mut data, mut namespace) = (None, None, None);
    let mut members = packet.open_map()?;
    while let Some(key) = packet.next_key(&mut members)? {
        let value = packet.pass()?;
        match &*key {
            "type" => kind = value.number(),
            "data" => data = Some(value),
            "nsp" if value.is_absent() => namespace = None,
            "nsp" => namespace = Some(value.text().ok_or(ReadError::Malformed("namespace"))?),
            _ => {}
        }
    }
    match kind.ok_or(ReadError::Malformed("a packet without a type"))? {
        EVENT | BINARY_EVENT => {}
        _ => return Err(ReadError::Unknown),
    }
    Ok((data.ok_or(ReadError::Malformed("no data"))?.event()?, namespace))
}

/// The type of an event in Node's parser. Receivers find out themselves whether there is binary in it.
pub(super) const EVENT: u64 = 2;
/// The type of an event with binary, which old emitters write.
const BINARY_EVENT: u64 = 5;

/// Reads the options of a broadcast. Some emitters leave out flags and excluded rooms.
pub(super) fn destination(options: &mut Value<'_>) -> Result<(Destination, Flags), ReadError> {
    let (mut to, mut flags) = (Destination::default(), Flags::default());
    let mut members = options.open_map()?;
    while let Some(key) = options.next_key(&mut members)? {
        let value = options.pass()?;
        match &*key {
            _ if value.is_absent() => {}
            "rooms" => to.rooms = names(value, MAX_ROOMS)?,
            "except" => to.except = names(value, MAX_ROOMS)?,
            "flags" => flags = read_flags(value)?,
            _ => {}
        }
    }
    Ok((to, flags))
}

fn read_flags(mut map: Value<'_>) -> Result<Flags, ReadError> {
    // PHP writes an empty map as a list.
    let Ok(mut members) = map.open_map() else { return Ok(Flags::default()) };
    let mut flags = Flags::default();
    while let Some(key) = map.next_key(&mut members)? {
        let value = map.pass()?;
        match &*key {
            "volatile" => flags.volatile = value.is_true(),
            "expectSingleResponse" => flags.single = value.is_true(),
            "timeout" => {
                flags.timeout = value.number().map(|time| Duration::from_millis(time.min(MAX_TIMEOUT)));
            }
            _ => {}
        }
    }
    Ok(flags)
}

/// The longest timeout in milliseconds: 49 days. Longer ones are cut.
pub(super) const MAX_TIMEOUT: u64 = u32::MAX as u64;

/// Reads a list of at most `max` names, which may be numbers.
pub(super) fn names(mut value: Value<'_>, max: usize) -> Result<Vec<String>, ReadError> {
    let (mut list, mut names) = (value.open_list()?, Vec::new());
    while value.next_element(&mut list) {
        if names.len() == max {
            return Err(ReadError::TooLarge("list of names"));
        }
        names.push(value.pass()?.name().ok_or(ReadError::Malformed("a name is not text"))?.into_owned());
    }
    Ok(names)
}

fn no_ack(reason: Value<'_>) -> NoAck {
    match reason.text().as_deref() {
        Some("timeout") => NoAck::TimedOut,
        Some("not-sent") => NoAck::NotSent,
        Some("no-handler") => NoAck::NoHandler,
        // Also a reason of a newer version: what matters is that no ack will come.
        _ => NoAck::Disconnected,
    }
}

fn socket_facts(socket: &mut Value<'_>) -> Result<SocketFacts, ReadError> {
    let (mut id, mut rooms, mut handshake, mut data) = (None, None, None, None);
    let mut members = socket.open_map()?;
    while let Some(key) = socket.next_key(&mut members)? {
        let value = Some(socket.pass()?).filter(|value| !value.is_undefined());
        match &*key {
            "id" => id = value,
            "rooms" => rooms = value,
            "handshake" => handshake = value,
            "data" => data = value,
            _ => {}
        }
    }
    let id = id.and_then(Value::text).filter(|id| (1..=MAX_SOCKET_ID).contains(&id.len()));
    let id = id.ok_or(ReadError::Malformed("id of a socket"))?.into_owned();
    let rooms = rooms.map_or(Ok(Vec::new()), |rooms| names(rooms, MAX_ROOMS))?;
    let object = |value: Option<Value<'_>>| match value {
        Some(value) => value.json(),
        None => RawJson::parse("{}").map_err(|_| ReadError::Malformed("invalid JSON")),
    };
    Ok(SocketFacts::new(id, rooms, object(handshake)?, object(data)?))
}

/// The maximum length of the id of a socket in bytes.
const MAX_SOCKET_ID: usize = 256;
