//! What generator threads allocate once the load has begun: nothing, but a block of the channel by
//! which they hand over, each 31 intervals. A page that is asked of the
//! system in mid-run is a send that waits for it.
//!
//! A program of its own with one test: its allocator counts for the whole process.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wsbench_drive::resolve::Resolved;
use wsbench_drive::run::{RunObserver, StopSignal, run};
use wsbench_echo::{Config, Server};
use wsbench_load::arrival::{Process, Schedule};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, PlanSpec, StopRule};
use wsbench_load::result::{Progress, Stage};
use wsbench_load::route::Target;
use wsbench_load::series::Series;
use wsbench_load::tally::LogRecord;

/// Threads that first allocate from this on are generators: those of the server and of the test are
/// older.
static GENERATORS_ARE_BORN: AtomicBool = AtomicBool::new(false);
/// Allocations by generators, and those of a whole page of a histogram or more.
static COUNT: AtomicU64 = AtomicU64::new(0);
static LARGE: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static IS_GENERATOR: Cell<Option<bool>> = const { Cell::new(None) };
}

struct Counting;

impl Counting {
    fn note(bytes: usize) {
        let born = || GENERATORS_ARE_BORN.load(Ordering::Relaxed);
        // A thread that ends has no locals any more, and nothing to send.
        let is_generator = IS_GENERATOR.try_with(|known| {
            let is_generator = known.get().unwrap_or_else(born);
            known.set(Some(is_generator));
            is_generator
        });
        if is_generator == Ok(true) {
            COUNT.fetch_add(1, Ordering::Relaxed);
            LARGE.fetch_add(u64::from(bytes >= 8 << 10), Ordering::Relaxed);
        }
    }
}

#[allow(
    unsafe_code,
    reason = "an allocator cannot be had otherwise; it is of this test alone"
)]
// SAFETY: each call goes to the system's allocator as it came, which upholds the contract; what is
// counted beside it allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::note(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises; it came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Spans of the warm-up and of the measured window.
const WARM_UP: Duration = Duration::from_millis(500);
const WINDOW: Duration = Duration::from_secs(3);

/// What had been allocated at the end of each interval of the window, all and large.
struct Watch {
    begun: Instant,
    seen: Vec<(u64, u64)>,
}

impl RunObserver for Watch {
    fn progress(&mut self, progress: &Progress) {
        let so_far = (COUNT.load(Ordering::Relaxed), LARGE.load(Ordering::Relaxed));
        // Told too late, the generator may be closing its connections already.
        let is_under_load = self.begun.elapsed() < WARM_UP + WINDOW;
        if progress.stage == Stage::Measuring && is_under_load {
            self.seen.push(so_far);
        }
    }
    fn log(&mut self, _: &[LogRecord]) {}
}

/// What a run over the kernel was like.
struct Seen {
    /// What its generator allocated between the first interval of its window and the last.
    all: u64,
    /// Large allocations among these, by interval.
    large: Vec<u64>,
    /// True where the machine had it stand still: times come that none before were like, and take memory.
    is_disturbed: bool,
}

/// Longer than this nothing takes here on a machine that lets it run.
const UNDISTURBED: Nanos = Nanos::from_millis(5);

/// The least that a few runs allocate. Where the machine has a generator stand still, times come that none
/// before were like, and the books of an interval are not back in time: both take memory, and both come and go
/// with what others do. What the load itself takes, each run takes.
fn least(arrival: &Arrival) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..10 {
        least = least.min(allocated(arrival.clone()).all);
        if least == 0 {
            break;
        }
    }
    least
}

fn allocated(arrival: Arrival) -> Seen {
    let server = Server::bind(&Config::new("127.0.0.1:0".parse().unwrap())).unwrap();
    let address = server.local_addr();
    let stop = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&stop);
    GENERATORS_ARE_BORN.store(false, Ordering::Relaxed);
    let serving = thread::spawn(move || server.run(&ended));
    wait_for(address);
    let plan = PlanSpec::against(Target {
        host: address.ip().to_string(),
        port: address.port(),
        resource: "/".into(),
        secure: false,
    })
    .with(|spec| {
        spec.clients.connections = 20;
        spec.clients.arrival = arrival;
        spec.stop = StopRule::Duration(WINDOW.into());
        spec.warmup.least = WARM_UP.into();
        // Fewer handovers than the 31 after which their channel asks for its next block.
        spec.interval = Nanos::from_millis(200);
    });
    let resolved = Resolved {
        addresses: vec![address.into()],
        took: None,
        behind_proxy: None,
    };
    let mut watch = Watch {
        begun: Instant::now(),
        seen: Vec::new(),
    };
    GENERATORS_ARE_BORN.store(true, Ordering::Relaxed);
    let run = run(
        &plan.check().unwrap(),
        &resolved,
        &StopSignal::new(),
        &mut watch,
    );
    stop.store(true, Ordering::Relaxed);
    serving.join().unwrap();
    let result = run.unwrap();
    assert!(result.failures.is_empty(), "{:?}", result.failures);
    assert!(result.messages.received_in_window > 0);
    let [first, .., last] = watch.seen[..] else {
        panic!("{} intervals", watch.seen.len());
    };
    let longest = [Series::SendLag, Series::Service].into_iter();
    let longest = longest.filter_map(|series| result.at(series).max());
    Seen {
        all: last.0 - first.0,
        large: watch.seen.windows(2).map(|at| at[1].1 - at[0].1).collect(),
        is_disturbed: longest.max() > Some(UNDISTURBED),
    }
}

/// Awaits a word of the server, whose threads have allocated by then.
fn wait_for(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: it\r\nConnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    assert!(stream.read(&mut [0; 64]).unwrap() > 0);
}

#[test]
fn generators_allocate_nothing_under_load() {
    for depth in [1, 16] {
        assert_eq!(least(&Arrival::Closed { depth }), 0, "depth {depth}");
    }
    // What waits takes memory; where the machine is busy, some will wait in some intervals.
    let open = Arrival::Open {
        schedule: Schedule::level(Process::Poisson, 1_000.0),
        max_in_flight: 16,
    };
    let mut seen = allocated(open.clone());
    for _ in 0..8 {
        if !seen.is_disturbed {
            break;
        }
        seen = allocated(open.clone());
    }
    seen.large.sort_unstable();
    let at = match seen.is_disturbed {
        true => seen.large.len() / 2,
        false => seen.large.len() - 1,
    };
    assert_eq!(seen.large[at], 0, "open loop: {:?}", seen.large);
}
