// What every page shares: light DOM, a title, loading with stale data kept, and an orderly end.
import { LitElement } from '../vendor/lit/index.js';
import { query } from './router.js';

export class Page extends LitElement {
  static properties = {
    parameters: { attribute: false },
    data: { state: true },
    problem: { state: true },
    busy: { state: true },
  };

  constructor() {
    super();
    this.data = null;
    this.problem = null;
    this.busy = false;
    this.query = query();
    this.ends = [];
  }

  createRenderRoot() {
    return this;
  }

  /** The page's title; overridden. */
  get heading() {
    return 'DECNET';
  }

  /** Fetches what the page shows; overridden. Its result becomes this.data. */
  async fetch(_signal) {
    return null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.abort?.abort();
    for (const end of this.ends.splice(0)) end();
  }

  /** Ends with the page: a subscription, a timer. */
  until(end) {
    this.ends.push(end);
  }

  every(seconds, work) {
    const timer = setInterval(() => document.visibilityState === 'visible' && work(), seconds * 1000);
    this.until(() => clearInterval(timer));
  }

  /** The address changed but the page stays. */
  routed(parameters) {
    this.parameters = parameters;
    this.query = query();
    this.reload();
  }

  async reload({ quiet = false } = {}) {
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    if (!quiet) this.busy = true;
    try {
      this.data = await this.fetch(abort.signal);
      this.problem = null;
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.problem = error;
    }
    this.busy = false;
  }

  updated() {
    const title = `${this.heading} · DECNET`;
    if (document.title !== title) document.title = title;
  }
}
