use std::time::Duration;

use super::packet::Packet;
use super::source::Source;
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
    pub(super) packet: Option<Packet<'a>>,
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
    pub(super) fn read(source: &mut Source<'a>) -> Result<Self, ReadError> {
        let (mut fields, mut members) = (Self::default(), source.open_map()?);
        while let Some(key) = source.next_key(&mut members)? {
            fields.member(&key, source)?;
        }
        Ok(fields)
    }

    /// Passes the value of a member.
    #[inline]
    pub(super) fn member(&mut self, key: &[u8], source: &mut Source<'a>) -> Result<(), ReadError> {
        let field = match key {
            // These may be `null` on purpose.
            b"data" => {
                self.data = source.pass()?.defined();
                return Ok(());
            }
            b"packet" => {
                self.packet = Some(Packet::pass(source)?).filter(|packet| packet.value.defined().is_some());
                return Ok(());
            }
            b"type" => &mut self.kind,
            b"uid" => &mut self.uid,
            b"nsp" => &mut self.namespace,
            b"requestId" => &mut self.request,
            b"ext" => &mut self.extension,
            b"args" => &mut self.args,
            b"opts" => &mut self.options,
            b"rooms" => &mut self.rooms,
            b"close" => &mut self.close,
            b"sockets" => &mut self.sockets,
            b"clientCount" => &mut self.clients,
            b"unanswered" => &mut self.unanswered,
            _ => return source.pass().map(drop),
        };
        *field = source.pass()?.present();
        Ok(())
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
        destination(&mut self.options.ok_or(ReadError::Malformed("no options"))?.source())
    }

    /// Returns the event in the packet of a broadcast.
    pub(super) fn event(&self) -> Result<RawArray, ReadError> {
        self.packet.ok_or(ReadError::Malformed("no packet"))?.event()
    }

    /// Returns the rooms to join or to leave.
    pub(super) fn rooms(&self) -> Result<Vec<String>, ReadError> {
        names(&mut self.rooms.ok_or(ReadError::Malformed("no rooms"))?.source(), MAX_ROOMS)
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
            None => self.arguments(self.packet.map(|packet| packet.value)).map(Answer::Ack),
        }
    }

    pub(super) fn clients(&self) -> Result<Answer, ReadError> {
        let count = self.clients.and_then(Value::number).ok_or(ReadError::Malformed("number of clients"))?;
        Ok(Answer::Clients(u32::try_from(count).unwrap_or(u32::MAX)))
    }

    pub(super) fn sockets(&self) -> Result<Answer, ReadError> {
        let mut sockets = self.sockets.ok_or(ReadError::Malformed("no sockets"))?.source();
        let (mut list, mut facts) = (sockets.open_list()?, Vec::new());
        while sockets.next_element(&mut list)? {
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

/// Reads the options of a broadcast. Some emitters leave out flags and excluded rooms.
pub(super) fn destination(options: &mut Source<'_>) -> Result<(Destination, Flags), ReadError> {
    let (mut to, mut flags) = (Destination::default(), Flags::default());
    let mut members = options.open_map()?;
    while let Some(key) = options.next_key(&mut members)? {
        match &*key {
            _ if options.take_absent()? => {}
            b"rooms" => to.rooms = names(options, MAX_ROOMS)?,
            b"except" => to.except = names(options, MAX_ROOMS)?,
            b"flags" => flags = read_flags(options)?,
            _ => drop(options.pass()?),
        }
    }
    Ok((to, flags))
}

fn read_flags(map: &mut Source<'_>) -> Result<Flags, ReadError> {
    let mut flags = Flags::default();
    if !map.is_at_map() {
        // PHP writes an empty map as a list.
        map.pass()?;
        return Ok(flags);
    }
    let mut members = map.open_map()?;
    while let Some(key) = map.next_key(&mut members)? {
        let value = map.pass()?;
        match &*key {
            b"volatile" => flags.volatile = value.is_true(),
            b"expectSingleResponse" => flags.single = value.is_true(),
            b"timeout" => {
                let milliseconds = value.number().map(|number| number.min(MAX_TIMEOUT));
                flags.timeout = milliseconds.map(Duration::from_millis);
            }
            _ => {}
        }
    }
    Ok(flags)
}

/// The longest timeout in milliseconds: 49 days. Longer ones are cut.
pub(super) const MAX_TIMEOUT: u64 = u32::MAX as u64;

/// Reads a list of at most `max` names, which may be numbers.
pub(super) fn names(source: &mut Source<'_>, max: usize) -> Result<Vec<String>, ReadError> {
    let (mut list, mut names) = (source.open_list()?, Vec::new());
    while source.next_element(&mut list)? {
        if names.len() == max {
            return Err(ReadError::TooLarge("list of names"));
        }
        names.push(source.name()?.into_owned());
    }
    Ok(names)
}

fn no_ack(reason: Value<'_>) -> NoAck {
    match reason.text().as_deref() {
        Some("timeout") => NoAck::TimedOut,
        Some("not-sent") => NoAck::NotSent,
        Some("no-handler") => NoAck::NoHandler,
        Some("too-large") => NoAck::TooLarge,
        // Also a reason of a newer version: what matters is that no ack will come.
        _ => NoAck::Disconnected,
    }
}

fn socket_facts(socket: &mut Source<'_>) -> Result<SocketFacts, ReadError> {
    let (mut id, mut rooms, mut handshake, mut data) = (None, None, None, None);
    let mut members = socket.open_map()?;
    while let Some(key) = socket.next_key(&mut members)? {
        let value = socket.pass()?.defined();
        match &*key {
            b"id" => id = value,
            b"rooms" => rooms = value,
            b"handshake" => handshake = value,
            b"data" => data = value,
            _ => {}
        }
    }
    let id = id.and_then(Value::text).filter(|id| (1..=MAX_SOCKET_ID).contains(&id.len()));
    let id = id.ok_or(ReadError::Malformed("id of a socket"))?.into_owned();
    let rooms = rooms.map_or(Ok(Vec::new()), |rooms| names(&mut rooms.source(), MAX_ROOMS))?;
    let object = |value: Option<Value<'_>>| match value {
        Some(value) => value.json(),
        None => RawJson::parse("{}").map_err(|_| ReadError::Malformed("invalid JSON")),
    };
    Ok(SocketFacts::new(id, rooms, object(handshake)?, object(data)?))
}

/// The maximum length of the id of a socket in bytes.
const MAX_SOCKET_ID: usize = 256;
