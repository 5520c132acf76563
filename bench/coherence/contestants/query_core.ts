import { MutationObserver, onlineManager, QueryClient, QueryObserver } from "@tanstack/query-core";
import type { Contestant, Subject } from "../contestant.ts";
import type { World } from "../world.ts";

const QUERY = { queryKey: ["row"] };

type Client = InstanceType<typeof QueryClient>;

/** How a usage invalidates, and what it does after a mutation. */
interface Policy {
  invalidate(client: Client): Promise<void>;
  afterWrite(client: Client, value: number): Promise<void> | void;
}

/**
 * A reader is a `QueryObserver` that waits until the data is neither stale nor being fetched; a component would show
 * the old row until then. Cancelling a fetch before the invalidation is the maintainer's advice in TanStack/query#8530.
 */
export const QUERY_CORE: Contestant = {
  name: "@tanstack/query-core",
  lacks: { store: "keeps entries in the memory of one process" },
  standIns: { stream: '`refetchOnMount` and `refetchOnReconnect` set to `"always"`' },
  usages: [
    {
      how: "`invalidateQueries`",
      open: (world) => open(world, { invalidate, afterWrite: invalidate }),
    },
    {
      how: "`cancelQueries` before `invalidateQueries`",
      open: (world) => open(world, { invalidate: cancelAndInvalidate, afterWrite: cancelAndInvalidate }),
    },
    {
      how: "`setQueryData` after a mutation",
      open: (world) =>
        open(world, {
          invalidate: cancelAndInvalidate,
          afterWrite: (client, value) => void client.setQueryData(QUERY.queryKey, value),
        }),
    },
  ],
};

async function invalidate(client: Client): Promise<void> {
  await client.invalidateQueries(QUERY);
}

async function cancelAndInvalidate(client: Client): Promise<void> {
  await client.cancelQueries(QUERY);
  await client.invalidateQueries(QUERY);
}

function open({ master }: World, { invalidate, afterWrite }: Policy): Subject {
  const client = new QueryClient({
    defaultOptions: { queries: { staleTime: Infinity, gcTime: Infinity, retry: false } },
  });
  client.mount();
  const options = { ...QUERY, queryFn: () => master.read() };
  const mutation = new MutationObserver(client, {
    gcTime: Infinity,
    mutationFn: (value: number) => master.write(value),
    onMutate: () => client.cancelQueries(QUERY),
    onSuccess: (value) => afterWrite(client, value),
  });
  let leave = (): void => {};
  return {
    read: (signal) => settledData(new QueryObserver<number>(client, options), signal),
    write: (value) => mutation.mutate(value),
    invalidate: () => invalidate(client),
    receive: () => invalidate(client),
    connect: () => {
      const mounted = { ...options, refetchOnMount: "always", refetchOnReconnect: "always" } as const;
      leave = new QueryObserver<number>(client, mounted).subscribe(() => {});
    },
    disconnect: () => onlineManager.setOnline(false),
    reconnect: () => onlineManager.setOnline(true),
    close: () => {
      leave();
      client.clear();
      client.unmount();
    },
  };
}

function settledData(observer: QueryObserver<number>, signal: AbortSignal | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const { data, error, isFetching, isStale } = observer.getCurrentResult();
      if (isFetching || (isStale && error === null)) return;
      observer.destroy();
      if (data === undefined) reject(error);
      else resolve(data);
    };
    signal?.addEventListener("abort", () => {
      observer.destroy();
      reject(signal.reason);
    });
    observer.subscribe(look);
    look();
  });
}
