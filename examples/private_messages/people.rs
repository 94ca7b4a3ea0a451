use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// The accounts of all users, their online status and their stored messages. Clones share the same state.
#[derive(Debug, Clone, Default)]
pub(crate) struct People(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The names by token.
    tokens: HashMap<String, Name>,
    accounts: BTreeMap<Name, Account>,
    messages: u64,
}

#[derive(Debug, Default)]
struct Account {
    /// The number of the user's sockets.
    tabs: usize,
    /// The messages that no socket has acknowledged.
    kept: VecDeque<Message>,
}

/// The name of a user with an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Name(String);

/// A private message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    /// The unique id, by which clients recognize duplicates: a message is sent again if its ack was late.
    id: u64,
    from: Name,
    text: String,
}

/// The maximum number of accounts.
const MAX_ACCOUNTS: usize = 10_000;
/// The maximum number of messages stored per user. Beyond it, the oldest ones are dropped.
const MAX_KEPT: usize = 100;

impl People {
    /// Creates an account. Returns `false` if the name is taken or the maximum number of accounts is reached.
    pub(crate) fn login(&self, name: &str, token: &str) -> bool {
        let mut state = self.lock();
        let name = Name(name.to_owned());
        if state.accounts.len() >= MAX_ACCOUNTS || state.accounts.contains_key(&name) {
            return false;
        }
        state.accounts.insert(name.clone(), Account::default());
        state.tokens.insert(token.to_owned(), name);
        true
    }

    /// Returns the user of a token.
    pub(crate) fn user(&self, token: &str) -> Option<Name> {
        self.lock().tokens.get(token).cloned()
    }

    /// Adds a socket that has joined the user's room. Returns the online users and the stored messages. `first` is
    /// called under the lock if the user was offline.
    pub(crate) fn enter(&self, name: &Name, first: impl FnOnce()) -> (Vec<Name>, Vec<Message>) {
        let mut state = self.lock();
        let account = state.accounts.entry(name.clone()).or_default();
        account.tabs += 1;
        let kept = account.kept.iter().cloned().collect();
        if account.tabs == 1 {
            first();
        }
        let online = state.accounts.iter().filter(|(_, account)| account.tabs > 0);
        (online.map(|(name, _)| name.clone()).collect(), kept)
    }

    /// Removes a socket. `last` is called if it was the user's last one.
    pub(crate) fn leave(&self, name: &Name, last: impl FnOnce()) {
        let mut state = self.lock();
        let Some(account) = state.accounts.get_mut(name) else { return };
        account.tabs -= 1;
        if account.tabs == 0 {
            last();
        }
    }

    /// Stores a message until it is [delivered](Self::delivered). Returns `None` if there is no such user.
    pub(crate) fn write(&self, from: Name, to: &Name, text: String) -> Option<Message> {
        let mut state = self.lock();
        state.messages += 1;
        let message = Message { id: state.messages, from, text };
        let kept = &mut state.accounts.get_mut(to)?.kept;
        kept.push_back(message.clone());
        if kept.len() > MAX_KEPT {
            kept.pop_front();
        }
        Some(message)
    }

    /// Removes a stored message that was delivered.
    pub(crate) fn delivered(&self, name: &Name, message: &Message) {
        if let Some(account) = self.lock().accounts.get_mut(name) {
            account.kept.retain(|kept| kept.id != message.id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Name {
    /// Returns the room of the user's sockets. Its prefix keeps names from matching socket ids, which are rooms, too.
    pub(crate) fn room(&self) -> String {
        format!("person:{}", self.0)
    }
}
