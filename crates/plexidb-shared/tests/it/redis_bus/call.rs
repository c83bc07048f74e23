//! Calls of a record as values: the same one goes to the record of the protocol and to the bus.

use plexidb_shared::bus::{Bus, BusError};
use plexidb_shared::protocol::{
    At, Begun, Ended, EpochId, Fingerprint, Intent, IntentId, Joined, Joining, MemberId, Message, Opening,
    Published, Record, Refusal, Renewed, Touched,
};

#[derive(Clone, Debug)]
pub(crate) enum Call {
    Open(Option<EpochId>, Opening),
    Join(Joining),
    Renew(At, MemberId),
    Begin(At, Intent),
    End(EpochId, IntentId, Vec<u32>),
    Touch(EpochId, Vec<u32>),
    Declare(EpochId, Fingerprint),
    Expel(EpochId, MemberId, Option<u64>),
    Settle(EpochId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Opened(EpochId),
    Joined(Joined),
    Renewed(Renewed),
    Begun(Begun),
    Ended(Ended),
    Touched(Touched),
    Done,
}

impl Call {
    /// What the record of the protocol answers, and publishes.
    pub(crate) fn on_record(&self, record: &mut Record) -> Result<(Answer, Vec<Message>), Refusal> {
        fn both<T>(published: Published<T>, answer: fn(T) -> Answer) -> (Answer, Vec<Message>) {
            (answer(published.answer), published.messages)
        }
        Ok(match self {
            Self::Open(expected, opening) => (Answer::Opened(record.open(*expected, opening)), Vec::new()),
            Self::Join(joining) => both(record.join(joining)?, Answer::Joined),
            Self::Renew(at, member) => (Answer::Renewed(record.renew(*at, *member)?), Vec::new()),
            Self::Begin(at, intent) => both(record.begin(*at, intent)?, Answer::Begun),
            Self::End(epoch, id, touched) => both(record.end(*epoch, *id, touched)?, Answer::Ended),
            Self::Touch(epoch, slots) => both(record.touch(*epoch, slots)?, Answer::Touched),
            Self::Declare(epoch, fingerprint) => {
                both(record.declare(*epoch, *fingerprint)?, |()| Answer::Done)
            }
            Self::Expel(epoch, member, renewals) => {
                both(record.expel(*epoch, *member, *renewals)?, |()| Answer::Done)
            }
            Self::Settle(epoch) => {
                record.settle(*epoch)?;
                (Answer::Done, Vec::new())
            }
        })
    }

    /// What the bus answers.
    pub(crate) async fn on_bus(&self, bus: &impl Bus) -> Result<Answer, BusError> {
        Ok(match self.clone() {
            Self::Open(expected, opening) => Answer::Opened(bus.open(expected, opening).await?),
            Self::Join(joining) => Answer::Joined(bus.join(joining).await?),
            Self::Renew(at, member) => Answer::Renewed(bus.renew(at, member).await?),
            Self::Begin(at, intent) => Answer::Begun(bus.begin(at, intent).await?),
            Self::End(epoch, id, touched) => Answer::Ended(bus.end(epoch, id, touched).await?),
            Self::Touch(epoch, slots) => Answer::Touched(bus.touch(epoch, slots).await?),
            Self::Declare(epoch, fingerprint) => {
                bus.declare(epoch, fingerprint).await?;
                Answer::Done
            }
            Self::Expel(epoch, member, renewals) => {
                bus.expel(epoch, member, renewals).await?;
                Answer::Done
            }
            Self::Settle(epoch) => {
                bus.settle(epoch).await?;
                Answer::Done
            }
        })
    }
}
