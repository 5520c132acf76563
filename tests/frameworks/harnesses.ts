/** Shows the rows of a handle until it is ended; `see` is called with each snapshot that is shown. */
export type Show = (handle: object, see: (snapshot: unknown) => void) => () => void;

/**
 * How the components of each library that docs/watching.md has a function for would use it, without a page. Each is a module
 * that follows that function.
 */
export const HARNESSES: Readonly<Record<string, string>> = {
  Vue: `
    import { effectScope, watchEffect } from "vue";
    export function show(handle, see) {
      const scope = effectScope();
      scope.run(() => {
        const snapshot = useRows(handle);
        watchEffect(() => see(snapshot.value), { flush: "sync" });
      });
      return () => scope.stop();
    }`,
  Solid: `
    import { createRenderEffect, createRoot } from "solid-js";
    export function show(handle, see) {
      return createRoot((dispose) => {
        const snapshot = useRows(handle);
        createRenderEffect(() => see(snapshot()));
        return dispose;
      });
    }`,
  Svelte: `
    import { toStore } from "svelte/store";
    export function show(handle, see) {
      const rows = useRows(handle);
      return toStore(() => rows.current).subscribe(see);
    }`,
  "alien-signals": `
    import { effect } from "alien-signals";
    export function show(handle, see) {
      const { snapshot, leave } = useRows(handle);
      const stop = effect(() => see(snapshot()));
      return () => {
        stop();
        leave();
      };
    }`,
  "signal-polyfill": `
    export function show(handle, see) {
      const snapshot = useRows(handle);
      const shown = new Signal.Computed(() => see(snapshot.get()));
      const watcher = new Signal.subtle.Watcher(() => queueMicrotask(() => {
        for (const pending of watcher.getPending()) pending.get();
        watcher.watch();
      }));
      watcher.watch(shown);
      shown.get();
      return () => watcher.unwatch(shown);
    }`,
};
