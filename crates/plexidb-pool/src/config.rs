//! The settings of a pool.

use std::time::Duration;

/// The settings of a [`Pool`](crate::Pool).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// The most connections that the pool keeps; default 10, brought into 1 to
    /// [`CONNECTIONS_BOUND`](Self::CONNECTIONS_BOUND), and lowered to what the database allows.
    pub connections_max: usize,
    /// Connections beyond [`connections_max`](Self::connections_max) that are made while checkouts wait, and closed when
    /// they are idle; default 0, lowered so that both together keep the bound.
    pub overflow_max: usize,
    /// How long there may be idle connections beyond [`connections_max`](Self::connections_max); default 1 s, a second more or less.
    /// With zero they are closed at once, so that a load which needs a few of them makes one for nearly every checkout.
    pub overflow_idle_timeout: Duration,
    /// Idle connections that are kept ready in the background, from the first checkout or
    /// [`warm_up`](crate::Pool::warm_up) on; default 0, lowered to [`connections_max`](Self::connections_max).
    pub min_idle: usize,
    /// How long a checkout may take in all: waiting in the queue, then connecting; default 30 s. An attempt to connect may
    /// take as long.
    pub checkout_timeout: Duration,
    /// The age at which a connection is replaced rather than reused; default 30 min. Each connection's own is up to a tenth
    /// shorter, by chance, so that connections that were made together do not end together. Idle ones are replaced in
    /// the background before that.
    pub lifetime_max: Duration,
    /// How long a connection may stay unused before it is closed, unless it is one of the last
    /// [`min_idle`](Self::min_idle); default 10 min. A second more or less.
    pub idle_timeout: Duration,
    /// How long a connection may stay unused before it is tried out when it is checked out; default 30 s.
    pub ping_after: Duration,
    /// The most checkouts that wait, those for whom a connection is being made among them; default 65,536, brought to 1 at
    /// least. The next one fails with [`PoolError::Overloaded`](crate::PoolError::Overloaded).
    pub waiting_max: usize,
    /// When checkouts are turned away because the pool cannot keep up; default never.
    pub shedding: Option<Shedding>,
    /// How attempts to connect follow each other while the database cannot be reached.
    pub connect_backoff: ConnectBackoff,
    /// How long a connection may be out before that is reported as a leak, once a lease; default 10 min, `None` is never. A
    /// second more or less.
    pub leak_after: Option<Duration>,
}

impl PoolConfig {
    /// The bound on all connections of a pool: 65,536.
    pub const CONNECTIONS_BOUND: usize = 1 << 16;

    pub(crate) fn size(&self) -> PoolSize {
        PoolSize {
            connections_max: self.connections_max,
            overflow_max: self.overflow_max,
            min_idle: self.min_idle,
        }
    }
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            connections_max: 10,
            overflow_max: 0,
            overflow_idle_timeout: Duration::from_secs(1),
            min_idle: 0,
            checkout_timeout: Duration::from_secs(30),
            lifetime_max: Duration::from_secs(30 * 60),
            idle_timeout: Duration::from_secs(10 * 60),
            ping_after: Duration::from_secs(30),
            waiting_max: 1 << 16,
            shedding: None,
            connect_backoff: ConnectBackoff::default(),
            leak_after: Some(Duration::from_secs(10 * 60)),
        }
    }
}

/// The sizes of a pool, which [`Pool::resize`](crate::Pool::resize) changes; bounds as in [`PoolConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// The most connections that the pool keeps.
    pub connections_max: usize,
    /// Connections beyond that, which are closed as soon as they are idle.
    pub overflow_max: usize,
    /// Idle connections that are kept ready.
    pub min_idle: usize,
}

impl PoolSize {
    /// Brought into the bounds, `allowed` being what the database allows.
    pub(crate) fn within(self, allowed: usize) -> Self {
        let allowed = allowed.clamp(1, PoolConfig::CONNECTIONS_BOUND);
        let connections_max = self.connections_max.clamp(1, allowed);
        Self {
            connections_max,
            overflow_max: self.overflow_max.min(allowed - connections_max),
            min_idle: self.min_idle.min(connections_max),
        }
    }

    /// The most connections in all.
    pub(crate) fn total_max(self) -> usize {
        self.connections_max + self.overflow_max
    }

    /// The most connections that may be out for one of them to be a background task's: one stays for the users, where there
    /// are two or more.
    pub(crate) fn background_max(self) -> usize {
        (self.connections_max - 1).max(1)
    }
}

/// Controlled delay: once the queue has not been faster than `target` for a whole `interval`, it does not serve a passing
/// burst but stands; from then on checkouts that have waited longer than `target` are turned away, until none had to be
/// for an `interval`. The last one in the queue is always served.
///
/// The test for a standing queue is that of Nichols and Jacobson, "Controlling Queue Delay", ACM Queue 10 (5), 2012. Their
/// slowly rising rate of drops is made for senders that slow down when they lose a packet; callers of a pool do not, so that
/// here the bound counts at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shedding {
    /// The wait that is all right for a standing queue; default 100 ms.
    pub target: Duration,
    /// How long it must be exceeded without a break; default 1 s.
    pub interval: Duration,
}

impl Default for Shedding {
    fn default() -> Self {
        Self {
            target: Duration::from_millis(100),
            interval: Duration::from_secs(1),
        }
    }
}

/// How attempts to connect follow each other while a database that has been reached before cannot be reached: one at a time,
/// with delays that double, each shortened by up to a half by chance.
///
/// A database that was never reached is asked by each checkout, and a refusal is reported at once: it is likely that the
/// address or the password is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectBackoff {
    /// Attempts after which waiting checkouts fail with the driver's error, where no connection is out that could come back
    /// to them; default as many as fit into their timeout. Errors that time does not mend (a refused login, an unknown database)
    /// are not tried again for them.
    pub attempts_max: u32,
    /// The first delay; default 50 ms.
    pub delay_min: Duration,
    /// The longest delay; default 1 s.
    pub delay_max: Duration,
}

impl Default for ConnectBackoff {
    fn default() -> Self {
        Self {
            attempts_max: u32::MAX,
            delay_min: Duration::from_millis(50),
            delay_max: Duration::from_secs(1),
        }
    }
}

/// Who asks for a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for the answer.
    #[default]
    User,
    /// A background task: it comes after all users, never takes the last connection that they could have (where the pool
    /// keeps two or more), and opens no overflow.
    Background,
}
