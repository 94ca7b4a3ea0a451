use socketio_core::SocketId;
use socketio_core::namespace::MemberKey;

use super::life::Life;
use super::overlay::Overlay;
use crate::sync::OnceLock;

/// A socket among the members of its namespace: how far it has come, its place, and what it has of its own. Threads of the
/// application ask and change it while its task connects it and lets it go.
#[derive(Debug)]
pub(super) struct Presence {
    /// Here it takes the room that the others leave: 8 bytes less for each socket.
    id: SocketId,
    life: Life,
    /// Its place, once it has one.
    member: OnceLock<MemberKey>,
    /// What it has beyond its namespace's table; most have nothing.
    overlay: OnceLock<Box<Overlay>>,
}

impl Presence {
    pub(super) fn new(id: SocketId, life: Life) -> Self {
        Self { id, life, member: OnceLock::new(), overlay: OnceLock::new() }
    }

    pub(super) fn id(&self) -> SocketId {
        self.id
    }

    pub(super) fn life(&self) -> &Life {
        &self.life
    }

    /// Its place among the members. None before it has one.
    pub(super) fn member(&self) -> Option<MemberKey> {
        self.member.get().copied()
    }

    /// Its overlay, if it has one.
    pub(super) fn overlay_if_any(&self) -> Option<&Overlay> {
        self.overlay.get().map(|overlay| &**overlay)
    }

    /// Its overlay; made if it has none yet. None if it is gone.
    pub(super) fn overlay(&self) -> Option<&Overlay> {
        if self.life.is_gone() {
            return None;
        }
        let overlay = self.overlay.get_or_init(Box::default);
        // Retired meanwhile: whoever saw to that may have found no overlay to be closed.
        if self.life.is_retired() {
            overlay.close();
        }
        Some(overlay)
    }

    /// Joins a room as the member it is, or keeps the room until it is one. False if it is gone.
    pub(super) fn join(&self, room: &str, join: impl FnOnce(MemberKey) -> bool) -> bool {
        match self.member() {
            Some(_) if self.life.is_gone() => false,
            Some(member) => join(member),
            None => {
                let later = self.overlay().is_some_and(|overlay| overlay.join_later(room));
                // Connected meanwhile: the joins may have been taken just before. Whoever found no overlay to take them from
                // was there before `overlay` looked at its life, and is seen here.
                self.member().map_or(later, join)
            }
        }
    }

    /// Leaves a room as the member it is, or forgets the room that was kept. False if it was not there.
    pub(super) fn leave(&self, room: &str, leave: impl FnOnce(MemberKey) -> bool) -> bool {
        if let Some(member) = self.member() {
            return leave(member);
        }
        let early = self.overlay().is_some_and(|overlay| overlay.leave_early(room));
        self.member().map_or(early, |member| leave(member) || early)
    }

    /// It is a member from now on. Returns the rooms that it has joined before.
    pub(super) fn connect(&self, member: MemberKey) -> Vec<Box<str>> {
        self.member.get_or_init(|| member);
        self.life.connect();
        self.overlay_if_any().map_or_else(Vec::new, Overlay::take_joins)
    }

    /// It will never receive anything again: what it has of its own is dropped.
    pub(super) fn retire(&self) {
        self.life.retire();
        if let Some(overlay) = self.overlay_if_any() {
            overlay.close();
        }
    }
}

#[cfg(all(test, socketio_loom))]
mod models;
