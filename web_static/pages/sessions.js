// Who was here: one row a session.
import { html, nothing } from '../vendor/lit/index.js';
import { plain, state } from '../components/badge.js';
import { empty, failure, loading } from '../components/empty.js';
import { searchBox } from '../components/search-box.js';
import { table } from '../components/table.js';
import { call, can } from '../lib/api.js';
import { chosen, filters } from '../lib/filters.js';
import { subscribe } from '../lib/live.js';
import { Page } from '../lib/page.js';
import { href } from '../lib/router.js';
import { bytes, number, peer } from '../lib/text.js';
import { span, when } from '../lib/time.js';

const FIELDS = [
  { name: 'source', label: 'Source', placeholder: '203.0.113.7' },
  { name: 'decky', label: 'Decoy' },
  { name: 'service', label: 'Service' },
  { name: 'q', label: 'User or client' },
  { name: 'state', label: 'State', options: [['open', 'open'], ['closed', 'closed']] },
];

class Sessions extends Page {
  static properties = { fresh: { state: true } };

  get heading() {
    return 'Sessions';
  }

  connectedCallback() {
    this.fresh = 0;
    super.connectedCallback();
    this.until(subscribe(['events'], (event) => (event === 'session_opened' || event === 'session_closed') && (this.fresh += 1)));
    this.every(5, () => this.fresh && (this.data?.items.length ?? 0) <= 100 && scrollY < 160 && this.reload({ quiet: true }));
  }

  async fetch(signal) {
    this.fresh = 0;
    return call('session.list', { ...chosen(FIELDS, this.query), limit: 100 }, { signal });
  }

  async older() {
    this.busy = true;
    try {
      const page = await call('session.list', { ...chosen(FIELDS, this.query), limit: 100, cursor: this.data.next });
      this.data = { items: [...this.data.items, ...page.items], next: page.next };
    } catch (error) {
      this.problem = error;
    }
    this.busy = false;
  }

  render() {
    return html`
      <div class="page-head">
        <h1>Sessions</h1>
        <p class="lead">Every connection to a decoy, newest first. Open one for its timeline and, where there was a terminal, its replay.</p>
      </div>
      ${can('session.search') ? searchBox() : nothing}
      ${filters(FIELDS)}
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      <section class="card" aria-label="Sessions">${this.body()}</section>
    `;
  }

  body() {
    if (!this.data) return loading('sessions');
    if (!this.data.items.length) {
      return Object.keys(chosen(FIELDS, this.query)).length
        ? empty({ title: 'No session fits these filters', text: 'Try fewer of them.', symbol: 'search', action: html`<a class="button" href="/sessions">Clear the filters</a>` })
        : empty({ title: 'Nobody has connected yet', text: 'Decoys may wait for days. To see what a visit looks like, make one:', command: 'decnetctl selftest', symbol: 'sessions' });
    }
    return table({
      label: 'Sessions, newest first',
      rows: this.data.items,
      key: (row) => row.id,
      more: this.data.next ? () => this.older() : null,
      busy: this.busy,
      note: html`${number(this.data.items.length)} shown`,
      columns: [
        { title: 'Opened', tone: 'nowrap', header: true, cell: (row) => html`<a class="row-link" href=${`/sessions/${row.id}`}>${when(row.opened)}</a>` },
        { title: 'Source', tone: 'nowrap', cell: (row) => html`<a class="plain" href=${href('/sessions', { source: row.source })}>${row.source}</a>` },
        { title: 'Decoy', tone: 'nowrap', cell: (row) => html`<a class="plain" href=${`/decoys/${row.decky}`}>${row.decky}</a> <span class="chip">${row.service}</span>` },
        { title: 'Who', cell: (row) => html`${row.user ? html`${plain('high', 'logged in')} ${peer(row.user, 40)}` : ''}${row.client ? html`<span class="sub">${peer(row.client, 60)}</span>` : ''}` },
        { title: 'Credentials', number: true, cell: (row) => number(row.credentials) },
        { title: 'Commands', number: true, cell: (row) => number(row.commands) },
        { title: 'Files', number: true, cell: (row) => number(row.files) },
        { title: 'Data in', number: true, cell: (row) => bytes(row.bytes_in) },
        { title: 'Duration', number: true, cell: (row) => (row.closed === null ? state('open') : span(row.duration)) },
        { title: 'Replay', cell: (row) => (row.replayable ? html`<a class="chip" href=${`/sessions/${row.id}`}>replay</a>` : nothing) },
      ],
    });
  }
}
customElements.define('dn-sessions', Sessions);
