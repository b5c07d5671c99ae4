// One decky: who it claims to be, what it serves, and who has been there.
import { html, nothing } from '../vendor/lit/index.js';
import { state } from '../components/badge.js';
import { copyButton } from '../components/dialogs.js';
import { empty, failure, loading } from '../components/empty.js';
import { feed } from '../components/feed.js';
import { table } from '../components/table.js';
import { call } from '../lib/api.js';
import { SHOWN_KINDS } from '../lib/facts.js';
import { subscribe } from '../lib/live.js';
import { Page } from '../lib/page.js';
import { href } from '../lib/router.js';
import { number, plural } from '../lib/text.js';
import { when } from '../lib/time.js';

class Decoy extends Page {
  static properties = { events: { state: true } };

  get heading() {
    return this.parameters.name;
  }

  connectedCallback() {
    this.events = [];
    super.connectedCallback();
    this.until(subscribe(['events'], (_, data) => {
      if (data.seq && data.decky === this.parameters.name) this.events = [{ ...data, fresh: true }, ...this.events].slice(0, 25);
    }));
  }

  async fetch(signal) {
    const { name } = this.parameters;
    const [decky, events] = await Promise.all([
      call('decky.show', { name }, { signal }),
      call('event.list', { decky: name, kind: SHOWN_KINDS, limit: 25 }, { signal }),
    ]);
    this.events = events.items;
    return decky;
  }

  render() {
    if (!this.data) {
      if (!this.problem) return loading('the decoy');
      if (this.problem.status !== 404) return failure(this.problem, () => this.reload());
      return html`<div class="page-head"><h1>Not found</h1></div>${empty({ title: 'There is no such decoy', text: 'It may have been renamed or removed from the fleet. What was recorded on it is kept.', symbol: 'decoys', action: html`<a class="button" href="/decoys">All decoys</a>` })}`;
    }
    const d = this.data;
    return html`
      <div class="page-head">
        <h1>${d.name}</h1> ${state(d.state)}
        <span class="muted">${plural(d.sessions, 'session')} open</span>
        <div class="end">${copyButton(d.address, 'Copy address')} <a class="button small" href=${href('/sessions', { decky: d.name })}>Sessions</a></div>
      </div>
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      <section class="card" aria-label="Persona">
        <header><h2>Persona</h2><span class="muted">what an attacker is meant to believe</span></header>
        <div class="body"><dl class="facts">
          ${this.fact('Address', html`<span class="mono">${d.address}</span>`)}
          ${this.fact('Host name', d.hostname)}
          ${this.fact('System', d.system)}
          ${this.fact('Kernel', html`<span class="mono">${d.kernel}</span>`)}
          ${this.fact('MAC', html`<span class="mono">${d.mac || '–'}</span>`)}
          ${this.fact('Booted', d.booted ? when(d.booted, { style: 'full' }) : '–')}
          ${this.fact('Users', d.users.join(', ') || '–')}
          ${this.fact('Bait for', d.baits.join(', ') || 'nobody')}
        </dl></div>
      </section>
      <section class="card" aria-label="Services">
        <header><h2>Services</h2></header>
        ${table({
          label: 'Services',
          rows: d.details,
          key: (row) => row.service,
          columns: [
            { title: 'Service', header: true, cell: (row) => row.service },
            { title: 'State', cell: (row) => html`${state(row.state)}${row.error ? html`<span class="sub">${row.error}</span>` : nothing}` },
            { title: 'Listens on', tone: 'nowrap', cell: (row) => (row.port ? html`<span class="mono">${row.address}:${row.port}</span>` : '–') },
            { title: 'Claims port', number: true, cell: (row) => row.claimed_port },
            { title: 'Open sessions', number: true, cell: (row) => number(row.sessions) },
            { title: 'Restarts', number: true, cell: (row) => number(row.restarts) },
          ],
        })}
      </section>
      <section class="card" aria-label="Newest events">
        <header><h2>Newest events</h2><div class="end"><a class="button small" href=${href('/live', { decky: d.name })}>All events</a></div></header>
        ${this.events.length ? feed(this.events, `Events on ${d.name}`) : empty({ title: 'Nobody has been here yet', text: 'Events on this decoy show here as they happen.', command: `decnetctl selftest ${d.name}`, symbol: 'live' })}
      </section>
    `;
  }

  fact(name, value) {
    return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  }
}
customElements.define('dn-decoy', Decoy);
