/** State with subscribers. All changes of one frame reach every subscriber once, in one animation frame. */

type Schedule = (flush: () => void) => void;

export class Store<S extends object> {
  private readonly listeners: { keys: ReadonlySet<keyof S>; run: (state: Readonly<S>) => void }[] = [];
  private dirty = new Set<keyof S>();
  private scheduled = false;

  constructor(private state: S, private readonly schedule: Schedule = (flush) => requestAnimationFrame(() => flush())) {}

  get value(): Readonly<S> {
    return this.state;
  }

  set(change: Partial<S>): void {
    for (const key of Object.keys(change) as (keyof S)[]) {
      if (Object.is(this.state[key], change[key])) continue;
      this.state = { ...this.state, [key]: change[key] };
      this.dirty.add(key);
    }
    if (this.dirty.size && !this.scheduled) {
      this.scheduled = true;
      this.schedule(() => this.flush());
    }
  }

  /** Call `run` after a frame in which one of `keys` changed; it runs in the order of subscription. */
  on(keys: (keyof S)[], run: (state: Readonly<S>) => void): void {
    this.listeners.push({ keys: new Set(keys), run });
  }

  flush(): void {
    this.scheduled = false;
    const dirty = this.dirty;
    this.dirty = new Set();
    for (const { keys, run } of this.listeners) {
      if ([...keys].some((key) => dirty.has(key))) run(this.state);
    }
  }
}
