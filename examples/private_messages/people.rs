use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// Who has an account, who is here, and what waits for those who are not. Cloned, it is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct People(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Whose a token is.
    tokens: HashMap<String, Name>,
    accounts: BTreeMap<Name, Account>,
    messages: u64,
}

#[derive(Debug, Default)]
struct Account {
    /// How many sockets the person has.
    tabs: usize,
    /// What nobody has said to have.
    kept: VecDeque<Message>,
}

/// The name of somebody who has logged in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Name(String);

/// Something that somebody wrote to somebody.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    /// Its number. It may come twice, if the answer that somebody has it was late: this is how to know it.
    id: u64,
    from: Name,
    text: String,
}

/// How many accounts there may be.
const MOST_ACCOUNTS: usize = 10_000;
/// How many messages wait for one person; then the oldest are forgotten.
const MOST_KEPT: usize = 100;

impl People {
    /// Opens an account. False if somebody has the name, or there is no place.
    pub(crate) fn login(&self, name: &str, token: &str) -> bool {
        let mut state = self.lock();
        let name = Name(name.to_owned());
        if state.accounts.len() >= MOST_ACCOUNTS || state.accounts.contains_key(&name) {
            return false;
        }
        state.accounts.insert(name.clone(), Account::default());
        state.tokens.insert(token.to_owned(), name);
        true
    }

    /// Whose the token is.
    pub(crate) fn who(&self, token: &str) -> Option<Name> {
        self.lock().tokens.get(token).cloned()
    }

    /// A socket has come, and is in the person's room. Gives those who are online, and what was kept: all
    /// that was written before. `first` runs if the person was not here, before anybody else can come or go.
    pub(crate) fn come(&self, name: &Name, first: impl FnOnce()) -> (Vec<Name>, Vec<Message>) {
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

    /// A socket has gone. `last` runs if it was the person's last.
    pub(crate) fn go(&self, name: &Name, last: impl FnOnce()) {
        let mut state = self.lock();
        let Some(account) = state.accounts.get_mut(name) else { return };
        account.tabs -= 1;
        if account.tabs == 0 {
            last();
        }
    }

    /// Keeps a message for somebody until they [have](Self::has) it; none if nobody has the name.
    pub(crate) fn write(&self, from: Name, to: &Name, text: String) -> Option<Message> {
        let mut state = self.lock();
        state.messages += 1;
        let message = Message { id: state.messages, from, text };
        let kept = &mut state.accounts.get_mut(to)?.kept;
        kept.push_back(message.clone());
        if kept.len() > MOST_KEPT {
            kept.pop_front();
        }
        Some(message)
    }

    /// Somebody has a message: it need not be kept any more.
    pub(crate) fn has(&self, name: &Name, message: &Message) {
        if let Some(account) = self.lock().accounts.get_mut(name) {
            account.kept.retain(|kept| kept.id != message.id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Name {
    /// The room of all the sockets of a person. With a prefix, so that no name is the id of somebody's
    /// socket, which is a room too.
    pub(crate) fn room(&self) -> String {
        format!("person:{}", self.0)
    }
}
