// Everything typed, searched: one row a line, the hit marked, each a way into the replay at that moment.
import { html, nothing } from '../vendor/lit/index.js';
import { plain } from '../components/badge.js';
import { empty, failure, loading } from '../components/empty.js';
import { searchBox } from '../components/search-box.js';
import { table } from '../components/table.js';
import { call } from '../lib/api.js';
import { Page } from '../lib/page.js';
import { href } from '../lib/router.js';
import { number, peer } from '../lib/text.js';
import { when } from '../lib/time.js';

const AROUND = 80; // characters on each side of the hit

class Search extends Page {
  get heading() {
    return 'Search';
  }

  wanted() {
    return { text: this.query.text, shown: this.query.shown === 'true' ? 'true' : '', limit: 100 };
  }

  async fetch(signal) {
    return this.query.text ? call('session.search', this.wanted(), { signal }) : { items: [], next: null };
  }

  async older() {
    this.busy = true;
    try {
      const page = await call('session.search', { ...this.wanted(), cursor: this.data.next });
      this.data = { items: [...this.data.items, ...page.items], next: page.next };
    } catch (error) {
      this.problem = error;
    }
    this.busy = false;
  }

  render() {
    return html`
      <div class="page-head">
        <h1>Search</h1>
        <p class="lead">Every line typed at a decoy, also what was erased again, newest first.</p>
      </div>
      ${searchBox()}
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      <section class="card" aria-label="Lines">${this.body()}</section>
    `;
  }

  body() {
    if (!this.data) return loading('lines');
    if (!this.query.text) return empty({ title: 'What are you looking for?', text: 'Part of a command is enough; upper and lower case are the same.', symbol: 'search' });
    if (!this.data.items.length && !this.data.next) return empty({ title: 'Nobody typed that', text: 'Try a shorter part of it, or look through what was shown, too.', symbol: 'search' });
    return table({
      label: 'Lines, newest first',
      rows: this.data.items,
      key: (row) => `${row.session} ${row.time} ${row.before}`,
      more: this.data.next ? () => this.older() : null,
      busy: this.busy,
      note: html`${number(this.data.items.length)} shown`,
      columns: [
        { title: 'When', tone: 'nowrap', header: true, cell: (row) => html`<a class="row-link" href=${this.way(row)}>${when(row.time)}</a>` },
        { title: 'Source', tone: 'nowrap', cell: (row) => html`<a class="plain" href=${href('/sessions', { source: row.source })}>${row.source}</a>` },
        { title: 'Decoy', tone: 'nowrap', cell: (row) => html`<a class="plain" href=${`/decoys/${row.decky}`}>${row.decky}</a> <span class="chip">${row.service}</span>` },
        { title: 'Line', cell: (row) => this.line(row) },
        { title: 'Kind', cell: (row) => html`<span class="chip">${row.kind}</span>${row.erased ? html` ${plain('medium', 'erased')}` : nothing}` },
        { title: 'Replay', cell: (row) => (row.replay === null ? nothing : html`<a class="chip" href=${this.way(row)}>at ${row.replay.toFixed(0)} s</a>`) },
      ],
    });
  }

  way(row) {
    return href(`/sessions/${row.session}`, { at: row.replay === null ? '' : Math.max(0, Math.floor(row.replay) - 1) });
  }

  line(row) {
    const before = row.before.length > AROUND ? `…${row.before.slice(-AROUND)}` : row.before;
    const after = row.after.length > AROUND ? `${row.after.slice(0, AROUND)}…` : row.after;
    return html`${before ? peer(before) : nothing}<mark>${peer(row.hit)}</mark>${after ? peer(after) : nothing}`;
  }
}
customElements.define('dn-search', Search);
