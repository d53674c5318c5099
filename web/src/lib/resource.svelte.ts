// One answer of the server that a page follows: asked for at once, then again and again while somebody looks.

import { ApiProblem } from '../api/client';
import { dashboard } from './dashboard.svelte';

/** Not found and not available mean the same to a reader: this server does not run that part. */
const OFF = [404, 501, 503];

export type Phase = 'loading' | 'fresh' | 'stale' | 'error' | 'off' | 'denied';

export class Resource<T> {
  data = $state.raw<T | null>(null);
  cause = $state.raw<unknown>(null);
  #path = '';
  #run = 0;

  phase = $derived.by<Phase>(() => {
    if (this.data !== null) return this.cause === null ? 'fresh' : 'stale';
    if (this.cause === null) return 'loading';
    if (!(this.cause instanceof ApiProblem)) return 'error';
    if (OFF.includes(this.cause.status)) return 'off';
    return this.cause.status === 401 ? 'denied' : 'error';
  });

  /** Starts following and returns what stops it; without a pause it is asked for once. */
  follow(path: string, everyMs = 0): () => void {
    if (path !== this.#path) this.data = null;
    this.#path = path;
    this.cause = null;
    const run = ++this.#run;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const round = async (): Promise<void> => {
      if (document.visibilityState !== 'hidden' || this.data === null) await this.refresh();
      if (run === this.#run && everyMs > 0) timer = setTimeout(round, everyMs);
    };
    void round();
    return () => {
      if (run === this.#run) this.#run += 1;
      clearTimeout(timer);
    };
  }

  refresh = async (): Promise<void> => {
    const run = this.#run;
    try {
      const data = await dashboard.client.get<T>(this.#path);
      if (run !== this.#run) return;
      this.data = data;
      this.cause = null;
    } catch (cause) {
      if (run === this.#run) this.cause = cause;
    }
  };
}
