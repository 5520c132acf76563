import { Rows } from "@vantage/live";
import { DistantMaster, MASTER_MS } from "./distant_master.ts";
import { SimulatedClock } from "./simulated_clock.ts";
import { ROWS_PER_PAGE, runTraffic, type Traffic, type World } from "./traffic.ts";

const NO_ROWS = Rows.from([]);

/** A read in flight, and how many changes of its page were known when it was sent. */
interface Flight {
  readonly changes: number;
  readonly landed: Promise<void>;
}

/**
 * The best share of hits that a cache can reach, if what it serves must contain every change that it knew of when it
 * was asked, and only the master tells what a change was. At most `readsAtOnce` reads of one page are in flight.
 */
export async function bestHitRatio(traffic: Traffic, readsAtOnce: number): Promise<number> {
  const { hits, asked } = await runTraffic(await idealWorld(readsAtOnce), traffic);
  return hits / asked;
}

async function idealWorld(readsAtOnce: number): Promise<World> {
  const clock = new SimulatedClock(1);
  const master = await DistantMaster.open(clock, {});
  const pages = new Map<number, IdealPage>();
  const pageAt = (number: number): IdealPage => {
    const page = pages.get(number) ?? new IdealPage(clock, readsAtOnce);
    pages.set(number, page);
    return page;
  };
  return {
    clock,
    master,
    read: (page) => pageAt(page).read(),
    change: (id) => Promise.resolve(pageAt(Math.floor(master.ids.indexOf(id) / ROWS_PER_PAGE) + 1).change()),
  };
}

/** A page as a cache knows it: how many changes there were, and how many of them have been read. */
class IdealPage {
  readonly #clock: SimulatedClock;
  readonly #readsAtOnce: number;
  readonly #inFlight = new Set<Flight>();
  #changes = 0;
  #held = -1;

  constructor(clock: SimulatedClock, readsAtOnce: number) {
    this.#clock = clock;
    this.#readsAtOnce = readsAtOnce;
  }

  change(): void {
    this.#changes++;
  }

  async read(): Promise<Rows> {
    for (const asked = this.#changes; this.#held < asked;) await this.#flightWith(asked);
    return NO_ROWS;
  }

  /** A read in flight that will contain so many changes; or, if too many are in flight, the one that lands next. */
  #flightWith(changes: number): Promise<void> {
    const flights = [...this.#inFlight];
    const shared = flights.find((flight) => flight.changes >= changes);
    if (shared !== undefined) return shared.landed;
    const [next] = flights;
    if (next !== undefined && flights.length >= this.#readsAtOnce) return next.landed;
    const flight: Flight = {
      changes: this.#changes,
      landed: this.#clock.wait(MASTER_MS).then(() => this.#land(flight)),
    };
    this.#inFlight.add(flight);
    return flight.landed;
  }

  #land(flight: Flight): void {
    this.#inFlight.delete(flight);
    this.#held = Math.max(this.#held, flight.changes);
  }
}
