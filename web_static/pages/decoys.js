// The fleet: one card a decky, and what was asked of it last.
import { html, nothing } from '../vendor/lit/index.js';
import { state } from '../components/badge.js';
import { empty, failure, loading } from '../components/empty.js';
import { table } from '../components/table.js';
import { call } from '../lib/api.js';
import { subscribe } from '../lib/live.js';
import { Page } from '../lib/page.js';
import { href } from '../lib/router.js';
import { number, peer, plural } from '../lib/text.js';
import { when } from '../lib/time.js';

const SHOWN = 8; // changes
const STALE = /^(session_(opened|closed)|service_|operation_(started|ended)$|state$|mutation$)/;

class Decoys extends Page {
  get heading() {
    return 'Decoys';
  }

  connectedCallback() {
    super.connectedCallback();
    this.stale = false;
    this.until(subscribe(['events'], (event, data) => {
      if (event === 'operation_progressed') this.progress(data.fact);
      else this.stale ||= STALE.test(event);
    }));
    this.every(3, () => this.stale && this.reload({ quiet: true }));
  }

  async fetch(signal) {
    this.stale = false;
    const [deckies, services, operations] = await Promise.all([
      call('decky.list', {}, { signal }),
      call('service.list', {}, { signal }),
      call('operation.list', { limit: SHOWN }, { signal }),
    ]);
    return { deckies: deckies.items, services: services.items, operations: operations.items };
  }

  progress({ operation, done, total }) {
    if (!this.data) return;
    const operations = this.data.operations.map((row) => (row.id === operation ? { ...row, state: 'running', done, total } : row));
    this.data = { ...this.data, operations };
  }

  render() {
    const up = this.data?.deckies.filter((decky) => decky.state === 'up').length;
    return html`
      <div class="page-head">
        <h1>Decoys</h1>
        ${this.data?.deckies.length ? html`<span class="muted">${up} of ${plural(this.data.deckies.length, 'decoy')} up</span>` : nothing}
        <p class="lead">The machines attackers are meant to find. Each has its own address, persona and services.</p>
      </div>
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      ${this.body()}
      ${this.data?.operations.length ? this.changes() : nothing}
    `;
  }

  changes() {
    return html`<section class="card" aria-label="Changes">
      <header><h2>Changes</h2><span class="muted">what was asked of the decoys last; <code>decnetctl operation list</code> has more</span></header>
      ${table({
        label: 'Changes of the decoys',
        rows: this.data.operations,
        key: (row) => row.id,
        columns: [
          { title: 'What', header: true, cell: (row) => html`${row.kind}${row.decky ? ` ${row.decky}` : ''}` },
          { title: 'State', cell: (row) => state(row.state) },
          { title: 'Decoys', number: true, cell: (row) => (row.state === 'running' ? `${number(row.done)} of ${number(row.total)}` : number(row.total)) },
          { title: 'By', cell: (row) => row.author },
          { title: 'Asked for', tone: 'nowrap', cell: (row) => when(row.requested) },
          { title: 'Why', cell: (row) => (row.error || row.reason ? peer(row.error || row.reason) : '') },
        ],
      })}
    </section>`;
  }

  body() {
    if (!this.data) return loading('decoys');
    if (!this.data.deckies.length) {
      return html`<section class="card" aria-label="Decoys">${empty({
        title: 'There is no decoy yet',
        text: 'Describe one in the fleet folder and reload; this page follows by itself.',
        command: '# fleet.d/10-first.toml\n[[decky]]\nname = "web-01"\nservices = ["ssh", "http"]\n\n$ decnetctl config check',
        symbol: 'decoys',
      })}</section>`;
    }
    return html`<div class="deckies">${this.data.deckies.map((decky) => this.card(decky))}</div>`;
  }

  card(decky) {
    const services = this.data.services.filter((service) => service.decky === decky.name);
    return html`<article class="card decky" aria-labelledby="decky-${decky.name}">
      <div class="row">
        <h2 id="decky-${decky.name}"><a href=${`/decoys/${decky.name}`}>${decky.name}</a></h2>
        ${state(decky.state)}
      </div>
      <div>
        <div class="mono">${decky.address}</div>
        <div class="muted">${decky.system}</div>
      </div>
      <ul class="chips" aria-label="Services of ${decky.name}">
        ${services.map((service) => html`<li class="chip">
          ${service.service} <span class="muted">:${service.port || service.claimed_port}</span>${service.state === 'up' ? nothing : state(service.state)}
        </li>`)}
      </ul>
      <div class="row">
        <span class="muted">${plural(decky.sessions, 'session')} open</span>
        <a href=${href('/sessions', { decky: decky.name })}>Sessions<span class="visually-hidden"> of ${decky.name}</span></a>
      </div>
    </article>`;
  }
}
customElements.define('dn-decoys', Decoys);
