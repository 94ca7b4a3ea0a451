//! The members of rooms, and the messages to join and leave.

use std::time::{Duration, Instant};

use crate::clients::{Clients, Script};
use crate::failure::Failure;
use crate::frame::{self, Frame};

/// Rooms with the same number of members, over the same clients.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rooms {
    clients: usize,
    rooms: usize,
    members: usize,
}

/// Waits for acks of joins.
struct Acks {
    awaited: usize,
    /// The message that arrived instead of an ack.
    other: Option<String>,
}

/// The distance between the members of one room and those of the next, so that rooms share only some of them.
const SHIFT: usize = 37;

impl Rooms {
    pub(crate) fn new(clients: usize, rooms: usize, members: usize) -> Self {
        Self { clients, rooms, members: members.min(clients) }
    }

    pub(crate) fn count(self) -> usize {
        self.rooms
    }

    pub(crate) fn members(self) -> usize {
        self.members
    }

    pub(crate) fn name(room: usize) -> String {
        format!("room{room}")
    }

    /// Members are evenly spaced, with a different offset in every room.
    pub(crate) fn contains(self, room: usize, client: usize) -> bool {
        let spacing = self.clients / self.members;
        let offset = (client + self.clients - room * SHIFT % self.clients) % self.clients;
        offset.is_multiple_of(spacing) && offset / spacing < self.members
    }

    /// All clients join their rooms, and wait for the ack.
    pub(crate) fn join(self, clients: &mut Clients) -> Result<(), Failure> {
        let mut acks = Acks { awaited: 0, other: None };
        for client in 0..self.clients {
            let mut rooms = (0..self.rooms).filter(|room| self.contains(*room, client)).peekable();
            if rooms.peek().is_some() {
                clients.send(client, &join(rooms))?;
                acks.awaited += 1;
                clients.turn(Duration::ZERO, &mut acks)?;
            }
        }
        acks.wait(clients)
    }
}

/// One client joins a room, and waits for the ack.
pub(crate) fn enter(clients: &mut Clients, client: usize, room: usize) -> Result<(), Failure> {
    let mut acks = Acks { awaited: 1, other: None };
    clients.send(client, &join([room].into_iter()))?;
    acks.wait(clients)
}

impl Acks {
    fn wait(&mut self, clients: &mut Clients) -> Result<(), Failure> {
        clients.run_until("all rooms to be joined", self, |acks| acks.awaited == 0)?;
        self.other.take().map_or(Ok(()), |other| Err(Failure::Contract(other)))
    }
}

impl Script for Acks {
    fn receive(&mut self, client: usize, message: Frame<'_>, _at: Instant, _reply: &mut Vec<u8>) {
        if is_joined(message) {
            self.awaited = self.awaited.saturating_sub(1);
        } else {
            let other = String::from_utf8_lossy(message.payload());
            self.other = Some(format!("client {client} joins rooms and is sent {other}"));
        }
    }
}

/// Returns a request to join all these rooms, with an ack.
pub(crate) fn join(rooms: impl Iterator<Item = usize>) -> Vec<u8> {
    frame::text(format!("421[\"join\",{}]", names(rooms)))
}

/// Returns `true` for the ack of [`join`], with or without a `null`.
pub(crate) fn is_joined(message: Frame<'_>) -> bool {
    matches!(message, Frame::Text(b"431[]" | b"431[null]"))
}

/// Returns a request to leave all these rooms, with an ack.
pub(crate) fn leave(rooms: impl Iterator<Item = usize>) -> Vec<u8> {
    frame::text(format!("422[\"leave\",{}]", names(rooms)))
}

/// Returns `true` for the ack of [`leave`].
pub(crate) fn has_left(message: Frame<'_>) -> bool {
    matches!(message, Frame::Text(b"432[]" | b"432[null]"))
}

/// Returns a JSON array.
fn names(rooms: impl Iterator<Item = usize>) -> String {
    let quoted: Vec<_> = rooms.map(|room| format!("\"{}\"", Rooms::name(room))).collect();
    format!("[{}]", quoted.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_room_has_its_members() {
        for (clients, rooms, members) in [(1000, 1000, 100), (19_600, 1, 10), (7, 3, 9), (10, 4, 3)] {
            let all = Rooms::new(clients, rooms, members);
            for room in 0..rooms {
                let found = (0..clients).filter(|client| all.contains(room, *client)).count();
                assert_eq!(found, all.members(), "{clients} {rooms} {members}");
            }
        }
        let even = Rooms::new(1000, 1000, 100);
        for client in 0..1000 {
            assert_eq!((0..1000).filter(|room| even.contains(*room, client)).count(), 100);
        }
    }

    #[test]
    fn names_are_json() {
        assert_eq!(names(0..2), r#"["room0","room1"]"#);
        assert_eq!(names(0..0), "[]");
    }
}
