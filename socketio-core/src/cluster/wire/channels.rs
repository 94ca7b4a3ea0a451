use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::{Address, Outgoing, Peek, ReadError, Subscription, WriteError};
use crate::Encoded;
use crate::cluster::{Message, NodeId};
use crate::namespace::{NamespacePath, Target};

#[derive(Debug, Clone)]
pub struct Channels {
    prefix: Arc<str>,
}

impl Channels {
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    pub(super) fn broadcast<R: AsRef<str>, X: AsRef<str>>(
        &self,
        from: &NodeId,
        namespace: &str,
        packet: &Encoded,
        to: &Target<'_, R, X>,
        volatile: bool,
    ) -> Result<Outgoing, WriteError> {
        unimplemented!()
    }

    pub(super) fn encode(&self, to: &Address, message: &Message) -> Result<Outgoing, WriteError> {
        unimplemented!()
    }

    pub(super) fn peek<'a>(&self, channel: &'a [u8], payload: &'a [u8]) -> Option<Peek<'a>> {
        unimplemented!()
    }

    pub(super) fn decode(&self, channel: &[u8], payload: &Bytes) -> Result<Message, ReadError> {
        unimplemented!()
    }

    pub(super) fn of_definitions<'a>(
        &self,
        definitions: impl IntoIterator<Item = &'a NamespacePath>,
    ) -> BTreeSet<Subscription> {
        unimplemented!()
    }

    pub(super) fn of_namespace(&self, node: &NodeId, namespace: &str) -> Vec<Subscription> {
        unimplemented!()
    }

    pub(super) fn questions(&self, namespace: &str) -> Bytes {
        unimplemented!()
    }
}
