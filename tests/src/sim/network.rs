use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Random;

/// A network that carries letters of type `T` on channels. What goes over one channel arrives in order;
/// between channels nothing is promised.
#[derive(Debug)]
pub struct Network<T> {
    weather: Weather,
    random: Random,
    /// By the moment of arrival; the number keeps letters of one moment apart.
    under_way: BTreeMap<(Instant, u64), T>,
    /// When the last letter of each channel arrives.
    channels: BTreeMap<u32, Instant>,
    letters: u64,
}

/// How a network treats what it carries.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// The longest that a letter is under way, in milliseconds.
    pub delay: u64,
    /// How many requests of a hundred are broken off: before they arrive, while they wait, or when their
    /// answer is under way.
    pub abort: u8,
    /// How many messages of a hundred find their stream broken.
    pub cut: u8,
    /// How many GETs of a hundred arrive twice; nobody waits for the answer to the second.
    pub duplicate: u8,
}

impl<T> Network<T> {
    /// A network with this weather; the same seed makes the same network.
    pub fn new(weather: Weather, seed: u64) -> Self {
        let (under_way, channels) = (BTreeMap::new(), BTreeMap::new());
        Self { weather, random: Random::new(seed), under_way, channels, letters: 0 }
    }

    /// The weather.
    pub fn weather(&self) -> Weather {
        self.weather
    }

    /// The dice that decide here.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Sends a letter.
    pub fn send(&mut self, channel: u32, letter: T, now: Instant) {
        let delay = Duration::from_millis(self.random.below(self.weather.delay + 1));
        let before = self.channels.get(&channel).copied();
        let arrival = before.map_or(now + delay, |before| before.max(now + delay));
        self.channels.insert(channel, arrival);
        self.letters += 1;
        self.under_way.insert((arrival, self.letters), letter);
    }

    /// When the next letter arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.under_way.keys().next().map(|(arrival, _)| *arrival)
    }

    /// The next letter, if it has arrived.
    pub fn receive(&mut self, now: Instant) -> Option<T> {
        let first = self.under_way.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }
}
