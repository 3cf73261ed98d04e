//! Load: how old messages are when they are verified, and floods of key requests.

use roadveil_role::Value;
use roadveil_role::view::{Emitted, View};

use super::number;

/// The fold over `verified` and `flooded`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    messages: u64,
    /// Of ages, in milliseconds.
    sum: f64,
    max: f64,
    flooded: u64,
}

impl Load {
    /// The event leaves when the receiver's processor is done, and says when the messages were made by their senders'
    /// clocks: what lies between is waiting for the channel, travel, waiting for the processor, and verification.
    pub(super) fn observe(&mut self, event: &Emitted<'_>) {
        match event.name {
            "verified" => {
                let at = event.at.as_secs_f64() * 1000.0;
                let messages = number(event, "messages");
                self.messages += messages;
                self.sum += at * messages as f64 - number(event, "made") as f64;
                self.max = self.max.max(at - number(event, "oldest") as f64);
            }
            "flooded" => self.flooded += number(event, "requests"),
            _ => {}
        }
    }

    /// No number before the first message.
    fn age_mean(&self) -> f64 {
        if self.messages == 0 {
            f64::NAN
        } else {
            self.sum / self.messages as f64
        }
    }

    fn age_max(&self) -> f64 {
        if self.messages == 0 { f64::NAN } else { self.max }
    }

    /// Nothing to see where ages are not recorded and nobody floods.
    pub(super) fn view(&self) -> Option<View> {
        if self.messages + self.flooded == 0 {
            return None;
        }
        let mut pairs = Vec::new();
        if self.messages > 0 {
            pairs.push((
                "age at acceptance, mean".to_owned(),
                format!("{:.1} ms", self.age_mean()),
            ));
            pairs.push(("age at acceptance, most".to_owned(), format!("{:.1} ms", self.max)));
        }
        if self.flooded > 0 {
            pairs.push(("requests of flooders".to_owned(), self.flooded.to_string()));
        }
        let title = "Load".to_owned();
        Some(View::KeyValue { title, pairs })
    }

    pub(super) fn figures(&self) -> [(&'static str, Value); 3] {
        [
            ("message_age_mean_ms", self.age_mean().into()),
            ("message_age_max_ms", self.age_max().into()),
            ("flood_requests", self.flooded.into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_role::Time;

    #[test]
    fn ages_are_means_over_messages() {
        let mut load = Load::default();
        assert!(load.age_mean().is_nan() && load.view().is_none());
        for (at, messages, made, oldest) in [(1_000, 1u64, 990u64, 990u64), (2_000, 3, 5_700, 1_800)] {
            let fields = [("messages", messages), ("made", made), ("oldest", oldest)];
            let fields = fields.map(|(name, number)| (name.to_owned(), Value::U64(number)));
            load.observe(&Emitted {
                at: Time::from_millis(at),
                node: "car",
                role: "obu",
                name: "verified",
                fields: &fields,
            });
        }
        assert_eq!((load.age_mean(), load.age_max()), ((10.0 + 300.0) / 4.0, 200.0));
        assert!(load.view().is_some());
    }
}
