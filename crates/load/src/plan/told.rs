//! The series that a load is told by.

use crate::plan::flow::Flow;
use crate::plan::spec::Population;
use crate::series::Series;

impl Population {
    /// The series that the load is about: of each delivery where messages are for many, of what is read
    /// off pushes, of the lateness of what nobody answers, of pings where nothing else flows; else
    /// response times in the open loop and service times in the closed.
    #[must_use]
    pub fn headline(&self) -> Series {
        self.headline_of_flow().unwrap_or_else(|| {
            if self.is_open_loop() {
                Series::Response
            } else {
                Series::Service
            }
        })
    }

    /// The same where the loop does not say it.
    fn headline_of_flow(&self) -> Option<Series> {
        match &self.exchange.flow {
            Flow::Answered => self.is_fanned_out().then_some(Series::Delivery),
            Flow::Oneway => Some(Series::SendLag),
            Flow::Push(pushes) if pushes.stamp.is_some() => Some(Series::PushAge),
            Flow::Push(_) => Some(Series::PushGap),
            Flow::Idle => Some(Series::Ping),
            Flow::Storm => Some(Series::Storm),
        }
    }

    /// The series that the load is told by, the one that it is about first: what a table of its times
    /// has columns for.
    #[must_use]
    pub fn told_series(&self) -> &'static [Series] {
        match &self.exchange.flow {
            Flow::Answered if self.is_fanned_out() && self.exchange.ack.is_some() => &[
                Series::Delivery,
                Series::DeliveryFirst,
                Series::DeliveryLast,
                Series::Skew,
                Series::DeliveryService,
                Series::Ack,
            ],
            Flow::Answered if self.is_fanned_out() => &[
                Series::Delivery,
                Series::DeliveryFirst,
                Series::DeliveryLast,
                Series::Skew,
                Series::DeliveryService,
            ],
            Flow::Answered if self.exchange.end_of_streams().is_some() => &[
                Series::Response,
                Series::Service,
                Series::ItemFirst,
                Series::ItemGap,
            ],
            Flow::Answered => &[Series::Response, Series::Service],
            Flow::Oneway => &[Series::SendLag],
            Flow::Push(pushes) if pushes.stamp.is_some() => &[Series::PushAge, Series::PushGap],
            Flow::Push(_) => &[Series::PushGap],
            // Its pings are told of by themselves.
            Flow::Idle => &[],
            Flow::Storm => &[Series::Storm, Series::Opening, Series::OpeningService],
        }
    }

    /// The series by which intervals tell the course of the load.
    #[must_use]
    pub fn course(&self) -> Series {
        match &self.exchange.flow {
            Flow::Answered if self.is_fanned_out() => Series::Delivery,
            // Where nobody answers nothing is timed but the sends, of which intervals do not tell.
            Flow::Answered | Flow::Oneway => Series::Service,
            Flow::Push(_) | Flow::Idle => self.headline(),
            // When each was open since the storm began grows with time; how long it took is news.
            Flow::Storm => Series::OpeningService,
        }
    }

    /// The series of what the load is about from when each was due, whatever the loop: what
    /// objectives are of.
    #[must_use]
    pub fn headline_from_due(&self) -> Series {
        self.headline_of_flow().unwrap_or(Series::Response)
    }

    /// The series of the same from when each was sent.
    #[must_use]
    pub fn headline_from_sent(&self) -> Series {
        if self.is_fanned_out() {
            return Series::DeliveryService;
        }
        self.headline_of_flow().unwrap_or(Series::Service)
    }

    /// True where such a load can have times of that series.
    #[must_use]
    pub fn tells_of(&self, series: Series) -> bool {
        let exchange = &self.exchange;
        match series {
            Series::Response | Series::Service => {
                exchange.flow.is_answered() && !self.is_fanned_out()
            }
            Series::Delivery | Series::DeliveryFirst | Series::DeliveryLast | Series::Skew => {
                self.is_fanned_out()
            }
            Series::Ack | Series::AckService => exchange.ack.is_some(),
            Series::ItemFirst | Series::ItemFirstService | Series::ItemGap => {
                exchange.end_of_streams().is_some()
            }
            Series::Login => {
                !self.login.is_empty() || self.roles.iter().any(|role| !role.join.is_empty())
            }
            Series::Ping => self.is_pinged(),
            Series::PushGap => exchange.flow.pushes().is_some(),
            Series::PushAge => {
                let pushes = exchange.flow.pushes();
                pushes.is_some_and(|pushes| pushes.stamp.is_some())
            }
            Series::Storm => exchange.flow == Flow::Storm,
            Series::Back => self.returns.is_some_and(|returns| returns.drill.is_some()),
            _ => true,
        }
    }
}
