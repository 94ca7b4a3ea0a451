use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Random;

/// A network that carries letters of type `T` on channels. Letters of one channel arrive in order; there is no order
/// between channels.
#[derive(Debug)]
pub struct Network<T> {
    weather: Weather,
    random: Random,
    /// The letters in transit by time of arrival, with a number as the tie-breaker.
    in_transit: BTreeMap<(Instant, u64), T>,
    /// The time at which the last letter of each channel arrives.
    channels: BTreeMap<u32, Instant>,
    letters: u64,
}

/// The conditions of a network.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// The maximum delay of a letter in milliseconds.
    pub delay: u64,
    /// The percentage of requests that are aborted: before they arrive, while they wait, or during their response.
    pub abort: u8,
    /// The percentage of messages at which their stream breaks.
    pub cut: u8,
    /// The percentage of GETs that arrive twice. The response to the second one is discarded.
    pub duplicate: u8,
}

impl<T> Network<T> {
    /// Creates a network. Equal seeds give equal behavior.
    pub fn new(weather: Weather, seed: u64) -> Self {
        let (in_transit, channels) = (BTreeMap::new(), BTreeMap::new());
        Self { weather, random: Random::new(seed), in_transit, channels, letters: 0 }
    }

    /// Returns the conditions of the network.
    pub fn weather(&self) -> Weather {
        self.weather
    }

    /// Returns the random generator of the network.
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
        self.in_transit.insert((arrival, self.letters), letter);
    }

    /// Returns the time at which the next letter arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.in_transit.keys().next().map(|(arrival, _)| *arrival)
    }

    /// Takes the next letter, if it has arrived.
    pub fn receive(&mut self, now: Instant) -> Option<T> {
        let first = self.in_transit.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }
}
