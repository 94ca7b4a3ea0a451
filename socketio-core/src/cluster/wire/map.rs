use super::fields::{Flags, MAX_TIMEOUT};
use super::output::{Open, Output, Parts};
use super::packet::EVENT;
use super::{MAX_ATTACHMENTS, MAX_ROOMS, MAX_SOCKETS, WriteError};
use crate::Encoded;
use crate::cluster::{NoAck, NodeId, RawArray, RequestId, SocketFacts};
use crate::namespace::Target;
use crate::packet::Cursor;

/// A map of a message that is being written, with the members that the forms share.
#[derive(Debug)]
#[must_use = "a map must be closed"]
pub(super) struct Map<'o, O> {
    output: &'o mut O,
    open: Open,
}

/// An array with its attachments, borrowed from a packet or a message.
#[derive(Debug, Clone)]
pub(super) struct ArrayRef<'a> {
    pub(super) json: &'a str,
    pub(super) attachments: Parts<'a>,
}

impl<'o, O: Output> Map<'o, O> {
    pub(super) fn begin(output: &'o mut O) -> Self {
        let open = output.open_map();
        Self { output, open }
    }

    pub(super) fn end(self) {
        self.output.close_map(self.open);
    }

    pub(super) fn text(&mut self, key: &'static str, text: &str) {
        self.member(key).text(text);
    }

    pub(super) fn number(&mut self, key: &'static str, number: u64) {
        self.member(key).number(number);
    }

    pub(super) fn boolean(&mut self, key: &'static str, boolean: bool) {
        self.member(key).boolean(boolean);
    }

    pub(super) fn map(&mut self, key: &'static str) -> Map<'_, O> {
        Map::begin(self.member(key))
    }

    /// Writes the id of the sender, which comes first, so that it is found without decoding the message.
    pub(super) fn from(&mut self, from: Option<&NodeId>) {
        if let Some(from) = from {
            self.text("uid", from.as_str());
        }
    }

    pub(super) fn request(&mut self, request: &RequestId) {
        self.text("requestId", request.as_str());
    }

    pub(super) fn array(&mut self, key: &'static str, mut array: ArrayRef<'_>) -> Result<(), WriteError> {
        self.member(key).raw(array.json, &mut array.attachments)?;
        Ok(())
    }

    /// Writes the packet of an event. Only one form has the namespace in it.
    pub(super) fn packet(&mut self, event: ArrayRef<'_>, namespace: Option<&str>) -> Result<(), WriteError> {
        let mut packet = self.map("packet");
        packet.packet_members(event, namespace)?;
        packet.end();
        Ok(())
    }

    pub(super) fn packet_members(
        &mut self,
        event: ArrayRef<'_>,
        namespace: Option<&str>,
    ) -> Result<(), WriteError> {
        self.number("type", EVENT);
        self.array("data", event)?;
        if let Some(namespace) = namespace {
            self.text("nsp", namespace);
        }
        Ok(())
    }

    pub(super) fn options<R: AsRef<str>, X: AsRef<str>>(
        &mut self,
        to: &Target<'_, R, X>,
        flags: Option<Flags>,
    ) -> Result<(), WriteError> {
        let mut options = self.map("opts");
        options.options_members(to, flags)?;
        options.end();
        Ok(())
    }

    pub(super) fn options_members<R: AsRef<str>, X: AsRef<str>>(
        &mut self,
        to: &Target<'_, R, X>,
        flags: Option<Flags>,
    ) -> Result<(), WriteError> {
        self.rooms(to.rooms)?;
        let without = to.without.as_ref().map(|id| id.as_str());
        let count = to.except.len() + usize::from(without.is_some());
        check_count("rooms", count, MAX_ROOMS)?;
        self.member("except").names(count, to.except.iter().map(AsRef::as_ref).chain(without));
        if let Some(Flags { volatile, timeout, single }) = flags {
            let mut map = self.map("flags");
            if volatile {
                map.boolean("volatile", true);
            }
            if let Some(timeout) = timeout {
                map.number(
                    "timeout",
                    u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).min(MAX_TIMEOUT),
                );
            }
            if single {
                map.boolean("expectSingleResponse", true);
            }
            map.end();
        }
        Ok(())
    }

    pub(super) fn rooms<R: AsRef<str>>(&mut self, rooms: &[R]) -> Result<(), WriteError> {
        check_count("rooms", rooms.len(), MAX_ROOMS)?;
        self.member("rooms").names(rooms.len(), rooms.iter().map(AsRef::as_ref));
        Ok(())
    }

    /// Writes the list of an answer.
    pub(super) fn names(&mut self, key: &'static str, names: &[String]) -> Result<(), WriteError> {
        check_count("names", names.len(), MAX_SOCKETS)?;
        self.member(key).names(names.len(), names.iter().map(String::as_str));
        Ok(())
    }

    /// Writes the arguments of an ack: the first for Node, which sends and expects one, and all if there are more.
    pub(super) fn arguments(&mut self, first_key: &'static str, args: &RawArray) -> Result<(), WriteError> {
        let mut cursor = Cursor::new(args.json());
        cursor.take(b'[');
        let first = cursor.take_value();
        if !first.is_empty() {
            self.array(first_key, ArrayRef { json: first, ..args.borrowed()? })?;
        }
        if cursor.take(b',') {
            self.array("args", args.borrowed()?)?;
        }
        Ok(())
    }

    pub(super) fn unanswered(&mut self, why: NoAck) {
        let reason = match why {
            NoAck::Disconnected => "disconnected",
            NoAck::TimedOut => "timeout",
            NoAck::NotSent => "not-sent",
            NoAck::NoHandler => "no-handler",
            NoAck::TooLarge => "too-large",
        };
        self.text("unanswered", reason);
    }

    pub(super) fn sockets(&mut self, sockets: &[SocketFacts]) -> Result<(), WriteError> {
        check_count("sockets", sockets.len(), MAX_SOCKETS)?;
        let output = self.member("sockets");
        let mut list = output.open_list(sockets.len());
        for socket in sockets {
            let mut map = Map::begin(output.element(&mut list));
            map.text("id", &socket.id);
            map.array("handshake", ArrayRef::of_text(socket.handshake.as_str()))?;
            map.rooms(&socket.rooms)?;
            map.array("data", ArrayRef::of_text(socket.data.as_str()))?;
            map.end();
        }
        output.close_list(list);
        Ok(())
    }

    fn member(&mut self, key: &'static str) -> &mut O {
        self.output.key(&mut self.open, key)
    }
}

impl<'a> ArrayRef<'a> {
    /// Returns the array of an event that is ready to be sent.
    pub(super) fn of_packet(packet: &'a Encoded) -> Result<Self, WriteError> {
        let json = packet.array().ok_or(WriteError::Unsupported)?;
        Ok(Self { json, attachments: Parts::Frames(packet.attachments()) })
    }

    /// Returns any JSON text without attachments.
    fn of_text(json: &'a str) -> Self {
        Self { json, attachments: Parts::none() }
    }

    /// Returns a bound of the size in bytes, which is rarely exceeded.
    pub(super) fn size(&self) -> usize {
        self.json.len() + self.attachments.size()
    }
}

impl RawArray {
    /// Returns the array to be written.
    pub(super) fn borrowed(&self) -> Result<ArrayRef<'_>, WriteError> {
        check_count("attachments", self.attachments().len(), MAX_ATTACHMENTS)?;
        Ok(ArrayRef { json: self.json(), attachments: Parts::List(self.attachments().iter()) })
    }
}

/// Returns the expected size in bytes of a message with these rooms, without its contents.
pub(super) fn size_of<R: AsRef<str>, X: AsRef<str>>(to: &Target<'_, R, X>) -> usize {
    let rooms = to.rooms.iter().map(|room| room.as_ref().len() + 3).sum::<usize>();
    let except = to.except.iter().map(|room| room.as_ref().len() + 3).sum::<usize>();
    FRAME + rooms + except
}

/// The expected size in bytes of the names of members, ids and numbers in a message.
pub(super) const FRAME: usize = 192;

fn check_count(what: &'static str, count: usize, max: usize) -> Result<(), WriteError> {
    if count > max { Err(WriteError::TooMany(what)) } else { Ok(()) }
}
